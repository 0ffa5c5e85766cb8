// Feature factors of a side: (SᵀS + ρ I) F = Sᵀ X on the first thread, and the prior means S
// F of the side's rows on all of them.

import type { Side } from "../../engine.js";
import type { SharedJob, SoleJob } from "../jobs.js";
import { eachPiece } from "./moves.js";
import type { ThreadSession } from "./thread-session.js";

/** S by rows. */
const sparseRows = ({ memory }: ThreadSession, side: Side) => ({
  start: memory.words(`${side} feature start`),
  index: memory.words(`${side} feature index`),
  value: memory.floats(`${side} feature value`),
});

export function solveFeatures(session: ThreadSession, { side, ratio }: SoleJob & { do: "solveFeatures" }): void {
  const { memory, kernels, K } = session;
  const F = memory.count(`${side} features`);
  const solved = memory.doubles(`${side} feature sums`);
  const width = memory.stride(`${side} feature sums`);
  const factor = memory.pin(`${side} feature matrix`, 0, 0, "");
  // SᵀS + ρ I is the same in every sweep.
  if (session.featureRatios.get(side) !== ratio) {
    featureMatrix(session, side, ratio);
    if (!kernels.factorFeatures(factor, F)) throw new Error(`the features of ${side} depend on each other, with a ratio of ${ratio}`);
    session.featureRatios.set(side, ratio);
  }
  const { start, index, value } = sparseRows(session, side);
  const rows = memory.floats(`${side} rows`);
  const S = memory.stride(`${side} rows`);
  solved.fill(0);
  for (let row = 0; row < start.length - 1; row++) {
    for (let at = start[row]; at < start[row + 1]; at++) {
      const [weight, to] = [value[at], index[at] * width];
      for (let k = 0; k < K; k++) solved[to + k] += weight * rows[row * S + k];
    }
  }
  kernels.solveFeatures(factor, F, memory.pin(`${side} feature sums`, 0, 0, ""), width);
  const features = memory.floats(`${side} features`);
  for (let feature = 0; feature < F; feature++) for (let k = 0; k < K; k++) features[feature * S + k] = solved[feature * width + k];
}

/** SᵀS + ρ I. */
function featureMatrix(session: ThreadSession, side: Side, ratio: number): void {
  const matrix = session.memory.doubles(`${side} feature matrix`);
  const F = session.memory.count(`${side} features`);
  const { start, index, value } = sparseRows(session, side);
  matrix.fill(0);
  for (let row = 0; row < start.length - 1; row++) {
    for (let a = start[row]; a < start[row + 1]; a++)
      for (let b = start[row]; b < start[row + 1]; b++) matrix[index[a] * F + index[b]] += value[a] * value[b];
  }
  for (let i = 0; i < F; i++) matrix[i * F + i] += ratio;
}

export function* featureMeans(session: ThreadSession, { side }: SharedJob & { do: "featureMeans" }): Generator<void, void> {
  const { memory, K } = session;
  const { start, index, value } = sparseRows(session, side);
  const [means, features] = [memory.floats(`${side} means`), memory.floats(`${side} features`)];
  const S = memory.stride(`${side} means`);
  const mean = new Float64Array(K);
  yield* eachPiece(session, `${side} means`, (first, rows) => {
    for (let row = first; row < first + rows; row++) {
      mean.fill(0);
      for (let at = start[row]; at < start[row + 1]; at++) {
        const [weight, from] = [value[at], index[at] * S];
        for (let k = 0; k < K; k++) mean[k] += weight * features[from + k];
      }
      for (let k = 0; k < K; k++) means[row * S + k] = mean[k];
    }
  });
}
