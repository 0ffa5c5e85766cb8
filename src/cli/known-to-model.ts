// Whether a model knows the users and items of data that it is given. Where it knows none of them, the data are refused.

import { RatingsError } from "../errors.js";
import type { FactorModel } from "../models/factor-model.js";
import { idsInCommon, type InCommon, isLittle, someIds } from "../ratings/in-common.js";
import type { Ratings } from "../ratings/ratings.js";
import { knowsNone, noneOf } from "../recommend/partial-fit.js";
import { counted } from "../report/words.js";
import { notice } from "./terminal.js";

/**
 * @param what the file should hold instead.
 * @throws RatingsError where a model knows none of the users and items of a file, neither by ratings nor by features.
 */
export function checkKnowsAny(model: FactorModel, ratings: Ratings, file: string, what: string): void {
  if (ratings.count === 0 || !knowsNone(model, ratings)) return;
  throw new RatingsError(`${file}: the model knows ${noneOf(ratings)}`, { file, remedy: givenInstead(model, ratings, what) });
}

/** Other data than a model was trained on. @throws RatingsError where it was trained on none of their users and items. */
export function checkOtherData(model: FactorModel, ratings: Ratings, place: string): void {
  const [users, items] = [idsInCommon(ratings.users, model.users), idsInCommon(ratings.items, model.items)];
  const sizes = sizesOf(users, items);
  if (users.common + items.common === 0)
    throw new RatingsError(`${place}: the model knows none of the ${sizes("of")}`, {
      remedy: givenInstead(model, ratings, "ratings of its users and items"),
    });
  if (isLittle(users) || isLittle(items)) notice(`${place}: of the ${sizes("of")} the model knows only ${sizes("common")}`);
}

const givenInstead = ({ users }: FactorModel, ratings: Ratings, what: string): string =>
  `give ${what}: it knows users ${someIds(users.raw)}, and there are ${someIds(ratings.users.raw)}`;

/** "2 users and 3 items": all of them, or those in common. */
export const sizesOf =
  (users: InCommon, items: InCommon) =>
  (of: "of" | "common"): string =>
    `${counted(users[of], "user")} and ${counted(items[of], "item")}`;
