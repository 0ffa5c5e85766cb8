// Whether what a training is given besides its ratings is of the same users and items: features, a model to start from,
// held-out ratings. Other ids take no effect, which nobody would notice.

import { RatingsError } from "../errors.js";
import { type Side, SIDES } from "../engine/engine.js";
import type { FactorModel } from "../models/factor-model.js";
import type { FeatureTable, FeatureTables } from "../ratings/features.js";
import type { Ids } from "../ratings/ids.js";
import { haveRatedInCommon, idsInCommon, type InCommon, isLittle, ratedInCommon, someIds } from "../ratings/in-common.js";
import type { Ratings } from "../ratings/ratings.js";
import { wholeOf } from "../ratings/share.js";
import { learnedWeights } from "../recommend/prior-means.js";
import { grouped, howMany, plural } from "../shown.js";

/** Of fewer held-out ratings, chance may leave none of anyone or anything that is trained on. */
const FEWEST_HELD_OUT = 20;

/** What else a training is given. */
export interface Beside {
  readonly heldOut?: Ratings | undefined;
  readonly features?: FeatureTables | undefined;
  readonly init?: FactorModel | undefined;
}

/**
 * @param notice called where little is in common.
 * @throws RatingsError where nothing is, with ids of both.
 */
export function checkKnownIds(ratings: Ratings, { heldOut, features, init }: Beside, notice: (text: string) => void): void {
  for (const side of SIDES) {
    const table = features?.[side];
    if (table) checkFeatureIds(side === "users" ? "userFeatures" : "itemFeatures", table, side, ratings, notice);
  }
  if (init) checkInitIds(init, ratings, features, notice);
  // A share of the ratings is split at random. Whom features describe is predicted without ratings.
  if (heldOut && !features && !wholeOf(ratings)) checkHeldOutIds(heldOut, ratings, notice);
}

/**
 * @param name of the features, for people.
 * @returns how many of their ids are among the rated ones.
 * @throws RatingsError where none is.
 */
export function checkFeatureIds(
  name: string,
  { names, ids }: FeatureTable,
  side: Side,
  ratings: Ratings,
  notice: (text: string) => void,
): InCommon {
  const found = idsInCommon(ids, ratings[side]);
  if (names.length === 0 || ids.size === 0) return found;
  const one = side === "users" ? "user" : "item";
  if (found.common === 0) {
    const other: Side = side === "users" ? "items" : "users";
    const turned = idsInCommon(ids, ratings[other]);
    const remedy = isLittle(turned)
      ? `give features by the ids of the ratings: theirs are ${someIds(ids.raw)}, those of the rated ${side} ${someIds(ratings[side].raw)}`
      : `they are of ${other}: give them as ${other === "users" ? "userFeatures" : "itemFeatures"}`;
    throw new RatingsError(`${name}: none of the ${howMany(ids.size, one)} is among the ${grouped(ratings[side].size)} rated`, { remedy });
  }
  if (isLittle(found))
    notice(
      `${name}: of the ${howMany(ids.size, one)} only ${grouped(found.common)} ${plural(found.common, "is", "are")} among the ${grouped(found.among)} rated`,
    );
  return found;
}

function checkInitIds(init: FactorModel, ratings: Ratings, features: FeatureTables | undefined, notice: (text: string) => void): void {
  const [users, items] = [idsInCommon(ratings.users, init.users), idsInCommon(ratings.items, init.items)];
  const told = `of the ${howMany(users.of, "user")} and ${howMany(items.of, "item")} of the ratings`;
  if (users.common + items.common === 0 && !keepsWeights(init, features)) {
    const remedy = `start from a model of the same ids: its users are ${someIds(init.users.raw)}, those of the ratings ${someIds(ratings.users.raw)}`;
    throw new RatingsError(`the model to start from knows none ${told}`, { remedy });
  }
  if (isLittle(users) || isLittle(items))
    notice(
      `the model to start from knows ${howMany(users.common, "user")} and ${howMany(items.common, "item")} ${told}: all others start anew`,
    );
}

/** Whether a training starts from weights of features, by their names. */
const keepsWeights = (init: FactorModel, features: FeatureTables | undefined): boolean =>
  SIDES.some((side) => {
    const known = learnedWeights(init.parameters, init.features, side)?.table.names;
    return known !== undefined && features?.[side]?.names.some((name) => known.includes(name));
  });

function checkHeldOutIds(heldOut: Ratings, ratings: Ratings, notice: (text: string) => void): void {
  if (heldOut.count === 0 || haveRatedInCommon(heldOut, ratings)) return;
  const { users, items } = ratedInCommon(heldOut, ratings);
  const told = `none of the ${howMany(users.of, "user")} and ${howMany(items.of, "item")} of the held-out ratings has a rating to train on`;
  if (heldOut.count < FEWEST_HELD_OUT) return notice(told);
  const remedy = `hold out ratings of the same users and items: ${usersOfBoth(heldOut, ratings)}`;
  throw new RatingsError(told, { remedy });
}

/** Some users of ratings to measure by, and of those to train on, side by side. */
export const usersOfBoth = (theirs: Ratings, others: Ratings): string =>
  `users are ${someIds(met(theirs.users, theirs.user))} there, and ${someIds(met(others.users, others.user))} in those to train on`;

/** The ids of rows, in their order. */
function* met(ids: Ids, rows: Uint32Array) {
  const seen = new Set<number>();
  for (const row of rows) {
    if (seen.has(row)) continue;
    seen.add(row);
    yield ids.rawAt(row);
  }
}
