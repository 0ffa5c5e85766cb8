// What kernels by subgroups are written out with, for a number of factors and a subgroup size: statements for every
// variable of a lane, since registers want constant indices, and exchanges between lanes.

/** Whole numbers from `from` on, below `count`. */
export const range = (count: number, from = 0): number[] => Array.from({ length: Math.max(0, count - from) }, (_, at) => from + at);

export const lines = (statements: readonly string[]): string => statements.map((statement) => `  ${statement}\n`).join("");

export const functionOf = (signature: string, statements: readonly string[]): string => `fn ${signature} {\n${lines(statements)}}\n`;

/** A shuffle from a constant lane: llvmpipe makes one instruction of it, and more than ten of a broadcast. */
export const broadcast = (value: string, lane: number | string): string =>
  `subgroupShuffle(${value}, ${typeof lane === "number" ? `${lane}u` : lane})`;

/** Variables take the values of those behind them, and the last ones new values. */
export function moved(names: readonly string[], next: readonly string[]): string[] {
  const after = [...names, ...next].slice(next.length);
  return names.map((name, at) => `${name} = ${after[at]};`);
}

/**
 * Statements for each variable in its turn, `at`: each is the first once, and the others move up, so that none is
 * indexed.
 *
 * @param next what the statements make, which becomes the last ones. More than one: so many are taken in a turn.
 */
export function inTurn(names: readonly string[], statements: readonly string[], next: readonly string[] = ["next"], number = "at"): string {
  return `for (var ${number} = 0u; ${number} < turns(${names.length / next.length}u); ${number}++) {\n${lines([...statements, ...moved(names, next)])}  }`;
}

/**
 * The statements of one of several cases, by a number that all lanes share, which they leave as it is. For compilers this
 * is shorter than `choose`: a variable that one case sets is joined once after it, not at every fork above.
 */
export const oneOf = (number: string, cases: readonly (readonly string[])[]): string[] =>
  cases.flatMap((statements, at) => [`if (${number} == ${at}u) {`, ...statements, "}"]);

/** The same by forks, where it is done so often that asking for each case would take long. */
export function choose(number: string, cases: readonly (readonly string[])[], first = 0): string[] {
  if (cases.length === 1) return [...cases[0]];
  const half = Math.ceil(cases.length / 2);
  return [
    `if (${number} < ${first + half}u) {`,
    ...choose(number, cases.slice(0, half), first),
    "} else {",
    ...choose(number, cases.slice(half), first + half),
    "}",
  ];
}

/** The bits of a number below a subgroup's size, `bit_0`, …, which `select`, `sumsByLane` and `exchange` want. */
export const bits = (number: string, size: number): string[] =>
  range(Math.log2(size)).map((power) => `let bit_${power} = (${number} & ${2 ** power}u) != 0u;`);

/** One of several values, by the number whose `bits` are declared. */
export function select(values: readonly string[], power = Math.ceil(Math.log2(values.length)) - 1): string {
  if (values.length === 1) return values[0];
  const half = 2 ** power;
  if (values.length <= half) return select(values, power - 1);
  return `select(${select(values.slice(0, half), power - 1)}, ${select(values.slice(half), power - 1)}, bit_${power})`;
}

/** Distances of lanes that meet in turn, so that each has to do with all. */
export const lanesApart = (size: number): number[] => range(Math.log2(size)).map((power) => 2 ** power);
const lanesAlwaysNearer = (size: number): number[] => lanesApart(size).reverse();

/** A function that gives every lane the sum over lanes. */
export const sumOfLanes = (size: number): string =>
  functionOf("sum_of_lanes(x: f32) -> f32", [
    "var sum = x;",
    ...lanesApart(size).map((lanes) => `sum += subgroupShuffleXor(sum, ${lanes}u);`),
    "return sum;",
  ]);

/**
 * Of values that every lane has, one for each lane: each gets the sum over lanes of its own. The `bits` are the lane's.
 *
 * @param name of the result.
 */
export function sumsByLane(name: string, values: readonly string[], size: number): string[] {
  const statements: string[] = [];
  let given = range(size).map((at) => values[at] ?? "0.0");
  for (const apart of lanesAlwaysNearer(size)) {
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

/** Lane l's value i, of as many as there are lanes, becomes lane i's value l. The `bits` are the lane's. */
export function exchange(values: readonly string[]): { statements: string[]; exchanged: readonly string[] } {
  const size = values.length;
  let names = range(size).map((i) => `t_${i}`);
  const statements = names.map((name, i) => `let ${name} = ${values[i]};`);
  for (const apart of lanesAlwaysNearer(size)) {
    const bit = `bit_${Math.log2(apart)}`;
    const next = range(size).map((i) => `t_${apart}_${i}`);
    for (const i of range(size).filter((at) => Math.floor(at / apart) % 2 === 0)) {
      const [low, high] = [names[i], names[i + apart]];
      statements.push(
        `let other_${apart}_${i} = subgroupShuffleXor(select(${high}, ${low}, ${bit}), ${apart}u);`,
        `let ${next[i]} = select(${low}, other_${apart}_${i}, ${bit});`,
        `let ${next[i + apart]} = select(other_${apart}_${i}, ${high}, ${bit});`,
      );
    }
    names = next;
  }
  return { statements, exchanged: names };
}
