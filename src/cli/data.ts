// From a PATH argument to ratings: a file or folder, a data set by name, or the built-in invented ratings when there is none.

import { existsSync } from "node:fs";
import { defaultCacheFolder, fetchKnownSet } from "../ratings/download.js";
import { FeatureTable, readFeatures } from "../ratings/features.js";
import { fileSource, readPath } from "../ratings/files.js";
import { KNOWN_SETS } from "../ratings/known-sets.js";
import { sortedRatings } from "../ratings/sorted.js";
import type { Ratings } from "../ratings/ratings.js";
import type { Ids } from "../ratings/ids.js";
import type { ReadResult } from "../ratings/readers.js";
import { syntheticRatings } from "../ratings/synthetic.js";
import { OptionsError } from "../errors.js";
import { type Split, splitRatings } from "../ratings/split.js";
import type { DataFlags, SplitFlags } from "./options.js";
import { byteProgress, count, notice } from "./terminal.js";

export async function loadData(path: string | undefined, flags: DataFlags, ids?: { users: Ids; items: Ids }): Promise<ReadResult> {
  if (path === undefined) {
    return { ratings: syntheticRatings(), skippedRows: 0, duplicateRows: 0, format: "invented ratings", warnings: [] };
  }
  const known = KNOWN_SETS.find(({ name }) => name === path);
  const place = known && !existsSync(path) ? await download(path) : path;
  const bar = byteProgress("reading");
  try {
    const column = (name: string | undefined): string | number | undefined =>
      name !== undefined && /^\d+$/.test(name) ? Number(name) - 1 : name;
    const result = await readPath(place, {
      delimiter: flags.delimiter === "\\t" ? "\t" : flags.delimiter,
      header: flags.header,
      columns: {
        user: column(flags.userColumn),
        item: column(flags.itemColumn),
        value: column(flags.ratingColumn),
        time: column(flags.timeColumn),
      },
      duplicates: flags.duplicates,
      skipBadRows: flags.skipBadRows,
      split: flags.split,
      ids,
      cacheFolder: flags.cache ? defaultCacheFolder() : undefined,
      onProgress: bar.update,
    });
    bar.stop();
    for (const warning of result.warnings) notice(warning);
    if (result.skippedRows > 0) notice(`${count(result.skippedRows)} malformed rows left out`);
    if (result.duplicateRows > 0)
      notice(`${count(result.duplicateRows)} ratings of an item already rated (--duplicates ${flags.duplicates ?? "last"})`);
    return flags.sort ? sortedResult(result, ids !== undefined) : result;
  } finally {
    bar.stop();
  }
}

/** Ids that go on from other ratings' stay as they are. @throws OptionsError for a ready-made split, whose parts share their ids. */
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

/** The ratings to train on and those to measure by: a ready-made split, a test file, or a share of 0.2 unless another is given. */
export async function splitOf(read: ReadResult, flags: DataFlags & SplitFlags): Promise<Split> {
  const { ratings } = read;
  if (read.heldOut) {
    if (flags.holdout || flags.test)
      throw new OptionsError("--split already holds ratings out", { remedy: "leave --holdout and --test away" });
    return { train: ratings, heldOut: read.heldOut };
  }
  if (flags.test) {
    if (flags.holdout) throw new OptionsError("--test and --holdout exclude each other");
    const { ratings: heldOut } = await loadData(flags.test, flags, { users: ratings.users, items: ratings.items });
    return { train: ratings, heldOut };
  }
  return splitRatings(ratings, { by: flags.holdoutBy, share: flags.holdout ?? 0.2, last: flags.holdoutLast, seed: flags.seed });
}

/** A table of features; "genres" are those of the catalogue, of items only. */
export async function featuresFrom(path: string | undefined, items?: Ratings): Promise<FeatureTable | undefined> {
  if (path === undefined) return undefined;
  if (path === "genres" && items) return FeatureTable.genres(items.catalogue);
  return await readFeatures(await fileSource(path));
}
