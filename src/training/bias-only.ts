// What a model of ratings has to be better than: the biases of users and items alone.

import type { Engine } from "../engine/engine.js";
import { DEVICE_KIND, type DeviceChoice } from "../engine/open-engine.js";
import { type Accuracy, accuracy } from "../metrics/accuracy.js";
import { type ModelName, MODELS } from "../models/registry.js";
import { checkArguments, checkOptions, namesOf, SIGNAL } from "../options.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import { fit } from "./fit.js";

/** Where the biases are trained. */
export interface BiasOnlyOptions {
  /** As in `fit`. Default "auto". */
  readonly device?: DeviceChoice | Engine | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BIAS_ONLY_NAMES = namesOf<BiasOnlyOptions>({ device: DEVICE_KIND, signal: SIGNAL });

/**
 * Errors on held-out ratings of `als` with K = 0 and its other defaults, trained on the rest until its objective, which
 * is convex, has settled: a few sweeps. It chooses nothing by the held-out ratings.
 *
 * @throws as `fit`; the signal's reason, where that ends the training: biases that have not settled are no yardstick.
 */
export async function biasOnlyAccuracy(train: Ratings, heldOut: Ratings, options: BiasOnlyOptions = {}): Promise<Accuracy> {
  checkArguments("biasOnlyAccuracy", { train: [train, RATINGS_KIND], heldOut: [heldOut, RATINGS_KIND] });
  checkOptions("biasOnlyAccuracy", options, BIAS_ONLY_NAMES);
  const { model, stop } = await fit(train, { ...options, factors: 0, keepSeen: false });
  if (stop.reason === "aborted") throw options.signal!.reason;
  return accuracy(model, heldOut);
}

/** Whether a model's errors compare with those of the biases: whether it predicts ratings. */
export const comparesToBiases = (model: ModelName): boolean => MODELS[model].predicts.of === "rating";
