// What `tastespace serve` answers: each path is one question to the model.

import { OptionsError, TastespaceError, UnknownIdError } from "../errors.js";
import type { FactorModel } from "../models/factor-model.js";
import { csrOf } from "../ratings/csr.js";
import { knownIndex, type RawId } from "../ratings/ids.js";
import { nearIds } from "../ratings/near.js";
import type { Ratings } from "../ratings/ratings.js";
import { explain } from "../recommend/explain.js";
import type { RatedPair } from "../recommend/rated.js";
import { shown as named } from "../shown.js";
import type { Asked, Name } from "./http-questions.js";
import { filterOf } from "./item-filter.js";
import { checkAlpha, checkClip, checkOne } from "./options.js";
import { onScale } from "./recommend.js";
import type { ServedModel } from "./served-model.js";

/** A path: what may be asked there, and who answers. */
interface Question {
  readonly names: ReadonlySet<Name>;
  readonly answer: (served: ServedModel, asked: Asked) => object | Promise<object>;
}

const FILTERS: readonly Name[] = ["genres", "fromYear", "toYear", "minimumRatings", "include", "exclude"];
/** As `tastespace similar` has it: an item of few ratings is like anything. */
const SIMILAR_MINIMUM = 10;

export const QUESTIONS: { readonly [path: string]: Question } = {
  "/recommend": {
    names: new Set<Name>(["user", "rated", "n", "alpha", "filterSeen", "coldItems", "thompsonSeed", "clip", ...FILTERS]),
    answer: ({ model }, asked) => {
      const { user, rated, n, alpha, coldItems, thompsonSeed, filterSeen, clip = true } = asked;
      checkAlpha("alpha", alpha, model);
      checkClip("clip", asked.clip, model);
      const options = { n, alpha, coldItems, thompsonSeed, filter: filter(model, asked) };
      if (forUser(user, rated)) return { items: shown(model, model.recommend(user, { ...options, filterSeen }), clip) };
      if (filterSeen !== undefined) throw new OptionsError("/recommend: filterSeen is for users: items in rated are always left out");
      return { items: shown(model, model.recommendFor(pairs(model, rated!), options), clip) };
    },
  },
  "/similar": {
    names: new Set<Name>(["item", "user", "n", ...FILTERS]),
    answer: ({ model }, asked) => {
      const { item, user, n, minimumRatings = item === undefined && !model.seen ? undefined : SIMILAR_MINIMUM } = asked;
      checkOne("/similar: ", "like what", { item: item !== undefined, user: user !== undefined });
      if (item !== undefined) {
        const id = itemOf(model, item);
        return { item: id, items: model.similarItems(id, { n, filter: filter(model, { ...asked, minimumRatings }) }) };
      }
      for (const name of FILTERS)
        if (name !== "minimumRatings" && asked[name] !== undefined) throw new OptionsError(`/similar: ${name} is of items, not of users`);
      return {
        user: model.users.rawAt(knownIndex(model.users, user!, "user")),
        users: model.similarUsers(user!, { n, minimumRatings }),
      };
    },
  },
  "/explain": {
    names: new Set<Name>(["item", "user", "rated"]),
    answer: async (served, { item, user, rated }) => {
      const { model } = served;
      if (item === undefined) throw new OptionsError("/explain: say which item");
      if (user === undefined && rated === undefined) throw new OptionsError("/explain: say for whom: user, or rated");
      const of = rated === undefined ? ratedBy(user!, await trainingOf(served)) : pairs(model, rated);
      return onScale(model, explain(model, itemOf(model, item), of, { user }));
    },
  },
};

/** @throws OptionsError when it is not one of the two. */
function forUser(user: RawId | undefined, rated: Asked["rated"]): user is RawId {
  checkOne("/recommend: ", "for whom", { user: user !== undefined, rated: rated !== undefined });
  return user !== undefined;
}

const itemOf = (model: FactorModel, item: RawId): RawId => model.findItem(String(item));

const pairs = (model: FactorModel, rated: NonNullable<Asked["rated"]>): [RawId, number][] =>
  rated.map(([item, rating]) => [itemOf(model, item), rating]);

function filter(model: FactorModel, { genres = [], include = [], exclude = [], ...asked }: Asked): ReturnType<typeof filterOf> {
  return filterOf(model, { ...asked, genre: [...genres], include: include.map(String), exclude: exclude.map(String) });
}

const shown = (model: FactorModel, list: ReturnType<FactorModel["recommend"]>, clip: boolean): object[] =>
  clip ? list.map((item) => onScale(model, item)) : list;

/** @throws OptionsError when they cannot be read. */
async function trainingOf(served: ServedModel): Promise<Ratings> {
  try {
    return await served.training();
  } catch (cause) {
    if (!(cause instanceof TastespaceError)) throw cause;
    throw new OptionsError(`the ratings that the model was trained on cannot be read: ${cause.message}`, {
      remedy: "send the user's ratings along, as rated",
    });
  }
}

/** @throws UnknownIdError */
function ratedBy(user: RawId, ratings: Ratings): RatedPair[] {
  const { start, index, value, weight } = csrOf(ratings, "users");
  const m = ratings.users.indexOf(user);
  const [from, to] = m < 0 ? [0, 0] : [start[m], start[m + 1]];
  if (from === to)
    throw new UnknownIdError(
      `user ${named(user)} has no ratings among those that the model was trained on`,
      nearIds(user, ratings.users.raw),
      "send the user's ratings along, as rated",
    );
  return Array.from(index.subarray(from, to), (item, at) => [ratings.items.rawAt(item), value[from + at], weight?.[from + at]]);
}
