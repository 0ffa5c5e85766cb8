// A training of `gibbs` on the device: priors and λ are drawn on the host from sums, entities on the device.

import {
  averageOf,
  drawLambda,
  drawPrior,
  type GibbsHyperparameters,
  type GibbsSums,
  type Moments,
  type PriorDraw,
  priorRhs,
  type Sample,
  Thinning,
} from "../../models/gibbs.js";
import type { Parameters } from "../../models/parameters.js";
import { triangle } from "../../models/vb.js";
import type { GibbsSession, Problem, Side } from "../engine.js";
import { drawNumber, hostRandom } from "../reference/gibbs.js";
import { createUniform } from "./buffers.js";
import type { Device } from "./device.js";
import { chooseGramKernel, type GramTuning } from "./gram-kernel.js";
import type { HalfSweepSettings } from "./half-sweep.js";
import { RowGram, tileEntry } from "./row-gram.js";
import { HalfSweepSession, SIDES } from "./session.js";
import { AveragedErrors, SquaredErrors } from "./sums.js";
import { blocksOf } from "./tile-plan.js";
import { valueFormat } from "./values.js";

export class WebGpuGibbsSession extends HalfSweepSession implements GibbsSession {
  readonly #problem: Problem<"gibbs">;
  readonly #h: GibbsHyperparameters;
  readonly #grams: Record<Side, RowGram>;
  readonly #base: Record<Side, GPUBuffer>;
  readonly #trainErrors: SquaredErrors;
  readonly #heldOutErrors: AveragedErrors | undefined;
  readonly #samples: Thinning<Sample>;
  #priors: Record<Side, PriorDraw> | undefined;
  #lambda: number;
  #draws = 0;
  #measured: GibbsSums | undefined;

  static async open(device: Device, problem: Problem<"gibbs">, tuning?: GramTuning): Promise<WebGpuGibbsSession> {
    const session = new WebGpuGibbsSession(device, problem, tuning);
    const { factors: K } = problem.hyperparameters;
    await Promise.all([
      session.compileHalfSweeps(),
      ...SIDES.map((side) => session.#grams[side].compile()),
      session.#trainErrors.compile(K),
      session.#heldOutErrors?.compile(K),
    ]);
    return session;
  }

  private constructor(device: Device, problem: Problem<"gibbs">, tuning: GramTuning | undefined) {
    const { hyperparameters: h, byUser, initial, heldOut } = problem;
    const gram = chooseGramKernel(device, { factors: h.factors, base: true, noise: true, values: valueFormat(byUser.value) }, tuning);
    const shared = (side: Side): GPUBuffer => createUniform(device, `prior of ${side}`, gram.tileBytes);
    const base = { users: shared("users"), items: shared("items") };
    const settings = settingsOf(h, initial.globalMean, 1, 0, 0);
    super(device, { problem, initial, spread: "none", rowKernel: gram, settings: { users: settings, items: settings }, base });
    this.#problem = problem;
    this.#h = h;
    this.#base = base;
    this.#lambda = initial.draws?.[0].lambda ?? 1;
    this.#samples = new Thinning(h.samples);
    this.#grams = {
      users: new RowGram(device, "users", this.shardsOf("users"), h.factors, 1),
      items: new RowGram(device, "items", this.shardsOf("items"), h.factors, 1),
    };
    this.#trainErrors = new SquaredErrors(device, this.trainRatings, initial.globalMean);
    const held = this.uploadHeldOut(heldOut);
    this.#heldOutErrors = held && new AveragedErrors(device, held, initial.globalMean);
  }

  async sweep(number: number): Promise<void> {
    const { seed } = this.#problem;
    for (const side of SIDES) {
      const prior = drawPrior(this.#h, await this.moments(side), hostRandom(seed, drawNumber(number, side)));
      this.#priors = { ...(this.#priors ?? { users: prior, items: prior }), [side]: prior };
      await this.draw(side, prior, this.#lambda, drawNumber(number, side));
    }
    const before = this.#lambda;
    const [partials] = await this.readSums([this.#trainErrors]);
    this.#lambda = drawLambda(this.trainRatings.count, SquaredErrors.total(partials), hostRandom(seed, -number >>> 0));
    if (number > this.#h.burnIn) {
      this.#draws++;
      if (this.#samples.wants()) this.#samples.keep({ parameters: await this.read("current"), draw: { lambda: before, ...this.#priors! } });
    }
    await this.#measure(SquaredErrors.total(partials));
  }

  async draw(side: Side, prior: PriorDraw, lambda: number, draw: number): Promise<void> {
    const { initial, seed } = this.#problem;
    this.device.gpu.queue.writeBuffer(this.#base[side], 0, priorTiles(prior));
    this.halfSweep[side].set(settingsOf(this.#h, initial.globalMean, lambda, seed, draw));
    await this.solve(side);
  }

  async moments(side: Side): Promise<Moments> {
    return await this.device.checked("summing the rows", () => this.#grams[side].read());
  }

  async measure(): Promise<GibbsSums> {
    if (this.#measured) return this.#measured;
    const [partials] = await this.readSums([this.#trainErrors]);
    return await this.#measure(SquaredErrors.total(partials));
  }

  /** The model is the average of the draws: none is set aside. */
  override keep(): void {}

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    if (which === "kept" && this.#samples.kept.length > 0) return averageOf(this.#samples.kept);
    return await this.readParameters("current");
  }

  override destroy(): void {
    super.destroy();
    for (const side of SIDES) {
      this.#grams[side].destroy();
      this.#base[side].destroy();
    }
    this.#trainErrors.destroy();
    this.#heldOutErrors?.destroy();
  }

  /** Once a draw, for the held-out predictions are added up. */
  async #measure(trainSquares: number): Promise<GibbsSums> {
    this.#heldOutErrors?.setDraw(this.#lambda, this.#draws);
    const held = this.#heldOutErrors && AveragedErrors.total((await this.readSums([this.#heldOutErrors]))[0]);
    return (this.#measured = {
      lambda: this.#lambda,
      trainSquares,
      heldOutSquares: held?.squares ?? 0,
      heldOutLogDensity: held?.logDensity ?? 0,
    });
  }
}

function settingsOf(h: GibbsHyperparameters, mean: number, lambda: number, seed: number, draw: number): HalfSweepSettings {
  // The whole prior is in the shared matrix.
  return { lambda, mean, weighted: false, biases: true, seed: seed >>> 0, draw, prior: Array<number>(h.factors + 1).fill(0) };
}

/** Λ, and Λμ as the last row, in tiles. */
function priorTiles(prior: PriorDraw): Float32Array<ArrayBuffer> {
  const D = prior.mean.length;
  const blocks = blocksOf(D - 1);
  const tiles = new Float32Array(16 * triangle(blocks));
  for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) tiles[tileEntry(i, j)] = prior.precision[triangle(i) + j];
  priorRhs(prior).forEach((value, j) => (tiles[tileEntry(4 * blocks - 1, j)] = value));
  return tiles;
}
