// What the history of a training is like in a file.

import { isNumber, isText, isWhole, listOf, nullable, object, oneOf, optional, type Shape } from "../shapes.js";

const FIGURES = [
  "heldOutRmseClipped",
  "heldOutLogDensity",
  "lambda",
  "elbo",
  "trainLogLoss",
  "heldOutLogLoss",
  "heldOutAuc",
  "heldOutNdcg",
  "heldOutRecall",
];

const isEntry = object({
  sweep: isWhole,
  seconds: isNumber,
  objective: isNumber,
  trainRmse: nullable(isNumber),
  heldOutRmse: nullable(isNumber),
  measuredBy: optional(oneOf("ndcg", "recall", "auc")),
  ...Object.fromEntries(FIGURES.map((name) => [name, optional(isNumber)])),
});

/** At least the entry of sweep 0, and sweeps in order. */
export const isHistory: Shape = (value) =>
  listOf(isEntry)(value) &&
  (value as { sweep: number }[]).length > 0 &&
  (value as { sweep: number }[]).every(({ sweep }, at) => sweep === at);

export const isStop: Shape = object({ reason: isText, sweep: isWhole, bestSweep: isWhole });
