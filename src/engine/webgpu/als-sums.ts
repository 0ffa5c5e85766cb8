// The sums of `als`' objective on the device, which gradient descent on it measures too.

import type { Measurement } from "../../models/als.js";
import type { Csr } from "../../ratings/csr.js";
import type { Side } from "../engine.js";
import { uploadStorage } from "./buffers.js";
import type { Device } from "./device.js";
import { LogLosses, type RatingPieces, type RowShard, SquaredErrors, SquaredNorms, type Sum } from "./sums.js";
import type { Spread } from "./tile-plan.js";

export interface AlsSumsParts {
  readonly train: RatingPieces;
  readonly heldOut: RatingPieces | undefined;
  readonly shards: Record<Side, readonly RowShard[]>;
  readonly csr: Record<Side, Csr>;
  readonly globalMean: number;
  /** Norms counted once a rating. Default false. */
  readonly weighted?: boolean | undefined;
  /** Log-losses in the place of squared errors. Default false. */
  readonly logistic?: boolean | undefined;
}

export class AlsSums {
  readonly #starts: GPUBuffer[] = [];
  readonly #train: SquaredErrors | LogLosses;
  readonly #heldOut: SquaredErrors | LogLosses | undefined;
  readonly #users: SquaredNorms;
  readonly #items: SquaredNorms;

  constructor(device: Device, { train, heldOut, shards, csr, globalMean, weighted = false, logistic = false }: AlsSumsParts) {
    const norms = (side: Side): SquaredNorms => {
      let first = 0;
      const parts = shards[side].map(({ rows, count }) => {
        const rowStart = uploadStorage(device, `row starts of ${side}`, csr[side].start.subarray(first, (first += count) + 1));
        this.#starts.push(rowStart);
        return { rows, count, rowStart };
      });
      return new SquaredNorms(device, parts, weighted);
    };
    this.#users = norms("users");
    this.#items = norms("items");
    const Losses = logistic ? LogLosses : SquaredErrors;
    this.#train = new Losses(device, train, globalMean);
    this.#heldOut = heldOut && new Losses(device, heldOut, globalMean);
  }

  async compile(K: number, spread: Spread = "none"): Promise<void> {
    await Promise.all(this.sums().map((sum) => (sum as SquaredErrors).compile(K, spread)));
  }

  /**
   * What is to be run and read, in this order.
   *
   * @param carried the side whose rows carry their ratings' squared errors, which then need no pass over the ratings.
   */
  sums(carried?: Side): readonly Sum[] {
    return [this.#users, this.#items, ...(carried ? [] : [this.#train]), ...(this.#heldOut ? [this.#heldOut] : [])];
  }

  total(read: readonly ArrayBuffer[], carried?: Side): Omit<Measurement, "featureFactors"> {
    const [users, items, ...errors] = read;
    const [userFactors, userBiases, userErrors] = SquaredNorms.total(users);
    const [itemFactors, itemBiases, itemErrors] = SquaredNorms.total(items);
    const trainSquares = carried ? { users: userErrors, items: itemErrors }[carried] : SquaredErrors.total(errors.shift()!);
    return {
      trainSquares,
      heldOutSquares: this.#heldOut ? SquaredErrors.total(errors.shift()!) : 0,
      userFactors,
      userBiases,
      itemFactors,
      itemBiases,
    };
  }

  destroy(): void {
    for (const sum of this.sums()) sum.destroy();
    for (const buffer of this.#starts) buffer.destroy();
  }
}
