// Instructions of a kernel by phase, off machine code that is made up: 66 lanes, so two waves, the second of which owns
// two tiles of the first column of eleven.

import { expect, test } from "vitest";
import { readAmd } from "../../bench/compilers/amd.js";
import { readIntel } from "../../bench/compilers/intel.js";
import { type Loop, loopsOf, type MachineCode, multiplyAddsOf, regionsOf } from "../../bench/compilers/machine-code.js";
import { readNvidia } from "../../bench/compilers/nvidia.js";
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
${times(4, "v_sqrt_f32_e32 v1, v1                                       ; 7e026701")}
BB12:
	s_barrier                                                   ; bfbd0000
	s_cbranch_execz BB14                                        ; bfa50008
BB13:
${times(5, "v_mul_f32_e32 v1, v1, v2                                    ; 10020501")}
	ds_store_b128 v1, v[2:5]                                    ; db7c0000
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
${times(12, FMA)}
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

const outlineOf = (blocks: MachineCode["blocks"]): unknown[] => {
  const outline = (loops: readonly Loop[]): unknown[] => loops.map(({ header, inner }) => [header, ...outline(inner)]);
  return outline(loopsOf(blocks));
};

test("loops are found, one within another, in the order of the source", () => {
  expect(outlineOf(readAmd(MACHINE_CODE).blocks)).toEqual([[1], [4, [8]], [11], [18]]);
});

test("two operations that are issued together are one instruction, and a packed one multiplies twice", () => {
  const { blocks } = readAmd(
    "BB0:\n\tv_dual_fmac_f32 v1, v2, v3 :: v_dual_fmac_f32 v4, v5, v6 ; ca000000\n\tv_fma_f32 v1, v2, v3, v4 ; d613\n\tv_pk_fma_f32 v[1:2] ; d3",
  );
  expect(blocks[0].instructions.map(multiplyAddsOf)).toEqual([2, 1, 2]);
});

/** By block: what its instructions are, and where lanes that pass over the next ones go. */
const readingOf = ({ blocks }: MachineCode): unknown[] =>
  blocks.map(({ instructions, passesTo }) => [
    instructions
      .map(({ multiplyAdds, isVector, isBarrier, isRoot, workgroup }) =>
        isBarrier ? "barrier" : isRoot ? "root" : multiplyAdds > 0 ? "multiply-add" : (workgroup ?? (isVector ? "vector" : "other")),
      )
      .join(", "),
    passesTo,
  ]);

test("the code of Intel's cards is read: structured branches, messages of two lines", () => {
  const code = readIntel(`Push constant ranges:
and(1)          g89<1>UD        g0<0,1,0>UD     0xffffffc0UD    { align1 WE_all 1N };

LABEL1:
cmp.ge.f0.0(8)  null<1>UD       g116<8,8,1>UD   0x000018d0UD    { align1 1Q I@1 };
(+f0.0) break(8) JIP:  LABEL0         UIP:  LABEL0              { align1 1Q };
sync nop(1)                     null<0,1,0>UB                   { align1 WE_all 1N I@1 };
send(8)         nullUD          g116UD          g33UD           0x02003504                0x00000100
                            slm MsgDesc: ( store, a32, d32, V4, L1STATE_L3MOCS dst_len = 0 flat )  base_offset 0  { align1 1Q $1 };
sync bar(8)                     null<0,1,0>UB                   { align1 WE_all 1Q };
(+f0.0) if(8)   JIP:  LABEL3          UIP:  LABEL2              { align1 1Q };
mad(8)          g1<1>F          g2<8,8,1>F      g3<8,8,1>F      g4<1,1,1>F { align1 1Q };
else(8)         JIP:  LABEL2          UIP:  LABEL2              { align1 1Q };

LABEL3:
math sqrt(8)    g74<1>F         g75<8,8,1>F     null<8,8,1>F    { align1 1Q @1 };

LABEL2:
endif(8)        JIP:  LABEL0                                    { align1 1Q };

LABEL0:
while(8)        JIP:  LABEL1                                    { align1 1Q };
send(8)         g23UD           g116UD          nullUD          0x02003504                0x00000100
                            slm MsgDesc: ( load, a32, d32, V4, L1STATE_L3MOCS dst_len = 4 flat )  base_offset 0  { align1 1Q $1 };
`);
  expect(code.lanes).toBe(8);
  expect(outlineOf(code.blocks)).toEqual([[1]]);
  expect(readingOf(code)).toEqual([
    ["vector", undefined],
    ["vector, other", undefined],
    ["store, barrier, other", 4],
    ["multiply-add, other", 5],
    ["root", undefined],
    ["other", undefined],
    ["other", undefined],
    ["load", undefined],
  ]);
});

test("the code of NVIDIA's cards is read: the other side of a branch, the end of a loop that stands behind all", () => {
  const code = readNvidia(`block.u 0 L3 [] -> {
      r0       = s2r sr[0x21]                                       // delay=6 wr:0
} -> [1]
block.u 1 L5 [0, 6] -> {
                 st.shared.strong.cta.b128 [r0.x16+rZ] r4..8        // delay=1 rd:0
                 bar.sync                                           // delay=6 yld
@!p2             bra pT L6                                          // delay=1
} -> [2, 3]
block 2 L7 [1] -> {
      r23      = ffma.ftz -r44 r32 r23                              // delay=1
                 bra pT L8                                          // delay=1
} -> [4]
block 3 L6 [1] -> {
      r5 p1    = mufu.sqrt.f32 r28                                  // delay=6 wr:0
} -> [4]
block.u 4 L8 [2, 3] -> {
      r24..28  = ld.shared.strong.cta.b128 [r14.x16+rZ], pT         // delay=1 wr:1
                 bra !up0 L10                                       // delay=1
} -> [5, 6]
block.u 5 L9 [4] -> {
                 exit                                               // delay=1
} -> []
block.u 6 L10 [4] -> {
      ur5      = mov ur1                                            // delay=4
                 bra pT L5                                          // delay=1
} -> [1]
`);
  expect(code.lanes).toBe(32);
  expect(outlineOf(code.blocks)).toEqual([[1]]);
  // Whatever a warp issues takes the place of a multiply-add.
  expect(readingOf(code)).toEqual([
    ["vector", undefined],
    ["store, barrier, vector", 3],
    ["multiply-add, vector", 4],
    ["root", undefined],
    ["load, vector", undefined],
    ["vector, vector", undefined],
    ["vector", undefined],
  ]);
  expect(regionsOf(code.blocks)).toEqual([
    { first: 2, end: 3, inner: [] },
    { first: 3, end: 4, inner: [] },
  ]);
});

test("phases count as often as stages, pairs of ratings and columns of tiles demand", () => {
  const rows = phasesOf("navi31", "a kernel", CODE, readAmd(MACHINE_CODE));
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
      substitution: 2 * 11 * 5 + 11 * 6 + 12 * 12,
      // Zeroed are 83 + 4 · 11 vec4s by 66 lanes: in two turns of three instructions.
      rest: 2 * (2 * 3 + 4),
    };
    for (const [phase, count] of Object.entries(counts)) expect(instructions[phase as keyof typeof counts], phase).toBeCloseTo(count, 9);
    const vector = 2 * stages * (1 + 2 * 32) + (44 + 55 + 640) + (66 + 144) + 2 * 2;
    expect(vectorInstructions).toBeCloseTo(vector, 9);
    expect(usefulShare).toBeCloseTo(((ratings * 44 * 45) / 2 + 43 ** 3 / 6) / (vector * 64), 4);
  }
});

/** The three columns of K = 10 one after another, with the branches of a lane's tile in each. */
const columnsFrom = (first: number): string =>
  Array.from({ length: 3 }, (_, column) =>
    [times(4, "v_sqrt_f32_e32 v1, v1"), times(6, "ds_store_b128 v1, v[2:5]"), times(64, FMA)].map((body, at) => {
      const label = first + 2 * (3 * column + at);
      return `\ts_cbranch_execz BB${label + 1}\nBB${label}:\n${body}\nBB${label + 1}:\n\ts_nop 0\n`;
    }),
  )
    .flat()
    .join("");

test("a factorization of few columns may be written out, where rows share a wave", () => {
  const [from, to] = ["\ts_cbranch_execz BB12 ", "BB17:\n"].map((text) => MACHINE_CODE.indexOf(text));
  const written = `${MACHINE_CODE.slice(0, from)}${columnsFrom(30)}${MACHINE_CODE.slice(to)}`.replaceAll("s_barrier", "s_nop 0");
  const shape = codeOf({ K: 10, BLOCKS: 3, TEAM: 6, TEAMS: 5, SLICE: 27 });
  const [{ waves, instructions }] = phasesOf("navi31", "a kernel", shape, readAmd(written));
  expect(waves).toBe(0.2);
  // The last column has no tile below its own, nor to the right. Eight branches begin behind the first root.
  expect(instructions.factorization).toBeCloseTo(0.2 * (3 * 4 + 2 * 6 + 2 * 64 + 9 + 8), 9);
  expect(instructions.substitution).toBeCloseTo(0.2 * (3 * (5 + 6) + 2 * 12), 9);
  // Before them stand three and a branch, behind them the end; 5 (27 + 4 · 3) vec4s are zeroed by 30 lanes in seven turns.
  expect(instructions.rest).toBeCloseTo(0.2 * (5 + 7 * 3), 9);
  const rootless = readAmd(written.replaceAll("v_sqrt_f32", "v_mul_f32"));
  expect(() => phasesOf("navi31", "a kernel", shape, rootless)).toThrow(
    /a kernel on navi31.*the factorization has no loop, nor the branches/,
  );
});

test("machine code of another shape is refused by the kernel's name", () => {
  const unrolled = MACHINE_CODE.replace("s_cbranch_scc0 BB17 ", "s_nop 0 ");
  expect(() => phasesOf("navi31", "a kernel", CODE, readAmd(unrolled))).toThrow(/a kernel on navi31.*the substitution has no loop/);
  const more = MACHINE_CODE.replace(FMA, `${FMA}\n\t${FMA}`);
  expect(() => phasesOf("navi31", "a kernel", CODE, readAmd(more))).toThrow(/a stage multiplies/);
});
