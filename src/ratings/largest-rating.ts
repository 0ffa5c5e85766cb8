// The largest rating that is taken, either side of 0, and the largest weight. The squares of larger ratings,
// and sums of these, leave the range of float32.

export const LARGEST_RATING = 1e15;

/**
 * The least standard deviation of ratings that models of ratings are trained on. Precisions in the unit of smaller ones
 * leave the range of hyperparameters.
 */
export const LEAST_DEVIATION = 1e-14;

/** The largest weight of a rating: sums of many are still exact enough in float32. */
export const LARGEST_WEIGHT = 1e9;

/** Whether a rating may count so often. */
export const isWeight = (weight: number): boolean => weight >= 0 && weight <= LARGEST_WEIGHT;
