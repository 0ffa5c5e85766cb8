// The sums of `als`' objective on the device, which gradient descent on it measures too.

import type { Measurement } from "../../models/als.js";
import type { Csr } from "../../ratings/csr.js";
import type { Side } from "../engine.js";
import { uploadStorage } from "./buffers.js";
import type { Device } from "./device.js";
import type { RatingBuffers } from "./session.js";
import { LogLosses, SquaredErrors, SquaredNorms, type Sum } from "./sums.js";
import type { Spread } from "./tile-plan.js";

export interface AlsSumsParts {
  readonly train: RatingBuffers;
  readonly heldOut: RatingBuffers | undefined;
  readonly rows: Record<Side, GPUBuffer>;
  readonly csr: Record<Side, Csr>;
  readonly globalMean: number;
  readonly weighted: boolean;
  /** Log-losses in the place of squared errors. Default false. */
  readonly logistic?: boolean | undefined;
}

export class AlsSums {
  readonly #starts: readonly GPUBuffer[];
  readonly #train: SquaredErrors | LogLosses;
  readonly #heldOut: SquaredErrors | LogLosses | undefined;
  readonly #users: SquaredNorms;
  readonly #items: SquaredNorms;

  constructor(device: Device, { train, heldOut, rows, csr, globalMean, weighted, logistic = false }: AlsSumsParts) {
    const starts = { users: uploadStorage(device, "row starts of users", csr.users.start), items: uploadStorage(device, "row starts of items", csr.items.start) }; // prettier-ignore
    this.#starts = [starts.users, starts.items];
    const norms = (side: Side): SquaredNorms =>
      new SquaredNorms(device, { rowStart: starts[side], rows: rows[side], count: csr[side].count, weighted });
    this.#users = norms("users");
    this.#items = norms("items");
    const Losses = logistic ? LogLosses : SquaredErrors;
    const sides = { globalMean, userRows: rows.users, itemRows: rows.items };
    this.#train = new Losses(device, { ...train, ...sides });
    this.#heldOut = heldOut && new Losses(device, { ...heldOut, ...sides });
  }

  async compile(K: number, spread: Spread = "none"): Promise<void> {
    await Promise.all(this.sums.map((sum) => (sum as SquaredErrors).compile(K, spread)));
  }

  /** What is to be run and read, in this order. */
  get sums(): readonly Sum[] {
    const sums = [this.#train, this.#users, this.#items];
    return this.#heldOut ? [...sums, this.#heldOut] : sums;
  }

  total([train, users, items, heldOut]: readonly ArrayBuffer[]): Omit<Measurement, "featureFactors"> {
    const [userFactors, userBiases] = SquaredNorms.total(users);
    const [itemFactors, itemBiases] = SquaredNorms.total(items);
    return {
      trainSquares: SquaredErrors.total(train),
      heldOutSquares: this.#heldOut ? SquaredErrors.total(heldOut) : 0,
      userFactors,
      userBiases,
      itemFactors,
      itemBiases,
    };
  }

  destroy(): void {
    for (const sum of this.sums) sum.destroy();
    for (const buffer of this.#starts) buffer.destroy();
  }
}
