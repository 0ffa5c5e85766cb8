// Ratings that are one process's share of a set which several hold: what is true of the whole is known beside them.

import type { Share } from "../engine/engine.js";
import type { Csr } from "./csr.js";
import type { Fingerprint } from "./fingerprint.js";
import type { RatingColumns } from "./rating-columns.js";
import type { RatingStatistics } from "./ratings.js";
import type { SeenItems } from "./seen.js";

/** What is true of a whole set of training ratings, and what of it is held here beside the ratings of some users. */
export interface WholeRatings {
  readonly statistics: RatingStatistics;
  /** s, the unit that models are trained in: `unitOf`. */
  readonly unit: number;
  readonly fingerprint: Fingerprint;
  readonly share: Share;
  /** The ratings of some items; other rows are empty. */
  readonly byItem: Csr;
  /** Of held-out ratings: all of them, wherever they are. */
  readonly heldOut: { readonly count: number; readonly fingerprint: Fingerprint };
  /** Puts together what the users have seen; where no model is written, nothing comes of it. */
  seen(own: SeenItems): Promise<SeenItems | undefined>;
}

const wholes = new WeakMap<RatingColumns, WholeRatings>();

/** What the ratings are a share of; undefined where they are all there are. */
export const wholeOf = (ratings: RatingColumns): WholeRatings | undefined => wholes.get(ratings);

export function setWhole(ratings: RatingColumns, whole: WholeRatings): void {
  wholes.set(ratings, whole);
}
