// Trainings by gradient descent on the device: batch steps of `gd`, conflict-free rounds of `sgd` and `logistic`.

import { DeviceError } from "../../errors.js";
import type { Measurement } from "../../models/als.js";
import { type GdHyperparameters, stepOf } from "../../models/gradient.js";
import type { Parameters } from "../../models/parameters.js";
import { rowOfEach } from "../../ratings/csr.js";
import { type BlockPlan, planBlocks, roundsOf, withoutUnrated } from "../blocks.js";
import type { Problem, Session, Side } from "../engine.js";
import { AlsSums } from "./als-sums.js";
import { bindBuffers, bindingLayout, dispatch } from "./bindings.js";
import { uniformWords, uploadUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { UNIFORM_ALIGNMENT } from "./half-sweep.js";
import { gradientStepKernel, sgdBlocksKernel } from "./kernels.js";
import { byteText } from "./memory-plan.js";
import { compilePipeline } from "./pipelines.js";
import { RowSession, SIDES } from "./session.js";

const LANES = 64;

type GradientProblem = Problem<"gd"> | Problem<"sgd"> | Problem<"logistic">;

abstract class GradientSession extends RowSession implements Session<Measurement> {
  protected readonly problem: GradientProblem;
  readonly #sums: AlsSums;

  constructor(device: Device, problem: GradientProblem) {
    const { byUser, byItem, initial, heldOut } = problem;
    super(device, { problem, initial, spread: "none" });
    this.problem = problem;
    this.#throwIfCut();
    this.#sums = new AlsSums(device, {
      train: this.trainRatings,
      heldOut: this.uploadHeldOut(heldOut),
      shards: { users: this.shardsOf("users"), items: this.shardsOf("items") },
      csr: { users: byUser, items: byItem },
      globalMean: initial.globalMean,
      weighted: false,
      logistic: problem.model === "logistic",
    });
  }

  /** Gradient steps read all rows and ratings at once. */
  #throwIfCut(): void {
    const { shards, streamed } = this.plan;
    const pieces = SIDES.map((side) => this.stores[side].pieces.length);
    if (!streamed && Math.max(shards.users.count, shards.items.count, ...pieces) === 1) return;
    const { bindingBytes } = this.device;
    throw new DeviceError("device-limit", `${this.problem.model} needs each array in one binding of ${byteText(bindingBytes)} or less`, {
      remedy: "train als, vb, gibbs or implicit, whose arrays may be cut, or train on the CPU",
    });
  }

  /** The rows of a side, which are one shard. */
  protected allRows(side: Side): GPUBuffer {
    return this.rows[side][0];
  }

  protected async compile(): Promise<void> {
    await this.#sums.compile(this.problem.hyperparameters.factors);
  }

  abstract sweep(number: number): Promise<void>;

  async measure(): Promise<Measurement> {
    return { ...this.#sums.total(await this.readSums(this.#sums.sums())), featureFactors: 0 };
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    return await this.readParameters(which);
  }

  override destroy(): void {
    super.destroy();
    this.#sums.destroy();
  }
}

/** Both sides step from the old values: each writes its next rows aside, which are copied when both are done. */
export class WebGpuGdSession extends GradientSession {
  readonly #next: Record<Side, GPUBuffer>;
  readonly #settings: Record<Side, GPUBuffer>;
  #pipeline: GPUComputePipeline | undefined;
  #groups: Record<Side, GPUBindGroup> | undefined;

  static async open(device: Device, problem: Problem<"gd">): Promise<WebGpuGdSession> {
    const session = new WebGpuGdSession(device, problem);
    await Promise.all([session.compile(), session.#compileStep()]);
    return session;
  }

  private constructor(device: Device, problem: Problem<"gd">) {
    super(device, problem);
    const next = (side: Side): GPUBuffer => this.create(`next rows of ${side}`, this.allRows(side).size);
    this.#next = { users: next("users"), items: next("items") };
    const settings = (side: Side): GPUBuffer => uploadUniform(device, `step of ${side}`, this.#words(side, 1));
    this.#settings = { users: settings("users"), items: settings("items") };
  }

  async sweep(number: number): Promise<void> {
    for (const side of SIDES) this.device.gpu.queue.writeBuffer(this.#settings[side], 0, this.#words(side, number));
    const encoder = this.device.gpu.createCommandEncoder({ label: "gradient step" });
    const pass = encoder.beginComputePass({ label: "gradient step" });
    pass.setPipeline(this.#pipeline!);
    for (const side of SIDES) {
      pass.setBindGroup(0, this.#groups![side]);
      const { count } = side === "users" ? this.problem.byUser : this.problem.byItem;
      dispatch(pass, count);
    }
    pass.end();
    for (const side of SIDES) encoder.copyBufferToBuffer(this.#next[side], 0, this.allRows(side), 0, this.#next[side].size);
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  async #compileStep(): Promise<void> {
    const { byUser, byItem, hyperparameters } = this.problem;
    const pipeline = await compilePipeline(
      this.device,
      gradientStepKernel(hyperparameters.factors, this.stores.users.format),
      "gradient_step",
    );
    const group = (side: Side, other: Side): GPUBindGroup => {
      const start = this.upload(`row starts of ${side}`, (side === "users" ? byUser : byItem).start);
      const velocity = this.create(`velocity of ${side}`, this.allRows(side).size);
      const { index, value } = this.stores[side].buffers(0);
      const rows = [this.allRows(side), this.allRows(other)];
      const bound = [this.#settings[side], start, index, value, ...rows, velocity, this.#next[side]];
      return bindBuffers(this.device, `gradient step of ${side}`, pipeline.getBindGroupLayout(0), bound);
    };
    this.#pipeline = pipeline;
    this.#groups = { users: group("users", "items"), items: group("items", "users") };
  }

  /** The uniform struct Settings of gradient-step.wgsl. */
  #words(side: Side, sweep: number): ArrayBuffer {
    const { hyperparameters, initial, byUser, byItem } = this.problem;
    const h = hyperparameters as GdHyperparameters;
    const [tau, gamma] = side === "users" ? [h.tauUsers, h.gammaUsers] : [h.tauItems, h.gammaItems];
    return uniformWords([
      ["f", initial.globalMean],
      ["f", h.lambda],
      ["f", stepOf(h, sweep)],
      ["f", h.momentum],
      ["f", tau],
      ["f", gamma],
      ["u", h.biases ? 1 : 0],
      ["u", (side === "users" ? byUser : byItem).count],
    ]);
  }

  override destroy(): void {
    super.destroy();
    for (const side of SIDES) this.#settings[side].destroy();
  }
}

export class WebGpuSgdSession extends GradientSession {
  readonly #plan: BlockPlan;
  readonly #settings: GPUBuffer;
  readonly #rounds: GPUBuffer;
  #pipeline: GPUComputePipeline | undefined;
  #group: GPUBindGroup | undefined;
  #roundGroup: GPUBindGroup | undefined;

  static async open(device: Device, problem: Problem<"sgd"> | Problem<"logistic">): Promise<WebGpuSgdSession> {
    const session = new WebGpuSgdSession(device, problem);
    await Promise.all([session.compile(), session.#compileRounds()]);
    return session;
  }

  private constructor(device: Device, problem: Problem<"sgd"> | Problem<"logistic">) {
    const { byUser, byItem, seed } = problem;
    super(device, { ...problem, initial: withoutUnrated(problem.initial, byUser, byItem) });
    this.#plan = planBlocks({ user: rowOfEach(byUser), item: byUser.index, value: byUser.value }, byUser.count, byItem.count, seed);
    this.#settings = uploadUniform(device, "sgd settings", this.#words(1));
    this.#rounds = uploadUniform(device, "rounds", new ArrayBuffer(this.#plan.groups * UNIFORM_ALIGNMENT));
  }

  async sweep(number: number): Promise<void> {
    const { groups } = this.#plan;
    const words = new Uint32Array((groups * UNIFORM_ALIGNMENT) / 4);
    roundsOf(groups, this.problem.seed, number).forEach((round, at) => (words[(at * UNIFORM_ALIGNMENT) / 4] = round));
    this.device.gpu.queue.writeBuffer(this.#rounds, 0, words);
    this.device.gpu.queue.writeBuffer(this.#settings, 0, this.#words(number));
    const encoder = this.device.gpu.createCommandEncoder({ label: "epoch" });
    const pass = encoder.beginComputePass({ label: "epoch" });
    pass.setPipeline(this.#pipeline!);
    pass.setBindGroup(0, this.#group!);
    for (let at = 0; at < groups; at++) {
      pass.setBindGroup(1, this.#roundGroup!, [at * UNIFORM_ALIGNMENT]);
      pass.dispatchWorkgroups(Math.ceil(groups / LANES));
    }
    pass.end();
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  async #compileRounds(): Promise<void> {
    const { hyperparameters, model, byUser, byItem } = this.problem;
    const { gpu } = this.device;
    const types: GPUBufferBindingType[] = [
      "uniform",
      ...Array<GPUBufferBindingType>(5).fill("read-only-storage"),
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
    const { start, user, item, value } = this.#plan;
    const bound = [
      this.#settings,
      this.upload("block starts", start),
      this.upload("users by block", user),
      this.upload("items by block", item),
      this.upload("ratings by block", value),
      this.upload("row starts", Uint32Array.from([...byUser.start, ...byItem.start])),
      this.allRows("users"),
      this.allRows("items"),
    ];
    this.#group = bindBuffers(this.device, "sgd", layouts[0], bound);
    this.#roundGroup = gpu.createBindGroup({
      label: "sgd round",
      layout: layouts[1],
      entries: [{ binding: 0, resource: { buffer: this.#rounds, size: 16 } }],
    });
  }

  /** The uniform struct Settings of sgd-blocks.wgsl. */
  #words(sweep: number): ArrayBuffer {
    const { hyperparameters: h, initial } = this.problem;
    return uniformWords([
      ["f", initial.globalMean],
      ["f", "lambda" in h ? h.lambda : 1],
      ["f", stepOf(h, sweep)],
      ["u", h.biases ? 1 : 0],
      ["f", h.tauUsers],
      ["f", h.tauItems],
      ["f", h.gammaUsers],
      ["f", h.gammaItems],
      ["u", this.#plan.groups],
    ]);
  }

  override destroy(): void {
    super.destroy();
    this.#settings.destroy();
    this.#rounds.destroy();
  }
}
