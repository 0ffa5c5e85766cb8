// tastespace recommend: the best items for a user of the data, or for a new one by a few ratings.

import { Command } from "commander";
import type { FactorModel, ListedItem, Recommendation } from "../models/factor-model.js";
import { load } from "../node.js";
import { checkUsed } from "../options.js";
import type { RawId } from "../ratings/ids.js";
import { parseRated } from "./analysis-options.js";
import { addFilterOptions, type FilterFlags, filterOf } from "./item-filter.js";
import { checkAlpha, checkClip, checkOne, NO_CLIP, noClip, number, repeatable, wholeNumber } from "./options.js";
import { writeJson } from "./output.js";
import { count, dim, print, table } from "./terminal.js";

interface RecommendFlags extends FilterFlags {
  user?: string;
  rated: string[];
  n: number;
  alpha?: number;
  includeSeen?: boolean;
  thompson?: number;
  coldItems?: boolean;
  clip: boolean;
  json?: string;
}

export function recommendCommand(): Command {
  const command = new Command("recommend")
    .description("List the best items for a user.")
    .argument("<model>", "a model file")
    .option("--user <id>", "a user of the training data")
    .addOption(repeatable("--rated <title=rating>", "a rating of a new user: a title or id, =, and the rating; may be repeated", "none"))
    .option("-n <count>", "how many", wholeNumber, 10)
    .option("--alpha <α>", "weight of the item biases: 0.02 all but ignores popularity (default: 1)", number)
    .option("--include-seen", "list items that the user has rated too")
    .option("--cold-items", "list items without ratings too, by their features")
    .option("--thompson <seed>", "vb: draw the scores from the posterior, so that uncertain items are tried too", wholeNumber)
    .option("--no-clip", NO_CLIP)
    .option("--json <file>", "write the list here");
  return addFilterOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tastespace recommend model.safetensors --user 42 --genre Comedy --from-year 1990 --minimum-ratings 20
  tastespace recommend model.safetensors --rated "Toy Story (1995)=5" --rated "Heat (1995)=2" --alpha 0.02`,
    )
    .action(recommend);
}

async function recommend(path: string, flags: RecommendFlags): Promise<void> {
  checkOne("", "for whom", { "--user ID": flags.user !== undefined, "--rated TITLE=RATING": flags.rated.length > 0 });
  const isKnown = flags.user !== undefined;
  checkUsed("--include-seen", flags.includeSeen, isKnown, "what is rated with --rated is always left out", "leave --include-seen away");
  const model = await load(path);
  checkAlpha("--alpha", flags.alpha, model);
  checkClip("--no-clip", noClip(flags), model);
  const filter = filterOf(model, flags);
  const options = { n: flags.n, alpha: flags.alpha, filter, thompsonSeed: flags.thompson, coldItems: flags.coldItems };
  const found =
    flags.user === undefined
      ? model.recommendFor(ratedItems(model, flags.rated), options)
      : model.recommend(flags.user, { ...options, filterSeen: !flags.includeSeen });
  const list = flags.clip ? found.map((item) => onScale(model, item)) : found;
  print(dim(flags.user === undefined ? `for someone who rated ${flags.rated.join(", ")}` : `for user ${flags.user}`));
  print(listing(list));
  await writeJson(flags.json, list);
}

/** With its prediction within the scale of the ratings. */
export const onScale = <T extends { readonly predicted: number }>(model: FactorModel, one: T): T => ({
  ...one,
  predicted: model.clipped(one.predicted),
});

/** A list of items as a table, with genres where a title has some; ± is one standard deviation of a rating. */
export function listing(list: readonly (ListedItem & Partial<Recommendation>)[]): string {
  if (list.length === 0) return "nothing: no item passes the filters that has not been rated already";
  const predicted = list.some((item) => item.predicted !== undefined);
  const hasGenres = list.some(({ genres }) => genres.length > 0);
  const numbers = predicted ? [0, 2, 3, 4] : [0, 2, 3];
  return table(
    ["#", "title", ...(predicted ? ["predicted"] : []), predicted ? "score" : "cosine", "ratings", ...(hasGenres ? ["genres"] : [])],
    list.map((item, at) => [
      String(at + 1),
      item.title,
      ...(item.predicted === undefined ? [] : [withDeviation(item.predicted, item.deviation)]),
      item.score.toFixed(3),
      count(item.ratings),
      ...(hasGenres ? [dim(item.genres.join(", "))] : []),
    ]),
    numbers,
    hasGenres ? [numbers.length + 1] : [],
  );
}

const withDeviation = (predicted: number, deviation: number | undefined): string =>
  deviation === undefined ? predicted.toFixed(2) : `${predicted.toFixed(2)} ± ${deviation.toFixed(2)}`;

/** The ratings of someone new, each TITLE=RATING. */
export function ratedItems(model: FactorModel, texts: readonly string[]): [RawId, number][] {
  return texts.map((text) => parseRated(text)).map(({ title, value }) => [model.findItem(title), value]);
}
