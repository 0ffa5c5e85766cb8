// The ratings that the worker can train on: invented ones, and files that were dropped,
// which the browser's storage keeps.

import { delMany, get, setMany } from "idb-keyval";
import { checkIsData } from "./dropped-file.js";
import {
  type AskedColumns,
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
import { counted } from "../src/report/words.js";
import { filmRatings } from "../src/ratings/films.js";
import type { Report } from "./report.js";

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

/** Sizes of the built-in data: real films, and as many titles as a map should bear, which are invented too. */
export const BUILT_IN = {
  small: { films: true, users: 400, items: 668, ratings: 24_000 },
  middle: { films: true, users: 1000, items: 668, ratings: 60_000 },
  large: { films: false, users: 12_000, items: 60_000, ratings: 2_000_000 },
} as const;

export type BuiltInSize = keyof typeof BUILT_IN;

/** What the build trains for the page to begin with: the built-in data of medium size. */
export const STARTER = {
  size: "middle",
  share: 0.2,
  options: { model: "vb", factors: 16, sweeps: 20, seed: 1, covariance: "diagonal" },
} as const;

/** What the build tells of its training: also what the ratings are, which are then made only to train on them. */
export interface StarterReport extends Report {
  readonly data: DataSummary;
}

/** The same for every size of them, so that a visitor's ratings outlive a change of size. */
export const FILMS = "built-in films";

export function builtIn(size: BuiltInSize): Data {
  const { films, users, items, ratings } = BUILT_IN[size];
  if (films) return { name: FILMS, ratings: filmRatings({ users, ratings }) };
  return { name: "invented titles", ratings: syntheticRatings({ users, items, ratings }) };
}

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
export async function readDropped(
  files: readonly File[],
  skipBadRows: boolean,
  columns?: AskedColumns,
): Promise<{ data: Data; notes: string[] }> {
  for (const file of files) await checkIsData(file);
  const name = files.length === 1 ? files[0].name : `${files.length} files`;
  const read = await readAny(files, name, skipBadRows, columns);
  const notes = [
    ...(read.understood && files.length === 1 && !/\.zip$/i.test(name) ? [read.understood.columns] : []),
    ...(read.skippedRows > 0 ? [`${counted(read.skippedRows, "malformed row was", "malformed rows were")} left out`] : []),
    ...(read.duplicateRows > 0
      ? [`${counted(read.duplicateRows, "rating was", "ratings were")} replaced by a later one of the same title`]
      : []),
    ...(read.ratings.catalogue.size === 0 ? ["there are no titles: drop movies.csv together with ratings.csv, or the whole zip"] : []),
  ];
  return { data: { name: name.replace(/\.(zip|csv|tsv|dat|data)(\.gz)?$/, ""), ratings: read.ratings }, notes };
}

async function readAny(files: readonly File[], name: string, skipBadRows: boolean, columns?: AskedColumns): Promise<ReadResult> {
  const [first] = files;
  if (files.length > 1) return await readFolder(filesFolder(files, name), { skipBadRows });
  if (/\.zip$/i.test(first.name)) return await readFolder(zipFolder(first), { skipBadRows });
  return await readRatings(blobSource(first), { skipBadRows, columns });
}

const filesFolder = (files: readonly File[], name: string): Folder => ({
  name,
  list: async () => files.map((file) => file.name),
  open: async (wanted) => blobSource(files.find((file) => file.name === wanted)!),
});

/** Under these names the browser's IndexedDB keeps the last data that was dropped, in whichever tab. */
const KEPT = { data: "data", summary: "summary", model: "model" } as const;
/** Models larger than this are not kept from visit to visit. */
const MOST_MODEL_BYTES = 64 * 2 ** 20;

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

/** A model with what is shown of its training. */
interface KeptModel {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly report: Report | undefined;
}

/** Keeps a model until another is kept; one that is too large, or that the browser has no room for, is not kept. */
export async function keepModel(model: KeptModel): Promise<void> {
  try {
    if (model.bytes.length > MOST_MODEL_BYTES) await delMany([KEPT.model]);
    else await setMany([[KEPT.model, model]]);
  } catch {
    // The model lasts as long as the page.
  }
}

/** The model that was trained or loaded last, in whichever tab. */
export const keptModel = (): Promise<KeptModel | undefined> => stored<KeptModel>(KEPT.model);

export async function forgetModel(): Promise<void> {
  try {
    await delMany([KEPT.model]);
  } catch {
    // There is no storage, and nothing in it.
  }
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
