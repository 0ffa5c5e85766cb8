// Instructions of a kernel by phase, off machine code that is made up: 66 lanes, so two waves, the second of which owns
// two tiles of the first column of eleven.

import { expect, test } from "vitest";
import { blocksOf, type Loop, loopsOf, multiplyAdds } from "../../bench/compilers/machine-code.js";
import { phasesOf } from "../../bench/compilers/phases.js";

const times = (count: number, line: string): string => Array.from({ length: count }, () => `\t${line}`).join("\n");
const FMA = "v_fmac_f32_e32 v23, v57, v51                                ; 562e6739";

const MACHINE_CODE = `BB0:
	s_mov_b64 exec, -1                                          ; befe01c1
BB1:
	s_cbranch_scc0 BB3                                          ; bfa10004
BB2:
	ds_store_b128 v1, v[2:5]                                    ; db7c0000
	s_branch BB1                                                ; bfa0fff0
BB3:
	v_mov_b32_e32 v1, 0                                         ; 7e020280
BB4:
	s_cbranch_scc1 BB9                                          ; bfa20010
BB5:
	v_add_nc_u32_e32 v1, v2, v3                                 ; 4a020702
	s_cbranch_execz BB7                                         ; bfa50002
BB6:
	ds_store_b128 v1, v[2:5]                                    ; db7c0000
BB7:
	s_barrier                                                   ; bfbd0000
BB8:
	ds_load_b128 v[2:5], v1                                     ; dbfc0000
${times(32, FMA)}
	s_cbranch_scc0 BB8                                          ; bfa1ffe0
	s_barrier                                                   ; bfbd0000
	s_branch BB4                                                ; bfa0ffc0
BB9:
	v_mov_b32_e32 v9, 0                                         ; 7e120280
BB10:
	s_cbranch_execz BB12                                        ; bfa50008
BB11:
${times(4, "v_rcp_f32_e32 v1, v1                                        ; 7e025501")}
BB12:
	s_barrier                                                   ; bfbd0000
	s_cbranch_execz BB14                                        ; bfa50008
BB13:
${times(6, "v_mul_f32_e32 v1, v1, v2                                    ; 10020501")}
BB14:
	s_barrier                                                   ; bfbd0000
	s_cbranch_execz BB16                                        ; bfa50040
BB15:
${times(64, FMA)}
BB16:
	s_cbranch_scc0 BB10                                         ; bfa1ff80
BB17:
	s_cbranch_execz BB19                                        ; bfa50008
BB18:
${times(6, FMA)}
BB19:
	s_barrier                                                   ; bfbd0000
	s_cbranch_execz BB21                                        ; bfa50008
BB20:
${times(2, FMA)}
BB21:
	s_barrier                                                   ; bfbd0000
	s_cbranch_scc0 BB17                                         ; bfa1ffe0
	s_endpgm                                                    ; bfb00000
`;

const codeOf = (constants: Record<string, number>): string =>
  Object.entries({ SPREAD: 0, HEIGHT: 1, WIDTH: 1, STAGE: 4, ...constants })
    .map(([name, value]) => `const ${name} = ${value}u;\n`)
    .join("");
const CODE = codeOf({ K: 42, BLOCKS: 11, TEAM: 66, TEAMS: 1, SLICE: 83 });

test("loops are found, one within another, in the order of the source", () => {
  const blocks = blocksOf(MACHINE_CODE);
  const outline = (loops: readonly Loop[]): unknown[] => loops.map(({ header, inner }) => [blocks[header].label, ...outline(inner)]);
  expect(outline(loopsOf(blocks))).toEqual([["BB1"], ["BB4", ["BB8"]], ["BB10"], ["BB17"]]);
});

test("two operations that are issued together are one instruction", () => {
  const [{ instructions }] = blocksOf(
    "BB0:\n\tv_dual_fmac_f32 v1, v2, v3 :: v_dual_fmac_f32 v4, v5, v6 ; ca000000\n\tv_fma_f32 v1, v2, v3, v4 ; d613",
  );
  expect(instructions.map(multiplyAdds)).toEqual([2, 1]);
});

test("phases count as often as stages, pairs of ratings and columns of tiles demand", () => {
  const rows = phasesOf("navi31", "a kernel", CODE, MACHINE_CODE);
  expect(rows.map(({ ratings, waves }) => [ratings, waves])).toEqual([20, 154, 400, 5000].map((ratings) => [ratings, 2]));
  for (const { ratings, instructions, vectorInstructions, usefulShare } of rows) {
    const stages = Math.ceil(ratings / 4);
    // Two waves. Of two waves and eleven columns, 11 have a diagonal tile, 11 one of the panel, 10 one to the right, and
    // 12 one of the row that the substitution comes to.
    const counts = {
      staging: 2 * stages * 6,
      products: 2 * stages * (1 + 2 * 34),
      spreads: 0,
      factorization: 2 * 11 * 6 + 11 * 4 + 11 * 6 + 10 * 64,
      substitution: 2 * 11 * 5 + 11 * 6 + 12 * 2,
      // Zeroed are 83 + 4 · 11 vec4s by 66 lanes: in two turns of three instructions.
      rest: 2 * (2 * 3 + 4),
    };
    for (const [phase, count] of Object.entries(counts)) expect(instructions[phase as keyof typeof counts], phase).toBeCloseTo(count, 9);
    const vector = 2 * stages * (1 + 2 * 32) + (44 + 66 + 640) + (66 + 24) + 2 * 2;
    expect(vectorInstructions).toBeCloseTo(vector, 9);
    expect(usefulShare).toBeCloseTo(((ratings * 44 * 45) / 2 + 43 ** 3 / 6) / (vector * 64), 4);
  }
});

test("a factorization of few columns may be written out, where rows share a wave", () => {
  const written = MACHINE_CODE.replaceAll("s_barrier", "s_nop 0")
    .replace("v_rcp_f32_e32", "v_sqrt_f32_e32")
    .replace("s_cbranch_scc0 BB10 ", times(64, FMA).trim());
  const [{ waves, instructions }] = phasesOf("navi31", "a kernel", codeOf({ K: 10, BLOCKS: 3, TEAM: 6, TEAMS: 5, SLICE: 27 }), written);
  expect(waves).toBe(0.2);
  // From the root on: 4, 2, 6, 2 and 64 instructions, and 64 more.
  expect(instructions.factorization).toBeCloseTo(0.2 * 142, 9);
  expect(instructions.substitution).toBeCloseTo(0.2 * 3 * (5 + 6 + 2), 9);
  // Before them stand three and a branch, behind them the end; 5 (27 + 4 · 3) vec4s are zeroed by 30 lanes in seven turns.
  expect(instructions.rest).toBeCloseTo(0.2 * (5 + 7 * 3), 9);
});

test("machine code of another shape is refused by the kernel's name", () => {
  const unrolled = MACHINE_CODE.replace("s_cbranch_scc0 BB17 ", "s_nop 0 ");
  expect(() => phasesOf("navi31", "a kernel", CODE, unrolled)).toThrow(/a kernel on navi31.*the substitution has no loop/);
  const more = MACHINE_CODE.replace(FMA, `${FMA}\n\t${FMA}`);
  expect(() => phasesOf("navi31", "a kernel", CODE, more)).toThrow(/a stage multiplies/);
});
