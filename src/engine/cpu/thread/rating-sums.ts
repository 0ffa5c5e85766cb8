// Sums over ratings: threads take blocks of ratings; within a block ratings are added one after the other.

import { UNBOUNDED } from "../../reference/squared-errors.js";
import type { RatingSum, SharedJob } from "../jobs.js";
import { SPREADS } from "./kernels.js";
import { RatedRows } from "./rated-rows.js";
import type { ThreadSession } from "./thread-session.js";

/** Ratings between two pauses. */
const MOST_AT_ONCE = 1024;
/** Most numbers that a sum over ratings consists of. */
const MOST_SUMS = 3;

/** @returns block after block, each its number and its sums. */
export function* sumRatings(session: ThreadSession, { sum, blocks }: SharedJob & { do: "sumRatings" }): Generator<void, Float64Array> {
  const { memory, tickets } = session;
  const { weighted } = session.outline;
  session.kernels.setWeighted(weighted.training, weighted[sum.over]);
  const rated = new RatedRows(session, sum.over);
  const take = kernelOf(session, sum);
  const width = sum.of === "expectedErrors" || sum.of === "averagedErrors" ? 3 : 1;
  const perPiece = Math.min(memory.pieceRatings, MOST_AT_ONCE);
  const results: number[] = [];
  for (let block = tickets.take(); block < blocks.length - 1; block = tickets.take()) {
    const sums = memory.slotDoubles("sums", MOST_SUMS).fill(0);
    const end = blocks[block + 1];
    for (let from = blocks[block]; from < end; from += perPiece) {
      const count = Math.min(perPiece, end - from);
      const { user, item, value } = rated.take(from, count);
      take(user, item, value, from, count);
      yield;
    }
    results.push(block, ...sums.subarray(0, width));
  }
  return Float64Array.from(results);
}

type TakeSum = (user: number, item: number, value: number, from: number, count: number) => void;

function kernelOf({ memory, kernels, outline }: ThreadSession, sum: RatingSum): TakeSum {
  const sums = memory.slot("sums");
  switch (sum.of) {
    case "squaredErrors": {
      const { least, most } = sum.clip ?? UNBOUNDED;
      return (user, item, value, _, count) => kernels.squaredErrors(user, item, value, count, sums, least, most);
    }
    case "logLosses":
      return (user, item, value, _, count) => kernels.logLosses(user, item, value, count, sums);
    case "confidentErrors":
      return (user, item, value, _, count) => kernels.confidentErrors(user, item, value, count, sums, sum.confidence);
    case "expectedErrors":
      return (user, item, value, _, count) => kernels.expectedErrors(user, item, value, count, sums, sum.lambda, SPREADS[outline.spread]);
    case "averagedErrors": {
      const { least, most } = sum.clip ?? UNBOUNDED;
      return (user, item, value, from, count) => {
        const predictions = memory.pin("sums of predictions", from, count, "predictions");
        const densities = memory.pin("sums of densities", from, count, "densities");
        kernels.averagedErrors(user, item, value, count, sums, sum.lambda, sum.draws, predictions, densities, least, most);
        memory.putBack("sums of predictions", from, count, "predictions");
        memory.putBack("sums of densities", from, count, "densities");
      };
    }
  }
}
