// Reads a table so that each rank holds only its share. A rank reads its range of the bytes, or of a Parquet file's
// rows; ids are put together in the order of the file; pairs rated twice are merged where one rank has all ratings of
// a user; the split is that of one process; and every rating goes to the owners of its user and of its item. Nothing of
// this depends on how many ranks there are but where what lies.

import { RatingsError, RanksError } from "../errors.js";
import { decodeIds, encodeIds } from "../id-list.js";
import { buildCsr, type Csr, rowWeights } from "../ratings/csr.js";
import { doubtColumns, doubtDuplicates, doubtScale } from "../ratings/doubts.js";
import type { Place } from "../ratings/delimited.js";
import { markedOnly, mergeDuplicates, WHICH_COUNTS } from "../ratings/duplicates.js";
import { type TableFiles } from "../ratings/files.js";
import { type Fingerprint, Fingerprinting, joinedSets } from "../ratings/fingerprint.js";
import { GrowingColumns } from "../ratings/growing-columns.js";
import { Ids } from "../ratings/ids.js";
import type { RatingColumns } from "../ratings/rating-columns.js";
import { addedUp, NO_VALUES, Ratings, statisticsFrom, type RatingStatistics } from "../ratings/ratings.js";
import type { ReadOptions } from "../ratings/read-options.js";
import { type OpenedTable, openTable } from "../ratings/read-part.js";
import { checkRounding, joinedRounding, type Rounding } from "../ratings/rounding.js";
import { aboutBadRow, BadRow, RowReader } from "../ratings/row-reader.js";
import { readSegment, type Segment } from "../ratings/segment.js";
import { seenItems, type SeenItems } from "../ratings/seen.js";
import type { Understanding } from "../ratings/table.js";
import { titlesFor, type TitlesFrom } from "../ratings/titles.js";
import { setWhole } from "../ratings/share.js";
import { HALF, halvesCounted, heldOutCount, lowestMarked, reached, splitNumbers } from "../ratings/split.js";
import { LONGEST_RECORD_BYTES, NEWLINE, QUOTE } from "../ratings/text-lines.js";
import { squaresAround, unitFrom } from "../training/units.js";
import { type Communicator, concatenated, cutInto, gatherTexts } from "./communicator.js";
import type { RowSlice } from "../engine/engine.js";
import { sliceOf, slicesOf } from "./slices.js";

/** How what is read is split, and what the training then asks for. */
export interface ShareOptions extends ReadOptions {
  /** Share held out at random, in [0, 1). */
  readonly holdout: number;
  readonly seed: number;
  /** Of stochastic steps. */
  readonly epochs?: { readonly seed: number } | undefined;
  /** Bytes that are read at a time. Default 16 MiB. */
  readonly pieceBytes?: number | undefined;
}

/** This rank's ratings, and what is true of all. */
export interface SharedSplit {
  readonly train: Ratings;
  readonly heldOut: Ratings;
  /** Of all ranks. */
  readonly counts: { readonly ratings: number; readonly heldOut: number };
  /** What tells all ratings that were read from others, in whatever order. */
  readonly fingerprint: string;
  readonly format: string;
  readonly understood: Understanding;
  readonly titles?: TitlesFrom | undefined;
  readonly warnings: readonly string[];
  readonly skippedRows: number;
  readonly missingRows: number;
  readonly duplicateRows: number;
}

const PIECE_BYTES = 2 ** 24;

/** Rows and the ids that their indices stand for. */
type Rows = Pick<Segment, "columns" | "rounding" | "users" | "items" | "skippedRows" | "missingRows">;

/** What a rank has read of the bytes. */
interface Part {
  readonly columns: RatingColumns;
  readonly rounding: Rounding;
  readonly users: Ids;
  readonly items: Ids;
  /** Lines read of each file of text, but for that of a first row. */
  readonly lines: readonly number[];
  readonly skippedRows: number;
  readonly missingRows: number;
  /** A malformed row; its line from 1 among the lines read here, or its number among all rows of a Parquet file. */
  readonly bad?: { readonly file: number; readonly what: string; readonly line: number } | undefined;
}

/**
 * @returns undefined, on all ranks, where the table has to be read whole:
 *   it is compressed or quoted, or neither delimited text nor Parquet.
 * @throws RatingsError as `readRatings`, RanksError when a rank's part holds no rating.
 */
export async function readShare(files: TableFiles, ranks: Communicator, given: ShareOptions): Promise<SharedSplit | undefined> {
  const options = { ...given, delimiter: given.delimiter ?? files.delimiter, header: given.header ?? files.header };
  const read = await readRows(files, ranks, options);
  if (!read) return undefined;
  const { ids, understood, skippedRows, missingRows, duplicateRows } = read;
  const { counts, whole, byUser, byItem, heldOut } = await sharedOut(read.rows, ids, ranks, options);
  const { catalogue: beside, titles, warnings } = titlesFor(options.catalogue ? undefined : await files.titles(), ids.items, understood);
  const catalogue = options.catalogue ?? beside;
  const train = new Ratings(byUser, ids.users, ids.items, catalogue);
  const ofItems = buildCsr(byItem, "items", ids.items.size);
  const weights = byUser.weight && {
    users: concatenated(await ranks.gather(weightsIn(buildCsr(train, "users", ids.users.size), whole.share.rows.users))),
    items: concatenated(await ranks.gather(weightsIn(ofItems, whole.share.rows.items))),
  };
  const share = { ...whole.share, weights };
  setWhole(train, {
    ...whole,
    share,
    byItem: ofItems,
    seen: seenOnRank0(share.lengths.users, ranks),
    seenHeldOut: heldOutOnRank0(ids, ranks),
  });
  const held = new Ratings(heldOut, ids.users, ids.items, catalogue);
  const fingerprint = joinedSets(whole.fingerprint, whole.heldOut.fingerprint);
  const about = { format: files.format, understood, titles, warnings };
  return { train, heldOut: held, counts, fingerprint, ...about, skippedRows, missingRows, duplicateRows };
}

/**
 * All ids, and the rows of this rank's part of the file without pairs rated twice;
 * undefined where it has to be read whole.
 */
async function readRows(files: TableFiles, ranks: Communicator, options: ShareOptions) {
  const opened: (OpenedTable | undefined)[] = [];
  for (const source of files.sources) opened.push(await openTable(source, options));
  const tables = opened.filter((table) => table !== undefined);
  const part = tables.length === opened.length ? await readPart(files, tables, ranks, options) : undefined;
  if ((await ranks.sum(Float64Array.of(part ? 0 : 1)))[0] > 0) return undefined;
  const { columns, users, items, skippedRows, missingRows } = part!;
  const [{ name }] = files.sources;
  const { found, form } = tables[0];
  await throwFirstBad(part!, ranks, files, tables);
  const { fine, least, most, moved = NaN } = part!.rounding;
  const roundings = (await ranks.gather(Float64Array.of(Number(fine), least, most, moved))).map(([isFine, low, high, one]) => ({
    fine: isFine > 0,
    least: low,
    most: high,
    moved: Number.isNaN(one) ? undefined : one,
  }));
  checkRounding(joinedRounding(roundings), `${name}: `, name);
  const sums = await ranks.gather(Float64Array.of(columns.value.length, skippedRows, missingRows));
  const empty = sums.findIndex(([rows]) => rows === 0);
  if (empty >= 0) {
    throw new RanksError(`rank ${empty} has an empty part of ${name}: no rating starts in its share of the bytes`, {
      remedy: "start fewer ranks",
    });
  }
  const global = { users: await globalIds(users, ranks), items: await globalIds(items, ranks) };
  const ids = { users: global.users.ids, items: global.items.ids };
  const rows = { ...columns, user: translated(columns.user, global.users.index), item: translated(columns.item, global.items.index) };
  const total = (at: number): number => sums.reduce((sum, each) => sum + each[at], 0);
  doubtColumns(rows, ids, found, name, total(0));
  if (options.scale === undefined && options.missing === undefined && found.places.rating >= 0) doubtScale(rows.value, name);
  const merged = await withoutDuplicates(rows, ids, ranks, options, name);
  const understood = { columns: found.described, hasRatings: found.places.rating >= 0, form };
  return { ...merged, ids, understood, skippedRows: total(1), missingRows: total(2) };
}

/** Splits the rows as one process would, and sends each to the owners of its user and of its item. */
async function sharedOut(rows: RatingColumns, ids: { users: Ids; items: Ids }, ranks: Communicator, options: ShareOptions) {
  const { train, held, counts, heldBefore } = await splitHere(rows, ranks, options);
  const heldTotal = counts.heldOut;
  const lengths = { users: await lengthsOf(train.user, ids.users.size, ranks), items: await lengthsOf(train.item, ids.items.size, ranks) };
  const { statistics, unit } = await statisticsInTurn(train, counts.ratings, ids, ranks);
  const heldWeight = held.weight && (await inTurn(ranks, Float64Array.of(0), (before) => addedWeights(before, held.weight!)))[0];
  const fingerprint = await fingerprintInTurn(train, counts.ratings, ids, ranks);
  const heldFingerprint = await fingerprintInTurn(held, counts.heldOut, ids, ranks);
  const slices = slicesOf({ lengths, heldOut: heldTotal, epochs: options.epochs }, ranks.size);
  const [ofUser, ofItem, ofHeld] = [ownersOf(slices.rows.users), ownersOf(slices.rows.items), ownersOf(slices.heldOut)];
  const share = {
    rows: { users: sliceOf(slices.rows.users, ranks.rank), items: sliceOf(slices.rows.items, ranks.rank) },
    lengths,
    heldOut: heldTotal,
  };
  return {
    counts,
    whole: { statistics, unit, fingerprint, share, heldOut: { count: heldTotal, weight: heldWeight, fingerprint: heldFingerprint } },
    byUser: await dealt(train, (at) => ofUser(train.user[at]), ranks),
    byItem: await dealt(train, (at) => ofItem(train.item[at]), ranks),
    heldOut: await dealt(held, (at) => ofHeld(heldBefore + at), ranks),
  };
}

/** The split of one process, of which each rank takes the rows that it has read. */
async function splitHere(rows: RatingColumns, ranks: Communicator, { holdout, seed }: ShareOptions) {
  const counts = (await ranks.gather(Float64Array.of(rows.value.length))).map(([count]) => count);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const first = counts.slice(0, ranks.rank).reduce((sum, count) => sum + count, 0);
  // How many are held out is settled by counts of all ranks; which, each rank knows of its own rows.
  const numbers = splitNumbers(first, first + rows.value.length, seed);
  const heldTotal = heldOutCount(total, holdout);
  const upper = reached(await ranks.sum(halvesCounted(numbers)), heldTotal);
  const lower = reached(await ranks.sum(halvesCounted(numbers, upper.half)), upper.left);
  const last = upper.half * HALF + lower.half;
  const before = (counted: readonly Float64Array[]): number => counted.slice(0, ranks.rank).reduce((sum, [count]) => sum + count, 0);
  const equal = numbers.reduce((sum, number) => sum + (number === last ? 1 : 0), 0);
  const marks = lowestMarked(numbers, last, lower.left - before(await ranks.gather(Float64Array.of(equal))));
  const train = await counting(chosen(rows, marks, 0), ranks);
  const held = await counting(chosen(rows, marks, 1), ranks);
  const sizes = await ranks.gather(Float64Array.of(train.value.length, held.value.length));
  const sum = (of: 0 | 1, to = ranks.size): number => sizes.slice(0, to).reduce((all, size) => all + size[of], 0);
  return { train, held, counts: { ratings: sum(0), heldOut: sum(1) }, heldBefore: sum(1, ranks.rank) };
}

/** As `ratingsThatCount` of the ratings of all ranks: those of weight 0 are left out, and weights that are all 1. */
async function counting(rows: RatingColumns, ranks: Communicator): Promise<RatingColumns> {
  if (!rows.weight) return rows;
  const { weight, ...others } = chosen(
    rows,
    Uint8Array.from(rows.weight, (own) => Number(own > 0)),
    1,
  );
  const [differing] = await ranks.sum(Float64Array.of(weight!.reduce((sum, own) => sum + Number(own !== 1), 0)));
  return differing > 0 ? { ...others, weight } : others;
}

/** The rows of this rank's range of the bytes of all files, one behind the other. */
async function readPart(
  { sources }: TableFiles,
  tables: readonly OpenedTable[],
  ranks: Communicator,
  { pieceBytes = PIECE_BYTES }: ShareOptions,
): Promise<Part | undefined> {
  const sizes = sources.map(({ bytes }, at) => bytes! - startOf(tables[at]).at);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const [from, to] = [0, 1].map((end) => Math.floor((total * (ranks.rank + end)) / ranks.size));
  const lines = sources.map(() => 0);
  const all = new GrowingColumns(false, tables[0].format.places.weight >= 0);
  const part = { users: new Ids(), items: new Ids(), lines, skippedRows: 0, missingRows: 0 };
  // Rows in all, if the rest is like what has been read.
  let expected = 0;
  const count = ({ skippedRows, missingRows }: Pick<Part, "skippedRows" | "missingRows">): void => {
    part.skippedRows += skippedRows;
    part.missingRows += missingRows;
  };
  const take = (rows: Rows): void => {
    all.append(rows.columns, rows.rounding, part.users.addAll(rows.users), part.items.addAll(rows.items), expected);
    count(rows);
  };
  let before = 0;
  for (const [file, source] of sources.entries()) {
    const [table, size] = [tables[file], sizes[file]];
    const [low, high] = [Math.max(from - before, 0), Math.min(to - before, size)];
    let bad: Segment["bad"];
    if ("rowCount" in table) {
      const { rowCount } = table;
      // As many of all rows as the bytes are of all bytes.
      const [first, last] = low < high ? [low, high].map((bytes) => Math.floor(rowCount * (bytes / size))) : [0, 0];
      if (expected === 0) expected = Math.ceil(rowCount * ((to - from) / size));
      const reader = new RowReader(table.format, part.users, part.items, undefined, all);
      bad = await badOf(async () => {
        for await (const batch of table.batches({ from: first, to: last })) {
          all.reserve(batch.rows.length, expected);
          reader.takeRows(batch);
        }
      });
      count(reader);
    } else {
      const { columns, users, items, ...left } = table.first;
      // The first row is of whoever has the first bytes behind it; of the last rank where nothing stands behind.
      const hasFirst = size === 0 ? from <= before && (before < to || ranks.rank === ranks.size - 1) : low === 0 && high > 0;
      if (hasFirst) take({ ...left, columns: columns.columns(), rounding: columns.rounding, users: users.raw, items: items.raw });
      for (let next = low; next < high && !bad;) {
        const { format, start } = table;
        const end = Math.min(start.at + high, start.at + next + pieceBytes);
        const read = await linesFrom(source.range!, start.at + next, end, source.bytes!, next === 0);
        if (!read || (format.quotes && read.bytes.includes(QUOTE))) return undefined;
        const segment = readSegment(read.bytes, read.end, format);
        if (expected === 0) expected = Math.ceil((segment.columns.value.length * (to - from)) / Math.max(1, read.bytes.length));
        take(segment);
        bad = segment.bad && { ...segment.bad, line: lines[file] + segment.bad.line };
        lines[file] += segment.lines;
        next = Math.max(next + pieceBytes, read.end - start.at);
      }
    }
    if (bad) return { ...part, columns: all.columns(), rounding: all.rounding, bad: { file, ...bad } };
    before += size;
  }
  return { ...part, columns: all.columns(), rounding: all.rounding };
}

/** Where what ranks share out starts: behind the first row of a text; a Parquet file is shared out whole. */
const startOf = (table: OpenedTable): Place => ("start" in table ? table.start : { at: 0, line: 1 });

/** The malformed row at which reading ends. */
async function badOf(read: () => Promise<void>): Promise<Segment["bad"]> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof BadRow)) throw error;
    return { what: error.message, line: error.line };
  }
}

/** The whole lines that start in a range of bytes, each ended by a newline; undefined where a line is too long. */
async function linesFrom(
  range: (from: number, to: number) => Promise<ArrayBuffer>,
  from: number,
  to: number,
  size: number,
  startsLine: boolean,
): Promise<{ bytes: Uint8Array; end: number } | undefined> {
  // One byte more in front tells whether a line starts with the range.
  const front = startsLine ? from : from - 1;
  for (let overhang = 2 ** 16; ; overhang *= 2) {
    const last = Math.min(to + overhang, size);
    const bytes = Buffer.from(await range(front, last));
    const start = startsLine ? 0 : bytes.indexOf(NEWLINE) + 1;
    if ((!startsLine && start === 0 && last === size) || front + start >= to) return { bytes: new Uint8Array(0), end: to };
    const newline = bytes.indexOf(NEWLINE, to - 1 - front);
    if (newline >= 0) return { bytes: bytes.subarray(start, newline + 1), end: front + newline + 1 };
    if (last === size) return { bytes: Buffer.concat([bytes.subarray(start), Buffer.of(NEWLINE)]), end: size };
    if (overhang > LONGEST_RECORD_BYTES) return undefined;
  }
}

/** The first malformed row of the files, on all ranks, as one process would name it. */
async function throwFirstBad({ bad, lines }: Part, ranks: Communicator, files: TableFiles, tables: readonly OpenedTable[]): Promise<void> {
  const texts = await gatherTexts(ranks, JSON.stringify({ bad: bad ?? null, lines }));
  const told = texts.map((text) => JSON.parse(text) as { bad: Part["bad"] | null; lines: number[] });
  const rank = told.findIndex((each) => each.bad);
  if (rank < 0) return;
  const { file, what, line: here } = told[rank].bad!;
  const before = told.slice(0, rank).reduce((sum, each) => sum + each.lines[file], 0);
  const line = startOf(tables[file]).line - 1 + before + here;
  const { name } = files.sources[file];
  throw new RatingsError(`${name}:${line}: ${what}`, {
    file: name,
    line,
    remedy: aboutBadRow(what),
  });
}

/** All ids in the order of the file, and the index among them of each of this rank's. */
async function globalIds(own: Ids, ranks: Communicator): Promise<{ ids: Ids; index: Uint32Array }> {
  const ids = new Ids();
  for (const bytes of await ranks.gather(encodeIds(own.raw))) for (const id of decodeIds(bytes)!) ids.add(id);
  return { ids, index: Uint32Array.from(own.raw, (id) => ids.indexOf(id)) };
}

/** In place. */
function translated(indices: Uint32Array, by: Uint32Array): Uint32Array {
  for (let at = 0; at < indices.length; at++) indices[at] = by[indices[at]];
  return indices;
}

/**
 * Merges pairs that are rated twice: whoever has all of a user's ratings finds them,
 * and tells those who have read them.
 */
async function withoutDuplicates(
  { user, item, value, weight }: RatingColumns,
  ids: { users: Ids; items: Ids },
  ranks: Communicator,
  { duplicates }: ShareOptions,
  name: string,
): Promise<{ rows: RatingColumns; duplicateRows: number }> {
  const to = user.map((row) => row % ranks.size);
  const [users, items, values] = [await sent(user, to, ranks), await sent(item, to, ranks), await sent(value, to, ranks)];
  const weights = weight && concatenated(await sent(weight, to, ranks));
  const all = { user: concatenated(users), item: concatenated(items), value: concatenated(values), weight: weights };
  const found = mergeDuplicates(all, ids.users.size, ids.items.size, duplicates ?? "last", (at) => {
    return new RatingsError(`${name}: user ${ids.users.rawAt(all.user[at])} rated item ${ids.items.rawAt(all.item[at])} more than once`, {
      file: name,
      remedy: WHICH_COUNTS,
    });
  });
  const [duplicateRows, rows] = await ranks.sum(Float64Array.of(found.duplicateRows, all.value.length));
  if (duplicates === undefined) doubtDuplicates(rows, duplicateRows, name);
  if (duplicateRows === 0)
    return { rows: { user, item, value: duplicates === "count" ? value.map(() => 1) : value, weight }, duplicateRows };
  // Back to where they were read, in the order in which they came: which are kept, and what they then are.
  const counts = users.map((part) => part.length);
  const kept = await ranks.exchange(cutInto(found.kept ?? new Uint8Array(all.value.length).fill(1), counts));
  const now = await ranks.exchange(cutInto(found.values ?? found.columns.value, counts));
  const then = weights && (await ranks.exchange(cutInto(found.weights ?? weights, counts)));
  const next = new Uint32Array(ranks.size);
  const [marks, merged, mergedWeights] = [new Uint8Array(user.length), new Float32Array(user.length), weight?.slice()];
  for (let row = 0; row < user.length; row++) {
    const from = next[to[row]]++;
    marks[row] = kept[to[row]][from];
    merged[row] = now[to[row]][from];
    if (mergedWeights && then) mergedWeights[row] = then[to[row]][from];
  }
  return { rows: chosen({ user, item, value: merged, weight: mergedWeights }, marks, 1), duplicateRows };
}

/** The rows that are marked so. */
const chosen = ({ user, item, value, weight }: RatingColumns, marks: Uint8Array, by: 0 | 1): RatingColumns => ({
  user: markedOnly(user, marks, by),
  item: markedOnly(item, marks, by),
  value: markedOnly(value, marks, by),
  weight: weight && markedOnly(weight, marks, by),
});

/** Ratings of every row on all ranks together. */
async function lengthsOf(rows: Uint32Array, count: number, ranks: Communicator): Promise<Uint32Array> {
  const own = new Uint32Array(count);
  for (let at = 0; at < rows.length; at++) own[rows[at]]++;
  const PIECE = 2 ** 17;
  const all = new Uint32Array(count);
  for (let from = 0; from < count; from += PIECE)
    for (const counts of await ranks.gather(own.subarray(from, from + PIECE)))
      for (let at = 0; at < counts.length; at++) all[from + at] += counts[at];
  return all;
}

/** Hands a state from rank to rank, each of which takes it further; all get the last. */
async function inTurn(ranks: Communicator, begun: Float64Array, further: (state: Float64Array) => Float64Array): Promise<Float64Array> {
  let state = begun;
  for (let rank = 0; rank < ranks.size; rank++) {
    const own = rank === ranks.rank ? further(state) : new Float64Array(0);
    state = (await ranks.gather(own))[rank];
  }
  return state;
}

/** Statistics and unit as one process adds them up, row by row. */
async function statisticsInTurn(
  columns: RatingColumns,
  count: number,
  { users, items }: { users: Ids; items: Ids },
  ranks: Communicator,
): Promise<{ statistics: RatingStatistics; unit: number }> {
  const totals = await inTurn(ranks, NO_VALUES, (before) => addedUp(before, columns));
  const statistics = statisticsFrom(totals, users, items, count, columns.weight !== undefined);
  const [squares] = await inTurn(ranks, Float64Array.of(0), ([before]) => Float64Array.of(squaresAround(columns, statistics.mean, before)));
  return { statistics, unit: unitFrom(squares, statistics.weight ?? count) };
}

/** Weights together, one by one. */
const addedWeights = ([before]: Float64Array, weight: Float32Array): Float64Array => {
  let sum = before;
  for (let at = 0; at < weight.length; at++) sum += weight[at];
  return Float64Array.of(sum);
};

/** Weights of the ratings of some rows, each row's together. */
const weightsIn = (rows: Csr, { from, to }: RowSlice): Float64Array => Float64Array.from(rowWeights(rows).subarray(from, to));

async function fingerprintInTurn(
  columns: RatingColumns,
  count: number,
  { users, items }: { users: Ids; items: Ids },
  ranks: Communicator,
): Promise<Fingerprint> {
  const taking = new Fingerprinting(users.raw, items.raw, count);
  taking.state = await inTurn(ranks, taking.state, (state) => {
    taking.state = state;
    taking.take(columns);
    return taking.state;
  });
  return taking.fingerprint;
}

/** Which rank has a row, by where the rows are cut. */
function ownersOf(cuts: Uint32Array): (row: number) => number {
  return (row) => {
    let [low, high] = [0, cuts.length - 2];
    while (low < high) {
      const middle = Math.floor((low + high + 1) / 2);
      if (cuts[middle] <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  };
}

/** The ratings that come to this rank, in the order of the file. */
async function dealt(
  { user, item, value, weight }: RatingColumns,
  owner: (at: number) => number,
  ranks: Communicator,
): Promise<RatingColumns> {
  const to = user.map((_, at) => owner(at));
  return {
    user: concatenated(await sent(user, to, ranks)),
    item: concatenated(await sent(item, to, ranks)),
    value: concatenated(await sent(value, to, ranks)),
    weight: weight && concatenated(await sent(weight, to, ranks)),
  };
}

/** Sends each number to a rank; those for one rank keep their order. */
async function sent<T extends Uint32Array | Float32Array>(values: T, to: Uint32Array, ranks: Communicator): Promise<T[]> {
  const counts = new Uint32Array(ranks.size);
  for (let at = 0; at < values.length; at++) counts[to[at]]++;
  const parts = cutInto(new (values.constructor as new (length: number) => T)(values.length), counts);
  counts.fill(0);
  for (let at = 0; at < values.length; at++) parts[to[at]][counts[to[at]]++] = values[at];
  return await ranks.exchange(parts);
}

/** Brings numbers to rank 0, rank by rank. @returns what all ranks have sent; there alone. */
async function toRank0(values: Uint32Array, ranks: Communicator): Promise<Uint32Array | undefined> {
  const none = new Uint32Array(0);
  const parts = await ranks.exchange(Array.from({ length: ranks.size }, (_, rank) => (rank === 0 ? values : none)));
  return ranks.rank === 0 ? concatenated(parts) : undefined;
}

/** Brings what all users have seen to rank 0: users lie on the ranks in their order. */
const seenOnRank0 =
  (lengths: Uint32Array, ranks: Communicator) =>
  async (own: SeenItems): Promise<SeenItems | undefined> => {
    const items = await toRank0(own.items, ranks);
    if (!items) return undefined;
    const start = new Uint32Array(lengths.length + 1);
    for (let row = 0; row < lengths.length; row++) start[row + 1] = start[row] + lengths[row];
    return { start, items };
  };

/** The same of held-out ratings, any of which lie on any rank. */
const heldOutOnRank0 =
  (ids: { users: Ids; items: Ids }, ranks: Communicator) =>
  async (own: RatingColumns): Promise<SeenItems | undefined> => {
    const [user, item] = [await toRank0(own.user, ranks), await toRank0(own.item, ranks)];
    return user && item && seenItems(new Ratings({ user, item, value: new Float32Array(user.length) }, ids.users, ids.items));
  };
