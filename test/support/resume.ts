// Trainings that are stopped and gone on with: what their checkpoints must lead to.

import { expect } from "vitest";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.js";
import type { FitResult, TrainingOptions } from "../../src/training/fit.js";

/** The checkpoint of a training that was stopped after so many sweeps, as a file would give it back. */
export async function checkpointAfter(
  sweeps: number,
  train: (options: Omit<TrainingOptions, "model">) => Promise<FitResult>,
): Promise<Checkpoint> {
  let taken: Checkpoint | undefined;
  const controller = new AbortController();
  const onSweep = ({ sweep }: { sweep: number }): void => {
    if (sweep === sweeps) controller.abort();
  };
  await train({ onSweep, signal: controller.signal, onCheckpoint: (checkpoint) => void (taken = checkpoint) });
  return decodeCheckpoint(encodeCheckpoint(taken!));
}

/** Bit-equal parameters and figures; seconds apart. */
export function expectSameTraining(actual: FitResult, expected: FitResult): void {
  const timeless = ({ history }: FitResult): unknown => history.map((entry) => ({ ...entry, seconds: 0 }));
  expect(timeless(actual)).toEqual(timeless(expected));
  expect(actual.stop).toEqual(expected.stop);
  expect(actual.model.parameters).toEqual(expected.model.parameters);
}
