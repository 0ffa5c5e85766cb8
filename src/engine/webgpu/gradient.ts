// Trainings by gradient descent on the device: batch steps of `gd`, conflict-free rounds of `sgd` and `logistic`.

import { DeviceError } from "../../errors.js";
import type { Measurement } from "../../models/als.js";
import { stepOf } from "../../models/gradient.js";
import type { Parameters } from "../../models/parameters.js";
import { rowOfEach } from "../../ratings/csr.js";
import { type BlockPlan, firstGroupOf, planBlocks, roundsOf, withoutUnrated } from "../blocks.js";
import type { Problem, Session, Side } from "../engine.js";
import type { AlsSums } from "./als-sums.js";
import { bindBuffers, bindingLayout } from "./bindings.js";
import { createUniform, uniformWords, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { gradientKernel } from "./gram-kernel.js";
import { type HalfSweepSettings, UNIFORM_ALIGNMENT } from "./half-sweep.js";
import { sgdBlocksKernel, takeStepKernel } from "./kernels.js";
import { byteText } from "./memory-plan.js";
import { compilePipeline } from "./pipelines.js";
import { RowPass } from "./row-pass.js";
import { HalfSweepSession, RowSession, SIDES } from "./session.js";
import { valueFormat } from "./values.js";

const LANES = 64;
/** Bytes of the uniform struct Round of sgd-blocks.wgsl. */
const ROUND_BYTES = 32;
/** Of a stochastic step, about. */
const OPERATIONS_PER_COMPONENT = 12;

/** Both sides' velocities come from the old values; then all rows move. */
export class WebGpuGdSession extends HalfSweepSession implements Session<Measurement> {
  readonly #problem: Problem<"gd">;
  readonly #sums: AlsSums;
  readonly #moves: readonly RowPass[];

  static async open(device: Device, problem: Problem<"gd">): Promise<WebGpuGdSession> {
    const session = new WebGpuGdSession(device, problem);
    const { factors: K } = problem.hyperparameters;
    await Promise.all([
      session.compileHalfSweeps(),
      session.#sums.compile(K, "velocity"),
      ...session.#moves.map((move) => move.compile(takeStepKernel(K), "take_step")),
    ]);
    return session;
  }

  private constructor(device: Device, problem: Problem<"gd">) {
    const { byUser, initial, hyperparameters: h } = problem;
    super(device, {
      problem,
      initial,
      spread: "velocity",
      rowKernel: gradientKernel(h.factors, valueFormat(byUser.value)),
      settings: { users: stepSettings(problem, "users", 1), items: stepSettings(problem, "items", 1) },
    });
    this.#problem = problem;
    this.#sums = this.alsSums();
    this.#moves = SIDES.map((side) => new RowPass(device, `step of ${side}`, this.shardsOf(side), h.factors));
  }

  async sweep(number: number): Promise<void> {
    for (const side of SIDES) {
      this.halfSweep[side].set(stepSettings(this.#problem, side, number));
      await this.halfSweep[side].submit();
    }
    for (const move of this.#moves) move.submit();
  }

  async measure(): Promise<Measurement> {
    return { ...this.#sums.total(await this.readSums(this.#sums.sums())), featureFactors: 0 };
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    return await this.readParameters(which);
  }

  override destroy(): void {
    super.destroy();
    this.#sums.destroy();
    for (const move of this.#moves) move.destroy();
  }
}

function stepSettings({ hyperparameters: h, initial }: Problem<"gd">, side: Side, sweep: number): HalfSweepSettings {
  const [tau, gamma] = side === "users" ? [h.tauUsers, h.gammaUsers] : [h.tauItems, h.gammaItems];
  return {
    lambda: h.lambda,
    mean: initial.globalMean,
    weighted: false,
    biases: h.biases,
    step: stepOf(h, sweep),
    momentum: h.momentum,
    prior: [...Array<number>(h.factors).fill(tau), gamma],
  };
}

type SgdProblem = Problem<"sgd"> | Problem<"logistic">;

/** User, item and value of each rating, block by block. */
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

/** Conflict-free rounds. */
export class WebGpuSgdSession extends RowSession implements Session<Measurement> {
  readonly #problem: SgdProblem;
  readonly #sums: AlsSums;
  readonly #blocks: BlockPlan;
  readonly #pieces: readonly BlockPiece[];
  readonly #settings: GPUBuffer;
  readonly #rounds: GPUBuffer;
  #pipeline: GPUComputePipeline | undefined;
  #steps: readonly BlockStep[] = [];
  #roundGroup: GPUBindGroup | undefined;

  static async open(device: Device, problem: SgdProblem): Promise<WebGpuSgdSession> {
    const session = new WebGpuSgdSession(device, problem);
    await Promise.all([session.#sums.compile(problem.hyperparameters.factors), session.#compileRounds()]);
    return session;
  }

  private constructor(device: Device, problem: SgdProblem) {
    const { byUser, byItem, seed } = problem;
    const initial = withoutUnrated(problem.initial, byUser, byItem);
    super(device, { problem, initial, spread: "none", counted: true, copyBytes: BLOCK_BYTES_PER_RATING });
    this.#problem = problem;
    const { shards, streamed, totalBytes } = this.plan;
    if (streamed) {
      const needed = byteText(totalBytes + BLOCK_BYTES_PER_RATING * byUser.index.length);
      throw new DeviceError(
        "device-limit",
        `${problem.model} reads all ratings in every round, which takes ${needed} and more on the device`,
        {
          remedy: "allow more device memory, train als or gd, whose ratings may be streamed, or train on the CPU",
        },
      );
    }
    this.#sums = this.alsSums({ logistic: problem.model === "logistic" });
    const columns = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value };
    this.#blocks = planBlocks(columns, byUser.count, byItem.count, seed, shards);
    this.#pieces = cutBlocks(this.#blocks, shards.users.count, Math.floor(device.bindingBytes / 4));
    this.#settings = uploadUniform(device, "sgd settings", this.#words(1));
    const dispatches = this.#blocks.groups * this.#pieces.length * shards.items.count;
    this.#rounds = createUniform(device, "rounds", dispatches * UNIFORM_ALIGNMENT);
  }

  async sweep(number: number): Promise<void> {
    const { groups, start } = this.#blocks;
    const steps = this.#steps;
    const { count: itemShards } = this.plan.shards.items;
    const stride = UNIFORM_ALIGNMENT / 4;
    const words = new Uint32Array(groups * steps.length * stride);
    let at = 0;
    for (const offset of roundsOf(groups, this.#problem.seed, number)) {
      for (const { firstBlock, endBlock, itemShard } of steps) {
        const itemGroups = [firstGroupOf(itemShard, itemShards, groups), firstGroupOf(itemShard + 1, itemShards, groups)];
        words.set([offset, firstBlock, endBlock, start[firstBlock], ...itemGroups], stride * at++);
      }
    }
    this.device.gpu.queue.writeBuffer(this.#rounds, 0, words);
    this.device.gpu.queue.writeBuffer(this.#settings, 0, this.#words(number));
    const dispatches = groups * steps.length;
    const operations = (OPERATIONS_PER_COMPONENT * (this.#problem.hyperparameters.factors + 2) * start[groups * groups]) / dispatches;
    const most = Math.max(1, Math.floor(this.device.pace.most / operations));
    for (let from = 0; from < dispatches; from += most) await this.#run(from, Math.min(from + most, dispatches), operations);
  }

  /** The dispatches `from` to `to` − 1 of an epoch, in one submission. */
  async #run(from: number, to: number, operations: number): Promise<void> {
    const { groups } = this.#blocks;
    const encoder = this.device.gpu.createCommandEncoder({ label: "rounds" });
    const pass = encoder.beginComputePass({ label: "rounds" });
    pass.setPipeline(this.#pipeline!);
    for (let at = from; at < to; at++) {
      const { group, firstBlock, endBlock } = this.#steps[at % this.#steps.length];
      pass.setBindGroup(0, group);
      pass.setBindGroup(1, this.#roundGroup!, [at * UNIFORM_ALIGNMENT]);
      const userGroups = Math.ceil(endBlock / groups) - Math.floor(firstBlock / groups);
      pass.dispatchWorkgroups(Math.ceil(userGroups / LANES));
    }
    pass.end();
    await this.device.pace.submit(encoder.finish(), operations * (to - from));
  }

  async measure(): Promise<Measurement> {
    return { ...this.#sums.total(await this.readSums(this.#sums.sums())), featureFactors: 0 };
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    return await this.readParameters(which);
  }

  async #compileRounds(): Promise<void> {
    const { hyperparameters, model } = this.#problem;
    const { gpu } = this.device;
    const types: GPUBufferBindingType[] = [
      "uniform",
      ...Array<GPUBufferBindingType>(4).fill("read-only-storage"),
      ...Array<GPUBufferBindingType>(2).fill("storage"),
    ];
    const layouts = [
      bindingLayout(this.device, "sgd", types),
      gpu.createBindGroupLayout({
        label: "sgd round",
        entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true } }],
      }),
    ];
    const kernel = sgdBlocksKernel(hyperparameters.factors, model === "logistic");
    const layout = gpu.createPipelineLayout({ bindGroupLayouts: layouts });
    this.#pipeline = await compilePipeline(this.device, kernel, "sgd_blocks", layout);
    const starts = this.upload("block starts", this.#blocks.start);
    this.#steps = this.#pieces.flatMap((piece) => {
      const ratings = this.#uploadPiece(piece);
      return this.rows.items.map((items, itemShard) => {
        const bound = [this.#settings, starts, ...ratings, this.rows.users[piece.userShard], items];
        return { ...piece, itemShard, group: bindBuffers(this.device, "sgd", layouts[0], bound) };
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
    const { start, user, item, value } = this.#blocks;
    const { users, items } = this.plan.shards;
    const [from, to] = [start[firstBlock], start[endBlock]];
    const firstUser = users.from(userShard);
    const local = (rows: Uint32Array, first: (row: number) => number): Uint32Array =>
      rows.subarray(from, to).map((row) => row - first(row));
    return [
      this.upload("users by block", users.count === 1 ? user.subarray(from, to) : local(user, () => firstUser)),
      this.upload("items by block", items.count === 1 ? item.subarray(from, to) : local(item, (row) => row - (row % items.size))),
      this.upload("ratings by block", value.subarray(from, to)),
    ];
  }

  /** The uniform struct Settings of sgd-blocks.wgsl. */
  #words(sweep: number): ArrayBuffer {
    const { hyperparameters: h, initial } = this.#problem;
    return uniformWords([
      ["f", initial.globalMean],
      ["f", "lambda" in h ? h.lambda : 1],
      ["f", stepOf(h, sweep)],
      ["u", h.biases ? 1 : 0],
      ["f", h.tauUsers],
      ["f", h.tauItems],
      ["f", h.gammaUsers],
      ["f", h.gammaItems],
      ["u", this.#blocks.groups],
    ]);
  }

  override destroy(): void {
    super.destroy();
    this.#sums.destroy();
    this.#settings.destroy();
    this.#rounds.destroy();
  }
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
