// A training of `implicit` on the device: the Gram matrix of the fixed side is summed once a half-sweep, and all rows share it.

import type { ImplicitHyperparameters, ImplicitSums } from "../../models/implicit.js";
import type { Parameters } from "../../models/parameters.js";
import { type ImplicitSession, otherSide, type Problem, type RowSlice, type Side } from "../engine.js";
import { traceOfProduct } from "../reference/implicit.js";
import { createUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { chooseGramKernel, type GramTuning } from "./gram-kernel.js";
import type { HalfSweepSettings } from "./half-sweep.js";
import { RowGram } from "./row-gram.js";
import { HalfSweepSession, SIDES } from "./session.js";
import { ConfidentErrors } from "./sums.js";
import { valueFormat } from "./values.js";

export class WebGpuImplicitSession extends HalfSweepSession implements ImplicitSession {
  readonly #problem: Problem<"implicit">;
  /** Gram matrices of each side's rows, and the shared matrix that each side's half-sweep reads: the other side's. */
  readonly #grams: Record<Side, RowGram>;
  readonly #shared: Record<Side, GPUBuffer>;
  readonly #errors: ConfidentErrors;

  static async open(device: Device, problem: Problem<"implicit">, tuning?: GramTuning): Promise<WebGpuImplicitSession> {
    const session = new WebGpuImplicitSession(device, problem, tuning);
    await Promise.all([
      session.compileHalfSweeps(),
      ...SIDES.map((side) => session.#grams[side].compile()),
      session.#errors.compile(problem.hyperparameters.factors),
    ]);
    return session;
  }

  private constructor(device: Device, problem: Problem<"implicit">, tuning: GramTuning | undefined) {
    const { hyperparameters: h, byUser, initial } = problem;
    const variant = { factors: h.factors, stage: "confident", base: true, values: valueFormat(byUser.value) } as const;
    const gram = chooseGramKernel(device, variant, tuning);
    const shared = (side: Side): GPUBuffer => createUniform(device, `shared Gram of ${side}`, gram.tileBytes);
    const base = { users: shared("users"), items: shared("items") };
    const settings = { users: settingsOf(h, "users"), items: settingsOf(h, "items") };
    super(device, { problem, initial, spread: "none", rowKernel: gram, settings, base });
    this.#problem = problem;
    this.#shared = base;
    this.#grams = {
      users: new RowGram(device, "users", this.shardsOf("users"), h.factors, 0),
      items: new RowGram(device, "items", this.shardsOf("items"), h.factors, 0),
    };
    this.#errors = new ConfidentErrors(device, this.trainRatings, h.confidence);
  }

  async sweep(): Promise<void> {
    await this.solve("users");
    await this.solve("items");
  }

  override async solve(side: Side, slice?: RowSlice): Promise<void> {
    this.#grams[otherSide(side)].submit(this.#shared[side]);
    await super.solve(side, slice);
  }

  async measure(): Promise<ImplicitSums> {
    const K = this.#problem.hyperparameters.factors;
    const [errors] = await this.readSums([this.#errors]);
    const [users, items] = await Promise.all(SIDES.map(async (side) => lowerOf(await this.#grams[side].read(), K)));
    const trace = (gram: Float64Array): number =>
      Array.from({ length: K }, (_, k) => gram[k * K + k]).reduce((sum, value) => sum + value, 0);
    return {
      allSquares: traceOfProduct(users, items, K),
      seenSquares: ConfidentErrors.total(errors),
      userFactors: trace(users),
      itemFactors: trace(items),
    };
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    const { users, items } = await this.readRows(which);
    return { ...this.#problem.initial, userFactors: users.factors, itemFactors: items.factors };
  }

  override destroy(): void {
    super.destroy();
    for (const side of SIDES) {
      this.#grams[side].destroy();
      this.#shared[side].destroy();
    }
    this.#errors.destroy();
  }
}

/** The factors' block, [K, K] row-major, of a Gram matrix of factors and bias. */
function lowerOf({ gram }: { readonly gram: ArrayLike<number> }, K: number): Float64Array {
  const D = K + 1;
  return Float64Array.from({ length: K * K }, (_, at) => gram[Math.floor(at / K) * D + (at % K)]);
}

function settingsOf(h: ImplicitHyperparameters, side: Side): HalfSweepSettings {
  const tau = side === "users" ? h.tauUsers : h.tauItems;
  const prior = [...Array<number>(h.factors).fill(tau), 0];
  return { lambda: 1, mean: 0, weighted: false, biases: false, confidence: h.confidence, prior };
}
