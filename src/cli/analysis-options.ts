// What `analyse` and `report` let a user choose of the figures and lists of a model.

import { type Command, Option } from "commander";
import { OptionsError } from "../errors.js";
import { checkUsed } from "../options.js";
import type { AnalysisOptions } from "../report/report.js";
import { number, wholeNumber } from "./options.js";

export interface AnalysisFlags {
  genres?: string[];
  minimumRatings?: number;
  rated: string[];
  similar: string[];
  alpha?: number;
  n?: number;
}

const repeated = (text: string, all: string[]): string[] => [...all, text];

export function addAnalysisOptions(command: Command): Command {
  return command
    .option("--genres <names>", "genres on the map of items, by commas (default: the two farthest apart)", (text) =>
      text.split(",").map((name) => name.trim()),
    )
    .option("--minimum-ratings <count>", "fewest ratings of an item on the map and among the polarizing (default: 50)", wholeNumber)
    .addOption(
      new Option("--rated <title=rating>", "list items for someone new with this rating; may be repeated")
        .argParser(repeated)
        .default([], "none"),
    )
    .addOption(new Option("--similar <title>", "list items like this one; may be repeated").argParser(repeated).default([], "none"))
    .option("--alpha <α>", "weight of the item biases in the lists of --rated, beside 1 (default: 0.02)", number)
    .option("-n <count>", "length of lists (default: 20)", wholeNumber);
}

/** @throws OptionsError for a --rated without a rating, and for what is said of lists that nothing asks for. */
export function analysisOptionsOf({
  genres,
  minimumRatings = 50,
  rated,
  similar,
  alpha: given,
  n: listed,
}: AnalysisFlags): AnalysisOptions {
  checkUsed("--alpha", given, rated.length > 0, "no list of somebody is made", "give --rated, or no --alpha");
  checkUsed("-n", listed, rated.length + similar.length > 0, "no list is made", "give --rated or --similar, or no -n");
  const [alpha, n] = [given ?? 0.02, listed ?? 20];
  return { genres, minimumRatings, rated: rated.map((text) => parseRated(text)), similar, alpha, listed: n };
}

/** "Title=5". @param option where it was given. @throws OptionsError */
export function parseRated(text: string, option = "--rated"): { title: string; value: number } {
  const at = text.lastIndexOf("=");
  const title = at < 0 ? text : text.slice(0, at);
  const said = at < 0 ? "" : text.slice(at + 1).trim();
  const value = said === "" ? NaN : Number(said);
  if (Number.isFinite(value)) return { title, value };
  const what = said === "" ? "has no rating" : `has the rating "${said}", which is no number`;
  throw new OptionsError(`${option} "${text}" ${what}`, { remedy: `write ${option} "${title}=5"` });
}
