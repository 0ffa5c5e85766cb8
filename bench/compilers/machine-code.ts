// Machine code of any family of cards: blocks, the loops that branches back make of them, and the regions that a wave
// passes over where none of its lanes enters. Texts are read by amd.ts, intel.ts and nvidia.ts.

export interface Instruction {
  /** Multiply-adds of a lane. */
  readonly multiplyAdds: number;
  /** Whether it is issued in a place that a multiply-add of every lane could have. */
  readonly isVector: boolean;
  readonly isBarrier: boolean;
  readonly isRoot: boolean;
  /** Whether it reads or writes workgroup memory. */
  readonly workgroup: "load" | "store" | undefined;
}

/** Instructions that follow one another; none but the last branches. */
export interface Block {
  readonly instructions: readonly Instruction[];
  /** Numbers of the blocks that may come next. */
  readonly followers: readonly number[];
  /** The first block behind the region that begins with the next one, where lanes branch apart here. */
  readonly passesTo: number | undefined;
}

export interface MachineCode {
  /** Of a wave. */
  readonly lanes: number;
  readonly blocks: readonly Block[];
}

/** What tells the instructions of a family apart, in their texts. */
interface Words {
  /** Found as often as it multiplies and adds. */
  readonly multiplyAdd: RegExp;
  readonly vector: RegExp;
  readonly barrier: RegExp;
  readonly root: RegExp;
  readonly load: RegExp;
  readonly store: RegExp;
}

interface End {
  readonly target?: string | undefined;
  /** Whether the next block may follow. */
  readonly goesOn: boolean;
  /** Whether the blocks up to the target are for some lanes, and passed over where none wants them. */
  readonly passes?: boolean;
}

/** Blocks as they are read, by labels that may come later. */
export class BlockList {
  readonly #words: Words;
  readonly #blocks: { readonly label: string | undefined; readonly instructions: Instruction[]; end: End }[] = [];
  #open = false;

  constructor(words: Words) {
    this.#words = words;
  }

  begin(label?: string): void {
    this.#blocks.push({ label, instructions: [], end: { goesOn: true } });
    this.#open = true;
  }

  /** @param text of the instruction, which begins with its name. */
  add(text: string): void {
    if (!this.#open) this.begin();
    const { multiplyAdd, vector, barrier, root, load, store } = this.#words;
    this.#blocks.at(-1)!.instructions.push({
      multiplyAdds: [...text.matchAll(multiplyAdd)].length,
      isVector: vector.test(text),
      isBarrier: barrier.test(text),
      isRoot: root.test(text),
      workgroup: store.test(text) ? "store" : load.test(text) ? "load" : undefined,
    });
  }

  /** Ends a block by its last instruction. */
  end(end: End): void {
    this.#blocks.at(-1)!.end = end;
    this.#open = false;
  }

  linked(): Block[] {
    const numbers = new Map(this.#blocks.map(({ label }, number) => [label, number]));
    const ends = new Set<number | undefined>();
    return this.#blocks.map(({ instructions, end: { target, goesOn, passes } }, number) => {
      const to = target === undefined ? undefined : numbers.get(target);
      const next = goesOn && number + 1 < this.#blocks.length ? [number + 1] : [];
      // One that always branches passes over the other side of a region that it ends.
      const passesTo = passes && to !== undefined && to > number + 1 && (goesOn || ends.has(number + 1)) ? to : undefined;
      ends.add(passesTo);
      return { instructions, followers: to === undefined ? next : [...next, to], passesTo };
    });
  }
}

export const multiplyAddsOf = ({ multiplyAdds }: Instruction): number => multiplyAdds;
export const sum = (instructions: Iterable<Instruction>, of: (instruction: Instruction) => number): number => {
  let total = 0;
  for (const instruction of instructions) total += of(instruction);
  return total;
};

/** A natural loop. Blocks go by their numbers. */
export interface Loop {
  readonly header: number;
  readonly blocks: ReadonlySet<number>;
  /** In source order. */
  readonly inner: readonly Loop[];
}

/** Loops that lie in no other, in source order. */
export function loopsOf(blocks: readonly Block[]): Loop[] {
  const before: number[][] = blocks.map(() => []);
  blocks.forEach(({ followers }, from) => followers.forEach((number) => before[number].push(from)));
  const found = new Map<number, Set<number>>();
  blocks.forEach(({ followers }, from) => {
    for (const header of followers.filter((number) => number <= from)) {
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
  /** Regions right within, in source order. */
  readonly inner: readonly Region[];
}

/** Regions of some blocks that lie in no other of them, in source order. */
export function regionsOf(blocks: readonly Block[], first = 0, end = blocks.length): Region[] {
  const plain = blocks.flatMap(({ passesTo }, number) => (passesTo === undefined ? [] : [{ first: number + 1, end: passesTo }]));
  const within = (from: number, to: number): Region[] => {
    const regions: Region[] = [];
    for (const region of plain)
      if (region.first >= (regions.at(-1)?.end ?? from) && region.end <= to)
        regions.push({ ...region, inner: within(region.first + 1, region.end) });
    return regions;
  };
  return within(first, end);
}
