// x ← x + ω (x − x'), and x' what x was: Polyak 1964. Twin: src/engine/reference/heavy-ball.ts.

import { multiplyAdd } from "./lanes";

/** @param blocks blocks of four numbers. */
export function heavyBall(rows: usize, before: usize, blocks: i32, momentum: f32): void {
  const share = v128.splat<f32>(momentum);
  for (; blocks > 0; blocks--) {
    const now = v128.load(rows);
    v128.store(rows, multiplyAdd(share, v128.sub<f32>(now, v128.load(before)), now));
    v128.store(before, now);
    rows += 16;
    before += 16;
  }
}
