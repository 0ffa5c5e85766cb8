// tastespace explain: which of a user's ratings speak for an item, and which against.

import { Command } from "commander";
import { UnknownIdError } from "../errors.js";
import type { FactorModel } from "../models/factor-model.js";
import { MODELS } from "../models/registry.js";
import { load } from "../node.js";
import type { Ratings } from "../ratings/ratings.js";
import { explain, type Explanation } from "../recommend/explain.js";
import { nearIds } from "../ratings/near.js";
import type { RatedPair } from "../recommend/rated.js";
import { checkUsed } from "../options.js";
import { counted } from "../report/words.js";
import { checkReadsFile, loadTrainingData, splitOfModel } from "./data.js";
import {
  addDataOptions,
  addOtherDataOption,
  addSplitOptions,
  checkOne,
  type DataFlags,
  type OtherDataFlags,
  ownDataFlags,
  repeatable,
  type ShareFlags,
  wholeNumber,
} from "./options.js";
import { onScale, ratedItems } from "./recommend.js";
import { writeJson } from "./output.js";
import { bold, dim, print, table } from "./terminal.js";

interface ExplainFlags extends DataFlags, ShareFlags, OtherDataFlags {
  item: string;
  user?: string;
  data?: string;
  rated: string[];
  n: number;
  json?: string;
}

export function explainCommand(): Command {
  const command = new Command("explain")
    .description("Show which of a user's ratings speak for an item. The model knows where its ratings are, how they were read and split.")
    .argument("<model>", "a model file")
    .requiredOption("--item <title>", "the item, by title or id")
    .option("--user <id>", "a user of the training data")
    .option("--data <path>", "the ratings that the model was trained on, where they are no longer where they were")
    .addOption(repeatable("--rated <title=rating>", "a rating of someone new, instead of --user; may be repeated", "none"))
    .option("-n <count>", "how many ratings to show: those that add or take most", wholeNumber, 10)
    .option("--json <file>", "write the whole explanation here");
  return addOtherDataOption(addSplitOptions(addDataOptions(command)))
    .addHelpText(
      "after",
      `
The terms add up to the prediction; those of logistic to its log-odds. In JSON "sum" is what they add up to, and
"predicted" what predict and recommend give: within the scale of the ratings, and of logistic the probability.

Examples:
  tastespace explain model.safetensors --user 1 --item "Toy Story (1995)" --data ml-latest-small
  tastespace explain model.safetensors --rated "Heat (1995)=5" --rated "Babe (1995)=2" --item "Casino (1995)"`,
    )
    .action(explainItem);
}

async function explainItem(path: string, flags: ExplainFlags): Promise<void> {
  const { user } = flags;
  checkOne("", "for whom", { "--user ID": user !== undefined, "--rated TITLE=RATING": flags.rated.length > 0 });
  const unread = ["the ratings of someone new are in no file", "give --user instead of --rated"] as const;
  checkReadsFile(flags, user !== undefined, ...unread);
  for (const [name, given] of Object.entries({ ...ownDataFlags(flags), "--data": flags.data, "--sort": flags.sort }))
    checkUsed(name, given, user !== undefined, ...unread);
  const model = await load(path);
  const item = model.findItem(flags.item);
  const rated = user === undefined ? ratedItems(model, flags.rated) : await ratedBy(user, model, path, flags);
  const explanation = onScale(model, explain(model, item, rated, { user }));
  print(dim(`${explanation.title}, for ${user === undefined ? "someone new" : `user ${user}`}`));
  print(terms(explanation, model));
  print();
  print(ratingsTable(explanation, flags.n));
  await writeJson(flags.json, explanation);
}

/** The user's ratings among those that the model was trained on. */
async function ratedBy(user: string, model: FactorModel, modelPath: string, flags: ExplainFlags): Promise<RatedPair[]> {
  const { train, path } = await trainedOn(model, modelPath, flags);
  const rated = train.ratedBy(user);
  if (rated.length === 0)
    throw new UnknownIdError(
      `user ${user} has no ratings in ${path ?? "the invented ratings of real films"}`,
      nearIds(user, train.users.raw),
      "give ratings with --rated TITLE=RATING",
    );
  return rated;
}

/** The ratings that a model was trained on, without those that were held out. */
export async function trainedOn(
  model: FactorModel,
  modelPath: string,
  flags: DataFlags & ShareFlags & { data?: string },
): Promise<{ train: Ratings; path: string | undefined }> {
  const { read, split, flags: reading, path } = await loadTrainingData(model, modelPath, flags.data, flags);
  const { train } = await splitOfModel(model, read, { ...reading, ...split }, path);
  return { train, path };
}

const plain = (value: number): string => value.toFixed(3).replace("-", "−");
const signed = (value: number): string => (value < 0 ? plain(value) : `+${plain(value)}`);

/** The terms that add up to the prediction, or to its log-odds; those that the model does not have are left out. */
function terms({ predicted, sum, mean, itemBias, prior, features, contributions, remainder }: Explanation, { model }: FactorModel): string {
  const ratings = contributions.reduce((total, { contribution }) => total + contribution, 0);
  const expected = prior - features.reduce((total, { contribution }) => total + contribution, 0);
  const { of: what, sum: total, mean: of } = MODELS[model].predicts;
  const rows = [
    ...(mean === 0 ? [] : [[`${of} of all ratings`, plain(mean)]]),
    ...(itemBias === 0 ? [] : [["the item's bias", signed(itemBias)]]),
    ...features.map(({ name, contribution }) => [name, signed(contribution)]),
    ...(Math.abs(expected) < 5e-4 ? [] : [["what is expected of the user", signed(expected)]]),
    [`the user's ${counted(contributions.length, "rating")}`, signed(ratings)],
    ...(Math.abs(remainder) < 5e-4 ? [] : [["what the last sweep left unsettled", signed(remainder)]]),
    [bold(total), bold(plain(sum))],
    ...(predicted === sum
      ? []
      : [[bold(what === "probability" ? "predicted probability" : "within the scale of the ratings"), bold(plain(predicted))]]),
  ];
  return table(["", ""], rows, [1]);
}

/** The ratings of the largest contributions, those for the item first. */
function ratingsTable({ contributions }: Explanation, n: number): string {
  const strongest = new Set([...contributions].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, n));
  const shown = contributions.filter((contribution) => strongest.has(contribution));
  const others = contributions.filter((contribution) => !strongest.has(contribution));
  const rest = others.reduce((sum, { contribution }) => sum + contribution, 0);
  return table(
    ["adds", "rating", "similarity", "of"],
    [
      ...shown.map(({ contribution, rating, similarity, title }) => [signed(contribution), String(rating), similarity.toFixed(4), title]),
      ...(others.length > 0 ? [[dim(signed(rest)), "", "", dim(counted(others.length, "other rating"))]] : []),
    ],
    [0, 1, 2],
  );
}
