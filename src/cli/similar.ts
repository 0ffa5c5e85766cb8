// tastespace similar: the items, or the users, whose factors point the same way.

import { Command } from "commander";
import type { FactorModel, ListedItem, SimilarUser } from "../models/factor-model.js";
import { load } from "../node.js";
import { checkUsed } from "../options.js";
import { counted } from "../report/words.js";
import { addFilterOptions, type FilterFlags, filterOf, filtersOfItems } from "./item-filter.js";
import { checkOne, wholeNumber } from "./options.js";
import { listing } from "./recommend.js";
import { writeJson } from "./output.js";
import { count, dim, print, table } from "./terminal.js";

/** The default of --minimum-ratings: an item of few ratings is like anything. */
const MINIMUM_RATINGS = 10;

interface SimilarFlags extends FilterFlags {
  user?: string;
  n: number;
  json?: string;
}

export function similarCommand(): Command {
  const command = new Command("similar")
    .description("List the items most like an item, or the users most like a user.")
    .argument("<model>", "a model file")
    .argument("[item]", "a title or an id")
    .option("--user <id>", "list users like this one instead")
    .option("-n <count>", "how many", wholeNumber, 10)
    .option("--json <file>", "write the list here");
  return addFilterOptions(command, MINIMUM_RATINGS)
    .addHelpText(
      "after",
      `\nExamples:\n  tastespace similar model.safetensors "Toy Story (1995)"\n  tastespace similar model.safetensors --user 42`,
    )
    .action(async (path: string, item: string | undefined, flags: SimilarFlags) => {
      checkOne("", "like what", { "an item": item !== undefined, "--user ID": flags.user !== undefined });
      for (const [name, given] of Object.entries(filtersOfItems(flags)))
        checkUsed(name, given, item !== undefined, "users are listed, and it is of items", `leave ${name} away`);
      const model = await load(path);
      const list = item === undefined ? usersLike(model, flags.user!, flags) : itemsLike(model, item, flags);
      await writeJson(flags.json, list);
    });
}

function itemsLike(model: FactorModel, item: string, flags: SimilarFlags): ListedItem[] {
  const id = model.findItem(item);
  const { minimumRatings = MINIMUM_RATINGS } = flags;
  const list = model.similarItems(id, { n: flags.n, filter: filterOf(model, { ...flags, minimumRatings }) });
  print(dim(`like ${model.catalogue.title(id)}, among items with at least ${counted(minimumRatings, "rating")}`));
  print(listing(list));
  return list;
}

function usersLike(model: FactorModel, user: string, { n, minimumRatings }: SimilarFlags): SimilarUser[] {
  const isCounted = model.seen !== undefined;
  // A model that has forgotten who rated what says so where a number is asked for.
  const least = minimumRatings ?? (isCounted ? MINIMUM_RATINGS : undefined);
  const list = model.similarUsers(user, { n, minimumRatings: least });
  print(dim(`like user ${user}${least === undefined ? "" : `, among users with at least ${counted(least, "rating")}`}`));
  const rows = list.map(({ id, score, ratings }, at) => [
    String(at + 1),
    String(id),
    score.toFixed(3),
    ...(ratings === undefined ? [] : [count(ratings)]),
  ]);
  print(table(["#", "user", "cosine", ...(isCounted ? ["ratings"] : [])], rows, [0, 2, 3]));
  return list;
}
