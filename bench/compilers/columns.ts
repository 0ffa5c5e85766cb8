// How often a wave comes to the instructions of what is done column by column of tiles: the factorization and the
// substitution of gram-solve.wgsl, as a loop or written out.

import { type Block, type Instruction, type Loop, multiplyAddsOf, type Region, regionsOf, sum } from "./machine-code.js";
import { type Shape, wavesOf } from "./shape.js";

export type ColumnPhase = "factorization" | "substitution";

/** Instructions, and how often each wave comes to them, on average. */
export interface Counted {
  readonly times: number;
  readonly instructions: readonly Instruction[];
}

/** One of a lane's tiles, by its place in the patch. */
interface Slot {
  readonly down: number;
  readonly right: number;
}

/** Whether column k has something to do with a tile. */
type Condition = (I: number, J: number, k: number) => boolean;

/**
 * Of what lies between two barriers, the shares of waves that enter its branches, in turn.
 * @param columns that are meant; shares are of all of them.
 * @param groups of slots: one each where there is code for each, all in one where there is a loop over them.
 */
type Branches = (columns: readonly number[], groups: readonly (readonly Slot[])[]) => number[];

/** Multiply-adds of a tile, at least: by one of the panel; of a block of the substitution, and by it. */
const PANEL = 64;
const BACK = 6;
const ROW = 12;

/** Multiply-adds of a loop, at least. */
export const leastOf = (phase: ColumnPhase, { height, width }: Shape): number =>
  phase === "factorization" ? PANEL * height * width : BACK + ROW * height * width;

const isDiagonal = ({ down, right }: Slot): boolean => down === right;
const slotsOf = ({ height, width }: Shape): Slot[] =>
  Array.from({ length: height * width }, (_, slot) => ({ down: Math.floor(slot / width), right: slot % width }));
const columnsOf = ({ blocks }: Shape): number[] => Array.from({ length: blocks }, (_, k) => k);

/**
 * The parts of a phase, between barriers, as compilers may have them.
 * @param lanes of a wave.
 */
function expectedOf(phase: ColumnPhase, shape: Shape, lanes: number): Branches[][] {
  const { blocks, height, width, team, spread } = shape;
  const patches: { row: number; column: number }[] = [];
  for (let column = width * (Math.ceil(blocks / width) - 1); column >= 0; column -= width)
    for (let row = column; row < blocks; row += height) patches.push({ row, column });
  if (patches.length !== team) throw new Error(`${team} lanes have ${patches.length} patches of tiles`);
  const waves = wavesOf(shape, lanes, (lane) => patches[lane]);
  /** Of all waves, columns and slots, those with a tile. */
  const share = (columns: readonly number[], group: readonly Slot[], wanted: Condition): number => {
    let entered = 0;
    for (const wave of waves)
      for (const k of columns)
        for (const { down, right } of group)
          entered += Number(
            wave.some(({ row, column }) => {
              const [I, J] = [row + down, column + right];
              return I < blocks && J <= I && wanted(I, J, k);
            }),
          );
    return entered / (waves.length * columns.length * group.length);
  };
  const last = blocks - 1;
  const diagonal: Condition = (I, J, k) => I === k && J === k;
  const turned: Condition = (I, J, k) => diagonal(I, J, k) && k < last;
  const corner: Condition = (I, J, k) => diagonal(I, J, k) && k === last;
  const below: Condition = (I, J, k) => J === k && I > k;
  const before: Condition = (I, J, k) => I === k && J < k;
  // There is no code for tiles on the diagonal where none of a group ever is.
  const each =
    (...conditions: Condition[]): Branches =>
    (columns, groups) =>
      groups.flatMap((group) =>
        conditions
          .filter((condition) => group.some(isDiagonal) || ![diagonal, turned, corner].includes(condition))
          .map((condition) => share(columns, group, condition)),
      );
  if (phase === "substitution") return [[each(diagonal), each(before), each()]];
  if (spread !== "full") return [[each(diagonal), each(below), each((_, J, k) => J > k)]];
  // As sweep.wgsl has its branches: the last block is one of its own. Compilers may leave out that which turns signs.
  const row: Condition = (I, J, k) => before(I, J, k) && k < last;
  const lastRow: Condition = (I, J, k) => before(I, J, k) && k === last;
  const others: Condition = (I, J, k) => I !== k && J !== k;
  return [each(below, row, corner, lastRow, others), each(below, turned, row, corner, lastRow, others)].map((sweep) => [
    each(diagonal, below, before),
    sweep,
    each(),
  ]);
}

const has = (blocks: readonly Block[], { first, end }: Region, what: (instruction: Instruction) => boolean): boolean =>
  blocks.slice(first, end).some(({ instructions }) => instructions.some(what));
const isFactorization = (blocks: readonly Block[], region: Region): boolean => has(blocks, region, ({ isRoot }) => isRoot);

/** Instructions of a branch that does no more than move a tile. */
const MOVES = 16;

/**
 * Branches that do work: those that multiply, touch workgroup memory or do more than move a tile. They are the
 * innermost ones, but the factorization of a tile, which has roots, is one as a whole.
 */
const branchesOf = (blocks: readonly Block[], regions: readonly Region[]): Region[] =>
  regions.flatMap((region) => {
    if (isFactorization(blocks, region)) return [region];
    const inner = branchesOf(blocks, region.inner);
    if (inner.length > 0) return inner;
    const works = has(blocks, region, ({ multiplyAdds, workgroup }) => multiplyAdds > 0 || workgroup !== undefined);
    const length = blocks.slice(region.first, region.end).reduce((total, { instructions }) => total + instructions.length, 0);
    return works || length > MOVES ? [region] : [];
  });

/** How often a wave comes to a block: as often as to the branch that it is in, or to any of those that it is around. */
function timesOf(number: number, regions: readonly Region[], shares: ReadonlyMap<Region, number>, around = 1): number {
  const region = regions.find(({ first, end }) => number >= first && number < end);
  if (!region) return around;
  const own = shares.get(region);
  if (own !== undefined) return own;
  const within = [...shares].filter(([{ first }]) => first >= region.first && first < region.end).map(([, share]) => share);
  return timesOf(number, region.inner, shares, within.length > 0 ? Math.max(...within) : around);
}

/**
 * A loop over columns of tiles; one within is over a lane's tiles. Where a workgroup is one wave, it has no barriers.
 * @throws Error where it has other branches than are expected.
 */
export function countLoop(blocks: readonly Block[], loop: Loop, phase: ColumnPhase, shape: Shape, lanes: number): Counted[] {
  const slots = slotsOf(shape);
  if (loop.inner.length > (slots.length > 1 ? 1 : 0)) throw new Error(`there are loops within that of ${phase}`);
  const numbers = [...loop.blocks].sort((a, b) => a - b);
  const barriersBefore = (number: number): number =>
    sum(
      numbers.filter((other) => other < number).flatMap((other) => blocks[other].instructions),
      ({ isBarrier }) => Number(isBarrier),
    );
  const end = numbers[numbers.length - 1] + 1;
  const barriers = barriersBefore(end);
  const inner = loop.inner.at(0);
  const candidates = expectedOf(phase, shape, lanes).map((parts) =>
    parts.map((branches, part) =>
      branches(columnsOf(shape), inner && barriersBefore(inner.header) === part ? [slots] : slots.map((slot) => [slot])),
    ),
  );
  if (barriers !== 0 && barriers !== candidates[0].length - 1) throw new Error(`the loop of ${phase} has ${barriers} barriers`);
  const regions = regionsOf(blocks, loop.header, end);
  const found = branchesOf(blocks, regions);
  const isAlike = (parts: readonly number[][]): boolean =>
    barriers === 0
      ? found.length === parts.flat().length
      : parts.every((list, part) => found.filter(({ first }) => barriersBefore(first) === part).length === list.length);
  const shares = candidates.find(isAlike)?.flat();
  if (!shares) throw new Error(`the loop of ${phase} has ${found.length} branches, not ${candidates[0].flat().length}`);
  const ofBranches = new Map(found.map((region, at) => [region, shares[at]]));
  return numbers.map((number) => {
    const turns = inner?.blocks.has(number) ? slots.length : 1;
    return { times: shape.blocks * turns * timesOf(number, regions, ofBranches), instructions: blocks[number].instructions };
  });
}

/**
 * Phases of so few columns that they are no loops, between two blocks. The factorization begins with the first root;
 * the solution, which is stored behind it, counts with it.
 * @throws Error where there are other branches than are expected.
 */
export function countWrittenOut(
  blocks: readonly Block[],
  first: number,
  end: number,
  phases: readonly ColumnPhase[],
  shape: Shape,
  lanes: number,
): (Counted & { phase: ColumnPhase })[] {
  const regions = regionsOf(blocks, first, end);
  const found = branchesOf(blocks, regions);
  const isWork = (phase: ColumnPhase, region: Region, place: number): boolean => {
    const [roots, least] = phase === "factorization" ? [place % 3 === 0, [0, 0, PANEL][place % 3]] : [false, [BACK, ROW][place % 2]];
    const instructions = blocks.slice(region.first, region.end).flatMap((block) => block.instructions);
    return isFactorization(blocks, region) === roots && sum(instructions, multiplyAddsOf) >= least;
  };
  // Before the substitution, a branch stores the solution.
  let at = phases[0] === "factorization" ? found.findIndex((region) => isFactorization(blocks, region)) : 1;
  return phases.flatMap((phase) => {
    const ofColumn = (k: number): number[] => expectedOf(phase, shape, lanes)[0].flatMap((branches) => branches([k], [slotsOf(shape)]));
    const columns = columnsOf(shape);
    // Nothing is before the first column.
    const expected = phase === "factorization" ? columns.flatMap(ofColumn) : columns.reverse().flatMap(ofColumn).slice(0, -1);
    const own = found.slice(Math.max(at, 0), at + expected.length);
    if (own.length < expected.length || !own.every((region, place) => isWork(phase, region, place)))
      throw new Error(`the ${phase} has no loop, nor the branches that are expected instead`);
    at += expected.length + 1;
    const from = own[0].first;
    const to = phase === "factorization" ? (found.at(at)?.first ?? end) : own[own.length - 1].end;
    const shares = new Map(own.map((region, place) => [region, expected[place]]));
    return blocks
      .slice(from, to)
      .map(({ instructions }, place) => ({ phase, instructions, times: timesOf(from + place, regions, shares) }));
  });
}
