// Writes out the statements of gram-solve-subgroup.wgsl for a number of factors and a subgroup size: one for every
// column that a lane holds of a row. Twin: src/engine/reference/gram-solve.ts.

import type { SubgroupPlan } from "./subgroup-plan.js";
import {
  bits,
  broadcast,
  choose,
  exchange,
  functionOf,
  inTurn,
  lines,
  oneOf,
  range,
  select,
  sumOfLanes,
  sumsByLane,
} from "./written-out.js";

/** So many groups of columns, or fewer, are written out one after the other: loops over them would only cost time. */
const FEW_GROUPS = 3;

/** So many lanes leave few enough groups for forks. */
const MANY_LANES = 8;

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
  return new Loops(K, plan).text(system);
}

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

  constructor(K: number, { blocks, size, groups }: SubgroupPlan) {
    this.#K = K;
    this.#blocks = blocks;
    this.#size = size;
    this.#rows = 4 * blocks;
    this.#groups = groups;
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
      sumOfLanes(this.#size),
      functionOf("shared_entry(I: u32, r: u32, J: u32, c: u32) -> f32", this.#sharedEntry(base)),
      functionOf("clear_sums()", [...groups.flatMap((g) => this.#columns(g).map((j) => `sum_${g}_${j} = 0.0;`)), "singular = false;"]),
      functionOf("add_ratings(first: u32, count: u32, lane: u32)", this.#addRatings(diagonal)),
      functionOf("store_sums(to: u32)", this.#storeSums()),
      functionOf("add_stored_sums(from_: u32, stored: bool, lane: u32)", this.#addStoredSums(base)),
      functionOf("add_prior(weight: f32, lane: u32)", this.#addPrior()),
      functionOf("factor(lane: u32)", this.#factor()),
      functionOf("substitute(old_bias: f32, lane: u32)", this.#substitute(noise)),
      functionOf("bias_after(old_bias: f32, lane: u32)", this.#biasAfter()),
      functionOf("leave_errors(lane: u32)", this.#leaveErrors()),
      functionOf("leave_expected_errors(lane: u32)", diagonal ? this.#leaveExpectedErrors() : []),
      functionOf("write_rows(to: u32, lane: u32)", this.#writeRows(diagonal)),
    ].join("\n");
  }

  /**
   * Of what is done in every row. The fewer lanes, the more cases, and with 4 of them forks take SwiftShader twice as long
   * to compile; with 8, asking for each case takes a sweep up to 1.05 times as long.
   */
  #casesOf(number: string, cases: readonly (readonly string[])[]): string[] {
    return this.#size < MANY_LANES ? oneOf(number, cases) : choose(number, cases);
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

  /** Row r of block I, column c of block J, of the matrix that all rows share: it stands in tiles of its lower triangle. */
  #sharedEntry(base: boolean): string[] {
    if (!base) return ["return 0.0;"];
    return [
      "let high = max(I, J);",
      "let above = I < J || (I == J && r < c);",
      "return base[high * (high + 1u) / 2u + min(I, J)][select(c, r, above)][select(r, c, above)];",
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
      const { statements, exchanged } = exchange(range(size).map(component));
      const keep = (g: number): string[] => [
        // Without such an instruction llvmpipe makes a choice of each variable, in every turn.
        `own_${g}_0 = ${group === "group" ? `subgroupShuffle(${exchanged[0]}, lane)` : exchanged[0]};`,
        ...range(size, 1).map((q) => `own_${g}_${q} = ${exchanged[q]};`),
        ...(diagonal ? [`spread_${g} += own_spread;`] : []),
      ];
      const spread = sumsByLane(
        "own_spread",
        range(size).map((i) => `v_${Math.floor(i / 4)}[${i % 4}]`),
        size,
      );
      return [
        ...load,
        ...statements,
        ...(diagonal ? spread : []),
        ...(group === "group" ? this.#casesOf("group", groups.map(keep)) : keep(group)),
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
      ...bits("lane", this.#size),
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

  /** All sums, pair after pair, each of as many as a subgroup has lanes: where columns end before, of variables beyond. */
  #sumsInTurn(): { names: string[]; beyond: string[] } {
    const names = this.#pairs().flatMap((pair) => {
      const own = this.#names(pair);
      return [...own, ...range(this.#size, own.length).map((i) => `beyond_${pair.join("_")}_${i}`)];
    });
    return { names, beyond: names.filter((name) => name.startsWith("beyond")) };
  }

  /**
   * Stores a segment's sums. Variables move up, here and where a segment is added: only long rows are cut, and compilers
   * take less time than over a case for each pair.
   */
  #storeSums(): string[] {
    const { names, beyond } = this.#sumsInTurn();
    const width = this.#size / 4;
    const kept = range(this.#size).map((i) => `kept_${i}`);
    const stored = range(width).map((w) => {
      const part = kept.slice(4 * w, 4 * w + 4).join(", ");
      return `partial_sums[to + (at * ${width}u + ${w}u) * SUBGROUP] = vec4f(${part});`;
    });
    return [
      ...beyond.map((name) => `var ${name} = 0.0;`),
      inTurn(names, [...kept.map((name, i) => `let ${name} = ${names[i]};`), ...stored], kept),
    ];
  }

  #addSegment(): string[] {
    const { names, beyond } = this.#sumsInTurn();
    const width = this.#size / 4;
    const parts = range(width).map((w) => `let part_${w} = partial_sums[from_ + (at * ${width}u + ${w}u) * SUBGROUP];`);
    const next = range(this.#size).map((i) => `next_${i}`);
    const added = next.map((name, i) => {
      const part = `part_${Math.floor(i / 4)}[${i % 4}]`;
      return `let ${name} = ${names[i]} + ${i === 0 ? `subgroupShuffle(${part}, lane)` : part};`;
    });
    return [...beyond.map((name) => `var ${name} = 0.0;`), inTurn(names, [...parts, ...added], next)];
  }

  /** Adds a segment's sums, or the matrix that all rows share. */
  #addStoredSums(base: boolean): string[] {
    if (!base) return this.#addSegment();
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
        "} else {",
        "let own = min(SUBGROUP * g + lane, 4u * BLOCKS - 1u);",
        ...range(this.#size).map((i) => {
          const block = `min(${width}u * h + ${Math.floor(i / 4)}u, BLOCKS - 1u)`;
          return `next_${i} = shared_entry(own / 4u, own % 4u, ${block}, ${i % 4}u);`;
        }),
        "}",
        ...this.#casesOf(
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
      ...bits("lane", this.#size),
      inTurn(
        range(this.#groups).map((g) => `precision_${g}`),
        [
          "let own = SUBGROUP * at + lane;",
          // The corner stays λ Σ e².
          "let next = select(0.0, prior_precision(min(own / 4u, RHS_BLOCK), own % 4u, weight), own < 4u * BLOCKS - 1u);",
        ],
      ),
      ...range(this.#groups).map((g) => `diagonal_${g} = ${select(this.#names([g, g]))} + precision_${g};`),
    ];
  }

  /**
   * Elimination by columns, right-looking: A = L D Lᵀ, whose columns stay times D. The right-hand side, the last row, is
   * substituted forward on the way. One loop for all columns: those of a group are chosen among by ifs and selects.
   */
  #factor(): string[] {
    const groups = range(this.#groups);
    const column = groups.map((h) => {
      const taken = range(this.#groups, h).map((g) => `let u_${g} = ${select(this.#names([g, h]))};`);
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
          ...bits("at", this.#size),
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
        ...bits("at", this.#size),
        ...choose("c / SUBGROUP", column),
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
      ...bits("lane", this.#size),
      ...(noise
        ? [
            inTurn(
              range(this.#groups).map((g) => `normal_${g}`),
              ["let own = SUBGROUP * at + lane;", "let next = noise(own / 4u)[own % 4u];"],
            ),
          ]
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
            ...sumsByLane(
              `own_part_${g}`,
              places.map((j) => `left_${j}`),
              this.#size,
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
      inTurn(names, turn),
      ...(diagonal ? ["if (lane == 0u) { solved_rows[to + STRIDE - 1u] = vec4f(expected_error, 0.0, 0.0, 0.0); }"] : []),
    ];
  }
}
