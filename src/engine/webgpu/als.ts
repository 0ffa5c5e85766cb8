// A training of `als` on the device.

import { OptionsError } from "../../errors.js";
import type { AlsHyperparameters, Measurement } from "../../models/als.js";
import type { Parameters } from "../../models/parameters.js";
import type { AlsSession, Problem, RowSlice, Side } from "../engine.js";
import type { AlsSums } from "./als-sums.js";
import { createStorage, readBuffer } from "./buffers.js";
import type { Device } from "./device.js";
import { chooseGramKernel, type GramTuning } from "./gram-kernel.js";
import { FeatureUpdate } from "./feature-update.js";
import type { HalfSweepSettings } from "./half-sweep.js";
import { heavyBallKernel, leavesErrors } from "./kernels.js";
import { RowPass } from "./row-pass.js";
import { HalfSweepSession, SIDES } from "./session.js";
import type { Spread } from "./tile-plan.js";
import { valueFormat } from "./values.js";

export class WebGpuAlsSession extends HalfSweepSession implements AlsSession {
  readonly #problem: Problem;
  readonly #sums: AlsSums;
  readonly #features: Record<Side, FeatureUpdate | undefined>;
  #keptFeatures: Record<Side, GPUBuffer> | undefined;
  /** The side whose rows carry the squared errors of their ratings as they now are: that which was solved last, if it was solved whole. */
  #carried: Side | undefined;
  readonly #carries: boolean;
  /** Moves the items on, beside them as they were a sweep ago. */
  #heavyBall: RowPass | undefined;
  #sweeps = 0;

  static async open(device: Device, problem: Problem, tuning?: GramTuning): Promise<WebGpuAlsSession> {
    const session = new WebGpuAlsSession(device, problem, tuning);
    const { factors: K, tauFeatures, tauUsers, tauItems, momentum } = problem.hyperparameters;
    const spread = spreadOf(problem);
    await Promise.all([
      session.compileHalfSweeps(),
      session.#sums.compile(K, spread),
      session.#features.users?.compile(tauFeatures / tauUsers),
      session.#features.items?.compile(tauFeatures / tauItems),
    ]);
    for (const side of SIDES) session.#features[side]?.submit(true);
    if (momentum > 0) {
      const before = (blocks: number): GPUBuffer => createStorage(device, "rows a sweep ago", blocks * 16);
      session.#heavyBall = new RowPass(device, "heavy ball", session.shardsOf("items"), K, before);
      await session.#heavyBall.compile(heavyBallKernel(K, spread), "heavy_ball");
    }
    return session;
  }

  private constructor(device: Device, problem: Problem, tuning: GramTuning | undefined) {
    const { hyperparameters: h, byUser, initial } = problem;
    const spread = spreadOf(problem);
    const sequential = h.update === "sequential" && h.biases;
    const halves = (tuning?.halfPrecision || tuning?.tensorCores) ?? false;
    if (halves) checkHalves(byUser.value, initial.globalMean);
    const variant = { factors: h.factors, sequential, spread, values: valueFormat(byUser.value), halves };
    super(device, {
      problem,
      initial,
      spread,
      rowKernel: chooseGramKernel(device, variant, tuning),
      halves,
      settings: { users: settingsOf(h, "users", initial.globalMean), items: settingsOf(h, "items", initial.globalMean) },
    });
    this.#problem = problem;
    this.#carries = leavesErrors(variant);
    const features = (side: Side): FeatureUpdate | undefined => {
      const table = problem.features?.[side];
      return table && new FeatureUpdate(device, side, table, this.shardsOf(side), h.factors, initial.features?.[side]);
    };
    this.#features = { users: features("users"), items: features("items") };
    this.#sums = this.alsSums({ weighted: h.regularization === "weighted" });
  }

  async sweep(): Promise<void> {
    // The first step would be from the starting values.
    if (this.#sweeps > 0) this.#heavyBall?.submit(this.#sweeps > 1 ? this.#problem.hyperparameters.momentum : 0);
    this.#sweeps++;
    await this.solve("users");
    this.solveFeatures("users");
    await this.solve("items");
    this.solveFeatures("items");
  }

  override async solve(side: Side, slice?: RowSlice): Promise<void> {
    this.#carried = this.#carries && !slice ? side : undefined;
    await super.solve(side, slice);
  }

  solveFeatures(side: Side): void {
    this.#features[side]?.submit();
  }

  async measure(): Promise<Measurement> {
    const carried = this.#carried;
    const sums = this.#sums.total(await this.readSums(this.#sums.sums(carried)), carried);
    return { ...sums, featureFactors: await this.#featureNorm() };
  }

  override keep(): void {
    super.keep();
    for (const side of SIDES) {
      const factors = this.#features[side]?.factors;
      if (!factors) continue;
      this.#keptFeatures ??= {} as Record<Side, GPUBuffer>;
      this.#keptFeatures[side] ??= this.create(`kept feature factors of ${side}`, factors.size);
      const encoder = this.device.gpu.createCommandEncoder({ label: "keep" });
      encoder.copyBufferToBuffer(factors, 0, this.#keptFeatures[side], 0, factors.size);
      this.device.gpu.queue.submit([encoder.finish()]);
    }
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    return {
      ...(await this.readParameters(which)),
      features: this.#problem.features && {
        users: await this.#readFeatures("users", which),
        items: await this.#readFeatures("items", which),
      },
    };
  }

  async #readFeatures(side: Side, which: "current" | "kept"): Promise<Float32Array | undefined> {
    const update = this.#features[side];
    if (!update) return undefined;
    const buffer = which === "kept" ? (this.#keptFeatures?.[side] ?? update.factors) : update.factors;
    return await this.device.checked("reading the feature factors", async () => {
      const encoder = this.device.gpu.createCommandEncoder({ label: "read" });
      const read = readBuffer(this.device, encoder, buffer);
      this.device.gpu.queue.submit([encoder.finish()]);
      return update.unpack(await read());
    });
  }

  /** Σ|f|² over both sides' features, which are few. */
  async #featureNorm(): Promise<number> {
    let sum = 0;
    for (const side of SIDES) (await this.#readFeatures(side, "current"))?.forEach((value) => (sum += value * value));
    return sum;
  }

  override destroy(): void {
    super.destroy();
    this.#sums.destroy();
    this.#heavyBall?.destroy();
    for (const side of SIDES) this.#features[side]?.destroy();
  }
}

const spreadOf = ({ features }: Problem): Spread => (features?.users || features?.items ? "means" : "none");

/** Factors, biases and residuals must be halves. Ratings so far from their mean are plays or counts, and biases follow them. */
const MOST_AS_HALF = 2 ** 14;

/** @throws OptionsError when a rating is so far from the mean that halves may overflow. */
function checkHalves(values: Float32Array, mean: number): void {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value - mean));
  if (most <= MOST_AS_HALF) return;
  throw new OptionsError(`a rating is ${most.toPrecision(3)} from the mean: half precision ends at 65504`, {
    remedy: "leave half precision and tensor cores off, or scale the ratings",
  });
}

function settingsOf(h: AlsHyperparameters, side: Side, mean: number): HalfSweepSettings {
  const [tau, gamma] = side === "users" ? [h.tauUsers, h.gammaUsers] : [h.tauItems, h.gammaItems];
  return {
    lambda: h.lambda,
    mean,
    weighted: h.regularization === "weighted",
    biases: h.biases,
    prior: [...Array<number>(h.factors).fill(tau), gamma],
  };
}
