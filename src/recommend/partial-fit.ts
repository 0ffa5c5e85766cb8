// Partial fit: new users and items join a trained model, each solved against the other side as it is; no old row moves.

import type { Side } from "../engine/engine.js";
import { triangle } from "../engine/reference/cholesky.js";
import { NotPositiveDefiniteError } from "../errors.js";
import { checkArguments, checkOptions, FUNCTION, namesOf, oneOf } from "../options.js";
import { FactorModel, MODEL_KIND } from "../models/factor-model.js";
import type { Parameters } from "../models/parameters.js";
import { definitionOf, type ModelName } from "../models/registry.js";
import { Catalogue } from "../ratings/catalogue.js";
import { buildCsr } from "../ratings/csr.js";
import { Ids } from "../ratings/ids.js";
import type { RatingColumns } from "../ratings/rating-columns.js";
import { Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { seenInEither, seenItems, withUsers } from "../ratings/seen.js";
import { ratingsThatCount } from "../ratings/weights.js";
import { type FoldedRows, foldInRows } from "./fold-in.js";
import { howMany, plural, shown } from "../shown.js";
import { priorMeans } from "./prior-means.js";
import { checkOnScale } from "./rated.js";

/** What is solved besides what is new. */
export interface PartialFitOptions {
  /**
   * Solves the known users, or the known items, of the ratings anew too. The ratings must then hold all that these
   * have: the model keeps no ratings to add to. Default: only what is new is solved.
   */
  readonly refit?: Side | undefined;
  /** Called with what a person should know: that nothing is to be solved, or that known rows are from fewer ratings. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

const PARTIAL_FIT_NAMES = namesOf<PartialFitOptions>({ refit: oneOf("users", "items"), onNotice: FUNCTION });

/**
 * A model with the new users and items of some ratings added, each by the exact solve of its row with the other side
 * fixed: for `als`, `gd` and `sgd` the joint one, for `vb` its posterior, for `implicit` with the Gram matrix of the
 * whole side, for `gibbs` the posterior mean at each sample, for `logistic` the optimum by Newton's method.
 *
 * Users come first, solved from their ratings of items that the model knows; then items, solved from their ratings by
 * all users, the new ones among them. A row that has no such rating is its prior mean. Rows that are not solved stay
 * bit-equal; hyperparameters, learned precisions and the global mean are kept. The model given is left as it is, and is
 * what is returned when there is nothing to solve: no rating, or, without `refit`, none of anyone or anything new. So a
 * loop that takes what has come in since the last time need not ask whether any of it is new.
 *
 * What the model says of the source of its training ratings stays, as they can still be read and split alike;
 * after a refit it is gone, as rows then rest on other ratings, held-out ones perhaps among them.
 *
 * An item's count grows by its ratings that the model cannot have been trained on: those with a new user or a new item.
 * That of an item solved anew is the number of its ratings that it is solved from; where these are fewer than before, a
 * notice says so.
 *
 * @param given ratings by any users of any items; their catalogue names the new items.
 * @throws RatingsError for ratings beyond the scale of the training ratings by more than half of its width, or other
 *   than 0 and 1 where `logistic` was trained on such; OptionsError when the model is `logistic` with sampled
 *   negatives; NotPositiveDefiniteError when τ or γ is 0 and a row's ratings are too few.
 */
export function partialFit<M extends ModelName>(model: FactorModel<M>, given: Ratings, options: PartialFitOptions = {}): FactorModel<M> {
  checkArguments("partialFit", { model: [model, MODEL_KIND], ratings: [given, RATINGS_KIND] });
  const ratings = ratingsThatCount(given);
  checkOptions("partialFit", options, PARTIAL_FIT_NAMES);
  const { refit, onNotice } = options;
  if (ratings.count === 0) {
    onNotice?.("there are no ratings to fit, so the model stays as it is");
    return model;
  }
  checkRatings(model, ratings);
  const users = joinedIds(model.users, ratings.users, ratings.user);
  const items = joinedIds(model.items, ratings.items, ratings.item);
  const columns: RatingColumns = { user: users.index, item: items.index, value: ratings.value, weight: ratings.weight };
  const [M, N] = [model.users.size, model.items.size];
  if (knowsNone(model, ratings)) onNotice?.(`the model knows ${noneOf(ratings)}: of new users nothing is learned but the mean`);
  const solvedUsers = rowsToSolve(users, M, refit === "users");
  const solvedItems = rowsToSolve(items, N, refit === "items");
  if (solvedUsers.length + solvedItems.length === 0) {
    onNotice?.(
      "the model knows every user and item of the ratings, so it stays as it is; " +
        'to solve known ones anew, give all their ratings and refit: "users" or "items"',
    );
    return model;
  }

  const ofKnownItems = where(columns, (at) => columns.item[at] < N);
  const solvedFrom = {
    users: countsOf(ofKnownItems.user, users.ids.size),
    items: countsOf(columns.item, items.ids.size),
  };
  if (refit) noticeFewer(model, refit, refit === "users" ? solvedUsers : solvedItems, solvedFrom[refit], onNotice);

  const parameters = grown(model.parameters, users.ids.size, items.ids.size);
  const solve = (side: Side, rows: Uint32Array, rated: RatingColumns, ids: Ids): void => {
    const csr = buildCsr(placed(rated, side, rows, ids.size), side, rows.length);
    // What was learned of rated sets is of the entities that were there then.
    const means = priorMeans(
      model.parameters,
      model.features,
      side,
      Array.from(rows, (row, place) => ({ id: ids.rawAt(row), rated: csr.index.subarray(csr.start[place], csr.start[place + 1]) })),
    );
    try {
      putRows(parameters, side, rows, foldInRows(csr, side, parameters, model, means));
    } catch (error) {
      if (error instanceof NotPositiveDefiniteError)
        throw new NotPositiveDefiniteError(side, rows[error.row], { id: ids.rawAt(rows[error.row]) });
      throw error;
    }
  };
  solve("users", solvedUsers, ofKnownItems, users.ids);
  solve("items", solvedItems, columns, items.ids);

  const { draws, meanRows } = model.parameters;
  const together = (before: Uint32Array | undefined, rows: Uint32Array): Uint32Array =>
    Uint32Array.from(new Set([...(before ?? []), ...rows])).sort();
  const itemCounts = new Uint32Array(items.ids.size);
  itemCounts.set(model.itemCounts);
  if (refit === "items") for (const n of solvedItems) itemCounts[n] = solvedFrom.items[n];
  else columns.item.forEach((n, at) => (itemCounts[n] += Number(n >= N || columns.user[at] >= M)));
  const named = [...ratings.catalogue.entries()].filter(({ id }) => !model.catalogue.get(id));
  return new FactorModel({
    model: model.model,
    hyperparameters: model.hyperparameters,
    parameters: draws
      ? { ...parameters, meanRows: { users: together(meanRows?.users, solvedUsers), items: together(meanRows?.items, solvedItems) } }
      : parameters,
    users: users.ids,
    items: items.ids,
    catalogue: new Catalogue([...model.catalogue.entries(), ...named]),
    features: model.features,
    statistics: model.statistics,
    itemCounts,
    seen: model.seen && seenInEither(withUsers(model.seen, users.ids.size), seenItems(new Ratings(columns, users.ids, items.ids))),
    heldOut: model.heldOut && withUsers(model.heldOut, users.ids.size),
    source: refit === undefined ? model.source : undefined,
  });
}

/** How often each row is named, [size]. */
function countsOf(rows: Uint32Array, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  for (const row of rows) counts[row]++;
  return counts;
}

/** Names of those that a notice is about. */
const NAMED = 3;

/** Says which known users or items are solved anew from fewer ratings than they had: the others count no longer. */
function noticeFewer(model: FactorModel, side: Side, solved: Uint32Array, now: Uint32Array, onNotice: PartialFitOptions["onNotice"]): void {
  const { seen, itemCounts } = model;
  const before = (row: number): number => (side === "items" ? itemCounts[row] : seen ? seen.start[row + 1] - seen.start[row] : 0);
  const fewer = [...solved].filter((row) => row < model[side].size && now[row] < before(row));
  if (fewer.length === 0) return;
  const named = fewer.slice(0, NAMED).map((row) => {
    const id = model[side].rawAt(row);
    const title = side === "items" ? model.catalogue.get(id)?.title : undefined;
    return `${shown(title ?? id)} from ${now[row]} of ${before(row)}`;
  });
  const more = fewer.length > NAMED ? ", …" : "";
  onNotice?.(
    `${howMany(fewer.length, side === "users" ? "user" : "item")} ${plural(fewer.length, "is", "are")} solved anew ` +
      `from fewer ratings than before: ${named.join(", ")}${more}; the others count no longer, so give all that these have`,
  );
}

/** Whether a model knows none of the users and items of some ratings, neither by ratings nor by features. */
export const knowsNone = (model: FactorModel, ratings: Ratings): boolean =>
  (["users", "items"] as const).every((side) => !ratings[side].raw.some((id) => model.knows(side, id)));

/** "none of the 2 users and 3 items of the ratings" */
export const noneOf = ({ users, items }: Ratings): string =>
  `none of the ${howMany(users.size, "user")} and ${howMany(items.size, "item")} of the ratings`;

function checkRatings(model: FactorModel, { users, items, user, item, value }: Ratings): void {
  definitionOf(model.model).checkNewRatings?.(model.hyperparameters, value);
  for (let at = 0; at < value.length; at++)
    checkOnScale(model, value[at], () => `user ${shown(users.rawAt(user[at]))}'s rating of item ${shown(items.rawAt(item[at]))}`);
}

/** The known ids and, behind them, the new ones that rows name; `index` is where each row's id stands among all. */
function joinedIds(known: Ids, given: Ids, rows: Uint32Array): { ids: Ids; index: Uint32Array } {
  const ids = new Ids([...known.raw]);
  const places = new Int32Array(given.size).fill(-1);
  const index = rows.map((row) => {
    if (places[row] < 0) {
      const place = known.indexOf(given.rawAt(row));
      places[row] = place < 0 ? ids.add(given.rawAt(row)) : place;
    }
    return places[row];
  });
  return { ids, index };
}

/** The new rows, and the known ones that the ratings name when they are to be solved anew; ascending. */
function rowsToSolve({ index }: { index: Uint32Array }, known: number, refit: boolean): Uint32Array {
  return Uint32Array.from(new Set(index.filter((row) => refit || row >= known))).sort();
}

/** The ratings of these rows of one side, which are renumbered from 0. */
function placed(columns: RatingColumns, side: Side, rows: Uint32Array, size: number): RatingColumns {
  const places = new Int32Array(size).fill(-1);
  rows.forEach((row, place) => (places[row] = place));
  const name = side === "users" ? "user" : "item";
  const kept = where(columns, (at) => places[columns[name][at]] >= 0);
  return { ...kept, [name]: kept[name].map((row) => places[row]) };
}

function where({ user, item, value, weight }: RatingColumns, holds: (at: number) => boolean): RatingColumns {
  const kept = (_: number, at: number): boolean => holds(at);
  return { user: user.filter(kept), item: item.filter(kept), value: value.filter(kept), weight: weight?.filter(kept) };
}

/** A copy of the parameters with room for M users and N items; the new rows are 0. */
function grown(parameters: Parameters, M: number, N: number): Parameters {
  const { factors: K, posterior, drawnBiases } = parameters;
  const S = parameters.draws?.length ?? 1;
  const wider = (values: Float32Array, length: number): Float32Array => {
    const longer = new Float32Array(length);
    longer.set(values);
    return longer;
  };
  const width = posterior?.family === "full" ? triangle(K + 1) : K + 1;
  return {
    ...parameters,
    userFactors: wider(parameters.userFactors, M * K),
    userBiases: wider(parameters.userBiases, M),
    itemFactors: wider(parameters.itemFactors, N * K),
    itemBiases: wider(parameters.itemBiases, N),
    posterior: posterior && {
      ...posterior,
      users: wider(posterior.users, M * width),
      items: wider(posterior.items, N * width),
    },
    drawnBiases: drawnBiases && { users: wider(drawnBiases.users, M * S), items: wider(drawnBiases.items, N * S) },
  };
}

/** Writes solved rows to their places, as float32. */
function putRows(parameters: Parameters, side: Side, rows: Uint32Array, solved: FoldedRows): void {
  const { factors: K, posterior, drawnBiases } = parameters;
  const S = parameters.draws?.length ?? 1;
  const [factors, biases] =
    side === "users" ? [parameters.userFactors, parameters.userBiases] : [parameters.itemFactors, parameters.itemBiases];
  const D = K + 1;
  rows.forEach((row, place) => {
    factors.set(solved.factors.subarray(place * K, (place + 1) * K), row * K);
    biases[row] = solved.biases[place];
    if (drawnBiases && solved.drawnBiases) drawnBiases[side].set(solved.drawnBiases.subarray(place * S, (place + 1) * S), row * S);
    if (!posterior || !solved.covariances) return;
    const packed = solved.covariances.subarray(place * triangle(D), (place + 1) * triangle(D));
    if (posterior.family === "full") posterior[side].set(packed, row * triangle(D));
    else for (let k = 0; k < D; k++) posterior[side][row * D + k] = packed[triangle(k) + k];
  });
}
