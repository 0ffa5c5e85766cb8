// Held-out ratings that a model was trained on: what they measure is no prediction.

import type { Ratings } from "../ratings/ratings.js";
import { type TrainedBefore, trainedMarks } from "../ratings/seen.js";

/**
 * Held-out pairs of a user and an item that the model has a training rating of;
 * undefined when it does not hold which those are.
 */
export const trainedPairs = (model: TrainedBefore, heldOut: Ratings): number | undefined =>
  trainedMarks(model, heldOut)?.reduce((count, mark) => count + mark, 0);
