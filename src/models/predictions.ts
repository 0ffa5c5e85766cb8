// What a prediction of a model is: what becomes of the sum μ + b_m + b_n + u·v, and what it is called.

import { sigmoid } from "../sigmoid.js";

/** What a model predicts: a rating, how much something is preferred, or the probability that it is liked. */
export type Predicted = "rating" | "preference" | "probability";

/** What a model's sums come to. */
export interface Predictions {
  readonly of: Predicted;
  /** The prediction of a sum. */
  respond(sum: number): number;
  /** The sum of a prediction: μ is that of the mean of what is trained on. */
  sumOf(prediction: number): number;
  /** What sums are called, and the mean that they begin with. */
  readonly sum: string;
  readonly mean: string;
  /** The held-out loss, where nothing else is measured. */
  readonly loss: string;
}

const AS_IT_IS = { respond: (sum: number): number => sum, sumOf: (prediction: number): number => prediction };

export const RATINGS: Predictions = { of: "rating", ...AS_IT_IS, sum: "predicted", mean: "mean", loss: "RMSE" };
export const PREFERENCES: Predictions = { of: "preference", ...AS_IT_IS, sum: "preference", mean: "mean", loss: "RMSE" };
export const PROBABILITIES: Predictions = {
  of: "probability",
  respond: sigmoid,
  sumOf: (p) => Math.log(p / (1 - p)),
  sum: "log-odds",
  mean: "log-odds",
  loss: "log-loss",
};

/** Which ratings are positive: those of at least this, or those above this. */
export type Relevance = { readonly atLeast: number } | { readonly above: number };

export const isPositive = (positive: Relevance, rating: number): boolean =>
  "above" in positive ? rating > positive.above : rating >= positive.atLeast;
