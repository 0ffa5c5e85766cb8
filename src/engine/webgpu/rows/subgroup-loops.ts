// Writes out the statements of gram-solve-subgroup.wgsl for a number of factors and a subgroup size: one for every
// column that a lane holds of a row. Twin: src/engine/reference/gram-solve.ts.

import { MANY_LANES, type SubgroupPlan } from "./subgroup-plan.js";
import {
  bits,
  broadcast,
  choose,
  exchange,
  functionOf,
  inTurn,
  lanesApart,
  lines,
  moved,
  oneOf,
  range,
  select,
  sumOfLanes,
  sumsByLane,
} from "./written-out.js";

/** So many groups of columns, or fewer, are written out one after the other: loops over them would only cost time. */
const FEW_GROUPS = 3;

/** More groups than these: sums are stored, and stored ones added, by so many pairs of groups a turn. */
const SOME_GROUPS = 5;
const PAIRS_A_TURN = 3;

/** More than these: there is one access to variances in the text, though loops over it then cost a little time. */
const MANY_GROUPS = 7;

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
  readonly #pairsATurn: number;

  constructor(K: number, { blocks, size, groups }: SubgroupPlan) {
    this.#K = K;
    this.#blocks = blocks;
    this.#size = size;
    this.#rows = 4 * blocks;
    this.#groups = groups;
    this.#pairsATurn = groups > SOME_GROUPS ? PAIRS_A_TURN : 1;
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
      functionOf("store_sums(to: u32, given: bool)", this.#storeSums()),
      functionOf("add_stored_sums(from_: u32, segments: u32, lane: u32)", this.#addStoredSums(base)),
      functionOf("add_prior(weight: f32, lane: u32)", this.#addPrior()),
      functionOf("factor(lane: u32)", this.#factor()),
      functionOf("substitute(old_bias: f32, lane: u32)", this.#substitute(noise)),
      functionOf("bias_after(old_bias: f32, lane: u32)", this.#biasAfter()),
      functionOf("leave_errors(lane: u32)", this.#leaveErrors()),
      functionOf("leave_expected_errors(lane: u32)", diagonal ? this.#leaveExpectedErrors() : []),
      functionOf("write_rows(to: u32, given: bool, lane: u32)", this.#writeRows(diagonal)),
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
      const isIn = (g: number): string => (group === "group" ? `group == ${g}u` : `${group === g}`);
      const blockOf = (w: string): string => (group === "group" ? `(group * ${width}u + ${w})` : `${group * width}u + ${w}`);
      // Of a last group that is not whole, the blocks that are missing are 0.
      const some = (w: string, value: string): string => (ragged ? `select(0.0, ${value}, ${blockOf(w)} < BLOCKS)` : value);
      const block = (w: string): string => (ragged ? `min(${blockOf(w)}, RHS_BLOCK)` : blockOf(w));
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
      return [
        ...range(width).map((w) => `let y_${w} = ${some(`${w}u`, "scale")} * fixed_block(row + ${block(`${w}u`)});`),
        ...statements,
        ...(diagonal
          ? this.#ownSpread(
              (w) => `${some(w, "weight")} * fixed_rows[row + BLOCKS + ${block(w)}]`,
              group === "group" && this.#groups > MANY_GROUPS,
            )
          : []),
        ...(group === "group" ? this.#casesOf("group", groups.map(keep)) : keep(group)),
      ];
    };
    // What loops have read is times √λ only here: llvmpipe loads a variable for each of its uses, but makes a product once.
    const looped = this.#groups > FEW_GROUPS;
    const own = (g: number, q: number): string => `${looped ? "scaled" : "own"}_${g}_${q}`;
    const times = looped ? "" : "root_of_lambda * ";
    const add = [
      ...(looped ? groups.flatMap((g) => range(size).map((q) => `let ${own(g, q)} = root_of_lambda * own_${g}_${q};`)) : []),
      ...groups.flatMap((h) =>
        this.#places(h).flatMap((j, i) => [
          ...range(size).map((q) => `let y_${j}_${q} = ${broadcast(own(h, q), i)};`),
          ...range(this.#groups, h).map(
            (g) =>
              `sum_${g}_${j} += ${range(size)
                .map((q) => `${own(g, q)} * y_${j}_${q}`)
                .join(" + ")};`,
          ),
        ]),
      ),
    ];
    return [
      ...bits("lane", this.#size),
      "let root_of_lambda = sqrt(settings.lambda);",
      ...(diagonal ? groups.map((g) => `spread_${g} = 0.0;`) : []),
      `for (var start = 0u; start < count; start += SUBGROUP) {\n${lines([
        "let given = start + lane < count;",
        "let rating = first + select(0u, start + lane, given);",
        "let row = row_of(rating);",
        "let root = root_of(rating);",
        `let scale = select(0.0, ${times}root, given);`,
        `let last = select(0.0, ${times}last_place(rating, row, root), given);`,
        ...(diagonal ? ["let weight = select(0.0, settings.lambda * weight_at(rating), given);"] : []),
        ...(looped
          ? [`for (var group = 0u; group < turns(${this.#groups}u); group++) {`, ...read("group"), "}"]
          : groups.flatMap((g) => ["{", ...read(g), "}"])),
        ...add,
      ])}  }`,
      ...(diagonal
        ? groups.flatMap((g) => this.#places(g).map((j, i) => `sum_${g}_${j} += select(0.0, spread_${g}, lane == ${i}u);`))
        : []),
    ];
  }

  /**
   * `own_spread`: what the ratings of all lanes add to the variance of a lane's row.
   *
   * @param block the variances of a lane's rating, of those rows that lanes from 4 w on have.
   * @param turns whether there is one access to them in the text.
   */
  #ownSpread(block: (w: string) => string, turns: boolean): string[] {
    const width = this.#size / 4;
    const parts = range(4).map((c) => `part_${c}`);
    const take = (w: string): string[] => [
      `var v = ${block(w)};`,
      ...lanesApart(this.#size)
        .filter((lanes) => lanes >= 4)
        .map((lanes) => `v += subgroupShuffleXor(v, ${lanes}u);`),
      ...parts.map((name, c) => `${name} = select(${name}, v[${c}], lane / 4u == ${w});`),
    ];
    return [
      ...parts.map((name) => `var ${name} = 0.0;`),
      ...(turns && width > 1
        ? [`for (var w = 0u; w < turns(${width}u); w++) {`, ...take("w"), "}"]
        : range(width).flatMap((w) => ["{", ...take(`${w}u`), "}"])),
      ...sumsByLane("own_spread", parts, 4),
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

  /**
   * All sums, pair after pair, each of as many as a subgroup has lanes: where columns end before, of variables beyond. A
   * few pairs have their turn at a time.
   */
  #sumsInTurn(): { names: string[]; beyond: string[]; own: number[] } {
    const size = this.#size;
    const pairs = this.#pairs().map((pair) => {
      const own = this.#names(pair);
      return [...own, ...range(size, own.length).map((i) => `beyond_${pair.join("_")}_${i}`)];
    });
    const turns = Math.ceil(pairs.length / this.#pairsATurn);
    const taken = Math.ceil(pairs.length / turns) * size;
    const names = [...pairs.flat(), ...range(turns * taken, size * pairs.length).map((i) => `beyond_${i}`)];
    return { names, beyond: names.filter((name) => name.startsWith("beyond")), own: range(taken) };
  }

  /**
   * Stores a segment's sums. Variables move up, here and where sums are added: compilers take less time than over a case
   * for each pair.
   */
  #storeSums(): string[] {
    const { names, beyond, own } = this.#sumsInTurn();
    const kept = own.map((i) => `kept_${i}`);
    const first = kept.slice(0, 4);
    return [
      ...beyond.map((name) => `var ${name} = 0.0;`),
      inTurn(
        names,
        [
          ...kept.map((name, i) => `var ${name} = ${names[i]};`),
          inTurn(
            kept,
            [
              `let next = vec4f(${first.join(", ")});`,
              `let place = at * ${kept.length / 4}u + c;`,
              `if (given && place < ${this.#storedBlocks()}u) { partial_sums[to + place * SUBGROUP] = next; }`,
            ],
            range(4).map((i) => `next[${i}]`),
            "c",
          ),
        ],
        kept,
      ),
    ];
  }

  /** vec4s that a lane has among the partial sums. */
  #storedBlocks(): number {
    return (this.#pairs().length * this.#size) / 4;
  }

  /** Adds the sums of a row's segments, and the matrix that all rows share, which is one more. */
  #addStoredSums(base: boolean): string[] {
    const { names, beyond, own } = this.#sumsInTurn();
    const turns = names.length / own.length;
    const width = this.#size / 4;
    const parts = own.map((i) => `part_${i}`);
    const components = range(4).map((i) => `next[${i}]`);
    const load = (c: string): string => `partial_sums[place + (at * ${own.length / 4}u + ${c}) * SUBGROUP]`;
    const read = (c: string): string[] =>
      base
        ? [
            "var next = vec4f();",
            `if (stored) { next = ${load(c)}; } else {`,
            "let own = min(SUBGROUP * g + lane, 4u * BLOCKS - 1u);",
            ...range(4).map((i) => `next[${i}] = shared_entry(own / 4u, own % 4u, min(block, RHS_BLOCK), ${i}u);`),
            "}",
            `let ends = block + 1u == ${width}u * (g + 1u);`,
            "block = select(block + 1u, 0u, ends);",
            "g += u32(ends);",
          ]
        : [`let next = ${load(c)};`];
    // Every row adds a matrix that all share: there a turn asks for its case. Long rows alone add segments: variables move up.
    const next = own.map((i) => `next_${i}`);
    const cases = range(turns).map((turn) =>
      parts.flatMap((part, i) => {
        const name = names[turn * parts.length + i];
        // Without such an instruction llvmpipe makes a choice of each variable, in every turn.
        return name.startsWith("beyond") ? [] : [`${name} += ${i === 0 ? `subgroupShuffle(${part}, lane)` : part};`];
      }),
    );
    const add = base
      ? this.#pairsATurn > 1
        ? oneOf("at", cases)
        : this.#casesOf("at", cases)
      : [...parts.map((part, i) => `let ${next[i]} = ${names[i]} + ${part};`), ...moved(names, next)];
    return [
      ...(base ? ["var g = 0u;", "var block = 0u;"] : beyond.map((name) => `var ${name} = 0.0;`)),
      `for (var turn = 0u; turn < (segments + u32(BASE)) * ${turns}u; turn++) {\n${lines([
        `let at = turn % ${turns}u;`,
        `let place = from_ + turn / ${turns}u * PARTIAL;`,
        ...(base
          ? [`let stored = turn < segments * ${turns}u;`, "g = select(g, 0u, at == 0u);", "block = select(block, 0u, at == 0u);"]
          : []),
        ...parts.map((name) => `var ${name} = 0.0;`),
        ...(this.#pairsATurn > 1
          ? [inTurn(parts, read("c"), components, "c")]
          : range(width).flatMap((w) => ["{", ...read(`${w}u`), ...components.map((value, i) => `part_${4 * w + i} = ${value};`), "}"])),
        ...add,
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

  /** Stores a row and what it carries behind its parameters: a group of coordinates a turn, the lone error in the last. */
  #writeRows(diagonal: boolean): string[] {
    const groups = range(this.#groups);
    const names = ["solution", ...(diagonal ? ["variance"] : [])].flatMap((name) => groups.map((g) => `${name}_${g}`));
    const turn = [
      `let next = ${names[0]};`,
      `let own = SUBGROUP * (at % ${this.#groups}u) + lane;`,
      `if (given && own < ${diagonal ? `select(4u * BLOCKS, 4u, at == ${names.length}u)` : "4u * BLOCKS"}) {`,
      `solved_numbers[4u * (to + at / ${this.#groups}u * BLOCKS) + own] = next;`,
      "}",
    ];
    return [
      ...(diagonal ? ["expected_error = select(0.0, expected_error, lane == 0u);"] : []),
      inTurn([...names, ...(diagonal ? ["expected_error"] : [])], turn),
    ];
  }
}
