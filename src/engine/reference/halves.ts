// Half precision on the host: what a number is once it has been packed. Twin of shaders/pack-halves.wgsl.

/** Bits of a float32's fraction beyond those of a half. */
const EXTRA_BITS = 13;
const LARGEST = 65_504;
/** Spacing of the halves below 2⁻¹⁴. */
const SMALLEST_STEP = 2 ** -24;

/** The nearest half, ties to even, as a number; ±65504 beyond. */
export function roundToHalf(value: number): number {
  if (Math.abs(value) < 2 ** -14) return nearestEven(value / SMALLEST_STEP) * SMALLEST_STEP;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - (23 - EXTRA_BITS));
  return Math.max(-LARGEST, Math.min(LARGEST, nearestEven(value / step) * step));
}

/** A bias in two halves: the nearest one, and the nearest to what it leaves. */
export function roundToTwoHalves(value: number): number {
  const high = roundToHalf(value);
  return high + roundToHalf(value - high);
}

function nearestEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value - Math.trunc(value)) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
