// What a training came to, as the page shows it and keeps it beside the model.

import type { DeviceInfo, HistoryEntry, Ratings, Stop } from "../src/index.js";

export interface Report {
  readonly history: readonly HistoryEntry[];
  readonly stop: Stop;
  readonly device: DeviceInfo;
  /**
   * Held-out RMSE of who guesses the average for everybody and every title: the yardstick. Null where no ratings are
   * predicted.
   */
  readonly guess: number | null;
  /** Share of all pairs of people and titles that have a rating. */
  readonly filled: number;
  /** Whether the build trained it. */
  readonly starter?: boolean | undefined;
}

export function reportOf(history: readonly HistoryEntry[], stop: Stop, device: DeviceInfo, train: Ratings, heldOut: Ratings): Report {
  const { mean } = train.statistics();
  const squares = heldOut.value.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const isRated = typeof history.at(-1)?.heldOutRmse === "number" && heldOut.count > 0;
  const pairs = train.users.size * train.items.size;
  return {
    history,
    stop,
    device,
    guess: isRated ? Math.sqrt(squares / heldOut.count) : null,
    filled: (train.count + heldOut.count) / pairs,
  };
}

/** The entry that the model is of. */
export const bestOf = ({ history, stop }: Report): HistoryEntry | undefined => history.find(({ sweep }) => sweep === stop.bestSweep);

/** "34 % better than guessing the average (1.02)", where it is better. */
export function yardstick(report: Report): string | undefined {
  const error = bestOf(report)?.heldOutRmse;
  if (report.guess === null || typeof error !== "number") return undefined;
  const gain = Math.round(100 * (1 - error / report.guess));
  const guess = `guessing the average, which is off by ${report.guess.toFixed(2)}`;
  return gain > 0 ? `${gain} % better than ${guess}` : `no better than ${guess}`;
}
