// Where the instructions of a row go, and what share of them is useful: the machine code of `whole_rows`, cut by its
// loops into phases, each as often as the plan of the kernel says. A wave passes over what none of its lanes enters:
// in the factorization, the substitution and the sums of variances, branches count as often as waves have a lane that
// takes them. Elsewhere every branch counts as taken. A wave is a warp of NVIDIA's cards, a thread of Intel's.

import { type ColumnPhase, countLoop, countWrittenOut, leastOf } from "./columns.js";
import { type Block, type Instruction, type Loop, loopsOf, type MachineCode, multiplyAddsOf, regionsOf, sum } from "./machine-code.js";
import { type Shape, shapeOf, wavesOf } from "./shape.js";

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
  /** Those of them, of all phases, that stand in the place of a multiply-add of every lane: on NVIDIA's cards all. */
  readonly vectorInstructions: number;
  /** Multiply-adds that the row needs, of those that the lanes could have done in as many vector instructions. */
  readonly usefulShare: number;
}

/** Multiply-adds of a row by the textbook; an inverse takes three times a solution's. */
const usefulMultiplyAdds = ({ K, spread }: Shape, ratings: number): number =>
  (ratings * (K + 2) * (K + 3)) / 2 + ((spread === "full" ? 3 : 1) * (K + 1) ** 3) / 6;

/** What a wave does so many times: a row, a stage of ratings, some whose covariances are added up at once. */
interface Part {
  readonly phase: Phase;
  readonly each: "row" | "stage" | "spreads";
  readonly times: number;
  readonly instructions: readonly Instruction[];
}

export function phasesOf(family: string, kernel: string, code: string, machineCode: MachineCode): PhaseCounts[] {
  const shape = shapeOf(kernel, code);
  const { lanes } = machineCode;
  const parts = partsOf(`${kernel} on ${family}`, machineCode, shape);
  const waves = Math.ceil((shape.team * shape.teams) / lanes) / shape.teams;
  return RATINGS.map((ratings) => {
    const turns = { row: 1, stage: Math.ceil(ratings / shape.stage), spreads: Math.ceil(ratings / shape.spreads) };
    const count = (phase: Phase, of: (instruction: Instruction) => number): number => {
      const own = parts.filter((part) => part.phase === phase);
      return own.reduce((total, { each, times, instructions }) => total + waves * turns[each] * times * sum(instructions, of), 0);
    };
    const issued = PHASES.reduce((total, phase) => total + count(phase, (instruction) => Number(instruction.isVector)), 0);
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

/** Multiply-adds of a tile by a pair of ratings. */
const PAIR = 32;

/** @throws Error naming the kernel, where its loops are not those that are expected. */
function partsOf(kernel: string, { blocks, lanes }: MachineCode, shape: Shape): Part[] {
  const slots = shape.height * shape.width;
  try {
    const loops = loopsOf(blocks);
    const stages = (loop: Loop): boolean => instructionsOf(blocks, loop).some(({ workgroup }) => workgroup === "store");
    const at = loops.findIndex((loop) => multiplyAddsIn(blocks, loop) > 0 && stages(loop));
    const [before, left] = [loops.slice(0, Math.max(at, 0)), loops.slice(Math.max(at, 0))];
    const isNext = (least: number): boolean => multiplyAddsIn(blocks, left.at(0)) >= least;
    const take = (what: string, least: number): Loop => {
      const loop = left.shift();
      if (!loop) throw new Error(`${what} has no loop`);
      const found = multiplyAddsIn(blocks, loop);
      if (found < least) throw new Error(`the loop of ${what} has ${found} multiply-adds, not ${least} at least`);
      return loop;
    };
    let last = take("staging", PAIR * slots);
    const parts = partsOfStage(blocks, last, shape);
    if (shape.spread !== "none") {
      const covariances = before.pop();
      if (!covariances) throw new Error("no loop of covariances precedes staging");
      parts.push(...partsOfSpreads(blocks, covariances, shape, lanes));
    }
    const written: ColumnPhase[] = [];
    for (const phase of shape.spread === "full" ? (["factorization"] as const) : (["factorization", "substitution"] as const)) {
      const least = leastOf(phase, shape);
      if (shape.spread !== "full" && !isNext(least)) {
        written.push(phase);
        continue;
      }
      const loop = take(`the ${phase}`, least);
      parts.push(...countLoop(blocks, loop, phase, shape, lanes).map((counted) => ({ ...counted, phase, each: "row" as const })));
      if (written.length === 0) last = loop;
    }
    if (written.length > 0) {
      const end = loops[loops.indexOf(last) + 1]?.header ?? blocks.length;
      const counted = countWrittenOut(blocks, Math.max(...last.blocks) + 1, end, written, shape, lanes);
      parts.push(...counted.map((part) => ({ ...part, each: "row" as const })));
    }
    if (before.length > 1 || left.length > 1) throw new Error(`${before.length} loops precede staging, and ${left.length} end it`);
    // Workgroup memory is zeroed, a vec4 a lane at a time.
    const vec4s = shape.teams * (shape.slice + shape.stage * shape.height * Math.ceil(shape.blocks / shape.height));
    for (const loop of before) parts.push(...once(blocks, loop, Math.ceil(vec4s / (shape.team * shape.teams))));
    // Lanes write a block each.
    for (const loop of left) parts.push(...once(blocks, loop, Math.ceil(shape.blocks / shape.team)));
    const counted = new Set(parts.flatMap(({ instructions }) => instructions));
    const rest = blocks.flatMap(({ instructions }) => instructions.filter((instruction) => !counted.has(instruction)));
    return [...parts, { phase: "rest", each: "row", times: 1, instructions: rest }];
  } catch (error) {
    throw new Error(`the phases of ${kernel} cannot be counted, for its machine code is not as expected: ${(error as Error).message}`);
  }
}

const sorted = (loop: Loop): number[] => [...loop.blocks].sort((a, b) => a - b);
const instructionsOf = (blocks: readonly Block[], loop: Loop): Instruction[] =>
  sorted(loop).flatMap((number) => blocks[number].instructions);
const multiplyAddsIn = (blocks: readonly Block[], loop: Loop | undefined): number =>
  loop ? sum(instructionsOf(blocks, loop), multiplyAddsOf) : 0;

/** A loop of the rest, which has none within. */
function once(blocks: readonly Block[], loop: Loop, times: number): Part[] {
  if (loop.inner.length > 0) throw new Error("there is a loop within a small one");
  return [{ phase: "rest", each: "row", times, instructions: instructionsOf(blocks, loop) }];
}

/** The loop that adds up the other side's covariances: all lanes', or, of diagonals, those of a lane for each block. */
function partsOfSpreads(blocks: readonly Block[], loop: Loop, shape: Shape, lanes: number): Part[] {
  if (loop.inner.length > 0) throw new Error("there is a loop within that of covariances");
  const entered = shape.spread === "diagonal" && regionsOf(blocks).some(({ first, end }) => loop.header >= first && loop.header < end);
  const waves = wavesOf(shape, lanes, (lane) => lane);
  const times = entered ? waves.filter((wave) => wave.some((lane) => lane < shape.blocks)).length / waves.length : 1;
  return [{ phase: "spreads", each: "spreads", times, instructions: instructionsOf(blocks, loop) }];
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
  const from = listed.findLastIndex(({ instruction }) => instruction.workgroup === "store") + 1;
  const to = listed.findLastIndex(({ instruction, number }) => instruction.multiplyAdds > 0 || inner.has(number)) + 1;
  const within = (place: number): boolean => place >= from && place < to;
  const products = listed.slice(from, to);
  const [turned, straight] = [true, false].map((is) =>
    products.filter(({ number }) => inner.has(number) === is).map(({ instruction }) => instruction),
  );
  const wanted = (PAIR / 2) * height * width * stage;
  const turns = inner.size === 0 ? 0 : (wanted - sum(straight, multiplyAddsOf)) / sum(turned, multiplyAddsOf);
  const counted = sum(straight, multiplyAddsOf) + turns * sum(turned, multiplyAddsOf);
  if (counted !== wanted || !Number.isInteger(turns))
    throw new Error(`a stage multiplies ${counted} times, not ${wanted}, its loop turning ${turns} times`);
  const staging = listed.filter((_, place) => !within(place)).map(({ instruction }) => instruction);
  return [
    { phase: "staging", each: "stage", times: 1, instructions: staging },
    { phase: "products", each: "stage", times: 1, instructions: straight },
    { phase: "products", each: "stage", times: turns, instructions: turned },
  ];
}
