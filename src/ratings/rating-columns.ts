// The columns that ratings are held in.

import { hasPart, type Kind } from "../options.js";

/** Columns of equal length L: rating `at` was given by `user[at]` to `item[at]`, both dense indices. */
export interface RatingColumns {
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly value: Float32Array;
  /** How often each counts, 0 or more; absent: once. docs/models.md, "Weights of ratings". */
  readonly weight?: Float32Array | undefined;
  /** Seconds since 1970 UTC; absent when the source has none. */
  readonly time?: Float64Array | undefined;
  /** What values were divided by. Default 1. */
  readonly unit?: number | undefined;
}

/** What functions that take columns ask for. */
export const COLUMNS_KIND: Kind = {
  must: "columns { user, item, value }, each a typed array",
  holds: (value) => {
    if (!hasPart(value, "user", "item", "value")) return false;
    const { user, item, value: ratings } = value as Record<string, unknown>;
    return [user, item, ratings].every((column) => ArrayBuffer.isView(column));
  },
};

/** How often the rating at a place of ratings, or of rows of them, counts. */
export const weightAt = ({ weight }: Pick<RatingColumns, "weight">, at: number): number => (weight ? weight[at] : 1);

/**
 * Of a set of ratings: numbers of users, items and ratings; mean, minimum and maximum in rating units, of those that
 * count.
 */
export interface RatingStatistics {
  readonly users: number;
  readonly items: number;
  readonly ratings: number;
  readonly mean: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Σ of the weights, where ratings have some: the mean is weighted by them. */
  readonly weight?: number | undefined;
}
