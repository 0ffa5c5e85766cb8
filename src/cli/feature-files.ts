// From a list of features on the command line to tables: files, genres of the catalogue, rated sets. Says what each file
// was taken for.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { OptionsError } from "../errors.js";
import { FeatureTable } from "../ratings/features.js";
import { fileSource } from "../ratings/files.js";
import { idsInCommon, type InCommon } from "../ratings/in-common.js";
import type { Ratings } from "../ratings/ratings.js";
import { type FeatureFile, readFeatureFile } from "../ratings/read-features.js";
import { counted } from "../report/words.js";
import { checkFeatureIds } from "../training/known-ids.js";
import { count, dim, notice, print } from "./terminal.js";

/** Features of users in a file of the folder that is known by its name; undefined where there is none of theirs. */
export async function usersBeside(path: string | undefined, ratings: Ratings): Promise<FeatureTable | undefined> {
  if (path === undefined || !existsSync(path) || !statSync(path).isDirectory()) return undefined;
  const file = readdirSync(path).find((name) => /^(u\.user|users\.dat|.*\.user)$/.test(name));
  if (file === undefined) return undefined;
  const features = await readFeatureFile(await fileSource(join(path, file)));
  const found = idsInCommon(features.table.ids, ratings.users);
  if (found.common > 0) printFeatures(file, features, found);
  else notice(`${file}: none of its ${counted(found.of, "user")} is among the ${count(found.among)} who rate, so it is left out`);
  return found.common > 0 ? features.table : undefined;
}

/** Words in the place of files of features. */
const GENRES = "genres";
const RATED = "rated";

/** The parts of a list of features. @throws OptionsError when one of them is empty. */
function featureParts(list: string): string[] {
  const parts = list.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new OptionsError(`"${list}" lists features, and one of them is empty`);
  const twice = parts.find((part, at) => parts.indexOf(part) < at);
  if (twice !== undefined) throw new OptionsError(`"${list}" lists ${twice} twice`, { remedy: "name each kind of features once" });
  return parts;
}

/** Features of each side, as `featuresFrom` takes them. */
export interface FeatureFlags {
  itemFeatures?: string;
  userFeatures?: string;
}

export const hasFeatures = ({ itemFeatures, userFeatures }: FeatureFlags): boolean =>
  itemFeatures !== undefined || userFeatures !== undefined;

/** Finds out early that features are not there. @throws RatingsError for a file; OptionsError */
export async function checkFeatureFiles({ itemFeatures, userFeatures }: FeatureFlags): Promise<void> {
  for (const [list, mayBeGenres] of [
    [itemFeatures, true],
    [userFeatures, false],
  ] as const) {
    for (const place of list === undefined ? [] : featureParts(list)) {
      if (place === RATED || (place === GENRES && mayBeGenres)) continue;
      if (place === GENRES && !existsSync(GENRES))
        throw new OptionsError("users have no genres", { remedy: "genres are features of items: --item-features genres" });
      await fileSource(place);
    }
  }
}

/**
 * Features by what a flag lists, separated by commas: files, "genres" of the catalogue (items only), and "rated", the
 * rated sets of the side. Says what each file was taken for.
 *
 * @throws RatingsError for a file that has no id in common with the ratings.
 */
export async function featuresFrom(list: string | undefined, side: "users" | "items", ratings: Ratings): Promise<FeatureTable | undefined> {
  if (list === undefined) return undefined;
  const tables: FeatureTable[] = [];
  const parts = featureParts(list);
  for (const place of parts) {
    if (place === RATED) tables.push(FeatureTable.ratedSets());
    else if (place === GENRES && side === "items") tables.push(FeatureTable.genres(ratings.catalogue));
    else {
      const file = await readFeatureFile(await fileSource(place));
      // The training says the same of all of them together.
      const found = checkFeatureIds(place, file.table, side, ratings, (text) => parts.length > 1 && notice(text));
      printFeatures(place, file, found);
      tables.push(file.table);
    }
  }
  return FeatureTable.join(tables);
}

/** Says what a file of features was taken for, and of how many of the rated it is. */
function printFeatures(place: string, { table, columns }: FeatureFile, { common, of, among }: InCommon): void {
  const rated = `${common === of && of > 1 ? "all" : count(common)} of them among the ${count(among)} rated`;
  print(`${dim("features")} ${place}: ${columns}  (${counted(table.names.length, "feature")} of ${counted(of, "id")}, ${rated})`);
}
