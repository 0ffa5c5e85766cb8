// The filters that every command with a ranked list takes.

import { type Command, Option } from "commander";
import type { FactorModel } from "../models/factor-model.js";
import type { RawId } from "../ratings/ids.js";
import { itemFilter } from "../recommend/filters.js";
import { repeatable, wholeNumber } from "./options.js";

export interface FilterFlags {
  genre: string[];
  fromYear?: number;
  toYear?: number;
  minimumRatings?: number;
  include: string[];
  exclude: string[];
}

const GROUP = "Filters:";

/** @param least default of --minimum-ratings, which the command sees to itself. */
export function addFilterOptions(command: Command, least?: number): Command {
  const option = (flags: string, description: string): Option => new Option(flags, description).helpGroup(GROUP);
  return command
    .addOption(repeatable("--genre <name>", "only items of this genre; repeated: of any of them", "all").helpGroup(GROUP))
    .addOption(option("--from-year <year>", "only items whose title ends in this year or a later one").argParser(wholeNumber))
    .addOption(option("--to-year <year>", "only items whose title ends in this year or an earlier one").argParser(wholeNumber))
    .addOption(
      option(
        "--minimum-ratings <count>",
        `only items with at least this many ratings${least === undefined ? "" : ` (default: ${least})`}`,
      ).argParser(wholeNumber),
    )
    .addOption(repeatable("--include <title>", "only this item, by title or id; may be repeated", "all").helpGroup(GROUP))
    .addOption(repeatable("--exclude <title>", "not this item; may be repeated", "none").helpGroup(GROUP));
}

/** The first value that was given of each filter by what items are, by its flag. */
export const filtersOfItems = ({ genre, fromYear, toYear, include, exclude }: FilterFlags): Record<string, unknown> => ({
  "--genre": genre[0],
  "--from-year": fromYear,
  "--to-year": toYear,
  "--include": include[0],
  "--exclude": exclude[0],
});

/** The filter that the flags ask for; undefined when they ask for none. */
export function filterOf(model: FactorModel, flags: FilterFlags): ((id: RawId) => boolean) | undefined {
  const { genre, fromYear, toYear, minimumRatings, include, exclude } = flags;
  const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);
  const wanted = {
    genres: some(genre),
    fromYear,
    toYear,
    minimumRatings,
    include: some(include.map((text) => model.findItem(text))),
    exclude: some(exclude.map((text) => model.findItem(text))),
  };
  return Object.values(wanted).every((value) => value === undefined) ? undefined : itemFilter(model, wanted);
}
