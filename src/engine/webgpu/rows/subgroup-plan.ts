// Writes out the statements of gram-solve-subgroup.wgsl for a number of factors and a subgroup size:
// one for every column that a lane holds of a row. Twin: src/engine/reference/gram-solve.ts.

import type { Spread } from "../../engine.js";
import type { SubgroupSizes } from "../device/device.js";
import { blocksOf, rowConstants } from "./tile-plan.js";

export interface SubgroupPlan {
  /** vec4s a row of factors takes: K factors, the bias, the residual. */
  readonly blocks: number;
  /** Lanes of a subgroup, all of which share one row. */
  readonly size: number;
  /** vec4s that a partial Gram takes in the scratch buffer. */
  readonly partial: number;
}

/**
 * vec4s that a lane may hold: K = 64 by 8 lanes takes 89, K = 50 by 4 lanes 91. Drivers
 * need long to compile more, or fail.
 */
const MOST_HELD = 92;
/** So many groups of columns, or fewer, are written out one after the other: loops over them would only cost time. */
const FEW_GROUPS = 3;
const SMALLEST_SUBGROUP = 4;
const LARGEST_SUBGROUP = 16;

/** Lanes of subgroups of which each can have a row. Undefined when their size is unknown, or too wide. */
export function subgroupSize(sizes: SubgroupSizes | undefined): number | undefined {
  if (sizes === undefined || sizes.minimum !== sizes.maximum) return undefined;
  return sizes.minimum >= SMALLEST_SUBGROUP && sizes.minimum <= LARGEST_SUBGROUP ? sizes.minimum : undefined;
}

/** Undefined when the kernel does not suit: too many factors, or subgroups that cannot have a row each. */
export function planSubgroup(K: number, sizes: SubgroupSizes): SubgroupPlan | undefined {
  const size = subgroupSize(sizes);
  if (size === undefined) return undefined;
  const blocks = blocksOf(K);
  const loops = new Loops(K, blocks, size);
  const held = loops.held;
  return held <= MOST_HELD ? { blocks, size, partial: loops.partial * size } : undefined;
}

export function subgroupConstants(K: number, plan: SubgroupPlan, sequential: boolean, spread: Spread): string {
  return `${rowConstants(K, spread)}const SUBGROUP = ${plan.size}u;
const PARTIAL = ${plan.partial}u;
const SEQUENTIAL = ${sequential};
`;
}

/** What of a system the text depends on. */
interface SubgroupSystem {
  /** Whether all rows share a matrix. */
  readonly base: boolean;
  /** Whether rows carry the variances of their coordinates. */
  readonly diagonal: boolean;
  /** Whether solutions are draws. */
  readonly noise: boolean;
}

/** The functions that gram-solve-subgroup.wgsl names. */
export function subgroupLoops(K: number, plan: SubgroupPlan, system: SubgroupSystem): string {
  return new Loops(K, plan.blocks, plan.size).text(system);
}

const range = (count: number, from = 0): number[] => Array.from({ length: Math.max(0, count - from) }, (_, at) => from + at);
/** A shuffle from a constant lane: llvmpipe makes one instruction of it, and more than ten of a broadcast. */
const broadcast = (value: string, lane: number | string): string =>
  `subgroupShuffle(${value}, ${typeof lane === "number" ? `${lane}u` : lane})`;
const lines = (statements: readonly string[]): string => statements.map((statement) => `  ${statement}\n`).join("");

/**
 * Row i of the matrix is row `i % size` of group `⌊i / size⌋`, so it is held by that lane; `sum_g_j` is its column j.
 * Columns are grouped as rows are: block (g, h) of the matrix is what rows of group g have in columns of group h.
 */
class Loops {
  readonly #K: number;
  readonly #blocks: number;
  readonly #size: number;
  /** Rows, and columns, of the matrix; the last is that of the right-hand side. */
  readonly #rows: number;
  readonly #groups: number;
  /** vec4s that a lane holds. */
  readonly held: number;
  /** vec4s that a lane stores of a partial sum. */
  readonly partial: number;

  constructor(K: number, blocks: number, size: number) {
    this.#K = K;
    this.#blocks = blocks;
    this.#size = size;
    this.#rows = 4 * blocks;
    this.#groups = Math.ceil(this.#rows / size);
    this.held = range(this.#groups).reduce((sum, g) => sum + Math.min(blocks, ((g + 1) * size) / 4), 0);
    this.partial = ((size / 4) * this.#groups * (this.#groups + 1)) / 2;
  }

  text({ base, diagonal, noise }: SubgroupSystem): string {
    const groups = range(this.#groups);
    const declared = (name: string): string[] => groups.map((g) => `${name}_${g}`);
    const variables = [
      ...groups.flatMap((g) => this.#columns(g).map((j) => `sum_${g}_${j}`)),
      ...groups.flatMap((g) => range(this.#size).map((q) => `own_${g}_${q}`)),
      ...(diagonal ? declared("spread") : []),
      // A lane's own rows: their prior precisions, entries on the diagonal, −1 over pivots, solutions, variances.
      ...["precision", "diagonal", "inverse", "solution"].flatMap(declared),
      ...(diagonal ? declared("variance") : []),
      ...(noise ? declared("normal") : []),
      "expected_error",
    ];
    return [
      variables.map((name) => `var<private> ${name}: f32;`).join("\n"),
      this.#function("sum_of_lanes(x: f32) -> f32", [
        "var sum = x;",
        ...this.#apart().map((lanes) => `sum += subgroupShuffleXor(sum, ${lanes}u);`),
        "return sum;",
      ]),
      this.#function("shared_entry(i: u32, j: u32) -> f32", this.#sharedEntry(base)),
      this.#function("clear_sums()", [...groups.flatMap((g) => this.#columns(g).map((j) => `sum_${g}_${j} = 0.0;`)), "singular = false;"]),
      this.#function("add_ratings(first: u32, count: u32, lane: u32)", this.#addRatings(diagonal)),
      this.#function("store_sums(to: u32)", this.#storeSums()),
      this.#function("add_stored_sums(from_: u32, stored: bool, lane: u32)", this.#addStoredSums()),
      this.#function("add_prior(weight: f32, lane: u32)", this.#addPrior()),
      this.#function("factor(lane: u32)", this.#factor()),
      this.#function("substitute(old_bias: f32, lane: u32)", this.#substitute(noise)),
      this.#function("bias_after(old_bias: f32, lane: u32)", this.#biasAfter()),
      this.#function("leave_errors(lane: u32)", this.#leaveErrors()),
      this.#function("leave_expected_errors(lane: u32)", diagonal ? this.#leaveExpectedErrors() : []),
      this.#function("write_rows(to: u32, lane: u32)", this.#writeRows(diagonal)),
    ].join("\n");
  }

  /** Columns that the rows of a group hold: up to the last of their own group. */
  #columns(g: number): number[] {
    return range(Math.min(this.#rows, (g + 1) * this.#size));
  }

  /** Rows, or columns, of a group. */
  #places(g: number): number[] {
    return range(Math.min(this.#rows, (g + 1) * this.#size), g * this.#size);
  }

  /** The variable and lane that hold a row of the matrix. */
  #row(i: number): { g: number; lane: number } {
    return { g: Math.floor(i / this.#size), lane: i % this.#size };
  }

  /** Distances of lanes that exchange in turn, so that each meets all. */
  #apart(): number[] {
    return range(Math.log2(this.#size))
      .map((power) => 2 ** power)
      .reverse();
  }

  #function(signature: string, statements: readonly string[]): string {
    return `fn ${signature} {\n${lines(statements)}}\n`;
  }

  /** Statements for each variable in its turn, `at`: each is the first once, which `next` follows, and the others move up. */
  #inTurn(names: readonly string[], statements: readonly string[]): string[] {
    const move = names.map((name, at) => `${name} = ${names[at + 1] ?? "next"};`);
    return [`for (var at = 0u; at < turns(${names.length}u); at++) {\n${lines([...statements, ...move])}  }`];
  }

  /** The statements of one of several cases, by a number that all lanes share. */
  #choose(number: string, cases: readonly (readonly string[])[], first = 0): string[] {
    if (cases.length === 1) return [...cases[0]];
    const half = Math.ceil(cases.length / 2);
    return [
      `if (${number} < ${first + half}u) {`,
      ...this.#choose(number, cases.slice(0, half), first),
      "} else {",
      ...this.#choose(number, cases.slice(half), first + half),
      "}",
    ];
  }

  /** One of several values, by a number below their count, whose bits `bit_0`, … are. */
  #select(values: readonly string[], power = Math.ceil(Math.log2(values.length)) - 1): string {
    if (values.length === 1) return values[0];
    const half = 2 ** power;
    if (values.length <= half) return this.#select(values, power - 1);
    return `select(${this.#select(values.slice(0, half), power - 1)}, ${this.#select(values.slice(half), power - 1)}, bit_${power})`;
  }

  #bits(number: string): string[] {
    return range(Math.log2(this.#size)).map((power) => `let bit_${power} = (${number} & ${2 ** power}u) != 0u;`);
  }

  /**
   * Of values that every lane has, one for each lane: each gets the sum over lanes of its own. @param name of the result.
   */
  #sumsByLane(name: string, values: readonly string[]): string[] {
    const padded = range(this.#size).map((at) => values[at] ?? "0.0");
    let [statements, given] = [[] as string[], padded];
    for (const apart of this.#apart()) {
      const bit = `bit_${Math.log2(apart)}`;
      const next = range(apart).map((at) => (apart === 1 ? name : `${name}_${apart}_${at}`));
      statements.push(
        ...next.map(
          (sum, at) =>
            `let ${sum} = select(${given[at]}, ${given[at + apart]}, ${bit}) + subgroupShuffleXor(select(${given[at + apart]}, ${given[at]}, ${bit}), ${apart}u);`,
        ),
      );
      given = next;
    }
    return statements;
  }

  /** Row i, column j of the matrix that all rows share. */
  #sharedEntry(base: boolean): string[] {
    if (!base) return ["return 0.0;"];
    return [
      "let high = min(max(i, j), 4u * BLOCKS - 1u);",
      "let low = min(i, j);",
      "let I = high / 4u;",
      "return base[I * (I + 1u) / 2u + low / 4u][low % 4u][high % 4u];",
    ];
  }

  #addRatings(diagonal: boolean): string[] {
    const [size, width] = [this.#size, this.#size / 4];
    const groups = range(this.#groups);
    const ragged = this.#blocks % width > 0;
    const bias = this.#row(this.#K);
    const rhs = this.#row(this.#rows - 1);
    // Statements for one group of columns: a lane's blocks of its rating, then its rows of all ratings.
    const read = (group: number | "group"): string[] => {
      const blockOf = (w: number): string => (group === "group" ? `group * ${width}u + ${w}u` : `${group * width + w}u`);
      const isIn = (g: number): string => (group === "group" ? `group == ${g}u` : `${group === g}`);
      // Of a last group that is not whole, the blocks that are missing are 0.
      const some = (w: number, value: string): string => (ragged ? `select(0.0, ${value}, ${blockOf(w)} < BLOCKS)` : value);
      const block = (w: number): string => (ragged ? `min(${blockOf(w)}, RHS_BLOCK)` : blockOf(w));
      const load = range(width).flatMap((w) => [
        `let y_${w} = ${some(w, "scale")} * fixed_block(row + ${block(w)});`,
        ...(diagonal ? [`let v_${w} = ${some(w, "weight")} * fixed_rows[row + BLOCKS + ${block(w)}];`] : []),
      ]);
      const component = (i: number): string => {
        let text = `y_${Math.floor(i / 4)}[${i % 4}]`;
        if (i === bias.lane) text = `select(${text}, bias_place(${text}, scale), ${isIn(bias.g)})`;
        if (i === rhs.lane) text = `select(${text}, last, ${isIn(rhs.g)})`;
        return text;
      };
      // Lane l's component i of a group becomes lane i's of rating l.
      let names = range(size).map((i) => `t_${i}`);
      const exchange = names.map((name, i) => `let ${name} = ${component(i)};`);
      for (const apart of this.#apart()) {
        const bit = `bit_${Math.log2(apart)}`;
        const next = range(size).map((i) => `t_${apart}_${i}`);
        for (const i of range(size).filter((at) => Math.floor(at / apart) % 2 === 0)) {
          const [low, high] = [names[i], names[i + apart]];
          exchange.push(
            `let other_${apart}_${i} = subgroupShuffleXor(select(${high}, ${low}, ${bit}), ${apart}u);`,
            `let ${next[i]} = select(${low}, other_${apart}_${i}, ${bit});`,
            `let ${next[i + apart]} = select(other_${apart}_${i}, ${high}, ${bit});`,
          );
        }
        names = next;
      }
      const keep = (g: number): string[] => [
        // Without such an instruction llvmpipe makes a choice of each variable, in every turn.
        `own_${g}_0 = ${group === "group" ? `subgroupShuffle(${names[0]}, lane)` : names[0]};`,
        ...range(size, 1).map((q) => `own_${g}_${q} = ${names[q]};`),
        ...(diagonal ? [`spread_${g} += own_spread;`] : []),
      ];
      const spread = this.#sumsByLane(
        "own_spread",
        range(size).map((i) => `v_${Math.floor(i / 4)}[${i % 4}]`),
      );
      return [
        ...load,
        ...exchange,
        ...(diagonal ? spread : []),
        ...(group === "group" ? this.#choose("group", groups.map(keep)) : keep(group)),
      ];
    };
    const add = groups.flatMap((h) =>
      this.#places(h).flatMap((j, i) => [
        ...range(size).map((q) => `let y_${j}_${q} = ${broadcast(`own_${h}_${q}`, i)};`),
        ...range(this.#groups, h).map(
          (g) =>
            `sum_${g}_${j} += ${range(size)
              .map((q) => `own_${g}_${q} * y_${j}_${q}`)
              .join(" + ")};`,
        ),
      ]),
    );
    return [
      ...this.#bits("lane"),
      "let root_of_lambda = sqrt(settings.lambda);",
      ...(diagonal ? groups.map((g) => `spread_${g} = 0.0;`) : []),
      `for (var start = 0u; start < count; start += SUBGROUP) {\n${lines([
        "let given = start + lane < count;",
        "let rating = first + select(0u, start + lane, given);",
        "let row = row_of(rating);",
        "let root = root_of(rating);",
        "let scale = select(0.0, root_of_lambda * root, given);",
        "let last = select(0.0, root_of_lambda * last_place(rating, row, root), given);",
        ...(diagonal ? ["let weight = select(0.0, settings.lambda * weight_at(rating), given);"] : []),
        ...(this.#groups > FEW_GROUPS
          ? [`for (var group = 0u; group < turns(${this.#groups}u); group++) {`, ...read("group"), "}"]
          : groups.flatMap((g) => ["{", ...read(g), "}"])),
        ...add,
      ])}  }`,
      ...(diagonal
        ? groups.flatMap((g) => this.#places(g).map((j, i) => `sum_${g}_${j} += select(0.0, spread_${g}, lane == ${i}u);`))
        : []),
    ];
  }

  /** Every pair of a group of rows and one of columns. */
  #pairs(): (readonly [g: number, h: number])[] {
    return range(this.#groups).flatMap((g) => range(g + 1).map((h) => [g, h] as const));
  }

  /** A pair's variables. */
  #names([g, h]: readonly [number, number]): string[] {
    return this.#places(h).map((j) => `sum_${g}_${j}`);
  }

  #storeSums(): string[] {
    const [pairs, width] = [this.#pairs(), this.#size / 4];
    return [
      ...range(this.#size).map((i) => `var next_${i} = 0.0;`),
      `for (var at = 0u; at < turns(${pairs.length}u); at++) {\n${lines([
        ...this.#choose(
          "at",
          pairs.map((pair) => this.#names(pair).map((name, i) => `next_${i} = ${name};`)),
        ),
        ...range(width).map(
          (w) =>
            `partial_sums[to + (at * ${width}u + ${w}u) * SUBGROUP] = vec4f(${range(4)
              .map((c) => `next_${4 * w + c}`)
              .join(", ")});`,
        ),
      ])}  }`,
    ];
  }

  /** Adds a segment's sums, or the matrix that all rows share. */
  #addStoredSums(): string[] {
    const [pairs, width] = [this.#pairs(), this.#size / 4];
    return [
      "var g = 0u;",
      "var h = 0u;",
      `for (var at = 0u; at < turns(${pairs.length}u); at++) {\n${lines([
        ...range(this.#size).map((i) => `var next_${i} = 0.0;`),
        "if (stored) {",
        ...range(width).flatMap((w) => [
          `let part_${w} = partial_sums[from_ + (at * ${width}u + ${w}u) * SUBGROUP];`,
          ...range(4).map((c) => `next_${4 * w + c} = part_${w}[${c}];`),
        ]),
        "}",
        "if (BASE && !stored) {",
        ...range(this.#size).map((i) => `next_${i} = shared_entry(SUBGROUP * g + lane, SUBGROUP * h + ${i}u);`),
        "}",
        ...this.#choose(
          "at",
          pairs.map((pair) =>
            this.#names(pair).map((name, i) => (i === 0 ? `${name} += subgroupShuffle(next_0, lane);` : `${name} += next_${i};`)),
          ),
        ),
        "h = select(h + 1u, 0u, h == g);",
        "g += select(0u, 1u, h == 0u);",
      ])}  }`,
    ];
  }

  #addPrior(): string[] {
    return [
      ...this.#bits("lane"),
      ...this.#inTurn(
        range(this.#groups).map((g) => `precision_${g}`),
        [
          "let own = SUBGROUP * at + lane;",
          // The corner stays λ Σ e².
          "let next = select(0.0, prior_precision(min(own / 4u, RHS_BLOCK), own % 4u, weight), own < 4u * BLOCKS - 1u);",
        ],
      ),
      ...range(this.#groups).map((g) => `diagonal_${g} = ${this.#select(this.#names([g, g]))} + precision_${g};`),
    ];
  }

  /**
   * Elimination by columns, right-looking: A = L D Lᵀ, whose columns stay times D. The right-hand side, the last row, is
   * substituted forward on the way. One loop for all columns: those of a group are chosen among by ifs and selects.
   */
  #factor(): string[] {
    const groups = range(this.#groups);
    const column = groups.map((h) => {
      const taken = range(this.#groups, h).map((g) => `let u_${g} = ${this.#select(this.#names([g, h]))};`);
      return [
        ...taken,
        `let pivot = subgroupShuffle(u_${h} + precision_${h}, at);`,
        `inverse = negative_inverse(pivot, subgroupShuffle(diagonal_${h}, at), c);`,
        `inverse_${h} = select(inverse_${h}, inverse, lane == at);`,
        // Rows above the pivot keep what they had: the pivot's row, right of it, is its column below it.
        `column_${h} = select(0.0, u_${h}, lane > at);`,
        ...range(this.#groups, h + 1).map((g) => `column_${g} = u_${g};`),
      ];
    });
    const update = groups.map((h) =>
      this.#places(h).flatMap((j, i) => [
        `let entry_${j} = ${broadcast(`column_${h}`, i)};`,
        ...range(this.#groups, h).map((g) => `sum_${g}_${j} += share_${g} * entry_${j};`),
      ]),
    );
    const begin = [...groups.map((g) => `var column_${g} = 0.0;`), ...groups.map((g) => `inverse_${g} = 0.0;`), "var inverse = 0.0;"];
    const share = (g: number): string => `let share_${g} = inverse * column_${g};`;
    if (this.#groups <= FEW_GROUPS) {
      return [
        ...begin,
        ...groups.flatMap((h) => [
          `for (var at = 0u; at < turns(${Math.min(this.#size, this.#rows - 1 - h * this.#size)}u); at++) {`,
          `let c = ${h * this.#size}u + at;`,
          ...this.#bits("at"),
          ...column[h],
          ...range(this.#groups, h).map(share),
          ...range(this.#groups, h).flatMap((later) => update[later]),
          "}",
        ]),
      ];
    }
    return [
      ...begin,
      `for (var c = 0u; c < turns(${this.#rows - 1}u); c++) {\n${lines([
        "let at = c % SUBGROUP;",
        ...this.#bits("at"),
        ...this.#choose("c / SUBGROUP", column),
        ...groups.map(share),
        ...update.flatMap((statements, h) =>
          h === this.#groups - 1 ? statements : [`if (c < ${(h + 1) * this.#size}u) {`, ...statements, "}"],
        ),
      ])}  }`,
    ];
  }

  /**
   * Back substitution, a group of rows at a time. What the rows that are solved have left of the right-hand side lies
   * scattered over the lanes: each takes off what its own rows make of it.
   */
  #substitute(noise: boolean): string[] {
    const rhs = this.#row(this.#rows - 1);
    const bias = this.#row(this.#K);
    return [
      ...this.#bits("lane"),
      ...(noise
        ? this.#inTurn(
            range(this.#groups).map((g) => `normal_${g}`),
            ["let own = SUBGROUP * at + lane;", "let next = noise(own / 4u)[own % 4u];"],
          )
        : []),
      ...range(this.#rows).map((j) => `var left_${j} = select(0.0, sum_${rhs.g}_${j}, lane == ${rhs.lane}u);`),
      ...range(this.#groups)
        .reverse()
        .flatMap((g) => {
          const places = this.#places(g);
          // Less what is solved.
          const solved = `rest_${g} * inverse_${g}`;
          const aside = g === bias.g ? `select(${solved}, -old_bias, SEQUENTIAL && lane == ${bias.lane}u)` : solved;
          return [
            ...this.#sumsByLane(
              `own_part_${g}`,
              places.map((j) => `left_${j}`),
            ),
            `var rest_${g} = own_part_${g}${noise ? ` + select(0.0, normal_${g} / sqrt(-inverse_${g}), inverse_${g} < 0.0)` : ""};`,
            ...places
              .map((j, i) => `rest_${g} += select(0.0, ${broadcast(aside, i)}, lane < ${i}u) * sum_${g}_${j};`)
              .slice(1)
              .reverse(),
            `let taken_${g} = ${aside};`,
            `solution_${g} = -taken_${g};`,
            ...range(g * this.#size).map((j) => `left_${j} += taken_${g} * sum_${g}_${j};`),
          ];
        }),
    ];
  }

  /**
   * The bias that the others' elimination leaves, sequentially: in place of itself it had its old value while they were
   * solved, and now they have theirs.
   */
  #biasAfter(): string[] {
    const { g, lane } = this.#row(this.#K);
    const rhs = this.#row(this.#rows - 1);
    return [
      `let whole = ${broadcast(`diagonal_${g}`, lane)};`,
      `let left = ${broadcast(`sum_${g}_${this.#K} + precision_${g}`, lane)};`,
      `let bias = (${broadcast(`sum_${rhs.g}_${this.#K}`, rhs.lane)} + old_bias * (whole - left)) / whole;`,
      `solution_${g} = select(solution_${g}, bias, lane == ${lane}u);`,
    ];
  }

  /** What elimination leaves of the corner, at the solution. */
  #remainder(): string {
    const { g, lane } = this.#row(this.#rows - 1);
    return broadcast(`sum_${g}_${this.#rows - 1}`, lane);
  }

  /** Puts a number in the last place of a row's solution. */
  #leave(value: string, name = "solution"): string {
    const { g, lane } = this.#row(this.#rows - 1);
    return `${name}_${g} = select(${name}_${g}, ${value}, lane == ${lane}u);`;
  }

  /** Σ e² at the solution: see squared_error in gram-solve.wgsl. */
  #leaveErrors(): string[] {
    const shares = range(this.#groups).map((g) => `precision_${g} * solution_${g} * solution_${g}`);
    return [
      `let prior = sum_of_lanes(${shares.join(" + ")});`,
      `let error = (${this.#remainder()} - prior) / settings.lambda;`,
      this.#leave("error"),
    ];
  }

  /**
   * Σ E[e²] and log|Γ|, as leave_errors and log_determinant of gram-solve.wgsl and spread-diagonal.wgsl have them. The
   * corner, λ Σ e², is no precision and may be 0.
   */
  #leaveExpectedErrors(): string[] {
    const groups = range(this.#groups);
    const bias = this.#row(this.#K);
    const own = (g: number): string => `${g * this.#size}u + lane`;
    return [
      ...groups.map((g) => `variance_${g} = 1.0 / diagonal_${g};`),
      "var shares = 0.0;",
      "var log_determinant = 0.0;",
      ...groups.flatMap((g) => [
        `shares += select(0.0, 1.0 - precision_${g} * variance_${g}, ${own(g)} < 4u * BLOCKS - 1u) - precision_${g} * solution_${g} * solution_${g};`,
        `log_determinant += select(0.0, log(variance_${g}), ${own(g)} <= K);`,
      ]),
      `expected_error = (${this.#remainder()} + sum_of_lanes(shares)) / settings.lambda;`,
      "let logs = sum_of_lanes(log_determinant);",
      this.#leave("logs"),
      `let bias_variance = ${broadcast(`variance_${bias.g}`, bias.lane)};`,
      ...groups.map((g) => `variance_${g} = select(0.0, variance_${g}, ${own(g)} < K);`),
      this.#leave("bias_variance", "variance"),
    ];
  }

  /** Stores a row and what it carries behind its parameters, a few lanes a vec4 each. */
  #writeRows(diagonal: boolean): string[] {
    const width = this.#size / 4;
    const names = ["solution", ...(diagonal ? ["variance"] : [])].flatMap((name) => range(this.#groups).map((g) => `${name}_${g}`));
    const turn = [
      "let next = solution_0;",
      `let block = at % ${this.#groups}u * ${width}u + lane;`,
      `let stored = vec4f(${range(4)
        .map((c) => broadcast("next", `(4u * lane + ${c}u) % SUBGROUP`))
        .join(", ")});`,
      `if (lane < ${width}u && block < BLOCKS) { solved_rows[to + at / ${this.#groups}u * BLOCKS + block] = stored; }`,
    ];
    return [
      ...this.#inTurn(names, turn),
      ...(diagonal ? ["if (lane == 0u) { solved_rows[to + STRIDE - 1u] = vec4f(expected_error, 0.0, 0.0, 0.0); }"] : []),
    ];
  }
}
