// Points on the screen, computed on the CPU: for finding the one under the pointer, and for drawing without WebGPU.

import type { View } from "./points.js";

/** Pixels from the top left, and depth w, [count, 3]; w ≤ 0 is behind the eye. */
export function projected(places: Float32Array, { matrix, width, height }: View): Float32Array {
  const out = new Float32Array(places.length);
  for (let at = 0; at < places.length; at += 3) {
    const [x, y, z] = [places[at], places[at + 1], places[at + 2]];
    const w = matrix[3] * x + matrix[7] * y + matrix[11] * z + matrix[15];
    out[at] = ((matrix[0] * x + matrix[4] * y + matrix[8] * z + matrix[12]) / w + 1) * 0.5 * width;
    out[at + 1] = (1 - (matrix[1] * x + matrix[5] * y + matrix[9] * z + matrix[13]) / w) * 0.5 * height;
    out[at + 2] = w;
  }
  return out;
}

/**
 * The point nearest to the pixel (x, y) and within `reach` pixels of it, the one in front when several
 * are about as near; −1 when none is.
 */
export function pointAt(places: Float32Array, view: View, x: number, y: number, reach: number): number {
  const screen = projected(places, view);
  let best = -1;
  let least = Infinity;
  for (let point = 0; point < places.length / 3; point++) {
    const depth = screen[point * 3 + 2];
    const away = Math.hypot(screen[point * 3] - x, screen[point * 3 + 1] - y);
    if (depth <= 0 || away > reach) continue;
    // A pixel counts as much as a tenth of the distance looked through.
    const cost = away + (10 * depth) / view.distance;
    if (cost < least) [best, least] = [point, cost];
  }
  return best;
}
