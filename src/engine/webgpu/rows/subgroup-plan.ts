// Writes out the loops of gram-solve-subgroup.wgsl for a number of factors and a subgroup size:
// one statement for every four columns that a lane holds of a row. Twin: src/engine/reference/gram-solve.ts.

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
  const held = new Loops(K, blocks, size).held.length;
  return held <= MOST_HELD ? { blocks, size, partial: held * size } : undefined;
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
}

/** The functions that gram-solve-subgroup.wgsl names. */
export function subgroupLoops(K: number, plan: SubgroupPlan, system: SubgroupSystem): string {
  return new Loops(K, plan.blocks, plan.size).text(system);
}

const range = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, at) => from + at);
/** A shuffle from a constant lane: llvmpipe makes one instruction of it, and more than ten of a broadcast. */
const broadcast = (value: string, lane: number): string => `subgroupShuffle(${value}, ${lane}u)`;
/** A lane's own place among four rows or columns. */
const UNIT = "let unit = vec4f(vec4u(lane % 4u) == vec4u(0u, 1u, 2u, 3u));";
const lines = (statements: readonly string[]): string => statements.map((statement) => `  ${statement}\n`).join("");

/**
 * Row i of the matrix is row `i % size` of group `⌊i / size⌋`, so it is held by that lane;
 * `sum_g_J` is its columns 4J to 4J + 3.
 */
class Loops {
  readonly #K: number;
  readonly #blocks: number;
  readonly #size: number;
  readonly #groups: number;
  /** (group, block of columns) of every vec4 that a lane holds. */
  readonly held: readonly (readonly [g: number, J: number])[];

  constructor(K: number, blocks: number, size: number) {
    this.#K = K;
    this.#blocks = blocks;
    this.#size = size;
    this.#groups = Math.ceil((4 * blocks) / size);
    this.held = range(this.#groups).flatMap((g) => range(this.#columns(g)).map((J) => [g, J] as const));
  }

  text({ base, diagonal }: SubgroupSystem): string {
    const declarations = [
      ...this.held.map(([g, J]) => `var<private> sum_${g}_${J}: vec4f;`),
      ...range(this.#groups).map((g) => `var<private> diagonal_${g}: f32;`),
      ...range(this.#blocks).map((J) => `var<private> solution_${J}: vec4f;\nvar<private> coupling_${J}: vec4f;`),
      ...range(diagonal ? this.#blocks : 0).map((J) => `var<private> variances_${J}: vec4f;`),
      "var<private> expected_error: f32;",
      "var<private> bias_sum: f32;",
      "var<private> bias_precision: f32;",
    ];
    const apart = range(Math.log2(this.#size)).map((power) => 2 ** power);
    return [
      declarations.join("\n"),
      this.#function("sum_of_lanes(x: f32) -> f32", [
        "var sum = x;",
        ...apart.map((lanes) => `sum += subgroupShuffleXor(sum, ${lanes}u);`),
        "return sum;",
      ]),
      this.#function("clear_sums()", [...this.held.map(([g, J]) => `sum_${g}_${J} = vec4f();`), "singular = false;"]),
      this.#function("add_ratings(first: u32, count: u32, lane: u32)", this.#addRatings(diagonal)),
      this.#function("store_sums(to: u32)", this.#eachSum(["let next = sum_0_0;", "partial_sums[to + at * SUBGROUP] = next;"])),
      this.#function("add_stored_sums(from_: u32)", this.#eachSum(["let next = sum_0_0 + partial_sums[from_ + at * SUBGROUP];"])),
      this.#function("add_prior(weight: f32, lane: u32)", this.#addPrior(base)),
      this.#function("set_bias_aside(old_bias: f32, lane: u32)", this.#setBiasAside()),
      this.#function("factor(lane: u32)", this.#factor()),
      this.#function("substitute(lane: u32)", this.#substitute()),
      this.#function("bias_after()", this.#biasAfter()),
      this.#function("leave_errors(weight: f32)", this.#leaveErrors()),
      this.#function("write_solution(to: u32, lane: u32)", this.#write("solution")),
      this.#function("leave_expected_errors(weight: f32, lane: u32)", diagonal ? this.#leaveExpectedErrors() : []),
      this.#function("write_spread(to: u32, lane: u32)", diagonal ? this.#writeSpread() : []),
    ].join("\n");
  }

  /** Blocks of columns that the rows of a group hold. */
  #columns(g: number): number {
    return Math.min(this.#blocks, ((g + 1) * this.#size) / 4);
  }

  /** Component c of block J of a row of factors, as the variable and place that hold its row of the matrix. */
  #row(i: number): { g: number; lane: number; J: number; c: number } {
    return { g: Math.floor(i / this.#size), lane: i % this.#size, J: Math.floor(i / 4), c: i % 4 };
  }

  #function(signature: string, statements: readonly string[]): string {
    return `fn ${signature} {\n${lines(statements)}}\n`;
  }

  /** Of group g's blocks of columns, the one that holds a lane's own diagonal entry, with the lanes that it is for. */
  #diagonalBlocks(g: number): { J: number; quarter: number }[] {
    return range(this.#size / 4)
      .map((quarter) => ({ J: (g * this.#size) / 4 + quarter, quarter }))
      .filter(({ J }) => J < this.#blocks);
  }

  /** Statements for every sum in its turn. */
  #eachSum(statements: readonly string[]): string[] {
    return this.#inTurn(
      this.held.map(([g, J]) => `sum_${g}_${J}`),
      statements,
    );
  }

  /** Statements for each variable in its turn, `at`: each is the first once, which `next` follows, and the others move up. */
  #inTurn(names: readonly string[], statements: readonly string[]): string[] {
    const move = names.map((name, at) => `${name} = ${names[at + 1] ?? "next"};`);
    return [`for (var at = 0u; at < turns(${names.length}u); at++) {\n${lines([...statements, ...move])}  }`];
  }

  #addRatings(diagonal: boolean): string[] {
    const blocks = range(this.#blocks);
    const spreads = diagonal ? blocks : [];
    const load = [
      "let given = start + lane < count;",
      "let rating = first + select(0u, start + lane, given);",
      "let row = row_of(rating);",
      ...blocks.map((J) => `let y_${J} = select(vec4f(), block_of(rating, row, ${J}u), given);`),
      ...(diagonal
        ? this.#inTurn(
            blocks.map((J) => `spread_${J}`),
            ["let next = spread_0 + select(vec4f(), weight_at(rating) * fixed_rows[row + BLOCKS + at], given);"],
          )
        : []),
    ];
    const add = range(this.#size).flatMap((q) => [
      ...blocks.map((J) => `let y_${q}_${J} = ${broadcast(`y_${J}`, q)};`),
      ...range(this.#groups).map((g) => `let own_${q}_${g} = ${this.#ownComponent(q, g)};`),
    ]);
    const sums = this.held.map(
      ([g, J]) =>
        `sum_${g}_${J} += ${range(this.#size)
          .map((q) => `own_${q}_${g} * y_${q}_${J}`)
          .join(" + ")};`,
    );
    return [
      ...range(this.#size, 1).map((l) => `let is_${l} = lane == ${l}u;`),
      ...spreads.map((J) => `var spread_${J} = vec4f();`),
      `for (var start = 0u; start < count; start += SUBGROUP) {\n${lines([...load, ...add, ...sums])}  }`,
      // Each lane has those of its own ratings.
      ...spreads.map(
        (J) =>
          `let y_s_${J} = vec4f(${range(4)
            .map((c) => `sum_of_lanes(spread_${J}[${c}])`)
            .join(", ")});`,
      ),
      ...(diagonal ? [UNIT, ...this.#addToDiagonal((g) => this.#ownComponent("s", g))] : []),
    ];
  }

  /** Adds to the diagonal entry of each row that a lane holds. */
  #addToDiagonal(added: (g: number) => string): string[] {
    return range(this.#groups).flatMap((g) => [
      `let added_${g} = ${added(g)};`,
      ...this.#diagonalBlocks(g).map(({ J, quarter }) => `sum_${g}_${J} += select(0.0, added_${g}, lane / 4u == ${quarter}u) * unit;`),
    ]);
  }

  /** λ times the sums, plus the matrix that all rows share, of whose tiles four lanes hold a row each. */
  #addShared(): string[] {
    const turn = [
      "let I = group * (SUBGROUP / 4u) + lane / 4u;",
      "let shared_ = select(vec4f(), unit * base_tile(I * (I + 1u) / 2u + J), J <= I && I < BLOCKS);",
      "let next = settings.lambda * sum_0_0 + shared_;",
      "J = select(J + 1u, 0u, J + 1u == min(BLOCKS, (group + 1u) * (SUBGROUP / 4u)));",
      "group += select(0u, 1u, J == 0u);",
    ];
    return ["var group = 0u;", "var J = 0u;", ...this.#eachSum(turn)];
  }

  /** Component `size · g + lane` of rating q, or of the sum of spreads. */
  #ownComponent(q: number | "s", g: number): string {
    const component = (l: number): string => {
      const { J, c } = this.#row(g * this.#size + l);
      return J < this.#blocks ? `y_${q}_${J}[${c}]` : "0.0";
    };
    return range(this.#size, 1).reduce((text, l) => `select(${text}, ${component(l)}, is_${l})`, component(0));
  }

  #addPrior(base: boolean): string[] {
    const corner = this.#row(4 * this.#blocks - 1);
    // The corner stays λ Σ e².
    const isCorner = (g: number): string => (g === corner.g ? `lane == ${corner.lane}u` : "false");
    const precision = (g: number): string => `prior_precision(min((${g * this.#size}u + lane) / 4u, RHS_BLOCK), lane % 4u, weight)`;
    return [
      UNIT,
      ...(base ? this.#addShared() : this.held.map(([g, J]) => `sum_${g}_${J} *= settings.lambda;`)),
      ...this.#addToDiagonal((g) => `select(${precision(g)}, 0.0, ${isCorner(g)})`),
      ...range(this.#groups).map((g) => {
        const entries = this.#diagonalBlocks(g).map(({ J, quarter }) => `select(0.0, dot(sum_${g}_${J}, unit), lane / 4u == ${quarter}u)`);
        return `diagonal_${g} = ${entries.join(" + ")};`;
      }),
    ];
  }

  /**
   * The bias's row and column become those of the unit matrix;
   * what they held is kept for `bias_after` and the right-hand side.
   */
  #setBiasAside(): string[] {
    const bias = this.#row(this.#K);
    const rhs = this.#row(4 * this.#blocks - 1);
    const before = (J: number): string =>
      `vec4f(${range(4)
        .map((c) => Number(4 * J + c < this.#K))
        .join(", ")})`;
    return [
      ...range(bias.J + 1).map((J) => `coupling_${J} = ${broadcast(`sum_${bias.g}_${J}`, bias.lane)} * ${before(J)};`),
      `bias_sum = ${broadcast(`sum_${rhs.g}_${bias.J}[${bias.c}]`, rhs.lane)};`,
      `bias_precision = ${broadcast(`sum_${bias.g}_${bias.J}[${bias.c}]`, bias.lane)};`,
      ...range(bias.J + 1).map((J) => `sum_${rhs.g}_${J} -= select(0.0, old_bias, lane == ${rhs.lane}u) * coupling_${J};`),
      ...range(bias.J + 1).map((J) => `if (lane == ${bias.lane}u) { sum_${bias.g}_${J} = vec4f(); }`),
      ...range(this.#groups, bias.g).map((g) => `sum_${g}_${bias.J}[${bias.c}] = 0.0;`),
      `if (lane == ${bias.lane}u) { sum_${bias.g}_${bias.J}[${bias.c}] = 1.0; }`,
      `if (lane == ${bias.lane}u) { diagonal_${bias.g} = 1.0; }`,
    ];
  }

  /**
   * Cholesky by columns, right-looking; the right-hand side, the last row, is substituted forward on the way. A group's
   * columns take turns in a loop that is not written out: each in its turn is the first, and the group's others move up.
   */
  #factor(): string[] {
    const last = 4 * this.#blocks - 1;
    return range(this.#groups).flatMap((g0) => {
      const first = g0 * this.#size;
      const [J0, J1] = [first / 4, this.#columns(g0)];
      const width = 4 * (J1 - J0);
      const groups = range(this.#groups, g0);
      const moved = (g: number): string[] => [
        ...range(J1, J0).map((J) => `let before_${g}_${J} = sum_${g}_${J};`),
        ...range(J1, J0).map((J) => {
          const next = J + 1 < J1 ? J + 1 : J0;
          return `sum_${g}_${J} = vec4f(before_${g}_${J}.yzw, before_${g}_${next}.x);`;
        }),
      ];
      // Of the group's own columns those that are done with come last.
      const within = (at: number): string => `select(0.0, subgroupShuffle(l_${g0}, min(c + ${at}u, ${width - 1}u)), c < ${width - at}u)`;
      const below = (j: number): string => {
        const { g, lane } = this.#row(j);
        return broadcast(`l_${g}`, lane);
      };
      const turn = [
        `let root = checked_pivot(subgroupShuffle(sum_${g0}_${J0}.x, c), subgroupShuffle(diagonal_${g0}, c));`,
        ...groups.map((g) => `let l_${g} = sum_${g}_${J0}.x / root;`),
        ...groups.map((g) => `sum_${g}_${J0}.x = l_${g};`),
        ...range(this.#blocks, J0).flatMap((J) => {
          const entry = (at: number): string => (J >= J1 ? below(4 * J + at) : J === J0 && at === 0 ? "0.0" : within(4 * (J - J0) + at));
          return [
            `let column_${J} = vec4f(${range(4).map(entry).join(", ")});`,
            ...groups.filter((g) => J < this.#columns(g)).map((g) => `sum_${g}_${J} -= l_${g} * column_${J};`),
          ];
        }),
        ...groups.flatMap(moved),
      ];
      const pivots = Math.min(width, last - first);
      const loop = `for (var c = 0u; c < turns(${pivots}u); c++) {\n${lines(turn)}  }`;
      // The right-hand side's own column has no pivot: it moves up without.
      return pivots < width ? [loop, ...groups.flatMap(moved)] : [loop];
    });
  }

  /**
   * Back substitution, a group of rows at a time. What the rows that are solved have left of the right-hand side lies
   * scattered over the lanes: each takes off what its own rows make of it.
   */
  #substitute(): string[] {
    const last = 4 * this.#blocks - 1;
    const rhs = this.#row(last);
    return [
      ...range(this.#blocks).map((J) => `var left_${J} = select(vec4f(), sum_${rhs.g}_${J} + noise(${J}u), lane == ${rhs.lane}u);`),
      ...range(this.#groups)
        .reverse()
        .flatMap((g) => {
          const first = g * this.#size;
          const before = first / 4;
          return [
            `var own_${g} = 0.0;`,
            ...range(Math.min(last, first + this.#size), first)
              .reverse()
              .flatMap((k) => {
                const { lane, J: J0, c } = this.#row(k);
                return [
                  `let x_${k} = sum_of_lanes(left_${J0}[${c}]) / ${broadcast(`sum_${g}_${J0}[${c}]`, lane)};`,
                  `solution_${J0}[${c}] = x_${k};`,
                  `own_${g} = select(own_${g}, x_${k}, lane == ${lane}u);`,
                  ...range(J0 + 1, before).map((J) => `left_${J} -= select(0.0, x_${k}, lane == ${lane}u) * sum_${g}_${J};`),
                ];
              }),
            ...range(before).map((J) => `left_${J} -= own_${g} * sum_${g}_${J};`),
          ];
        }),
      `solution_${rhs.J}[RHS_AT] = 0.0;`,
    ];
  }

  #biasAfter(): string[] {
    const { J, c } = this.#row(this.#K);
    const sum = range(J + 1)
      .map((at) => ` - dot(coupling_${at}, solution_${at})`)
      .join("");
    return [`solution_${J}[${c}] = (bias_sum${sum}) / bias_precision;`];
  }

  /** Σ e² at the solution: see squared_error in gram-solve.wgsl. What elimination leaves of it is in the last row. */
  #leaveErrors(): string[] {
    const last = 4 * this.#blocks - 1;
    const { g, lane, J, c } = this.#row(last);
    return [
      `var error = ${broadcast(`sum_${g}_${J}[${c}]`, lane)};`,
      ...range(this.#blocks).map((at) => `error -= dot(prior_precisions(${at}u, weight) * solution_${at}, solution_${at});`),
      `solution_${this.#blocks - 1}[RHS_AT] = error / settings.lambda;`,
    ];
  }

  /**
   * Σ E[e²] and log|Γ|, as leave_errors and log_determinant of gram-solve.wgsl and spread-diagonal.wgsl have them. The
   * corner, λ Σ e², is no precision and may be 0.
   */
  #leaveExpectedErrors(): string[] {
    const last = 4 * this.#blocks - 1;
    const { g, lane, J, c } = this.#row(last);
    const inverse = (i: number): string => {
      const { g, lane } = this.#row(i);
      return broadcast(`inverse_${g}`, lane);
    };
    const isCoordinate = (g: number): string => `${g * this.#size}u + lane <= K`;
    return [
      ...range(this.#groups).map((g) => `let inverse_${g} = 1.0 / diagonal_${g};`),
      ...range(this.#blocks).map(
        (J) =>
          `variances_${J} = vec4f(${range(4 * J + 4, 4 * J)
            .map(inverse)
            .join(", ")});`,
      ),
      `var error = ${broadcast(`sum_${g}_${J}[${c}]`, lane)};`,
      ...range(this.#blocks).flatMap((at) => [
        `let precisions_${at} = prior_precisions(${at}u, weight);`,
        `error -= dot(precisions_${at} * solution_${at}, solution_${at});`,
        `error += dot((1.0 - precisions_${at} * variances_${at})${at === J ? ".xyz, vec3f(1.0)" : ", vec4f(1.0)"});`,
      ]),
      "expected_error = error / settings.lambda;",
      "var log_determinant = 0.0;",
      ...range(this.#groups).map((g) => `log_determinant += select(0.0, log(inverse_${g}), ${isCoordinate(g)});`),
      `solution_${J}[RHS_AT] = sum_of_lanes(log_determinant);`,
    ];
  }

  /** What a row carries behind its parameters. */
  #writeSpread(): string[] {
    const { J, c } = this.#row(this.#K);
    return [
      `let bias_variance = variances_${J}[${c}];`,
      ...range(this.#blocks, J).map((at) => `variances_${at} *= is_factor(${at}u);`),
      `variances_${this.#blocks - 1}[RHS_AT] = bias_variance;`,
      ...this.#write("variances"),
      "if (lane == 0u) { solved_rows[to + SPREAD - 1u] = vec4f(expected_error, 0.0, 0.0, 0.0); }",
    ];
  }

  /** Stores a vec4 for each block, each lane its own ones. */
  #write(name: string): string[] {
    return range(Math.ceil(this.#blocks / this.#size)).flatMap((turn) => {
      const blocks = range(Math.min(this.#blocks, (turn + 1) * this.#size), turn * this.#size);
      const [first, ...others] = blocks;
      const mine = others.reduce((text, J) => `select(${text}, ${name}_${J}, lane == ${J % this.#size}u)`, `${name}_${first}`);
      return [`if (lane < ${blocks.length}u) { solved_rows[to + ${first}u + lane] = ${mine}; }`];
    });
  }
}
