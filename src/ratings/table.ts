// A table of ratings as it was read: columns of dense indices, the ids behind them, and what happened on the way.

import type { RawId } from "./ids.js";
import type { RatingColumns } from "./rating-columns.js";

/** A malformed row that was left out. */
export interface SkippedRow {
  /** From 1. */
  readonly line: number;
  readonly what: string;
}

/** What a table was taken for. */
export interface Understanding {
  /** Which column is what, for people: "person → user, movie → item, rating → rating". */
  readonly columns: string;
  /** Whether there are ratings; else every row counts as 1. */
  readonly hasRatings: boolean;
  /** The encoding, where it was found out and matters. */
  readonly encoding?: string | undefined;
  /** The format, where it is no delimited text. */
  readonly form?: string | undefined;
}

/** Ratings as they were read, before they are checked and named. */
export interface Table {
  readonly columns: RatingColumns;
  /** Raw ids in index order. */
  readonly users: readonly RawId[];
  readonly items: readonly RawId[];
  readonly skippedRows: number;
  /** The first few of them. */
  readonly firstSkipped: readonly SkippedRow[];
  /** Rows whose rating stands for none. */
  readonly missingRows: number;
  readonly duplicateRows: number;
  readonly understood: Understanding;
  /** What a person should know of the reading. */
  readonly notes: readonly string[];
}

/** Keeps tables between runs. */
export interface TableCache {
  /**
   * The table of the source as it now is, read with these settings;
   * undefined when it is not kept, or no longer as it was written.
   */
  read(settings: string): Promise<Table | undefined>;
  /** Keeps a table that is worth it. @returns why it could not be kept. */
  write(settings: string, table: Table): Promise<string | undefined>;
}
