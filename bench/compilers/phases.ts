// Where the instructions of a row go, and what share of them is useful: the machine code of `whole_rows`, cut by its
// loops into phases, each as often as the plan of the kernel says. A wave passes over what none of its lanes enters: in
// the factorization, the substitution and the sums of variances, branches count as often as waves have a lane that takes
// them. Elsewhere every branch counts as taken.

import { type Block, blocksOf, type Instruction, isBarrier, isRoot, isVector, lanesOfWave, type Loop, loopsOf } from "./machine-code.js";
import { multiplyAdds, type Region, regionAt, regionsOf, storesInWorkgroup, sum } from "./machine-code.js";

/** Ratings of the rows that are counted. The longest are really cut into segments. */
const RATINGS = [20, 154, 400, 5000];
export const PHASES = ["staging", "products", "spreads", "factorization", "substitution", "rest"] as const;
type Phase = (typeof PHASES)[number];

/** Of one row on one card. */
export interface PhaseCounts {
  readonly family: string;
  readonly kernel: string;
  readonly ratings: number;
  /** Waves that a row takes: some of one where rows share them. */
  readonly waves: number;
  /** Issued by all of them. */
  readonly instructions: Readonly<Record<Phase, number>>;
  /** Those of them that calculate in every lane, of all phases. */
  readonly vectorInstructions: number;
  /** Multiply-adds that the row needs, of those that the lanes could have done in as many vector instructions. */
  readonly usefulShare: number;
}

/** How a kernel is cut, as its text says. */
interface Shape {
  readonly K: number;
  readonly blocks: number;
  readonly team: number;
  readonly teams: number;
  readonly height: number;
  readonly width: number;
  readonly stage: number;
  readonly slice: number;
  readonly spread: "none" | "diagonal" | "full";
}

function shapeOf(kernel: string, code: string): Shape {
  const number = (name: string): number => {
    const found = new RegExp(`const ${name} = (\\d+)u;`).exec(code);
    if (!found) throw new Error(`the text of ${kernel} has no constant ${name}: its phases cannot be counted`);
    return Number(found[1]);
  };
  const [K, blocks, team, teams, stage] = ["K", "BLOCKS", "TEAM", "TEAMS", "STAGE"].map(number);
  const [height, width, slice, carried] = ["HEIGHT", "WIDTH", "SLICE", "SPREAD"].map(number);
  const spread = carried === 0 ? "none" : carried === blocks + 1 ? "diagonal" : "full";
  return { K, blocks, team, teams, height, width, stage, slice, spread };
}

/** Multiply-adds of a row by the textbook; an inverse takes three times a solution's. */
const usefulMultiplyAdds = ({ K, spread }: Shape, ratings: number): number =>
  (ratings * (K + 2) * (K + 3)) / 2 + ((spread === "full" ? 3 : 1) * (K + 1) ** 3) / 6;

/** What a wave does so many times: a row, a stage of ratings, a rating. */
interface Part {
  readonly phase: Phase;
  readonly each: "row" | "stage" | "rating";
  readonly times: number;
  readonly instructions: readonly Instruction[];
}

export function phasesOf(family: string, kernel: string, code: string, machineCode: string): PhaseCounts[] {
  const shape = shapeOf(kernel, code);
  const lanes = lanesOfWave(machineCode);
  const parts = partsOf(`${kernel} on ${family}`, machineCode, shape);
  const waves = Math.ceil((shape.team * shape.teams) / lanes) / shape.teams;
  return RATINGS.map((ratings) => {
    const turns = { row: 1, stage: Math.ceil(ratings / shape.stage), rating: ratings };
    const count = (phase: Phase, of: (instruction: Instruction) => number): number => {
      const own = parts.filter((part) => part.phase === phase);
      return own.reduce((total, { each, times, instructions }) => total + waves * turns[each] * times * sum(instructions, of), 0);
    };
    const issued = PHASES.reduce((total, phase) => total + count(phase, (instruction) => Number(isVector(instruction))), 0);
    return {
      family,
      kernel,
      ratings,
      waves: rounded(waves),
      instructions: Object.fromEntries(PHASES.map((phase) => [phase, rounded(count(phase, () => 1))])) as Record<Phase, number>,
      vectorInstructions: rounded(issued),
      usefulShare: rounded(usefulMultiplyAdds(shape, ratings) / (issued * lanes)),
    };
  });
}

const rounded = (value: number): number => Number(value.toFixed(4));

/** Multiply-adds of a tile: by a pair of ratings, by a tile of the panel; of a block of the substitution. */
const PAIR = 32;
const PANEL = 64;
const BACK = 6;

/** @throws Error naming the kernel, where its loops are not those that are expected. */
function partsOf(kernel: string, machineCode: string, shape: Shape): Part[] {
  const blocks = blocksOf(machineCode);
  const lanes = lanesOfWave(machineCode);
  const slots = shape.height * shape.width;
  try {
    const loops = loopsOf(blocks);
    const at = loops.findIndex((loop) => multiplyAddsOf(blocks, loop) > 0);
    const [before, left] = [loops.slice(0, Math.max(at, 0)), loops.slice(Math.max(at, 0))];
    const take = (what: string, least: number): Loop => {
      const loop = left.shift();
      if (!loop) throw new Error(`${what} has no loop`);
      const found = multiplyAddsOf(blocks, loop);
      if (found < least) throw new Error(`the loop of ${what} has ${found} multiply-adds, not ${least} at least`);
      return loop;
    };
    const stages = take("staging", PAIR * slots);
    const parts = partsOfStage(blocks, stages, shape);
    const spreads = shape.spread === "none" ? undefined : take("covariances", 0);
    if (spreads) parts.push(...partsOfSpreads(blocks, spreads, shape, lanes));
    const owners = ownersOf(shape, lanes);
    let written: Instruction[] = [];
    if (shape.spread === "full" || multiplyAddsOf(blocks, left[0]) >= PANEL * slots) {
      parts.push(...partsOfColumns(blocks, take("the factorization", PANEL * slots), "factorization", shape, owners.factorization));
    } else {
      written = writtenOut(blocks, Math.max(...(spreads ?? stages).blocks) + 1, left[0].header, shape, lanes);
      parts.push({ phase: "factorization", each: "row", times: 1, instructions: written });
    }
    if (shape.spread !== "full")
      parts.push(...partsOfColumns(blocks, take("the substitution", BACK), "substitution", shape, owners.substitution));
    if (before.length > 1 || left.length > 1) throw new Error(`${before.length} loops precede staging, and ${left.length} end it`);
    // Workgroup memory is zeroed, a vec4 a lane at a time.
    const vec4s = shape.teams * (shape.slice + shape.stage * shape.height * Math.ceil(shape.blocks / shape.height));
    for (const loop of before) parts.push(...once(blocks, loop, Math.ceil(vec4s / (shape.team * shape.teams))));
    // Lanes write a block each.
    for (const loop of left) parts.push(...once(blocks, loop, Math.ceil(shape.blocks / shape.team)));
    const counted = new Set([...loops.flatMap((loop) => instructionsOf(blocks, loop)), ...written]);
    const rest = blocks.flatMap(({ instructions }) => instructions.filter((instruction) => !counted.has(instruction)));
    return [...parts, { phase: "rest", each: "row", times: 1, instructions: rest }];
  } catch (error) {
    throw new Error(`the phases of ${kernel} cannot be counted, for its machine code is not as expected: ${(error as Error).message}`);
  }
}

const sorted = (loop: Loop): number[] => [...loop.blocks].sort((a, b) => a - b);
const instructionsOf = (blocks: readonly Block[], loop: Loop): Instruction[] =>
  sorted(loop).flatMap((number) => blocks[number].instructions);
const multiplyAddsOf = (blocks: readonly Block[], loop: Loop | undefined): number =>
  loop ? sum(instructionsOf(blocks, loop), multiplyAdds) : 0;

/** A loop of the rest, which has none within. */
function once(blocks: readonly Block[], loop: Loop, times: number): Part[] {
  if (loop.inner.length > 0) throw new Error("there is a loop within a small one");
  return [{ phase: "rest", each: "row", times, instructions: instructionsOf(blocks, loop) }];
}

/** The loop that adds up the other side's covariances: all lanes', or, of diagonals, those of a lane for each block. */
function partsOfSpreads(blocks: readonly Block[], loop: Loop, shape: Shape, lanes: number): Part[] {
  if (loop.inner.length > 0) throw new Error("there is a loop within that of covariances");
  const entered = shape.spread === "diagonal" && regionAt(regionsOf(blocks), loop.header) !== undefined;
  const waves = wavesOf(shape, lanes, (lane) => lane);
  const times = entered ? waves.filter((wave) => wave.some((lane) => lane < shape.blocks)).length / waves.length : 1;
  return [{ phase: "spreads", each: "rating", times, instructions: instructionsOf(blocks, loop) }];
}

/** A factorization of so few columns that it is no loop: from its first root on. Only where a workgroup is one wave. */
function writtenOut(
  blocks: readonly Block[],
  from: number,
  to: number,
  { blocks: columns, team, teams }: Shape,
  lanes: number,
): Instruction[] {
  const straight = blocks.slice(from, to).flatMap(({ instructions }) => instructions);
  const first = straight.findIndex(isRoot);
  const found = sum(straight.slice(Math.max(first, 0)), multiplyAdds);
  if (first < 0 || found < PANEL * (columns - 1) || team * teams > lanes)
    throw new Error(`the factorization has no loop, and ${found} multiply-adds from its first root on`);
  return straight.slice(first);
}

/** What is known of a team's lanes, by wave of a workgroup. */
function wavesOf<T>({ team, teams }: Shape, lanes: number, of: (lane: number) => T): T[][] {
  const waves: T[][] = [];
  for (let lane = 0; lane < team * teams; lane++) (waves[Math.floor(lane / lanes)] ??= []).push(of(lane % team));
  return waves;
}

/**
 * Of a loop over columns of tiles, for each part between its barriers: what share of waves enters the regions that have
 * none within, in turn. Where a compiler may leave out a branch there are two such lists.
 */
type Owners = readonly (readonly (readonly number[])[])[];

/** @param lanes of a wave. */
function ownersOf(shape: Shape, lanes: number): { factorization: Owners; substitution: Owners } {
  const { blocks, height, width, team, spread } = shape;
  const patches: { row: number; column: number }[] = [];
  for (let column = width * (Math.ceil(blocks / width) - 1); column >= 0; column -= width)
    for (let row = column; row < blocks; row += height) patches.push({ row, column });
  if (patches.length !== team) throw new Error(`${team} lanes have ${patches.length} patches of tiles`);
  const waves = wavesOf(shape, lanes, (lane) => patches[lane]);
  const slots = Array.from({ length: height * width }, (_, slot) => ({ down: Math.floor(slot / width), right: slot % width }));
  /** Of all waves, columns and slots, those with a tile. */
  const share = (has: (I: number, J: number, k: number) => boolean, among = slots): number => {
    let entered = 0;
    for (const wave of waves)
      for (let k = 0; k < blocks; k++)
        for (const { down, right } of among)
          entered += Number(
            wave.some(({ row, column }) => row + down < blocks && column + right <= row + down && has(row + down, column + right, k)),
          );
    return entered / (waves.length * blocks * among.length);
  };
  const diagonal = share(
    (I, J, k) => I === k && J === k,
    slots.filter(({ down, right }) => down === right),
  );
  const below = share((I, J, k) => J === k && I > k);
  const before = share((I, J, k) => I === k && J < k);
  const substitution = [[[diagonal]], [[before]], [[1]]];
  if (spread !== "full") return { factorization: [[[diagonal]], [[below]], [[share((_, J, k) => J > k)]]], substitution };
  // As sweep.wgsl has its branches: the last block is one of its own.
  const last = blocks - 1;
  const diagonalOfAll = share((I, J, k) => I === k && J === k);
  const turned = share((I, J, k) => I === k && J === k && k < last);
  const row = share((I, J, k) => I === k && J < k && k < last);
  const ends = [share((I, J, k) => I === last && J === last && k === last), share((I, J, k) => I === last && J < last && k === last)];
  const others = share((I, J, k) => I !== k && J !== k);
  const second = [
    [below, row, ...ends, others],
    [below, turned, row, ...ends, others],
  ];
  return { factorization: [[[diagonalOfAll, below, before]], second, [[1]]], substitution };
}

/**
 * A loop over columns of tiles; one within is over a lane's tiles. Where a workgroup is one wave, it has no barriers, and
 * some lane enters everything.
 */
function partsOfColumns(blocks: readonly Block[], loop: Loop, phase: Phase, shape: Shape, owners: Owners): Part[] {
  const slots = shape.height * shape.width;
  if (loop.inner.length > (slots > 1 ? 1 : 0)) throw new Error(`there are loops within that of ${phase}`);
  const barriers = instructionsOf(blocks, loop).filter(isBarrier).length;
  if (barriers !== 0 && barriers !== owners.length - 1) throw new Error(`the loop of ${phase} has ${barriers} barriers`);
  const regions = regionsOf(blocks).filter(({ first, end }) => loop.blocks.has(first) && loop.blocks.has(end - 1));
  const partAt = (number: number): number =>
    sum(
      sorted(loop)
        .filter((other) => other < number)
        .flatMap((other) => blocks[other].instructions),
      (instruction) => Number(isBarrier(instruction)),
    );
  const shares = new Map<number, number>();
  owners.forEach((lists, part) => {
    const ends = regions.filter(({ first, inner }) => inner.length === 0 && partAt(first) === part);
    const list = lists.find(({ length }) => ends.length % length === 0);
    if (barriers > 0 && !list) throw new Error(`part ${part} of the loop of ${phase} has ${ends.length} branches`);
    ends.forEach(({ first }, at) => shares.set(first, barriers > 0 && list ? list[at % list.length] : 1));
  });
  const shareOf = ({ first, inner }: Region): number => shares.get(first) ?? Math.max(...inner.map(shareOf));
  return sorted(loop).map((number) => {
    const region = regionAt(regions, number);
    const turns = loop.inner.some((inner) => inner.blocks.has(number)) ? slots : 1;
    return { phase, each: "row", times: shape.blocks * turns * (region ? shareOf(region) : 1), instructions: blocks[number].instructions };
  });
}

/**
 * Staging and products of a stage. Products follow the last store of what is staged; their loop over pairs of ratings,
 * where it is one, turns as often as its multiply-adds demand.
 */
function partsOfStage(blocks: readonly Block[], loop: Loop, { stage, height, width }: Shape): Part[] {
  if (loop.inner.length > 1) throw new Error(`there are ${loop.inner.length} loops in that over stages`);
  const listed = [...loop.blocks]
    .sort((a, b) => a - b)
    .flatMap((number) => blocks[number].instructions.map((instruction) => ({ instruction, number })));
  const inner = loop.inner.at(0)?.blocks ?? new Set<number>();
  const from = listed.findLastIndex(({ instruction }) => storesInWorkgroup(instruction)) + 1;
  const to = listed.findLastIndex(({ instruction, number }) => multiplyAdds(instruction) > 0 || inner.has(number)) + 1;
  const within = (place: number): boolean => place >= from && place < to;
  const products = listed.slice(from, to);
  const [turned, straight] = [true, false].map((is) =>
    products.filter(({ number }) => inner.has(number) === is).map(({ instruction }) => instruction),
  );
  const wanted = (PAIR / 2) * height * width * stage;
  const turns = inner.size === 0 ? 0 : (wanted - sum(straight, multiplyAdds)) / sum(turned, multiplyAdds);
  const counted = sum(straight, multiplyAdds) + turns * sum(turned, multiplyAdds);
  if (counted !== wanted || !Number.isInteger(turns))
    throw new Error(`a stage multiplies ${counted} times, not ${wanted}, its loop turning ${turns} times`);
  const staging = listed.filter((_, place) => !within(place)).map(({ instruction }) => instruction);
  return [
    { phase: "staging", each: "stage", times: 1, instructions: staging },
    { phase: "products", each: "stage", times: 1, instructions: straight },
    { phase: "products", each: "stage", times: turns, instructions: turned },
  ];
}
