// Stochastic steps on the device: conflict-free rounds over blocks of ratings, one dispatch per round,
// piece and shard of items.

import { byteText } from "../../../byte-text.js";
import { DeviceError } from "../../../errors.js";
import { rowLengths, rowOfEach } from "../../../ratings/csr.js";
import { type BlockPlan, dealRows, familyOf, firstGroupOf, planBlocks, roundsOf } from "../../blocks.js";
import type { Epoch, RowSlice, Workload } from "../../engine.js";
import { bindBuffers, bindingLayout, UNIFORM_ALIGNMENT } from "../device/bindings.js";
import { createUniform, uniformWords, uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import { compilePipeline } from "../device/pipelines.js";
import type { MemoryPlan } from "../memory/memory-plan.js";
import type { RowStore } from "../memory/row-store.js";
import { FLOATS, packValues, PAIRS } from "../memory/values.js";
import { blockTasks, longestFirst, RECORD_BYTES, roundsAtOnce } from "./block-tasks.js";
import { type BlockTeams, blockTeams, sgdBlocksKernel } from "./step-kernels.js";

/** Bytes of the uniform struct Round of both kernels, at most. */
const ROUND_BYTES = 32;
/** f32 and u32 fields of their uniform struct Settings. */
const SETTINGS_BYTES = 48;
/** Of a stochastic step, about. */
const OPERATIONS_PER_COMPONENT = 12;
/** Dispatches that a submission has at most: the device goes through them while the host writes down the next ones. */
const MOST_DISPATCHES = 128;

/** User, item, value and weight of each rating, block by block. */
export const BLOCK_BYTES_PER_RATING = RECORD_BYTES;

/** A run of blocks whose users lie in one shard. */
interface BlockPiece {
  readonly userShard: number;
  readonly firstBlock: number;
  readonly endBlock: number;
}

/** One dispatch of every round, or of all that are taken at once: a piece, and a shard of the items. */
interface BlockStep {
  readonly group: GPUBindGroup;
  /** The uniform struct Round. @param round the first of the dispatch. */
  readonly words: (round: number) => readonly number[];
  readonly workgroups: (round: number) => number;
}

export class BlockEpochs {
  readonly #device: Device;
  readonly #workload: Workload;
  readonly #plan: MemoryPlan;
  readonly #rows: RowStore;
  readonly #blocks: BlockPlan;
  readonly #teams: BlockTeams;
  readonly #pieces: readonly BlockPiece[];
  /** Rounds of a dispatch. */
  readonly #atOnce: number;
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
    const { groups } = this.#blocks;
    const { software, teams } = this.#teams;
    const bytes = software ? RECORD_BYTES : columns.weight ? 8 : 4;
    this.#pieces = cutBlocks(this.#blocks, plan.shards.users.count, Math.floor(device.bindingBytes / bytes));
    const steps = this.#pieces.length * plan.shards.items.count;
    // Whoever shares the ratings with others hands rows on after every round. Dispatches of one round that are bound to
    // other rows must not overtake each other.
    this.#atOnce = software && !share && steps === 1 ? roundsAtOnce(groups, familyOf(groups), teams) : 1;
    this.#settings = createUniform(device, "settings of stochastic steps", SETTINGS_BYTES);
    const dispatches = (groups / this.#atOnce) * steps;
    this.#rounds = createUniform(device, "rounds", dispatches * UNIFORM_ALIGNMENT);
  }

  /** Queues an epoch. */
  async run(epoch: Epoch): Promise<void> {
    const { groups, start } = this.#blocks;
    const { round } = epoch;
    if (round && this.#atOnce > 1) throw new Error(`round ${round.number} alone: ${this.#atOnce} are taken at once`);
    const rounds = round ? [round.number] : roundsOf(groups, this.#workload.operations.epochs!.seed, epoch.number);
    // Groups whose ratings are elsewhere have none here.
    const dispatches = Array.from(rounds)
      .filter((_, at) => at % this.#atOnce === 0)
      .flatMap((first) => this.#steps.map((step) => ({ step, round: first })));
    const stride = UNIFORM_ALIGNMENT / 4;
    const words = new Uint32Array(dispatches.length * stride);
    for (const [at, { step, round: first }] of dispatches.entries()) words.set(step.words(first), stride * at);
    this.#device.gpu.queue.writeBuffer(this.#rounds, 0, words);
    this.#device.gpu.queue.writeBuffer(this.#settings, 0, this.#words(epoch));
    const operations =
      (OPERATIONS_PER_COMPONENT * (this.#workload.factors + 2) * start[groups * groups] * this.#atOnce) / (groups * this.#steps.length);
    const most = Math.min(MOST_DISPATCHES, Math.max(1, Math.floor(this.#device.pace.most / operations)));
    for (let from = 0; from < dispatches.length; from += most) await this.#submit(dispatches.slice(from, from + most), from, operations);
  }

  /** Some dispatches of an epoch, in one submission. @param first number of the first of them. @param operations of each. */
  async #submit(dispatches: readonly { step: BlockStep; round: number }[], first: number, operations: number): Promise<void> {
    const encoder = this.#device.gpu.createCommandEncoder({ label: "rounds" });
    const pass = this.#device.beginPass(encoder, "rounds");
    pass.setPipeline(this.#pipeline!);
    let bound: GPUBindGroup | undefined;
    for (const [at, { step, round }] of dispatches.entries()) {
      if (step.group !== bound) pass.setBindGroup(0, (bound = step.group));
      pass.setBindGroup(1, this.#roundGroup!, [(first + at) * UNIFORM_ALIGNMENT]);
      pass.dispatchWorkgroups(step.workgroups(round));
    }
    pass.end();
    await this.#device.pace.submit(encoder.finish(), operations * dispatches.length);
  }

  async compile(): Promise<void> {
    const { factors, operations, spread } = this.#workload;
    const { gpu } = this.#device;
    const { software } = this.#teams;
    const types: GPUBufferBindingType[] = [
      "uniform",
      ...Array<GPUBufferBindingType>(software ? 2 : 4).fill("read-only-storage"),
      ...Array<GPUBufferBindingType>(2).fill("storage"),
      ...(software ? [] : (["read-only-storage"] as const)),
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
    this.#steps = software ? this.#taskSteps(layouts[0]) : this.#blockSteps(layouts[0]);
    this.#roundGroup = gpu.createBindGroup({
      label: "sgd round",
      layout: layouts[1],
      entries: [{ binding: 0, resource: { buffer: this.#rounds, size: ROUND_BYTES } }],
    });
  }

  /** For sgd-blocks.wgsl. */
  #blockSteps(layout: GPUBindGroupLayout): BlockStep[] {
    const { groups, start } = this.#blocks;
    const { count: itemShards } = this.#plan.shards.items;
    const starts = this.#upload("block starts", start);
    return this.#pieces.flatMap((piece) => {
      const { userShard, firstBlock, endBlock } = piece;
      const ratings = this.#uploadPiece(piece);
      const order = this.#upload("groups by length", groupOrder(this.#blocks, piece));
      const { from, to } = groupsOf(piece, groups);
      const workgroups = Math.ceil((to - from) / this.#teams.teams);
      return this.#rows.shards.items.map(({ rows: items }, itemShard) => {
        const bound = [this.#settings, starts, ...ratings, this.#rows.shards.users[userShard].rows, items, order];
        const itemGroups = [firstGroupOf(itemShard, itemShards, groups), firstGroupOf(itemShard + 1, itemShards, groups)];
        return {
          group: bindBuffers(this.#device, "sgd", layout, bound),
          words: (round) => [round, firstBlock, endBlock, start[firstBlock], ...itemGroups],
          workgroups: () => workgroups,
        };
      });
    });
  }

  /** For sgd-blocks-subgroup.wgsl. */
  #taskSteps(layout: GPUBindGroupLayout): BlockStep[] {
    const { groups } = this.#blocks;
    const { users, items } = this.#plan.shards;
    return this.#pieces.flatMap(({ userShard, firstBlock, endBlock }) =>
      this.#rows.shards.items.map(({ rows }, itemShard) => {
        const { first, tasks, records } = blockTasks(this.#blocks, this.#atOnce, {
          blocks: { from: firstBlock, to: endBlock },
          itemGroups: { from: firstGroupOf(itemShard, items.count, groups), to: firstGroupOf(itemShard + 1, items.count, groups) },
          firstUser: users.from(userShard),
          firstItem: items.from(itemShard),
        });
        const lists = [this.#upload("tasks", tasks), this.#upload("ratings by task", records)];
        const count = (round: number): number => first[round + 1] - first[round];
        return {
          group: bindBuffers(this.#device, "sgd", layout, [this.#settings, ...lists, this.#rows.shards.users[userShard].rows, rows]),
          words: (round) => [first[round], count(round)],
          workgroups: (round) => Math.ceil(count(round) / this.#teams.teams),
        };
      }),
    );
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

  /** The uniform struct Settings. */
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
  const lengths = new Float64Array(to - from);
  let next = 0;
  for (let round = 0; round < B; round++) {
    for (let group = from; group < to; group++) {
      const block = group * B + ((group + round) % B);
      lengths[group - from] = start[block + 1] - start[block];
    }
    for (const at of longestFirst(lengths, start[B * B])) order[next++] = from + at;
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
