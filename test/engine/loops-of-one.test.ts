// Loops that a plan makes run once are blocks in the kernels' text, and no others are; for llvmpipe some are left
// as they are.

import { expect, test } from "vitest";
import { withLoopsLeftBe, withoutLoopsOfOne, withTilesInTurns } from "../../src/engine/webgpu/device/loops-of-one.js";
import { gramSolveKernel } from "../../src/engine/webgpu/rows/gram-kernels.js";
import { planTiles } from "../../src/engine/webgpu/rows/tile-plan.js";

test("loops over what is 1 become blocks, in one another too; all others stay", () => {
  const code = `fn f() {
  for (var s = 0u; s < SLOTS; s++) {
    for (var c = 0u; c < 4u; c++) { if (c == s) { continue; } tile[s][c] += 1.0; }
    for (var n = 0u; n < TURNS; n++) { patch[n] = s; }
  }
  for (var s = 0u; s < BLOCKS; s++) { sum += s; }
}`;
  expect(withoutLoopsOfOne(code, ["SLOTS", "TURNS"])).toBe(`fn f() {
  { const s = 0u;
    for (var c = 0u; c < 4u; c++) { if (c == s) { continue; } tile[s][c] += 1.0; }
    { const n = 0u; patch[n] = s; }
  }
  for (var s = 0u; s < BLOCKS; s++) { sum += s; }
}`);
  expect(withoutLoopsOfOne(code, [])).toBe(code);
});

test("a loop that is left early cannot become a block", () => {
  const code = "for (var s = 0u; s < SLOTS; s++) { if (tile_row[s] == 0u) { continue; } sum += 1.0; }";
  expect(() => withoutLoopsOfOne(code, ["SLOTS"])).toThrow(/a loop over SLOTS is left early/);
});

test("with one tile a lane a kernel has no loop over tiles; with three it has", () => {
  for (const [K, loops] of [
    [10, false],
    [86, false],
    [128, true],
  ] as const) {
    const { code } = gramSolveKernel(planTiles(K), { factors: K, kind: "joint", spread: "none" });
    expect(code.includes("s < SLOTS"), `K = ${K}`).toBe(loops);
  }
});

test("loops that are left be have a bound that compilers do not know; all others stay", () => {
  const code = "for (var r = 0u; r < STAGE; r += 2u) { for (var c = 0u; c < 4u; c++) { for (var k = r; k < STAGE; k++) {} } }";
  expect(withLoopsLeftBe(code, ["STAGE"])).toBe(code.replace("r < STAGE", "r < turns(STAGE)"));
  expect(withLoopsLeftBe(code, [])).toBe(code);
  expect(withLoopsLeftBe("for (var r = 0u; r <= STAGE; r++) {}", ["STAGE"])).toBe("for (var r = 0u; r <= turns(STAGE); r++) {}");
});

test("tiles in turns: the first is always the one that is meant, and then the next one is", () => {
  const code =
    "a; for (var s = 0u; s < SLOTS; s++) { if (tile_row[s] < B) { at(s, tile_place(s), tile[s][0]); } } b; for (var i = 0u; i < B; i++) { tile[i]; }";
  expect(withTilesInTurns(code)).toBe(
    "a; for (var s = 0u; s < turns(SLOTS); s++) { if (tile_row[0] < B) { at(s, tile_place(0u), tile[0][0]); } next_slot(); } b; " +
      "for (var i = 0u; i < B; i++) { tile[i]; }",
  );
});

test("only kernels that are to leave loops be do so: those of cards are written out by their compilers", () => {
  for (const [K, more] of [
    [10, []],
    [128, ["SLOTS"]],
  ] as const) {
    const turns = (loopsLeft: boolean): string[] =>
      gramSolveKernel(planTiles(K), { factors: K, kind: "joint", spread: "none", loopsLeft }).code.match(/< turns\(\w+\)/g) ?? [];
    expect(turns(false), `K = ${K}`).toEqual([]);
    expect(new Set(turns(true)), `K = ${K}`).toEqual(new Set(["STAGE", "BLOCKS", "BATCHES", ...more].map((bound) => `< turns(${bound})`)));
  }
});
