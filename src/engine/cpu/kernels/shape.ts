// Sizes that all kernels of a session share. Rows of a side are stored as (factors, bias, zeros), padded
// to whole blocks of four numbers. A row's system is stored by columns, the right-hand side being its
// last row: order K + 2, padded likewise.

/** Ratings whose rows are gathered side by side before their products are taken. */
export const STAGE: i32 = 32;
/**
 * Ratings whose products are added up in float32 before they are added to those of earlier ones,
 * so that long rows lose no digits.
 */
export const SEGMENT: i32 = 1024;

/** K, and the number of unknowns D = K + 1. */
export let K: i32 = 0;
export let D: i32 = 0;
/** Bytes of a stored row, and the number of its blocks of four. */
export let rowBytes: usize = 0;
export let rowBlocks: i32 = 0;
/** Bytes of a column of a system, and the number of its blocks of four. */
export let columnBytes: usize = 0;
export let columnBlocks: i32 = 0;
/** Bytes of a row's covariances: packed triangle or variances, padded. */
export let spreadBytes: usize = 0;

/**
 * Bytes of a rating's value, with its weight behind it where ratings have weights: of those trained on, and of those
 * that a sum goes over.
 */
export let valueBytes: usize = 4;
export let summedBytes: usize = 4;

export function setWeighted(training: bool, summed: bool): void {
  valueBytes = training ? 8 : 4;
  summedBytes = summed ? 8 : 4;
}

/** How often a rating counts. */
// @ts-ignore: decorator
@inline
export function weightAt(value: usize, bytes: usize): f32 {
  return bytes === 8 ? load<f32>(value, 4) : 1;
}

/** Lanes of a row's last block that hold factors, and the one that holds the bias. */
const lanes: usize = memory.data(32, 16);

export function setShape(factors: i32, spread: i32): void {
  K = factors;
  D = K + 1;
  rowBlocks = (K + 4) >> 2;
  rowBytes = <usize>rowBlocks << 4;
  columnBlocks = (K + 5) >> 2;
  columnBytes = <usize>columnBlocks << 4;
  spreadBytes = spread === 2 ? <usize>(((D * (D + 1)) / 2 + 3) & ~3) << 2 : rowBytes;
  for (let lane = 0; lane < 4; lane++) {
    store<i32>(lanes + (<usize>lane << 2), lane < (K & 3) ? -1 : 0);
    store<i32>(lanes + (<usize>lane << 2), lane === (K & 3) ? -1 : 0, 16);
  }
}

// @ts-ignore: decorator
@inline
export function factorLanes(): v128 {
  return v128.load(lanes);
}

// @ts-ignore: decorator
@inline
export function biasLane(): v128 {
  return v128.load(lanes, 16);
}
