// Writes out the loop over ratings of conjugate-gradients-subgroup.wgsl for a number of factors and a subgroup size: a
// variable for each block of ỹ, p and A p that a lane owns.

import { blocksOf } from "./tile-plan.js";
import { functionOf, inTurn, lines, range, sumOfLanes } from "./written-out.js";

/** Loads in the text, at most: llvmpipe makes a hundred blocks of instructions of each. More are made in turns. */
const MOST_LOADS = 4;

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
  const loadedInTurns = (): string[] => {
    const names = range(times * together).map((i) => `y_${i}`);
    const next = range(together).map((j) => `next_${j}`);
    const turn = next.flatMap((name, j) => load(name, `lane + (at * ${together}u + ${j}u) * SUBGROUP`));
    return [...names.map((name) => `var ${name} = vec4f();`), inTurn(names, turn, next)];
  };
  const loads = times > 1 ? loadedInTurns() : range(loaded).flatMap((i) => load(`y_${i}`, `lane + ${i * size}u`, (i + 1) * size <= K / 4));

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
  return [sumOfLanes(size), functionOf("add_ratings(first: u32, count: u32, phase: u32, lane: u32)", addRatings)].join("\n");
}
