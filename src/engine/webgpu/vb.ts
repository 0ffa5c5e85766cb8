// A training of `vb` on the device: the posteriors' covariances lie behind the means of each row.

import type { Parameters } from "../../models/parameters.js";
import { elbo, initialPosterior, learnedPrecisions, type Precisions, type VbHyperparameters } from "../../models/vb.js";
import type { Problem, RowSlice, Side, VbMeasurement, VbSession } from "../engine.js";
import type { Device } from "./device.js";
import { chooseGramKernel, type GramTuning } from "./gram-kernel.js";
import type { HalfSweepSettings } from "./half-sweep.js";
import { HalfSweepSession, SIDES } from "./session.js";
import { ExpectedErrors, PosteriorMoments, SquaredErrors } from "./sums.js";
import { valueFormat } from "./values.js";

export class WebGpuVbSession extends HalfSweepSession implements VbSession {
  readonly #problem: Problem<"vb">;
  readonly #h: VbHyperparameters;
  readonly #moments: Record<Side, PosteriorMoments>;
  readonly #trainErrors: ExpectedErrors;
  /** Errors at the means alone, which are all that is wanted where rows carry the expected ones. */
  readonly #meanErrors: SquaredErrors;
  /** The side whose rows carry the expected errors of their ratings as they now are: that which was solved last, if it was solved whole. */
  #carried: Side | undefined;
  readonly #heldOutErrors: ExpectedErrors | undefined;
  #precisions: Precisions;
  #keptPrecisions: Precisions;
  /** The last measurement, while nothing has been solved since. */
  #measured: VbMeasurement | undefined;

  static async open(device: Device, problem: Problem<"vb">, tuning?: GramTuning): Promise<WebGpuVbSession> {
    const session = new WebGpuVbSession(device, problem, tuning);
    const { factors: K, covariance } = problem.hyperparameters;
    await Promise.all([
      session.compileHalfSweeps(),
      ...SIDES.map((side) => session.#moments[side].compile(K, covariance)),
      session.#trainErrors.compile(K, covariance),
      session.#meanErrors.compile(K, covariance),
      session.#heldOutErrors?.compile(K, covariance),
    ]);
    return session;
  }

  private constructor(device: Device, problem: Problem<"vb">, tuning: GramTuning | undefined) {
    const { hyperparameters: h, heldOut } = problem;
    const initial = { ...problem.initial, posterior: problem.initial.posterior ?? initialPosterior(h, problem.initial) };
    const { precisions } = initial.posterior;
    super(device, {
      problem,
      initial,
      spread: h.covariance,
      rowKernel: chooseGramKernel(device, { factors: h.factors, spread: h.covariance, values: valueFormat(problem.byUser.value) }, tuning),
      settings: {
        users: settingsOf(precisions, "users", initial.globalMean),
        items: settingsOf(precisions, "items", initial.globalMean),
      },
    });
    this.#problem = problem;
    this.#h = h;
    this.#precisions = this.#keptPrecisions = precisions;
    this.#moments = {
      users: new PosteriorMoments(device, this.shardsOf("users"), h.factors),
      items: new PosteriorMoments(device, this.shardsOf("items"), h.factors),
    };
    const { globalMean } = initial;
    this.#trainErrors = new ExpectedErrors(device, this.trainRatings, globalMean, precisions.lambda);
    this.#meanErrors = new SquaredErrors(device, this.trainRatings, globalMean);
    const held = this.uploadHeldOut(heldOut);
    this.#heldOutErrors = held && new ExpectedErrors(device, held, globalMean, precisions.lambda);
  }

  async sweep(number: number): Promise<void> {
    if (this.#h.learn && number > this.#h.warmUp) this.learn(this.#measured ?? (await this.measure()));
    await this.solve("users");
    await this.solve("items");
  }

  override async solve(side: Side, slice?: RowSlice): Promise<void> {
    this.#measured = undefined;
    this.#carried = slice ? undefined : side;
    await super.solve(side, slice);
  }

  learn(measured: VbMeasurement): void {
    this.#measured = undefined;
    this.#precisions = learnedPrecisions(this.#precisions, measured);
    const { globalMean } = this.#problem.initial;
    for (const side of SIDES) this.halfSweep[side].set(settingsOf(this.#precisions, side, globalMean));
    this.#trainErrors.setLambda(this.#precisions.lambda);
    this.#heldOutErrors?.setLambda(this.#precisions.lambda);
  }

  async measure(): Promise<VbMeasurement> {
    const carried = this.#carried;
    const sums = [carried ? this.#meanErrors : this.#trainErrors, this.#moments.users, this.#moments.items];
    const [train, users, items, heldOut] = await this.readSums(this.#heldOutErrors ? [...sums, this.#heldOutErrors] : sums);
    const K = this.#h.factors;
    const moments = { users: this.#moments.users.total(users, K), items: this.#moments.items.total(items, K) };
    const held = this.#heldOutErrors && ExpectedErrors.total(heldOut);
    const measured = {
      ratings: this.trainRatings.count,
      ...(carried
        ? { expectedSquares: moments[carried].expectedSquares, trainSquares: SquaredErrors.total(train) }
        : expectedSums(ExpectedErrors.total(train))),
      ...moments,
    };
    return (this.#measured = {
      ...measured,
      precisions: this.#precisions,
      elbo: elbo(this.#precisions, measured),
      heldOutSquares: held?.squares ?? 0,
      heldOutLogDensity: held?.logDensity ?? 0,
    });
  }

  override keep(): void {
    super.keep();
    this.#keptPrecisions = this.#precisions;
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    const precisions = which === "kept" ? this.#keptPrecisions : this.#precisions;
    const rows = await this.readRows(which);
    return {
      ...this.parametersOf(rows),
      posterior: { family: this.#h.covariance, precisions, users: rows.users.spread, items: rows.items.spread },
    };
  }

  override destroy(): void {
    super.destroy();
    for (const side of SIDES) this.#moments[side].destroy();
    this.#trainErrors.destroy();
    this.#meanErrors.destroy();
    this.#heldOutErrors?.destroy();
  }
}

const expectedSums = ({ squares, variances }: { squares: number; variances: number }) => ({
  expectedSquares: squares + variances,
  trainSquares: squares,
});

function settingsOf({ lambda, users, items }: Precisions, side: Side, mean: number): HalfSweepSettings {
  return { lambda, mean, weighted: false, biases: true, prior: side === "users" ? users : items };
}
