// One rank's part of a training that several ranks share. Every rank holds all rows; it solves its slice of each side
// and gives the others what came of it. Sums over ratings are added in blocks, in the order of the rows, whoever holds
// them. So every rank has the same numbers at any time, and they are those of one process, bit for bit.

import { roundsOf } from "../engine/blocks.js";
import {
  type BatchStep,
  type EngineState,
  type Epoch,
  type JoinBlocks,
  type RowChoice,
  type Rows,
  type RowSlice,
  type Session,
  type Side,
  SIDES,
  type SumRequest,
  type SumResults,
  type System,
  type Which,
  type Workload,
} from "../engine/engine.js";
import { type Communicator, concatenated, cutInto } from "./communicator.js";
import { type Slices, sliceOf } from "./slices.js";
import { halvesWidth, rowsFromHalves, rowsToHalves, type Wire } from "./wire.js";

type Packed = Float32Array | Float64Array;
/** Rows as they travel. */
type Sent = Packed | Uint32Array;

/** Parts that a slice is solved in: while one goes to the others, the next is solved. */
const CHUNKS = 8;
/** Rows of a part at least: less is not worth a call. */
const LEAST_ROWS = 64;

/** What is sent in one call: rows of each rank. */
interface Chunk {
  readonly first: readonly number[];
  readonly counts: readonly number[];
}

export class RanksSession implements Session {
  readonly #inner: Session;
  readonly #ranks: Communicator;
  readonly #workload: Workload;
  readonly #slices: Slices;
  readonly #chunks: Readonly<Record<Side, readonly Chunk[]>>;
  readonly #itemsOfGroup: readonly Uint32Array[];
  readonly #halves: boolean;

  constructor(inner: Session, ranks: Communicator, workload: Workload, slices: Slices, wire: Wire) {
    this.#halves = wire === "halves";
    this.#inner = inner;
    this.#ranks = ranks;
    this.#workload = workload;
    this.#slices = slices;
    this.#chunks = { users: chunksOf(slices.rows.users), items: chunksOf(slices.rows.items) };
    this.#itemsOfGroup = slices.dealing ? rowsOfGroups(slices.dealing.itemGroup, slices.dealing.groups) : [];
  }

  async solve(side: Side, system: System, slice: RowSlice = { from: 0, to: this.#countOf(side) }): Promise<void> {
    let sending: Promise<void> = Promise.resolve();
    for (const { first, counts } of this.#chunks[side]) {
      const parts = first.map((from, rank) => within({ from, to: from + counts[rank] }, slice));
      const own = parts[this.#ranks.rank];
      await this.#inner.solve(side, system, own);
      const solved = await this.#rowsToSend(side, own);
      await sending;
      sending = this.#share(side, parts, solved);
      // What goes wrong in it is thrown where it is waited for.
      sending.catch(() => {});
    }
    await sending;
  }

  async writePulls(side: Side, pulls: Float64Array): Promise<void> {
    await this.#inner.writePulls(side, pulls);
  }

  async extrapolate(side: Side, momentum: number): Promise<void> {
    await this.#inner.extrapolate(side, momentum);
  }

  async batchStep(step: BatchStep): Promise<void> {
    await this.#inner.batchStep(step);
    for (const side of SIDES) await this.#shareOwn(side);
  }

  /** Round by round: rows of items go to the rank whose users rate them next. */
  async runEpoch(epoch: Epoch): Promise<void> {
    const { dealing, groups } = this.#slices;
    const B = dealing!.groups;
    const { rank, size } = this.#ranks;
    const own = sliceOf(groups!, rank);
    const ownerOf = (round: number): Uint32Array => {
      const owner = new Uint32Array(B);
      for (let r = 0; r < size; r++) for (let group = groups![r]; group < groups![r + 1]; group++) owner[(group + round) % B] = r;
      return owner;
    };
    const rounds = epoch.round ? Uint32Array.of(epoch.round.number) : roundsOf(B, this.#workload.operations.epochs!.seed, epoch.number);
    for (const [at, number] of rounds.entries()) {
      await this.#inner.runEpoch({ ...epoch, round: { number, groups: own } });
      const now = ownerOf(number);
      // After the last round every rank has them all.
      if (at + 1 < rounds.length) await this.#handOver(now, ownerOf(rounds[at + 1]));
      else await this.#handOver(now, undefined);
    }
    await this.#shareOwn("users");
  }

  async sums<const R extends Readonly<Record<string, SumRequest>>>(requests: R, join: JoinBlocks = alone): Promise<SumResults<R>> {
    return await this.#inner.sums(requests, async (blocks, width) => await join(concatenated(await this.#ranks.gather(blocks)), width));
  }

  keep(): void {
    this.#inner.keep();
  }

  async readRows(side: Side, which?: Which, slice?: RowSlice): Promise<Rows> {
    return await this.#inner.readRows(side, which, slice);
  }

  async writeRows(side: Side, rows: Rows, from?: number): Promise<void> {
    await this.#inner.writeRows(side, rows, from);
  }

  async readPacked(side: Side, rows: RowChoice): Promise<Packed> {
    return await this.#inner.readPacked(side, rows);
  }

  async writePacked(side: Side, rows: RowChoice, packed: Packed): Promise<void> {
    await this.#inner.writePacked(side, rows, packed);
  }

  /** What held-out ratings have is put together; all else every rank has. */
  async readState(): Promise<EngineState> {
    const state: Record<string, Packed> = {};
    for (const [name, values] of Object.entries(await this.#inner.readState()))
      state[name] = isOfHeldOut(name) ? concatenated(await this.#ranks.gather<Packed>(values)) : values;
    return state;
  }

  async writeState(state: EngineState): Promise<void> {
    const { from, to } = sliceOf(this.#slices.heldOut, this.#ranks.rank);
    const total = this.#slices.heldOut.at(-1)!;
    const part = ([name, values]: [string, Packed]): [string, Packed] => {
      const each = total === 0 ? 0 : values.length / total;
      return [name, isOfHeldOut(name) ? values.slice(from * each, to * each) : values];
    };
    await this.#inner.writeState(Object.fromEntries(Object.entries(state).map(part)));
  }

  destroy(): void {
    this.#inner.destroy();
  }

  /** Every rank's slice of a side to every other. */
  async #shareOwn(side: Side): Promise<void> {
    for (const { first, counts } of this.#chunks[side]) {
      const parts = first.map((from, rank) => ({ from, to: from + counts[rank] }));
      await this.#share(side, parts, await this.#rowsToSend(side, parts[this.#ranks.rank]));
    }
  }

  async #rowsToSend(side: Side, rows: RowSlice): Promise<Sent> {
    if (!this.#halves) return await this.#inner.readPacked(side, rows);
    return rowsToHalves(await this.#inner.readRows(side, "current", rows), this.#workload.factors);
  }

  /** @param parts rows of each rank. @param own those of this one. */
  async #share(side: Side, parts: readonly RowSlice[], own: Sent): Promise<void> {
    const { rank } = this.#ranks;
    const counts = parts.map(({ from, to }) => to - from);
    const width = await this.#widthOf(side);
    const all = new (own.constructor as new (length: number) => Sent)(width * counts.reduce((sum, count) => sum + count, 0));
    const rows = cutInto(
      all,
      counts.map((count) => count * width),
    );
    rows[rank].set(own);
    await this.#ranks.gatherRows(all, width, counts);
    for (const [r, part] of parts.entries()) {
      if (part.from === part.to) continue;
      const given = rows[r];
      // What is rounded for the others is rounded here too.
      if (given instanceof Uint32Array) await this.#inner.writeRows(side, rowsFromHalves(given, this.#workload.factors), part.from);
      else if (r !== rank) await this.#inner.writePacked(side, part, given);
    }
  }

  readonly #widths = new Map<Side, number>();

  /** Numbers of a row that is sent. */
  async #widthOf(side: Side): Promise<number> {
    if (this.#halves) return halvesWidth(this.#workload.factors);
    let known = this.#widths.get(side);
    if (known === undefined) this.#widths.set(side, (known = (await this.#inner.readPacked(side, { from: 0, to: 1 })).length));
    return known;
  }

  /** Rows of the groups of items that have changed hands. @param next who needs each group; left out, all need all. */
  async #handOver(now: Uint32Array, next: Uint32Array | undefined): Promise<void> {
    const { rank, size } = this.#ranks;
    const moved = (from: number, to: number): Uint32Array => {
      const goes = (group: number): boolean => now[group] === from && from !== to && (next === undefined || next[group] === to);
      const rows = this.#itemsOfGroup.filter((_, group) => goes(group));
      return rows.length === 0 ? new Uint32Array(0) : concatenated(rows);
    };
    const send = await Promise.all(Array.from({ length: size }, (_, to) => this.#inner.readPacked("items", moved(rank, to))));
    const got = await this.#ranks.exchange<Packed>(send);
    for (const [from, packed] of got.entries()) if (packed.length > 0) await this.#inner.writePacked("items", moved(from, rank), packed);
  }

  #countOf(side: Side): number {
    return this.#workload.rows[side].biases.length;
  }
}

const alone: JoinBlocks = async (blocks) => blocks;

/** Arrays of a state that hold something of each held-out rating. */
const isOfHeldOut = (name: string): boolean => name.startsWith("sums ");

const within = ({ from, to }: RowSlice, slice: RowSlice): RowSlice => {
  const first = Math.min(Math.max(from, slice.from), slice.to);
  return { from: first, to: Math.max(first, Math.min(to, slice.to)) };
};

/** The slices of all ranks in parts. */
function chunksOf(cuts: Uint32Array): Chunk[] {
  const ranks = cuts.length - 1;
  const largest = Math.max(...Array.from({ length: ranks }, (_, rank) => cuts[rank + 1] - cuts[rank]));
  const parts = Math.max(1, Math.min(CHUNKS, Math.ceil(largest / LEAST_ROWS)));
  return Array.from({ length: parts }, (_, part) => {
    const at = (rank: number, which: number): number => cuts[rank] + Math.floor(((cuts[rank + 1] - cuts[rank]) * which) / parts);
    const first = Array.from({ length: ranks }, (_, rank) => at(rank, part));
    return { first, counts: first.map((from, rank) => at(rank, part + 1) - from) };
  });
}

/** The rows of each group. */
function rowsOfGroups(group: Uint32Array, groups: number): Uint32Array[] {
  const rows: number[][] = Array.from({ length: groups }, () => []);
  group.forEach((of, row) => rows[of].push(row));
  return rows.map((of) => Uint32Array.from(of));
}
