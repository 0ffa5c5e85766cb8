// The ratings that the worker can train on: invented ones, and files that were dropped,
// which the browser's storage keeps.

import { delMany, get, setMany } from "idb-keyval";
import { checkIsData } from "./dropped-file.js";
import {
  blobSource,
  Catalogue,
  type CatalogueEntry,
  type Folder,
  Ids,
  type RawId,
  Ratings,
  type RatingStatistics,
  readFolder,
  readRatings,
  type ReadResult,
  syntheticRatings,
  zipFolder,
} from "../src/index.js";

export interface Data {
  readonly name: string;
  readonly ratings: Ratings;
}

/** What the page shows of the data. */
export interface DataSummary extends RatingStatistics {
  readonly name: string;
  /** Of data that was dropped: what tells it from what another tab has dropped. */
  readonly key?: string | undefined;
  readonly hasTitles: boolean;
  readonly hasGenres: boolean;
  /** What a person should know of the reading. */
  readonly notes: readonly string[];
}

/** Sizes of the built-in data. The largest has as many titles as a map should bear. */
export const BUILT_IN = {
  small: { users: 600, items: 400, ratings: 30_000 },
  middle: { users: 1500, items: 1200, ratings: 90_000 },
  large: { users: 12_000, items: 60_000, ratings: 2_000_000 },
} as const;

export type BuiltInSize = keyof typeof BUILT_IN;

export const builtIn = (size: BuiltInSize): Data => ({ name: `invented ratings, ${size}`, ratings: syntheticRatings(BUILT_IN[size]) });

export function summaryOf({ name, ratings }: Data, notes: readonly string[] = []): DataSummary {
  const entries = [...ratings.catalogue.entries()];
  return {
    ...ratings.statistics(),
    name,
    hasTitles: entries.length > 0,
    hasGenres: entries.some(({ genres }) => genres.length > 0),
    notes,
  };
}

/**
 * Reads what was dropped together: a zip, a table, or several files of one data set.
 *
 * @throws RatingsError
 */
export async function readDropped(files: readonly File[], skipBadRows: boolean): Promise<{ data: Data; notes: string[] }> {
  for (const file of files) await checkIsData(file);
  const name = files.length === 1 ? files[0].name : `${files.length} files`;
  const read = await readAny(files, name, skipBadRows);
  const notes = [
    ...(read.skippedRows > 0 ? [`${counted(read.skippedRows, "malformed row was", "malformed rows were")} left out`] : []),
    ...(read.duplicateRows > 0
      ? [`${counted(read.duplicateRows, "rating was", "ratings were")} replaced by a later one of the same title`]
      : []),
    ...(read.ratings.catalogue.size === 0 ? ["there are no titles: drop movies.csv together with ratings.csv, or the whole zip"] : []),
  ];
  return { data: { name: name.replace(/\.(zip|csv|tsv|dat|data)(\.gz)?$/, ""), ratings: read.ratings }, notes };
}

const counted = (count: number, one: string, many: string): string => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

async function readAny(files: readonly File[], name: string, skipBadRows: boolean): Promise<ReadResult> {
  const [first] = files;
  if (files.length > 1) return await readFolder(filesFolder(files, name), { skipBadRows });
  if (/\.zip$/i.test(first.name)) return await readFolder(zipFolder(first), { skipBadRows });
  return await readRatings(blobSource(first), { skipBadRows });
}

const filesFolder = (files: readonly File[], name: string): Folder => ({
  name,
  list: async () => files.map((file) => file.name),
  open: async (wanted) => blobSource(files.find((file) => file.name === wanted)!),
});

/** Under these names the browser's IndexedDB keeps the last data that was dropped, in whichever tab. */
const KEPT = { data: "data", summary: "summary" } as const;

interface KeptData {
  readonly key: string;
  readonly name: string;
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly value: Float32Array;
  readonly users: readonly RawId[];
  readonly items: readonly RawId[];
  readonly entries: readonly CatalogueEntry[];
}

/** Keeps data until it is forgotten or other data is kept. @throws DOMException when the browser has no room. */
export async function keep(key: string, { name, ratings }: Data, summary: DataSummary): Promise<void> {
  const { user, item, value, users, items, catalogue } = ratings;
  const kept: KeptData = { key, name, user, item, value, users: users.raw, items: items.raw, entries: [...catalogue.entries()] };
  await setMany([
    [KEPT.data, kept],
    [KEPT.summary, summary],
  ]);
}

/** Undefined also where the browser denies its storage, which may throw at once. */
async function stored<T>(name: string): Promise<T | undefined> {
  try {
    return await get<T>(name);
  } catch {
    return undefined;
  }
}

/** What is known of the data that is kept; undefined when there is none, or no storage. */
export async function keptSummary(): Promise<DataSummary | undefined> {
  const summary = await stored<DataSummary>(KEPT.summary);
  // What was kept before data had keys is of no use.
  return summary?.key === undefined ? undefined : summary;
}

/** The data of this key; undefined when other data, or none, is kept. */
export async function keptData(key: string): Promise<Data | undefined> {
  const kept = await stored<KeptData>(KEPT.data);
  if (kept?.key !== key) return undefined;
  const { name, user, item, value, users, items, entries } = kept;
  return { name, ratings: new Ratings({ user, item, value }, new Ids([...users]), new Ids([...items]), new Catalogue(entries)) };
}

/** Forgets the data of this key; that of another tab stays. */
export async function forget(key: string): Promise<void> {
  if ((await keptSummary())?.key === key) await delMany([KEPT.summary, KEPT.data]);
}
