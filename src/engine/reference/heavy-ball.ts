// Heavy ball: what a sweep has moved is moved on by a share of it before the next. Twin of shaders/heavy-ball.wgsl.

import type { RowState } from "./rows.js";

/** Factors and biases as they were. */
export type RowsBefore = Pick<RowState, "factors" | "biases">;

/**
 * x ← x + ω (x − x'), in place, for factors and biases; then x' is what x was. Polyak 1964, on the map that a sweep is.
 *
 * @param before x', the rows at the last call.
 */
export function heavyBall(state: RowState, before: RowsBefore, momentum: number): void {
  for (const name of ["factors", "biases"] as const) {
    for (let at = 0; at < state[name].length; at++) {
      const now = state[name][at];
      state[name][at] += momentum * (now - before[name][at]);
      before[name][at] = now;
    }
  }
}
