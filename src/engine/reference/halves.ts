// Half precision on the host: what a number is once it has been packed. Twin of shaders/pack-halves.wgsl.

import { nearestHalf } from "../../half.js";

const LARGEST = 65_504;

/** The half nearest to a float32, ties to even, as a number; ±65504 beyond. */
export const roundToHalf = (value: number): number => nearestHalf(Math.max(-LARGEST, Math.min(LARGEST, value)));

/** A bias in two halves: the nearest one, and the nearest to what it leaves. */
export function roundToTwoHalves(value: number): number {
  const high = roundToHalf(value);
  return high + roundToHalf(value - high);
}
