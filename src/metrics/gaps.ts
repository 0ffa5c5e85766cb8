// What a model cannot know of held-out ratings: users and items that it was not trained on.

import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { checkArguments } from "../options.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { indicesIn } from "../ratings/ids.js";

/** Users and items of held-out ratings, and the ratings that are of at least one of them. */
export interface Gap {
  readonly users: number;
  readonly items: number;
  readonly ratings: number;
}

/** What of held-out ratings a model cannot know. */
export interface Gaps {
  /** Those whose ids the model does not have. */
  readonly unknown: Gap;
  /**
   * Those that it has, without a training rating; features that it knows of them count as one.
   * Its ratings are of known users and items.
   */
  readonly cold: Gap;
}

const UNKNOWN = 0;
const COLD = 1;
const TRAINED = 2;

/**
 * Counts the users, items and ratings of a held-out set that a model does not know, or has without a training rating.
 */
export function gapsOf(model: FactorModel, train: Ratings, heldOut: Ratings): Gaps {
  checkArguments("gapsOf", { model: [model, MODEL_KIND], train: [train, RATINGS_KIND], heldOut: [heldOut, RATINGS_KIND] });
  const users = statesOf(model, "users", train, heldOut);
  const items = statesOf(model, "items", train, heldOut);
  const ratings = [0, 0, 0];
  const met = { user: new Uint8Array(heldOut.users.size), item: new Uint8Array(heldOut.items.size) };
  for (let at = 0; at < heldOut.count; at++) {
    met.user[heldOut.user[at]] = met.item[heldOut.item[at]] = 1;
    ratings[Math.min(users[heldOut.user[at]], items[heldOut.item[at]])]++;
  }
  const gap = (state: number): Gap => ({
    users: users.filter((own, m) => own === state && met.user[m] === 1).length,
    items: items.filter((own, n) => own === state && met.item[n] === 1).length,
    ratings: ratings[state],
  });
  return { unknown: gap(UNKNOWN), cold: gap(COLD) };
}

/** Of each of the held-out ratings' ids, whether the model knows it and has been trained on it. */
function statesOf(model: FactorModel, side: "users" | "items", train: Ratings, heldOut: Ratings): Uint8Array {
  const trained = trainedOf(model, side, train);
  return Uint8Array.from(indicesIn(model[side], heldOut[side]), (index) => (index < 0 ? UNKNOWN : trained[index] === 1 ? TRAINED : COLD));
}

/** 1 for each of the model's users or items that has a training rating, or features that the model knows. */
export function trainedOf(model: FactorModel, side: "users" | "items", train: Ratings): Uint8Array {
  const trained = new Uint8Array(model[side].size);
  const indices = indicesIn(model[side], train[side]);
  for (const own of side === "users" ? train.user : train.item) if (indices[own] >= 0) trained[indices[own]] = 1;
  const table = model.parameters.features?.[side] && model.features?.[side];
  if (table) for (const id of table.ids.raw) if (model[side].indexOf(id) >= 0) trained[model[side].indexOf(id)] = 1;
  return trained;
}
