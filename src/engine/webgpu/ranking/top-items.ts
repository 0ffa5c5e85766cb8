// The best items of all users on the device. Users come in batches and items in runs, so that scores, factors and lists
// each fit a binding whatever their number; a batch's lists are read back while the next batch is being computed.

import type { ScoredRows } from "../../engine.js";
import type { SeenItems } from "../../../ratings/seen.js";
import { bindBuffers, bindingLayout } from "../device/bindings.js";
import { createStorage, readBuffers, uniformWords, uploadStorage, uploadUniform } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { itemScoresKernel, topItemsKernel } from "./ranking-kernels.js";
import { compilePipeline } from "../device/pipelines.js";
import { type ListPlan, MASKED, planList, planScores, type ScorePlan } from "./ranking-plan.js";

interface RankingTuning {
  /** Bytes that one binding may take. Default: what the device can bind, but not more than 128 MiB. */
  readonly bindingBytes?: number | undefined;
  /** Whether lists are chosen as on a software driver. Default: whether the device is one. */
  readonly software?: boolean | undefined;
}

const BINDING_BYTES = 128 * 2 ** 20;
const WORKGROUPS_PER_DIMENSION = 65_535;
/**
 * Users of a batch that keep a device busy, a workgroup each:
 * items are cut into runs when there is no room for so many otherwise.
 */
const BUSY_USERS = 512;
const BYTES = { float: 4, vec4: 16 };

/** A range of users or items, and its length padded to whole tiles. */
interface Rows {
  readonly first: number;
  readonly count: number;
  readonly padded: number;
}

/** Items on the device. */
interface Run extends Rows {
  readonly columns: GPUBuffer;
  readonly offsets: GPUBuffer;
}

/**
 * The k best-scored items of every user, best first, [M, k] row-major: scores u·v + α b, seen items left out.
 *
 * @throws DeviceError when the items, or one user's list, do not fit the device.
 */
export async function topItems(
  device: Device,
  parameters: ScoredRows,
  seen: SeenItems,
  k: number,
  alpha: number,
  tuning: RankingTuning = {},
): Promise<Uint32Array> {
  const plans = { scores: planScores(parameters.factors), list: planList(k, tuning.software ?? device.report.software) };
  const bytes = tuning.bindingBytes ?? Math.min(BINDING_BYTES, device.bindingBytes);
  const { batches, runs } = cutRanking(parameters.userBiases.length, parameters.itemBiases.length, k, plans.scores, bytes);
  const pipelines = await compileRanking(device, parameters.factors, plans.scores, plans.list);
  return await device.checked("ranking", async () => {
    const ranking = new Ranking(device, parameters, seen, k, alpha, { ...plans, ...pipelines, batches, runs });
    try {
      return await ranking.lists();
    } finally {
      ranking.destroy();
    }
  });
}

/** Batches of users and runs of items whose scores, factors and lists fit a binding. */
export function cutRanking(M: number, N: number, k: number, { blocks, tile }: ScorePlan, bytes: number): { batches: Rows[]; runs: Rows[] } {
  const [tileUsers, tileItems] = tile;
  const down = (count: number, step: number): number => Math.max(step, Math.floor(count / step) * step);
  const up = (count: number, step: number): number => Math.max(step, Math.ceil(count / step) * step);
  const scores = bytes / BYTES.float;
  const mostRows = blocks > 0 ? bytes / (blocks * BYTES.vec4) : scores;
  const busy = up(Math.min(M, BUSY_USERS), tileUsers);
  const items = Math.min(up(N, tileItems), down(Math.min(scores / busy, mostRows), tileItems));
  const lists = Math.max(1, Math.floor(Math.min(scores / Math.max(1, k), WORKGROUPS_PER_DIMENSION)));
  const users = Math.min(lists, down(Math.min(scores / items, mostRows), tileUsers));
  const cut = (count: number, most: number, step: number): Rows[] => {
    const rows: Rows[] = [];
    for (let first = 0; first < count; first += most) {
      const length = Math.min(most, count - first);
      rows.push({ first, count: length, padded: up(length, step) });
    }
    return rows;
  };
  return { batches: cut(M, users, tileUsers), runs: cut(N, items, tileItems) };
}

async function compileRanking(device: Device, K: number, scores: ScorePlan, list: ListPlan) {
  const [read, write] = ["read-only-storage", "storage"] as const;
  const layouts = {
    scores: bindingLayout(device, "item scores", ["uniform", read, read, read, write]),
    list: bindingLayout(device, "top items", ["uniform", write, read, read, write, write]),
  };
  const layout = (bindGroupLayout: GPUBindGroupLayout): GPUPipelineLayout =>
    device.gpu.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] });
  const listKernel = topItemsKernel(list);
  const [score, mask, top] = await Promise.all([
    compilePipeline(device, itemScoresKernel(K, scores, device.report.writesOutLoops), "score_items", layout(layouts.scores)),
    compilePipeline(device, listKernel, "mask_seen", layout(layouts.list)),
    compilePipeline(device, listKernel, "top_items", layout(layouts.list)),
  ]);
  return { layouts, pipelines: { score, mask, top } };
}

interface RankingParts extends Awaited<ReturnType<typeof compileRanking>> {
  readonly scores: ScorePlan;
  readonly list: ListPlan;
  readonly batches: readonly Rows[];
  readonly runs: readonly Rows[];
}

class Ranking {
  readonly #device: Device;
  readonly #parameters: ScoredRows;
  readonly #seen: SeenItems;
  readonly #k: number;
  readonly #alpha: number;
  readonly #parts: RankingParts;
  readonly #runs: readonly Run[];
  readonly #scores: GPUBuffer;
  readonly #listScores: GPUBuffer;
  readonly #listItems: GPUBuffer;
  constructor(device: Device, parameters: ScoredRows, seen: SeenItems, k: number, alpha: number, parts: RankingParts) {
    this.#device = device;
    this.#parameters = parameters;
    this.#seen = seen;
    this.#k = k;
    this.#alpha = alpha;
    this.#parts = parts;
    this.#runs = parts.runs.map((rows) => this.#uploadRun(rows));
    const largest = (rows: readonly Rows[], of: "count" | "padded"): number => Math.max(0, ...rows.map((row) => row[of]));
    const lists = largest(parts.batches, "count") * k * BYTES.float;
    this.#scores = createStorage(device, "scores", largest(parts.batches, "padded") * largest(parts.runs, "padded") * BYTES.float);
    this.#listScores = createStorage(device, "scores of the lists", lists);
    this.#listItems = createStorage(device, "lists of the best items", lists);
  }

  /** [M, k] */
  async lists(): Promise<Uint32Array> {
    const lists = new Uint32Array(this.#parameters.userBiases.length * this.#k);
    let last: Promise<void> = Promise.resolve();
    for (const batch of this.#parts.batches) {
      const read = this.#submit(batch);
      await last;
      last = read().then((items) => lists.set(items, batch.first * this.#k));
    }
    await last;
    return lists;
  }

  /** Queues a batch. Scores outlive a round where there is but one run. */
  #submit(batch: Rows): () => Promise<Uint32Array> {
    const { list, scores } = this.#parts;
    const { factors: K, userFactors } = this.#parameters;
    const users = uploadStorage(this.#device, "user factors", packColumns(userFactors, K, batch, scores.blocks));
    for (let from = 0; from < this.#k; from += list.ranks) {
      for (const run of this.#runs) {
        const ranks = Math.min(list.ranks, this.#k - from);
        this.#submitRun(batch, users, run, from, ranks, from === 0 || this.#runs.length > 1);
      }
    }
    users.destroy();
    const encoder = this.#device.gpu.createCommandEncoder({ label: "read lists" });
    const size = 4 * batch.count * this.#k;
    const read = readBuffers(this.#device, encoder, [{ source: this.#listItems, size }], ([items]) =>
      new Uint32Array(items.buffer, items.byteOffset, items.length).slice(),
    );
    this.#device.gpu.queue.submit([encoder.finish()]);
    return read;
  }

  #submitRun(batch: Rows, users: GPUBuffer, run: Run, from: number, ranks: number, score: boolean): void {
    const device = this.#device;
    const { layouts, pipelines, scores: plan } = this.#parts;
    const seen = seenInRun(this.#seen, batch, run);
    const own = [
      uploadUniform(device, "score settings", uniformWords([["u", batch.padded], ["u", run.padded]])),
      uploadUniform(device, "list settings", uniformWords([["u", run.padded], ["u", run.first], ["u", this.#k], ["u", from], ["u", ranks]])),
      uploadStorage(device, "start of each user's seen items", seen.start),
      uploadStorage(device, "seen items", seen.items),
    ]; // prettier-ignore
    const [scoreSettings, listSettings, seenStart, seenItems] = own;
    const encoder = device.gpu.createCommandEncoder({ label: "ranking" });
    const pass = device.beginPass(encoder, "ranking");
    if (score) {
      pass.setBindGroup(
        0,
        bindBuffers(device, "item scores", layouts.scores, [scoreSettings, users, run.columns, run.offsets, this.#scores]),
      );
      pass.setPipeline(pipelines.score);
      pass.dispatchWorkgroups(run.padded / plan.tile[1], batch.padded / plan.tile[0]);
    }
    pass.setBindGroup(
      0,
      bindBuffers(device, "top items", layouts.list, [listSettings, this.#scores, seenStart, seenItems, this.#listScores, this.#listItems]),
    );
    if (score && seen.items.length > 0) {
      pass.setPipeline(pipelines.mask);
      pass.dispatchWorkgroups(batch.count);
    }
    pass.setPipeline(pipelines.top);
    pass.dispatchWorkgroups(batch.count);
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    for (const buffer of own) buffer.destroy();
  }

  #uploadRun(rows: Rows): Run {
    const { factors: K, itemFactors, itemBiases } = this.#parameters;
    const offsets = new Float32Array(rows.padded).fill(MASKED);
    for (let at = 0; at < rows.count; at++) offsets[at] = this.#alpha * itemBiases[rows.first + at];
    return {
      ...rows,
      columns: uploadStorage(this.#device, "item factors", packColumns(itemFactors, K, rows, this.#parts.scores.blocks)),
      offsets: uploadStorage(this.#device, "item offsets", offsets),
    };
  }

  destroy(): void {
    for (const { columns, offsets } of this.#runs) {
      columns.destroy();
      offsets.destroy();
    }
    for (const buffer of [this.#scores, this.#listScores, this.#listItems]) buffer.destroy();
  }
}

/** Factors by columns of vec4s, [blocks, padded]; what is not there is 0. */
function packColumns(factors: Float32Array, K: number, { first, count, padded }: Rows, blocks: number): Float32Array {
  const columns = new Float32Array(blocks * padded * 4);
  for (let row = 0; row < count; row++)
    for (let k = 0; k < K; k++) columns[((k >> 2) * padded + row) * 4 + (k & 3)] = factors[(first + row) * K + k];
  return columns;
}

/** The seen items of a batch that lie in a run, counted from its first, each once. */
function seenInRun({ start, items }: SeenItems, batch: Rows, run: Rows): { start: Uint32Array; items: Uint32Array } {
  const starts = new Uint32Array(batch.count + 1);
  const within = new Uint32Array(start[batch.first + batch.count] - start[batch.first]);
  let count = 0;
  for (let user = 0; user < batch.count; user++) {
    for (let at = start[batch.first + user]; at < start[batch.first + user + 1]; at++) {
      const item = items[at] - run.first;
      if (item >= 0 && item < run.count && (count === starts[user] || within[count - 1] !== item)) within[count++] = item;
    }
    starts[user + 1] = count;
  }
  return { start: starts, items: within.subarray(0, count) };
}
