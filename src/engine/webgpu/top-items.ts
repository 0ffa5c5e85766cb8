// The best items for all users on the device, in batches: scores, seen items taken out, the k best of each.

import type { Parameters } from "../../models/parameters.js";
import type { SeenItems } from "../../ratings/seen.js";
import { createStorage, readBuffer, uniformWords, uploadStorage, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { topItemsKernel } from "./kernels.js";
import { compilePipeline } from "./pipelines.js";
import { packRows } from "./rows.js";

const LANES = 128;
/** Scores of a batch, bytes. */
const BATCH_BYTES = 64 * 2 ** 20;
const WORKGROUPS_PER_DIMENSION = 65_535;

/**
 * The k best-scored items of every user, best first, [M, k] row-major: scores u·v + α b, seen items left out.
 *
 * @throws DeviceError when the parameters do not fit the device.
 */
export async function topItems(
  device: Device,
  parameters: Parameters,
  seen: SeenItems,
  k: number,
  alpha: number,
  batchBytes = BATCH_BYTES,
): Promise<Uint32Array> {
  const { factors: K, userBiases, itemBiases } = parameters;
  const [M, N] = [userBiases.length, itemBiases.length];
  const batch = Math.max(1, Math.min(M, WORKGROUPS_PER_DIMENSION, Math.floor(batchBytes / (4 * N))));
  const kernel = topItemsKernel(K);
  const layout = device.gpu.createBindGroupLayout({
    label: "top items",
    entries: (["uniform", "read-only-storage", "read-only-storage", "read-only-storage", "storage", "storage"] as const).map(
      (type, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      }),
    ),
  });
  const pipelineLayout = device.gpu.createPipelineLayout({ bindGroupLayouts: [layout] });
  const [score, mask, top] = await Promise.all(
    ["score_items", "mask_seen", "top_items"].map((entryPoint) => compilePipeline(device, kernel, entryPoint, pipelineLayout)),
  );
  return await device.checked("ranking", async () => {
    const lists = new Uint32Array(M * k);
    const users = uploadStorage(device, "user rows", packRows(parameters.userFactors, userBiases, K));
    const items = uploadStorage(device, "item rows", packRows(parameters.itemFactors, itemBiases, K));
    const scores = createStorage(device, "scores", batch * N * 4);
    const best = createStorage(device, "best items", batch * k * 4);
    for (let first = 0; first < M; first += batch) {
      const count = Math.min(batch, M - first);
      const pairs = new Uint32Array(seen.start[first + count] - seen.start[first]);
      for (let user = first, at = 0; user < first + count; user++)
        for (let from = seen.start[user]; from < seen.start[user + 1]; from++) pairs[at++] = (user - first) * N + seen.items[from];
      const places = uploadStorage(device, "seen items", pairs);
      const words = uniformWords([["u", N], ["u", count], ["u", first], ["u", pairs.length], ["u", k], ["f", alpha]]); // prettier-ignore
      const settings = uploadUniform(device, "ranking settings", words);
      const group = device.gpu.createBindGroup({
        label: "top items",
        layout,
        entries: [settings, users, items, places, scores, best].map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      const encoder = device.gpu.createCommandEncoder({ label: "top items" });
      const pass = encoder.beginComputePass({ label: "top items" });
      pass.setBindGroup(0, group);
      pass.setPipeline(score);
      pass.dispatchWorkgroups(Math.ceil(N / LANES), count);
      if (pairs.length > 0) {
        const groups = Math.ceil(pairs.length / LANES);
        const wide = Math.min(groups, WORKGROUPS_PER_DIMENSION);
        pass.setPipeline(mask);
        pass.dispatchWorkgroups(wide, Math.ceil(groups / wide));
      }
      pass.setPipeline(top);
      pass.dispatchWorkgroups(count);
      pass.end();
      const read = readBuffer(device, encoder, best);
      device.gpu.queue.submit([encoder.finish()]);
      lists.set(new Uint32Array(await read()).subarray(0, count * k), first * k);
      places.destroy();
      settings.destroy();
    }
    for (const buffer of [users, items, scores, best]) buffer.destroy();
    return lists;
  });
}
