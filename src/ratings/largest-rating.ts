// The largest rating that is taken, either side of 0. The squares of larger ones, and sums of these,
// leave the range of float32.

export const LARGEST_RATING = 1e15;
