// Heavy ball: what a sweep has moved is moved on by a share of it before the next. Twin of shaders/heavy-ball.wgsl.

import type { SideState } from "./gram-solve.js";

/**
 * x ← x + ω (x − x'), in place, for factors and biases.
 *
 * @param before x', the state a sweep ago.
 * @returns the state as it came, for the next sweep. Polyak 1964, on the map that a sweep is.
 */
export function heavyBall(state: SideState, before: SideState, momentum: number): SideState {
  const now = { factors: state.factors.slice(), biases: state.biases.slice() };
  for (let at = 0; at < state.factors.length; at++) state.factors[at] += momentum * (now.factors[at] - before.factors[at]);
  for (let row = 0; row < state.biases.length; row++) state.biases[row] += momentum * (now.biases[row] - before.biases[row]);
  return now;
}
