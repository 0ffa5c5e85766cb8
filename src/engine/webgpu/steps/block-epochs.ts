// Stochastic steps on the device: conflict-free rounds over blocks of ratings, one dispatch per round,
// piece and shard of items.

import { byteText } from "../../../byte-text.js";
import { DeviceError } from "../../../errors.js";
import { rowLengths, rowOfEach } from "../../../ratings/csr.js";
import { type BlockPlan, dealRows, firstGroupOf, planBlocks, roundsOf } from "../../blocks.js";
import type { Epoch, RowSlice, Workload } from "../../engine.js";
import { bindBuffers, bindingLayout } from "../device/bindings.js";
import { createUniform, uniformWords, uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { compilePipeline } from "../device/pipelines.js";
import type { MemoryPlan } from "../memory/memory-plan.js";
import type { RowStore } from "../memory/row-store.js";
import { FLOATS, packValues, PAIRS } from "../memory/values.js";
import { UNIFORM_ALIGNMENT } from "../rows/half-sweep.js";
import { type BlockTeams, blockTeams, sgdBlocksKernel } from "./step-kernels.js";

/** Bytes of the uniform struct Round of sgd-blocks.wgsl. */
const ROUND_BYTES = 32;
/** f32 and u32 fields of its uniform struct Settings. */
const SETTINGS_BYTES = 48;
/** Of a stochastic step, about. */
const OPERATIONS_PER_COMPONENT = 12;

/** User, item and value of each rating, block by block, and its weight where it has one. */
export const BLOCK_BYTES_PER_RATING = 12;

/** A run of blocks whose users lie in one shard. */
interface BlockPiece {
  readonly userShard: number;
  readonly firstBlock: number;
  readonly endBlock: number;
}

/** One dispatch of every round: a piece, and a shard of the items. */
interface BlockStep extends BlockPiece {
  readonly itemShard: number;
  readonly group: GPUBindGroup;
}

export class BlockEpochs {
  readonly #device: Device;
  readonly #workload: Workload;
  readonly #plan: MemoryPlan;
  readonly #rows: RowStore;
  readonly #blocks: BlockPlan;
  readonly #teams: BlockTeams;
  readonly #pieces: readonly BlockPiece[];
  readonly #settings: GPUBuffer;
  readonly #rounds: GPUBuffer;
  readonly #buffers: GPUBuffer[] = [];
  #pipeline: GPUComputePipeline | undefined;
  #steps: readonly BlockStep[] = [];
  #roundGroup: GPUBindGroup | undefined;

  /** @throws DeviceError when the ratings do not all fit the device at once. */
  constructor(device: Device, workload: Workload, plan: MemoryPlan, rows: RowStore) {
    this.#device = device;
    this.#workload = workload;
    this.#plan = plan;
    this.#rows = rows;
    const { byUser, byItem, operations, share } = workload;
    const { seed } = operations.epochs!;
    if (plan.streamed) {
      const needed = byteText(plan.totalBytes + BLOCK_BYTES_PER_RATING * byUser.index.length);
      throw new DeviceError(
        "device-limit",
        `stochastic steps read all ratings in every round, which takes ${needed} and more on the device`,
        {
          remedy: "allow more device memory, train als or gd, whose ratings may be streamed, or train on the CPU",
        },
      );
    }
    this.#teams = blockTeams(workload.factors, device.subgroups, device.report.software);
    const columns = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value, weight: byUser.weight };
    const lengths = share?.lengths ?? { users: rowLengths(byUser), items: rowLengths(byItem) };
    this.#blocks = planBlocks(columns, dealRows(lengths, seed, plan.shards), seed);
    this.#pieces = cutBlocks(this.#blocks, plan.shards.users.count, Math.floor(device.bindingBytes / (columns.weight ? 8 : 4)));
    this.#settings = createUniform(device, "settings of stochastic steps", SETTINGS_BYTES);
    const dispatches = this.#blocks.groups * this.#pieces.length * plan.shards.items.count;
    this.#rounds = createUniform(device, "rounds", dispatches * UNIFORM_ALIGNMENT);
  }

  /** Queues an epoch. */
  async run(epoch: Epoch): Promise<void> {
    const { groups, start } = this.#blocks;
    const steps = this.#steps;
    const { count: itemShards } = this.#plan.shards.items;
    const stride = UNIFORM_ALIGNMENT / 4;
    const { round } = epoch;
    const rounds = round ? [round.number] : roundsOf(groups, this.#workload.operations.epochs!.seed, epoch.number);
    const words = new Uint32Array(rounds.length * steps.length * stride);
    let at = 0;
    // Groups whose ratings are elsewhere have none here.
    for (const offset of rounds) {
      for (const { firstBlock, endBlock, itemShard } of steps) {
        const itemGroups = [firstGroupOf(itemShard, itemShards, groups), firstGroupOf(itemShard + 1, itemShards, groups)];
        words.set([offset, firstBlock, endBlock, start[firstBlock], ...itemGroups], stride * at++);
      }
    }
    this.#device.gpu.queue.writeBuffer(this.#rounds, 0, words);
    this.#device.gpu.queue.writeBuffer(this.#settings, 0, this.#words(epoch));
    const dispatches = rounds.length * steps.length;
    const operations = (OPERATIONS_PER_COMPONENT * (this.#workload.factors + 2) * start[groups * groups]) / (groups * steps.length);
    const most = Math.max(1, Math.floor(this.#device.pace.most / operations));
    for (let from = 0; from < dispatches; from += most) await this.#submit(from, Math.min(from + most, dispatches), operations);
  }

  /** The dispatches `from` to `to` − 1 of an epoch, in one submission. */
  async #submit(from: number, to: number, operations: number): Promise<void> {
    const { groups } = this.#blocks;
    const encoder = this.#device.gpu.createCommandEncoder({ label: "rounds" });
    const pass = this.#device.beginPass(encoder, "rounds");
    pass.setPipeline(this.#pipeline!);
    for (let at = from; at < to; at++) {
      const step = this.#steps[at % this.#steps.length];
      pass.setBindGroup(0, step.group);
      pass.setBindGroup(1, this.#roundGroup!, [at * UNIFORM_ALIGNMENT]);
      const { from, to } = groupsOf(step, groups);
      pass.dispatchWorkgroups(Math.ceil((to - from) / this.#teams.teams));
    }
    pass.end();
    await this.#device.pace.submit(encoder.finish(), operations * (to - from));
  }

  async compile(): Promise<void> {
    const { factors, operations, spread } = this.#workload;
    const { gpu } = this.#device;
    const types: GPUBufferBindingType[] = [
      "uniform",
      ...Array<GPUBufferBindingType>(4).fill("read-only-storage"),
      ...Array<GPUBufferBindingType>(2).fill("storage"),
      "read-only-storage",
    ];
    const layouts = [
      bindingLayout(this.#device, "sgd", types),
      gpu.createBindGroupLayout({
        label: "sgd round",
        entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true } }],
      }),
    ];
    const kernel = sgdBlocksKernel(
      factors,
      operations.epochs!.link,
      spread === "squares",
      this.#teams,
      this.#blocks.weight ? PAIRS : FLOATS,
    );
    const layout = gpu.createPipelineLayout({ bindGroupLayouts: layouts });
    this.#pipeline = await compilePipeline(this.#device, kernel, "sgd_blocks", layout);
    const starts = this.#upload("block starts", this.#blocks.start);
    this.#steps = this.#pieces.flatMap((piece) => {
      const ratings = this.#uploadPiece(piece);
      const order = this.#upload("groups by length", groupOrder(this.#blocks, piece));
      return this.#rows.shards.items.map(({ rows: items }, itemShard) => {
        const bound = [this.#settings, starts, ...ratings, this.#rows.shards.users[piece.userShard].rows, items, order];
        return { ...piece, itemShard, group: bindBuffers(this.#device, "sgd", layouts[0], bound) };
      });
    });
    this.#roundGroup = gpu.createBindGroup({
      label: "sgd round",
      layout: layouts[1],
      entries: [{ binding: 0, resource: { buffer: this.#rounds, size: ROUND_BYTES } }],
    });
  }

  /** User, item and value of a piece's ratings; rows count from the first of their shards. */
  #uploadPiece({ userShard, firstBlock, endBlock }: BlockPiece): GPUBuffer[] {
    const { start, user, item, value, weight } = this.#blocks;
    const { users, items } = this.#plan.shards;
    const [from, to] = [start[firstBlock], start[endBlock]];
    const firstUser = users.from(userShard);
    const local = (rows: Uint32Array, first: (row: number) => number): Uint32Array =>
      rows.subarray(from, to).map((row) => row - first(row));
    return [
      this.#upload("users by block", users.count === 1 ? user.subarray(from, to) : local(user, () => firstUser)),
      this.#upload("items by block", items.count === 1 ? item.subarray(from, to) : local(item, (row) => row - (row % items.size))),
      this.#upload("ratings by block", packValues(value.subarray(from, to), weight ? PAIRS : FLOATS, weight?.subarray(from, to))),
    ];
  }

  /** The uniform struct Settings of sgd-blocks.wgsl. */
  #words({ lambda, step, biases, precisions: { users, items } }: Epoch): ArrayBuffer {
    return uniformWords([
      ["f", this.#workload.globalMean],
      ["f", lambda],
      ["f", step],
      ["u", biases ? 1 : 0],
      ["f", users.factors],
      ["f", items.factors],
      ["f", users.biases],
      ["f", items.biases],
      ["u", this.#blocks.groups],
    ]);
  }

  #upload(label: string, data: Uint32Array | Float32Array): GPUBuffer {
    const buffer = uploadStorage(this.#device, label, data);
    this.#buffers.push(buffer);
    return buffer;
  }

  destroy(): void {
    for (const buffer of [...this.#buffers, this.#settings, this.#rounds]) buffer.destroy();
  }
}

/** The groups whose users have blocks of a piece. */
const groupsOf = ({ firstBlock, endBlock }: BlockPiece, groups: number): RowSlice => ({
  from: Math.floor(firstBlock / groups),
  to: Math.ceil(endBlock / groups),
});

/** A piece's groups in every round, those with the longest blocks first, [rounds, groups of the piece]. */
export function groupOrder({ groups: B, start }: BlockPlan, piece: BlockPiece): Uint32Array {
  const { from, to } = groupsOf(piece, B);
  const order = new Uint32Array(B * (to - from));
  // How far a block is from holding all ratings above, the group below: numbers sort faster than what they stand for.
  const all = start[B * B];
  const keys = new Float64Array(to - from);
  for (let round = 0; round < B; round++) {
    for (let group = from; group < to; group++) {
      const block = group * B + ((group + round) % B);
      keys[group - from] = (all - (start[block + 1] - start[block])) * B + group;
    }
    keys.sort();
    keys.forEach((key, at) => (order[round * keys.length + at] = key % B));
  }
  return order;
}

/** Runs of blocks that have at most so many ratings, none of which has users of two shards. */
function cutBlocks({ groups, start }: BlockPlan, userShards: number, mostRatings: number): BlockPiece[] {
  const pieces: BlockPiece[] = [];
  for (let userShard = 0; userShard < userShards; userShard++) {
    const last = firstGroupOf(userShard + 1, userShards, groups) * groups;
    for (let firstBlock = firstGroupOf(userShard, userShards, groups) * groups; firstBlock < last;) {
      let endBlock = firstBlock + 1;
      while (endBlock < last && start[endBlock + 1] - start[firstBlock] <= mostRatings) endBlock++;
      pieces.push({ userShard, firstBlock, endBlock });
      firstBlock = endBlock;
    }
  }
  return pieces;
}
