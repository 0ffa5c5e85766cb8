// Ratings that are one process's share of a set which several hold: what is true of the whole is known beside them.

import type { Csr } from "./csr.js";
import type { RatingColumns, RatingStatistics } from "./rating-columns.js";

/** 64 bits each, as hexadecimal text. */
export interface Fingerprint {
  /** The same for the same ratings in any order of rows. */
  readonly set: string;
  /** The same for the same ratings in the same order only. */
  readonly rows: string;
}

/**
 * What a session holds of a workload that several sessions share: the ratings of some rows of each side,
 * whose others are empty, and some held-out ratings. The rows themselves it holds all.
 */
export interface Share {
  readonly rows: { readonly [side in "users" | "items"]: { readonly from: number; readonly to: number } };
  /** Ratings of every row, wherever they are, [count]. */
  readonly lengths: { readonly [side in "users" | "items"]: Uint32Array };
  /** Weights of every row's ratings together, wherever they are, [count], where ratings have weights. */
  readonly weights?: { readonly [side in "users" | "items"]: Float64Array } | undefined;
  /** Held-out ratings, wherever they are. Default: those that are here. */
  readonly heldOut?: number | undefined;
}

/** Items that users have seen, by user. */
interface Seen {
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/** What is true of a whole set of training ratings, and what of it is held here beside the ratings of some users. */
interface WholeRatings {
  readonly statistics: RatingStatistics;
  /** s, the unit that models are trained in: `unitOf`. */
  readonly unit: number;
  readonly fingerprint: Fingerprint;
  readonly share: Share;
  /** The ratings of some items; other rows are empty. */
  readonly byItem: Csr;
  /** Of held-out ratings: all of them, wherever they are, and their weights together, where they have some. */
  readonly heldOut: { readonly count: number; readonly weight?: number | undefined; readonly fingerprint: Fingerprint };
  /** Puts together what the users have seen; where no model is written, nothing comes of it. */
  seen(own: Seen): Promise<Seen | undefined>;
  /** The same of held-out ratings, of which each place has some. */
  seenHeldOut(own: RatingColumns): Promise<Seen | undefined>;
}

const wholes = new WeakMap<RatingColumns, WholeRatings>();

/** What the ratings are a share of; undefined where they are all there are. */
export const wholeOf = (ratings: RatingColumns): WholeRatings | undefined => wholes.get(ratings);

export function setWhole(ratings: RatingColumns, whole: WholeRatings): void {
  wholes.set(ratings, whole);
}
