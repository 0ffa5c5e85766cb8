// What a training takes on the device, before anything is allocated:
// shards, pieces, whether ratings are streamed, bytes of every array.

import { byteText } from "../../../byte-text.js";
import { DeviceError } from "../../../errors.js";
import { otherSide, type Side, SIDES, type Spread } from "../../engine.js";
import { Shards } from "./pieces.js";
import { strideOf } from "./row-layout.js";
import { UNIFORM_ALIGNMENT } from "../device/bindings.js";
import { segmentRatings, TASK_FIELDS } from "../rows/schedule.js";
import { descentPartialBytes, tilesOf } from "../rows/tile-plan.js";

/** What of a problem decides about memory. */
export interface ProblemSize {
  readonly users: number;
  readonly items: number;
  readonly ratings: number;
  readonly heldOut: number;
  /** Whether ratings have weights. Default false. */
  readonly weighted?: boolean | undefined;
  readonly factors: number;
  /** What a row carries beside its parameters. */
  readonly spread: Spread;
  /**
   * Whether rows are moved by steps of conjugate gradients, whose long rows leave vectors and not matrices. Default
   * false.
   */
  readonly descends?: boolean | undefined;
  /** Whether rows have pulls. Default false. */
  readonly pulled?: boolean | undefined;
  /** Bytes per rating beside both sides' own. Default 0. */
  readonly copyBytes?: number | undefined;
}

interface MemoryLimits {
  /** Bytes that one binding may have. */
  readonly bindingBytes: number;
  /** Bytes that the training may take in all. Default: no limit. */
  readonly memoryBytes?: number | undefined;
}

/** How one side's ratings are cut. */
export interface SidePlan {
  readonly own: Shards;
  readonly other: Shards;
  /** Ratings a piece may have. */
  readonly mostRatings: number;
  /** Whether pieces take turns in two slots instead of staying on the device. */
  readonly streamed: boolean;
}

export interface MemoryPlan {
  readonly shards: Record<Side, Shards>;
  readonly mostRatings: number;
  readonly streamed: boolean;
  /** Bytes of scratch that each side's partial Grams may take. */
  readonly scratchBytes: number;
  readonly bytes: {
    /** Factors, biases, covariances and pulls, and the copies that are set aside. */
    readonly rows: number;
    /** Training ratings by user and by item, or the slots they are streamed through. */
    readonly ratings: number;
    readonly heldOut: number;
    /** Partial Grams and schedules, at most. */
    readonly scratch: number;
  };
  readonly totalBytes: number;
}

const WORD = 4;
/** Row, index and value by user; index and value by item. Values are counted as float32, though most take a byte. */
const BYTES_PER_RATING = 5 * WORD;
/** User, item, value, and two sums over the draws of `gibbs`. */
const BYTES_PER_HELD_OUT = 5 * WORD;
const BYTES_PER_TASK = TASK_FIELDS * WORD;
/** Each has a place in a uniform buffer. */
const BYTES_PER_DISPATCH = UNIFORM_ALIGNMENT;
/** Partial Grams of a side take so much at most; and such a share of the memory, or room for a few, where that is little. */
const SCRATCH_BYTES = 64 * 2 ** 20;
const SCRATCH_SHARE = 1 / 32;
const FEWEST_PARTIALS = 32;
const BYTES_PER_TILE = 64;
/** A kernel that keeps its matrix by rows takes somewhat more than tiles. */
const PARTIAL_MARGIN = 1.25;
/** Streaming smaller pieces than this would be all overhead. */
const SMALLEST_PIECE = 4096;
/** Two slots per side. */
const SLOTS = 4;

/**
 * @throws DeviceError of code "device-limit" when a single row is beyond a binding,
 *   or when `memoryBytes` leaves no room for ratings.
 */
export function planMemory(size: ProblemSize, limits: MemoryLimits): MemoryPlan {
  const { bindingBytes, memoryBytes = Infinity } = limits;
  const rowBytes = bytesPerRow(size);
  if (rowBytes > bindingBytes) {
    throw new DeviceError(
      "device-limit",
      `one row takes ${byteText(rowBytes)}, beyond the ${byteText(bindingBytes)} this device can bind`,
      {
        remedy: "use fewer factors or diagonal covariances, or train on the CPU",
      },
    );
  }
  const shards = {
    users: new Shards(size.users, Math.floor(bindingBytes / rowBytes)),
    items: new Shards(size.items, Math.floor(bindingBytes / rowBytes)),
  };
  const plan = planWithin(size, shards, bindingBytes, memoryBytes);
  if (plan) return plan;
  // The least that would do, to a thousandth.
  let [least, enough] = [memoryBytes, Math.max(1, memoryBytes)];
  while (!planWithin(size, shards, bindingBytes, enough)) enough *= 2;
  while (enough - least > enough / 1000) {
    const between = (least + enough) / 2;
    if (planWithin(size, shards, bindingBytes, between)) enough = between;
    else least = between;
  }
  throw new DeviceError(
    "device-limit",
    `the training needs ${byteText(enough, Math.ceil)} even when ratings are streamed, and may take ${byteText(memoryBytes)}`,
    {
      remedy: "allow more device memory, use fewer factors or diagonal covariances, or train on the CPU",
    },
  );
}

const bytesPerRow = ({ factors, spread }: ProblemSize): number => WORD * strideOf(factors, spread);

/** Undefined where so much memory leaves no room for ratings. */
function planWithin(size: ProblemSize, shards: MemoryPlan["shards"], bindingBytes: number, memoryBytes: number): MemoryPlan | undefined {
  const pullBytes = size.pulled ? WORD * strideOf(size.factors) : 0;
  const rows = (2 * bytesPerRow(size) + pullBytes) * (size.users + size.items);
  const ofWeight = size.weighted ? WORD : 0;
  const perRating = BYTES_PER_RATING + 2 * ofWeight;
  const heldOut = (BYTES_PER_HELD_OUT + ofWeight) * size.heldOut;
  const bound = Math.floor(bindingBytes / (WORD + ofWeight));
  const copied = size.copyBytes === undefined ? 0 : size.copyBytes + ofWeight;
  const resident = (perRating + copied) * size.ratings;
  const cuts = Math.max(shards.users.count, shards.items.count);
  const piecesOf = (mostRatings: number): number => Math.max(1, Math.ceil(size.ratings / mostRatings)) * cuts;
  const segments = SIDES.map((side) => mostSegments(size, side));
  // A row of ratings in many pieces has as many partial Grams at once.
  for (let pieces = piecesOf(bound); ;) {
    const allowed = Math.max(SCRATCH_SHARE * memoryBytes, Math.max(FEWEST_PARTIALS, pieces) * partialBytes(size));
    const scratchBytes = Math.min(SCRATCH_BYTES, bindingBytes, allowed);
    const wanted = Math.max(...segments) * partialBytes(size);
    const partials = cuts > 1 ? scratchBytes : Math.min(scratchBytes, wanted);
    // Of a batch of long rows one dispatch adds up segments, and one solves; pieces have some of their own.
    const dispatches = 2 * cuts * (pieces + Math.ceil(wanted / scratchBytes));
    const schedule = BYTES_PER_TASK * (size.users + size.items + segments[0] + segments[1]) + 2 * BYTES_PER_DISPATCH * dispatches;
    const scratch = 2 * partials + schedule;
    const left = memoryBytes - rows - heldOut - scratch;
    const planned = (mostRatings: number, ratings: number, streamed: boolean): MemoryPlan => {
      const bytes = { rows, ratings, heldOut, scratch };
      return { shards, mostRatings, streamed, scratchBytes, bytes, totalBytes: total(bytes) };
    };
    if (resident <= left) return planned(bound, resident, false);
    const mostRatings = Math.min(bound, Math.floor((2 * left) / SLOTS / perRating));
    if (mostRatings < Math.min(SMALLEST_PIECE, size.ratings)) return undefined;
    if (piecesOf(mostRatings) <= pieces) return planned(mostRatings, (SLOTS / 2) * perRating * mostRatings, true);
    pieces = piecesOf(mostRatings);
  }
}

/** Bytes of a partial Gram, or of what stands in its place. */
const partialBytes = ({ factors, descends }: ProblemSize): number =>
  descends ? descentPartialBytes(factors) : PARTIAL_MARGIN * BYTES_PER_TILE * tilesOf(factors);

/** Segments of all long rows of a side, where only these have any: full ones, and for each such row one that is not. */
function mostSegments(size: ProblemSize, side: Side): number {
  const bytes = size.descends ? partialBytes(size) : partialBytes(size) / PARTIAL_MARGIN;
  const full = Math.ceil(size.ratings / segmentRatings(bytes));
  return full + Math.min(full, size[side]);
}

/** The plan of one side's ratings. */
export function sidePlan({ shards, mostRatings, streamed }: MemoryPlan, side: Side): SidePlan {
  return { own: shards[side], other: shards[otherSide(side)], mostRatings, streamed };
}

const total = (bytes: MemoryPlan["bytes"]): number => bytes.rows + bytes.ratings + bytes.heldOut + bytes.scratch;
