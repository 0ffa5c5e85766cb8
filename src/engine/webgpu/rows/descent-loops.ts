// Writes out the loop over ratings of conjugate-gradients-subgroup.wgsl for a number of factors and a subgroup size: a
// variable for each block of ỹ, p and A p that a lane owns.

import { blocksOf } from "./tile-plan.js";

/** Loads in the text, at most: llvmpipe makes a hundred blocks of instructions of each. More are made in turns. */
const MOST_LOADS = 4;

const range = (count: number, from = 0): number[] => Array.from({ length: Math.max(0, count - from) }, (_, at) => from + at);
const lines = (statements: readonly string[]): string => statements.map((statement) => `  ${statement}\n`).join("");

/**
 * The functions that the shader names: `sum_of_lanes`, `add_ratings`.
 *
 * @param joint whether the bias is among the unknowns, so that what stands behind a rating's factors counts.
 */
export function descentLoops(K: number, size: number, joint: boolean): string {
  const own = Math.ceil(blocksOf(K) / size);
  // Blocks without factors are known, not loaded.
  const holding = Math.ceil(K / 4);
  const loaded = Math.ceil(holding / size);
  const times = Math.max(1, Math.ceil(loaded / MOST_LOADS));
  const together = Math.ceil(loaded / times);
  const used = range(joint ? own : loaded);
  const rated = (i: number): string => `${i < loaded ? "y" : "border"}_${i}`;

  const load = (name: string, block: string, always = false): string[] => {
    if (always) return [`let ${name} = fixed_block(other + ${block});`];
    const loading = K % 4 === 0 ? `fixed_block(other + ${block})` : `rated_block(other, ${block})`;
    return [`var ${name} = border_of(${block});`, `if (${block} < ${holding}u) { ${name} = ${loading}; }`];
  };
  /** What is loaded in a turn becomes the last ones, and the others move up: none is indexed. */
  const inTurns = (): string[] => {
    const names = [...range(times * together).map((i) => `y_${i}`), ...range(together).map((j) => `next_${j}`)];
    const turn = [
      ...range(together).flatMap((j) => load(`next_${j}`, `lane + (o * ${together}u + ${j}u) * SUBGROUP`)),
      ...range(times * together).map((i) => `y_${i} = ${names[i + together]};`),
    ];
    const declared = range(times * together).map((i) => `var y_${i} = vec4f();`);
    return [...declared, `for (var o = 0u; o < turns(${times}u); o++) {\n${lines(turn)}  }`];
  };
  const loads = times > 1 ? inTurns() : range(loaded).flatMap((i) => load(`y_${i}`, `lane + ${i * size}u`, (i + 1) * size <= K / 4));

  const addOne = [
    "let other = subgroupShuffle(my_other, q);",
    ...loads,
    ...used.slice(loaded).map((i) => `let border_${i} = border_of(lane + ${i * size}u);`),
    `let product = sum_of_lanes(${used.map((i) => `dot(${rated(i)}, p_${i})`).join(" + ") || "0.0"});`,
    "let weighted = subgroupShuffle(my_weight, q) * product;",
    "let share = weighted - subgroupShuffle(my_target, q);",
    "if (only) {",
    "  phase_sum += select(weighted * product, share, of_row);",
    "} else {",
    ...used.map((i) => `  image_${i} += share * ${rated(i)};`),
    "}",
  ];
  const addRatings = [
    "let of_row = is_of_row(phase);",
    "let only = only_products(phase);",
    ...used.flatMap((i) => [`let p_${i} = own_p[${i}];`, `var image_${i} = vec4f();`]),
    "for (var start = 0u; start < count; start += SUBGROUP) {",
    "  let rating = first + min(start + lane, count - 1u);",
    "  let my_other = rating_index[rating] * FIXED_STRIDE;",
    "  let value = value_at(rating);",
    "  let my_weight = weight_of(value, weight_at(rating));",
    "  var my_target = 0.0;",
    "  if (of_row) { my_target = target_of(value, my_weight, my_other, held); }",
    `  for (var q = 0u; q < turns(min(SUBGROUP, count - start)); q++) {\n${lines(addOne)}  }`,
    "}",
    ...used.map((i) => `own_image[${i}] += image_${i};`),
  ];
  const apart = range(Math.log2(size)).map((power) => 2 ** power);
  const sumOfLanes = ["var sum = x;", ...apart.map((lanes) => `sum += subgroupShuffleXor(sum, ${lanes}u);`), "return sum;"];
  return [
    `fn sum_of_lanes(x: f32) -> f32 {\n${lines(sumOfLanes)}}\n`,
    `fn add_ratings(first: u32, count: u32, phase: u32, lane: u32) {\n${lines(addRatings)}}\n`,
  ].join("\n");
}
