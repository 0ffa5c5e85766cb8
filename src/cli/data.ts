// From a PATH argument to ratings: a file or folder, a data set by name, or the built-in
// invented ratings of real films when there is none.

import { existsSync } from "node:fs";
import { defaultCacheFolder, fetchKnownSet } from "../ratings/download.js";
import type { Communicator } from "../distributed/communicator.js";
import { readShare, type SharedSplit } from "../distributed/shared-reading.js";
import { fingerprintOf, joinedSets } from "../ratings/fingerprint.js";
import { fileSource, readTableAt, tableFiles } from "../ratings/files.js";
import { filmRatings } from "../ratings/films.js";
import type { Catalogue } from "../ratings/catalogue.js";
import type { RatingSource } from "../ratings/folder.js";
import { type InCommon, isLittle, ratedInCommon } from "../ratings/in-common.js";
import { readItems } from "../ratings/items.js";
import { KNOWN_SETS } from "../ratings/known-sets.js";
import { seenItems, type TrainedBefore } from "../ratings/seen.js";
import { sortedRatings } from "../ratings/sorted.js";
import type { Ratings } from "../ratings/ratings.js";
import type { Ids } from "../ratings/ids.js";
import { checkReadOptions, type ReadOptions } from "../ratings/read-options.js";
import { readSource, type ReadResult } from "../ratings/readers.js";
import { OptionsError, RatingsError } from "../errors.js";
import { trainedPairs } from "../metrics/trained-pairs.js";
import { checkUsed } from "../options.js";
import { checkSplitOptions, HELD_OUT_SHARE, type Split, splitFrom, type SplitOptions } from "../ratings/split.js";
import { titled, type TitlesFrom } from "../ratings/titles.js";
import type { FactorModel } from "../models/factor-model.js";
import { counted } from "../report/words.js";
import { usersOfBoth } from "../training/known-ids.js";
import { type FeatureFlags, hasFeatures } from "./feature-files.js";
import { typed } from "./hyperparameter-flags.js";
import { checkOtherData, sizesOf } from "./known-to-model.js";
import { COLUMN_FLAGS, type DataFlags, type OtherDataFlags, type ShareFlags, type SplitFlags } from "./options.js";
import { agreeOn, firstOnRank0 } from "./ranks.js";
import { pathBeside } from "./run-file.js";
import { invocation } from "./invocation.js";
import { byteProgress, count, dim, notice, print } from "./terminal.js";
import { noticeAsTyped } from "./typed-names.js";

/** The name of standard input. */
const STANDARD_INPUT = "-";

/** Ratings that are in no file. */
const INVENTED = "the invented ratings";

/** Flags that say how a file is read. */
const OF_FILES = [
  ...Object.values(COLUMN_FLAGS),
  "delimiter",
  "header",
  "layout",
  "missing",
  "scale",
  "encoding",
  "items",
  "duplicates",
  "skipBadRows",
  "split",
] as const;

/** @throws OptionsError for a flag that says how a file is read, where none is. */
export function checkReadsFile(flags: Partial<DataFlags>, reads: boolean, why: string, remedy: string): void {
  for (const name of OF_FILES) checkUsed(typed(name), flags[name], reads, why, remedy);
  checkUsed("--no-cache", flags.cache === false ? true : undefined, reads, why, remedy);
}

/** Pairs to predict: as many as there are rows, unless flags say what becomes of those that come twice. */
export const loadPairs = async (path: string, flags: DataFlags): Promise<ReadResult> =>
  await loadData(path, flags, undefined, flags.duplicates === undefined);

export async function loadData(
  path: string | undefined,
  flags: DataFlags,
  ids?: { users: Ids; items: Ids },
  everyRow?: boolean,
): Promise<ReadResult> {
  if (path === undefined) {
    checkReadsFile(flags, false, `${INVENTED} are in no file`, "give the path of your ratings");
    const built = { ratings: filmRatings(), skippedRows: 0, duplicateRows: 0, format: "invented ratings of real films", warnings: [] };
    return flags.sort ? sortedResult(built, ids !== undefined) : built;
  }
  const place = await placeOf(path);
  const catalogue = await catalogueOf(flags);
  const bar = byteProgress("reading");
  try {
    const options: ReadOptions = { ...readOptionsOf(flags), ids, catalogue, onProgress: bar.update };
    checkReadOptions("reading", options);
    const result =
      place === STANDARD_INPUT
        ? await readSource({ name: "standard input", stream: () => process.stdin }, { ...options, everyRow })
        : await readTableAt(place, { ...options, everyRow, cacheFolder: flags.cache ? defaultCacheFolder() : undefined });
    bar.stop();
    for (const warning of result.warnings) noticeAsTyped(warning);
    noticeLeftOut(result, flags);
    const told = { ...result, titles: ownTitles(catalogue, result.ratings, flags) ?? result.titles };
    return flags.sort ? sortedResult(told, ids !== undefined) : told;
  } finally {
    bar.stop();
  }
}

/** How many of the rated items have a title in the catalogue of `--items`; says where none, or little, of it is of them. */
function ownTitles(catalogue: Catalogue | undefined, { items }: Ratings, { items: file }: DataFlags): TitlesFrom | undefined {
  if (!catalogue || file === undefined) return undefined;
  const found = { common: titled(catalogue, items), of: catalogue.size, among: items.size };
  const told = `of its ${count(found.of)} items is among the ${count(found.among)} that are rated`;
  if (found.common === 0) notice(`${file}: none ${told}`);
  else if (isLittle(found)) notice(`${file}: only ${count(found.common)} ${told}`);
  return { file, items: found.common, among: found.among };
}

/** Where the ratings of a path are: a known data set that is not there is fetched. */
const placeOf = async (path: string): Promise<string> =>
  KNOWN_SETS.some(({ name }) => name === path) && !existsSync(path) ? await download(path) : path;

const catalogueOf = async ({ items }: DataFlags): Promise<Catalogue | undefined> =>
  items === undefined ? undefined : await readItems(await fileSource(items));

/** How a table is read, by the flags. */
function readOptionsOf(flags: DataFlags): ReadOptions {
  const column = (name: string | undefined): string | number | undefined => {
    if (name === "0") throw new OptionsError("columns are numbered from 1: there is no column 0");
    return name !== undefined && /^\d+$/.test(name) ? Number(name) - 1 : name;
  };
  return {
    delimiter: flags.delimiter === "\\t" ? "\t" : flags.delimiter,
    header: flags.header,
    columns: Object.fromEntries(Object.entries(COLUMN_FLAGS).map(([held, flag]) => [held, column(flags[flag])])),
    layout: flags.layout,
    missing: flags.missing?.split(","),
    scale: flags.scale,
    encoding: flags.encoding,
    duplicates: flags.duplicates,
    skipBadRows: flags.skipBadRows,
    split: flags.split,
  };
}

function noticeLeftOut(result: Pick<ReadResult, "skippedRows" | "firstSkipped" | "missingRows" | "duplicateRows">, flags: DataFlags): void {
  if (result.skippedRows > 0) notice(skipped(result));
  if ((result.missingRows ?? 0) > 0)
    notice(`${counted(result.missingRows!, "row")} without a rating left out (--missing ${flags.missing})`);
  if (result.duplicateRows > 0)
    notice(`${counted(result.duplicateRows, "rating")} of an item already rated (--duplicates ${flags.duplicates ?? "last"})`);
}

/** What a command trains on: the ratings, or this rank's share of them, split, and how many there are in all. */
export interface TrainingData extends Split {
  readonly read: Pick<ReadResult, "format" | "understood" | "titles">;
  /** What tells all ratings that were read from others: made when it is asked for, which takes a while. */
  readonly fingerprint: () => string;
  readonly counts: { readonly ratings: number; readonly heldOut: number };
  /** What was read, without a test file. */
  readonly sizes: Sizes;
  readonly test?: TestFile | undefined;
  /** Ratings that a model to start from has kept from being held out. */
  readonly stayed: number;
}

interface Sizes {
  readonly ratings: number;
  readonly users: number;
  readonly items: number;
}

/** A file of ratings to measure by, and how many of its users and items have ratings to train on. */
export interface TestFile {
  readonly read: ReadResult;
  readonly users: InCommon;
  readonly items: InCommon;
}

/**
 * Of several ranks each reads its share, where the file, the split and the model allow it; else all of it.
 *
 * @param whole why the training needs all ratings in one place; undefined where it does not.
 * @param init a model to start from, whose training ratings are not to be held out.
 */
export async function loadTraining(
  path: string | undefined,
  flags: DataFlags & SplitFlags & FeatureFlags,
  ranks: Communicator,
  whole: string | undefined,
  epochs: { readonly seed: number } | undefined,
  init: TrainedBefore | undefined,
): Promise<TrainingData> {
  if (ranks.size > 1 && path !== undefined) {
    const why =
      whole ??
      (flags.test !== undefined || flags.sort || flags.holdoutBy !== "random" ? "only a split at random is made in shares" : undefined);
    const shared = why === undefined ? await sharedSplit(path, flags, ranks, epochs) : undefined;
    if (shared) {
      for (const warning of shared.warnings) noticeAsTyped(warning);
      noticeLeftOut(shared, flags);
      const { train, heldOut, counts, fingerprint, format, understood, titles } = shared;
      const sizes = { ratings: counts.ratings + counts.heldOut, users: train.users.size, items: train.items.size };
      return {
        read: { format, understood, titles },
        fingerprint: () => fingerprint,
        train,
        heldOut,
        counts,
        sizes,
        stayed: 0,
      };
    }
    notice(`every rank reads all ratings: ${why ?? "the file is compressed or quoted, or neither delimited text nor Parquet"}`);
  }
  const read = await firstOnRank0(() => loadData(path, flags));
  const { ratings: all } = read;
  // A test file's ids join these.
  const sizes = { ratings: all.count + (read.heldOut?.count ?? 0), users: all.users.size, items: all.items.size };
  const { train, heldOut, test, stayed = 0 } = await splitOf(read, flags, path, hasFeatures(flags), init);
  const isReady = read.heldOut !== undefined;
  return {
    read,
    // Of the parts, which ranks and checkpoints ask for too: every rating is gone through once.
    fingerprint: () =>
      isReady || flags.test
        ? fingerprintOfRead({ ratings: train, heldOut: isReady ? heldOut : undefined })
        : joinedSets(fingerprintOf(train), fingerprintOf(heldOut)),
    train,
    heldOut,
    counts: { ratings: train.count, heldOut: heldOut.count },
    sizes,
    test,
    stayed,
  };
}

async function sharedSplit(
  path: string,
  flags: DataFlags & SplitFlags,
  ranks: Communicator,
  epochs: { readonly seed: number } | undefined,
): Promise<SharedSplit | undefined> {
  const place = await firstOnRank0(() => placeOf(path));
  const options = readOptionsOf(flags);
  const files = await tableFiles(place, options);
  if (!files) return undefined;
  const fronts = await Promise.all(files.sources.map(async (source) => await frontOf(source)));
  await agreeOn({ ratings: fronts });
  const catalogue = await catalogueOf(flags);
  const holdout = flags.holdout ?? HELD_OUT_SHARE;
  const shared = await readShare(files, ranks, { ...options, catalogue, holdout, seed: flags.seed, epochs });
  return shared && { ...shared, titles: ownTitles(catalogue, shared.train, flags) ?? shared.titles };
}

/** What tells one file from another without reading it all: its size, and its front and end. */
async function frontOf({ bytes, range }: RatingSource): Promise<unknown> {
  if (bytes === undefined || !range) return null;
  const [front, end] = [await range(0, Math.min(bytes, FRONT_BYTES)), await range(Math.max(0, bytes - FRONT_BYTES), bytes)];
  return [bytes, Buffer.from(front).toString("base64"), Buffer.from(end).toString("base64")];
}
const FRONT_BYTES = 2 ** 16;

/** How many rows were left out, and what was wrong with the first of them. */
function skipped({ skippedRows, firstSkipped = [] }: Pick<ReadResult, "skippedRows" | "firstSkipped">): string {
  const named = firstSkipped.map(({ file, line, what }) => `\n       ${file}:${line}: ${what}`);
  const more = skippedRows > firstSkipped.length && named.length > 0 ? "\n       …" : "";
  return `${counted(skippedRows, "malformed row")} left out${named.length > 0 ? ":" : ""}${named.join("")}${more}`;
}

/** Says what the ratings were taken for: which column is what, and what else is not as in most files. */
export function printUnderstood(
  { understood, titles }: Pick<ReadResult, "understood" | "titles">,
  say: (text: string) => void = print,
): void {
  if (!understood) return;
  const { columns, form, encoding } = understood;
  const more = [...(form === undefined ? [] : [form]), ...(encoding === undefined ? [] : [`text in ${encoding}`])];
  say(`${dim("columns")}  ${columns}${more.length > 0 ? `  (${more.join(", ")})` : ""}`);
  if (titles) say(`${dim("titles")}   ${titles.file}: ${count(titles.items)} of the ${counted(titles.among, "item")}`);
}

/** What tells ratings that were read from others, in whatever order of rows. */
export const fingerprintOfRead = ({ ratings, heldOut }: Pick<ReadResult, "ratings" | "heldOut">): string =>
  [ratings, heldOut].flatMap((set) => (set ? [fingerprintOf(set).set] : [])).join("+");

/** How the command that runs is given the ratings of a model. */
function toGive(): string {
  const { command } = invocation;
  if (command?.options.some(({ long }) => long === "--data")) return "--data PATH";
  const takesPath = command?.registeredArguments.some((argument) => argument.name() === "path");
  return takesPath
    ? `${command!.name()} ${command!.options.some(({ long }) => long === "--model") ? "PATH --model MODEL" : "MODEL PATH"}`
    : "train it on a file";
}

/** The ratings that a model was trained on, read and split as they were then, unless flags say otherwise. */
export async function loadTrainingData(
  model: FactorModel,
  modelPath: string,
  path: string | undefined,
  given: DataFlags & ShareFlags & OtherDataFlags & { test?: string | undefined },
): Promise<{ read: ReadResult; split: SplitFlags; flags: DataFlags; path: string | undefined }> {
  const { source } = model;
  const known = (flags: object): object => Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const beside = (file: unknown): string | undefined => (typeof file === "string" ? pathBeside(modelPath, file) : undefined);
  if (!source && path === undefined)
    throw new OptionsError(`${modelPath} does not say where its ratings are`, { remedy: `give those that it was trained on: ${toGive()}` });
  const from = path ?? beside(source?.path);
  if (from === STANDARD_INPUT && path === undefined)
    throw new OptionsError(`${modelPath} was trained on standard input`, {
      remedy: `give the file that holds its ratings: ${toGive()}`,
    });
  const kept = { ...source?.reading, items: beside(source?.reading["items"]) };
  const flags: DataFlags = { ...kept, ...known(given), cache: given.cache };
  const before = { ...source?.split, test: beside(source?.split["test"]) } as Partial<SplitFlags>;
  if (given.test !== undefined) checkHoldsOut(given);
  // A test file, a share or a number of ratings that is given takes the place of each.
  const isGiven = (given.holdout ?? given.test ?? given.holdoutLast) !== undefined || given.holdoutBy === "last";
  const { holdout, test } = isGiven ? given : before;
  const holdoutBy = given.holdoutBy ?? before.holdoutBy ?? "random";
  const holdoutLast = given.holdoutLast ?? (holdoutBy === "last" && holdout === undefined ? before.holdoutLast : undefined);
  const now: SplitFlags = { holdout, test, holdoutBy, holdoutLast, seed: given.seed ?? before.seed ?? 1 };
  const shareOf = ({ holdout: share, ...by }: Partial<SplitFlags>): number | undefined =>
    share ?? (by.test === undefined && by.holdoutBy !== "last" ? HELD_OUT_SHARE : undefined);
  const told = (of: Partial<SplitFlags>): string => JSON.stringify([of.seed, shareOf(of), of.holdoutBy, of.holdoutLast, of.test]);
  const { stayed, trainedBefore } = before;
  const split: SplitFlags = told(now) === told(before) ? { ...now, stayed, trainedBefore } : now;
  checkSplitOptions(splitOptionsOf(split));
  const read = await loadData(from, flags);
  const total = read.ratings.count + (read.heldOut?.count ?? 0);
  const { ratings: trainedOn, fingerprint } = source ?? { ratings: total };
  if (trainedOn !== total || (fingerprint !== undefined && fingerprint !== fingerprintOfRead(read))) {
    const others = trainedOn === total ? "as many, but others" : count(trainedOn);
    const told = `${from ?? INVENTED} has ${counted(total, "rating")}; when ${modelPath} was trained, there were ${others}`;
    if (!given.otherData)
      throw new OptionsError(told, { remedy: "give the ratings that it was trained on, or --other-data to take these" });
    notice(told);
    checkOtherData(model, read.ratings, from ?? INVENTED);
  }
  return { read, split, flags, path: from };
}

/**
 * Ids that go on from other ratings' stay as they are.
 *
 * @throws OptionsError for a ready-made split, whose parts share their ids.
 */
function sortedResult(result: ReadResult, goesOn: boolean): ReadResult {
  if (result.heldOut) throw new OptionsError("--sort does not go with --split", { remedy: "leave one of them away" });
  return goesOn ? result : { ...result, ratings: sortedRatings(result.ratings) };
}

async function download(name: string): Promise<string> {
  const bar = byteProgress(`downloading ${name}`);
  try {
    return await fetchKnownSet(name, { baseUrl: process.env["TASTESPACE_DATA_URL"], onTerms: notice, onProgress: bar.update });
  } finally {
    bar.stop();
  }
}

/**
 * The ratings to train on and those to measure by: a ready-made split, a test file,
 * or a share of 0.2 unless another is given.
 *
 * @param isFeatured whether features may tell of a test file's users and items.
 * @param trained a model whose training ratings are not to be held out.
 */
export async function splitOf(
  read: ReadResult,
  flags: DataFlags & SplitFlags,
  path: string | undefined,
  isFeatured: boolean,
  trained?: TrainedBefore,
): Promise<Split & { test?: TestFile; stayed?: number }> {
  const { ratings } = read;
  if (read.heldOut) {
    return { train: ratings, heldOut: read.heldOut };
  }
  if (flags.test) {
    const test = await loadTest(flags.test, flags, ratings, path, isFeatured);
    const heldOut = test.read.ratings;
    const trained = trainedPairs({ seen: seenItems(ratings), users: ratings.users, items: ratings.items }, heldOut) ?? 0;
    if (trained > 0) notice(`${count(trained)} of the ${counted(heldOut.count, "rating")} of ${flags.test} are among those to train on`);
    return { train: ratings, heldOut, test };
  }
  return splitFrom(ratings, { ...splitOptionsOf(flags), init: trained?.seen && trained });
}

/**
 * The split of a model's own training, after whose like `splitOf` has kept ratings from being held out: it is trained on
 * those, too.
 *
 * @throws OptionsError where the model does not hold what it was trained on.
 */
export async function splitOfModel(
  model: FactorModel,
  read: ReadResult,
  flags: DataFlags & SplitFlags,
  path: string | undefined,
): Promise<Split> {
  const split = (trained?: TrainedBefore): ReturnType<typeof splitOf> => splitOf(read, flags, path, model.features !== undefined, trained);
  if (!flags.stayed) return await split();
  if (!model.seen)
    throw new OptionsError(`${count(flags.stayed)} ratings of the split stayed in training, and the model does not hold which`, {
      remedy: "give held-out ratings with --test FILE, or train without --no-seen",
    });
  const own = await split(model);
  // Of other ratings than those of the training it is another split.
  return own.stayed === flags.stayed ? own : await split();
}

/**
 * A file of ratings to measure by, whose ids go on from those to train on.
 *
 * @throws RatingsError where none of its users and items has a rating to train on.
 */
export async function loadTest(
  file: string,
  flags: DataFlags,
  ratings: Ratings,
  path: string | undefined,
  isFeatured: boolean,
): Promise<TestFile> {
  const { users: knownUsers, items: knownItems } = ratings;
  // A model of a ready-made split is measured by a file of its own, too.
  const read = await loadData(file, { ...flags, split: undefined }, { users: knownUsers, items: knownItems });
  const { users, items } = ratedInCommon(read.ratings, ratings);
  const sizes = sizesOf(users, items);
  const from = path ?? INVENTED;
  if (users.common + items.common === 0 && !isFeatured)
    throw new RatingsError(`${file}: none of its ${sizes("of")} is among those of ${from}`, {
      file,
      remedy: `give ratings of the same users and items: ${usersOfBoth(read.ratings, ratings)}`,
    });
  if (isLittle(users) || isLittle(items))
    notice(`${file}: of its ${sizes("of")} only ${sizes("common")} are among those of ${from}; nothing is learned of the others`);
  return { read, users, items };
}

/** Says what a test file holds, and what its columns were taken for where they are others than of the file to train on. */
export function printTest({ read, users, items }: TestFile, { understood }: Pick<ReadResult, "understood">): void {
  const known = ({ common, of }: InCommon, one: string): string => `${counted(of, one)} (${count(common)} known)`;
  print(`${dim("test")}     ${read.format}: ${counted(read.ratings.count, "rating")}, ${known(users, "user")}, ${known(items, "item")}`);
  if (read.understood?.columns !== understood?.columns) printUnderstood(read);
}

const splitOptionsOf = ({ holdoutBy: by, holdout: share, holdoutLast: last, seed }: SplitFlags): SplitOptions => ({
  by,
  share,
  last,
  seed,
});

/** @throws OptionsError for flags that exclude each other, or have values that they may not have. */
export function checkSplit(flags: DataFlags & SplitFlags): void {
  if (flags.split !== undefined && (flags.holdout || flags.test !== undefined))
    throw new OptionsError("--split already holds ratings out", { remedy: "leave --holdout and --test away" });
  checkHoldsOut({ ...flags, holdoutBy: flags.holdoutBy === "random" ? undefined : flags.holdoutBy });
  checkSplitOptions(splitOptionsOf(flags));
}

/** @throws OptionsError for a share to hold out, or a way of it, where what is held out is given. */
function checkHoldsOut({ test, split, holdout, holdoutBy }: { test?: string } & Pick<DataFlags, "split"> & ShareFlags): void {
  if (test !== undefined && holdout)
    throw new OptionsError("--test and --holdout exclude each other", { remedy: "leave one of them away" });
  const given = test === undefined ? "--split" : "--test";
  const isFree = test === undefined && split === undefined;
  checkUsed("--holdout-by", holdoutBy, isFree, `${given} gives the held-out ratings`, `leave --holdout-by or ${given} away`);
}
