// A table of ratings as it was read: columns of dense indices, the ids behind them, and what happened on the way.

import type { RawId } from "./ids.js";
import type { RatingColumns } from "./ratings.js";

/** Ratings as they were read, before they are checked and named. */
export interface Table {
  readonly columns: RatingColumns;
  /** Raw ids in index order. */
  readonly users: readonly RawId[];
  readonly items: readonly RawId[];
  readonly skippedRows: number;
  readonly duplicateRows: number;
}

/** Keeps tables between runs. */
export interface TableCache {
  /** The table of the source as it now is, read with these settings; undefined when it is not kept, or no longer as it was written. */
  read(settings: string): Promise<Table | undefined>;
  /** Keeps a table that is worth it. @returns why it could not be kept. */
  write(settings: string, table: Table): Promise<string | undefined>;
}
