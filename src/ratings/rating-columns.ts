// The columns that ratings are held in.

/** Columns of equal length L: rating `at` was given by `user[at]` to `item[at]`, both dense indices. */
export interface RatingColumns {
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly value: Float32Array;
  /** Seconds since 1970 UTC; absent when the source has none. */
  readonly time?: Float64Array | undefined;
  /** What values were divided by. Default 1. */
  readonly unit?: number | undefined;
}
