// A training of `als` on the device.

import type { AlsHyperparameters, Measurement } from "../../models/als.js";
import type { Parameters } from "../../models/parameters.js";
import type { AlsSession, Problem, Side } from "../engine.js";
import type { Device } from "./device.js";
import { chooseGramKernel, type GramTuning } from "./gram-kernel.js";
import type { HalfSweepSettings } from "./half-sweep.js";
import { DeviceSession, SIDES } from "./session.js";
import { SquaredErrors, SquaredNorms } from "./sums.js";

export class WebGpuAlsSession extends DeviceSession implements AlsSession {
  readonly #problem: Problem;
  readonly #norms: Record<Side, SquaredNorms>;
  readonly #trainErrors: SquaredErrors;
  readonly #heldOutErrors: SquaredErrors | undefined;

  static async open(device: Device, problem: Problem, tuning?: GramTuning): Promise<WebGpuAlsSession> {
    const session = new WebGpuAlsSession(device, problem, tuning);
    const { factors: K } = problem.hyperparameters;
    await Promise.all([
      ...SIDES.map((side) => session.halfSweep[side].compile()),
      ...SIDES.map((side) => session.#norms[side].compile(K)),
      session.#trainErrors.compile(K),
      session.#heldOutErrors?.compile(K),
    ]);
    return session;
  }

  private constructor(device: Device, problem: Problem, tuning: GramTuning | undefined) {
    const { hyperparameters: h, byUser, byItem, initial, heldOut } = problem;
    super(device, {
      byUser,
      byItem,
      initial,
      spread: "none",
      gram: chooseGramKernel(device, { factors: h.factors, sequential: h.update === "sequential" && h.biases }, tuning),
      settings: { users: settingsOf(h, "users", initial.globalMean), items: settingsOf(h, "items", initial.globalMean) },
    });
    this.#problem = problem;
    const norms = (side: Side, start: Uint32Array): SquaredNorms =>
      new SquaredNorms(device, {
        rowStart: this.upload(`row starts of ${side}`, start),
        rows: this.rows[side],
        count: start.length - 1,
        weighted: h.regularization === "weighted",
      });
    this.#norms = { users: norms("users", byUser.start), items: norms("items", byItem.start) };
    const sides = { globalMean: initial.globalMean, userRows: this.rows.users, itemRows: this.rows.items };
    this.#trainErrors = new SquaredErrors(device, { ...this.trainRatings, ...sides });
    const held = this.uploadHeldOut(heldOut);
    this.#heldOutErrors = held && new SquaredErrors(device, { ...held, ...sides });
  }

  async sweep(): Promise<void> {
    this.solve("users");
    this.solve("items");
  }

  async measure(): Promise<Measurement> {
    const sums = [this.#trainErrors, this.#norms.users, this.#norms.items];
    const [train, users, items, heldOut] = await this.readSums(this.#heldOutErrors ? [...sums, this.#heldOutErrors] : sums);
    const [userFactors, userBiases] = SquaredNorms.total(users);
    const [itemFactors, itemBiases] = SquaredNorms.total(items);
    return {
      trainSquares: SquaredErrors.total(train),
      heldOutSquares: this.#heldOutErrors ? SquaredErrors.total(heldOut) : 0,
      userFactors,
      userBiases,
      itemFactors,
      itemBiases,
    };
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    const { users, items } = await this.readRows(which);
    const { factors, globalMean } = this.#problem.initial;
    return {
      factors,
      userFactors: users.factors,
      userBiases: users.biases,
      itemFactors: items.factors,
      itemBiases: items.biases,
      globalMean,
    };
  }

  override destroy(): void {
    super.destroy();
    for (const side of SIDES) this.#norms[side].destroy();
    this.#trainErrors.destroy();
    this.#heldOutErrors?.destroy();
  }
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
