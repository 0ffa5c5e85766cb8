// The machine code of AMD's cards as Mesa prints it: blocks, and the loops that branches back make of them.

export interface Instruction {
  /** One, or two that are issued together. */
  readonly operations: readonly string[];
  /** The label that a branch goes to. */
  readonly target: string | undefined;
}

/** Instructions that follow one another; none but the last branches. */
export interface Block {
  readonly label: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** A natural loop. Blocks go by their numbers. */
export interface Loop {
  readonly header: number;
  readonly blocks: ReadonlySet<number>;
  /** In source order. */
  readonly inner: readonly Loop[];
}

const isBranch = (operation: string): boolean => /^s_(c?branch|endpgm)/.test(operation);
const goesOn = (operation: string): boolean => !/^s_(branch|endpgm)/.test(operation);

export const isVector = ({ operations: [operation] }: Instruction): boolean => operation.startsWith("v_");
export const isBarrier = ({ operations: [operation] }: Instruction): boolean => operation === "s_barrier";
/** Whether workgroup memory is written. */
export const storesInWorkgroup = ({ operations: [operation] }: Instruction): boolean => /^ds_(store|write)/.test(operation);
export const isRoot = ({ operations: [operation] }: Instruction): boolean => /^v_(sqrt|rsq)_f32/.test(operation);

/** Multiply-adds of a lane. */
export const multiplyAdds = ({ operations }: Instruction): number =>
  operations.filter((operation) => /^v_(dual_)?(fma|fmac|fmaak|fmamk|mad|mac|madak|madmk)_f32/.test(operation)).length +
  2 * operations.filter((operation) => operation.startsWith("v_pk_fma_f32")).length;

export const sum = (instructions: Iterable<Instruction>, of: (instruction: Instruction) => number): number => {
  let total = 0;
  for (const instruction of instructions) total += of(instruction);
  return total;
};

/** Lanes that an instruction is for. The mask of those at work has so many bits. */
export const lanesOfWave = (text: string): 32 | 64 => (/\bexec\b/.test(text) ? 64 : 32);

export function blocksOf(text: string): Block[] {
  const blocks: { label: string | undefined; instructions: Instruction[] }[] = [];
  let block: (typeof blocks)[number] | undefined;
  for (const line of text.split("\n")) {
    const label = /^(\w+):/.exec(line)?.[1];
    const code = label === undefined ? line.split(";")[0].trim() : "";
    if (label !== undefined) blocks.push((block = { label, instructions: [] }));
    if (code === "") continue;
    if (!block) blocks.push((block = { label: undefined, instructions: [] }));
    const operations = code.split(" :: ").map((part) => part.split(/\s/)[0]);
    const branches = isBranch(operations[0]);
    block.instructions.push({ operations, target: branches ? code.split(/\s+/)[1] : undefined });
    if (branches) block = undefined;
  }
  return blocks;
}

/** Loops that lie in no other, in source order. */
export function loopsOf(blocks: readonly Block[]): Loop[] {
  const numbers = new Map(blocks.map(({ label }, number) => [label, number]));
  const followers = blocks.map(({ instructions }, number) => {
    const last = instructions.at(-1);
    const target = last?.target === undefined ? undefined : numbers.get(last.target);
    const next = (!last || goesOn(last.operations[0])) && number + 1 < blocks.length ? [number + 1] : [];
    return target === undefined ? next : [...next, target];
  });
  const before: number[][] = blocks.map(() => []);
  followers.forEach((to, from) => to.forEach((number) => before[number].push(from)));
  const found = new Map<number, Set<number>>();
  followers.forEach((to, from) => {
    for (const header of to.filter((number) => number <= from)) {
      const members = found.get(header) ?? new Set([header]);
      found.set(header, members);
      const waiting = [from];
      for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
        if (members.has(number)) continue;
        members.add(number);
        waiting.push(...before[number]);
      }
    }
  });
  return nested([...found].sort(([a], [b]) => a - b));
}

function nested(loops: readonly (readonly [number, Set<number>])[]): Loop[] {
  const holders = loops.map(([header]) => loops.filter(([other, members]) => other !== header && members.has(header)));
  const holder = holders.map((all) => all.sort(([, a], [, b]) => a.size - b.size).at(0)?.[0]);
  const inside = (parent: number | undefined): Loop[] =>
    loops.flatMap(([header, blocks], at) => (holder[at] === parent ? [{ header, blocks, inner: inside(header) }] : []));
  return inside(undefined);
}

/** Blocks from `first` up to `end`, which a wave passes over where none of its lanes enters. */
export interface Region {
  readonly first: number;
  readonly end: number;
  /** Regions within, at any depth. */
  readonly inner: readonly Region[];
}

/** In source order. */
export function regionsOf(blocks: readonly Block[]): Region[] {
  const numbers = new Map(blocks.map(({ label }, number) => [label, number]));
  const plain = blocks.flatMap(({ instructions }, number) => {
    const last = instructions.at(-1);
    const end = last?.operations[0] === "s_cbranch_execz" ? (numbers.get(last.target) ?? 0) : 0;
    return end > number + 1 ? [{ first: number + 1, end }] : [];
  });
  const within = (region: { first: number; end: number }): Region[] =>
    plain.filter(({ first, end }) => first > region.first && end <= region.end).map((inner) => ({ ...inner, inner: within(inner) }));
  return plain.map((region) => ({ ...region, inner: within(region) }));
}

/** The smallest of the regions that hold a block. */
export const regionAt = (regions: readonly Region[], number: number): Region | undefined =>
  regions.filter(({ first, end }) => number >= first && number < end).at(-1);
