// tastespace predict: predicted ratings of pairs, from arguments or from a file.

import { Command, Option } from "commander";
import { OptionsError } from "../errors.js";
import type { FactorModel } from "../models/factor-model.js";
import { load } from "../node.js";
import { checkUsed } from "../options.js";
import { heldId, type RawId, toRawId } from "../ratings/ids.js";
import type { ReadResult } from "../ratings/readers.js";
import { predictRatings } from "../recommend/predict-ratings.js";
import { checkReadsFile, loadPairs } from "./data.js";
import { checkKnowsAny } from "./known-to-model.js";
import { addDataOptions, checkClip, type DataFlags, NO_CLIP, noClip, repeatable } from "./options.js";
import { writeJson } from "./output.js";
import { onScale } from "./recommend.js";
import { count, notice, print, table } from "./terminal.js";

interface PredictFlags extends DataFlags {
  user?: string;
  item: string[];
  pairs?: string;
  coldStart: "error" | "mean" | "drop";
  clip: boolean;
  json?: string;
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description("Predict ratings.")
    .argument("<model>", "a model file")
    .option("--user <id>", "a user")
    .addOption(repeatable("--item <title>", "a title or an id; may be repeated", "none"))
    .option("--pairs <file>", "predict the pairs of this file instead, row by row, beside its ratings where it has some")
    .addOption(
      new Option("--cold-start <what>", "users and items that the model does not know: mean leaves their terms out, drop the pair")
        .choices(["error", "mean", "drop"])
        .default("error"),
    )
    .option("--no-clip", NO_CLIP)
    .option("--json <file>", "write the predictions here");
  return addDataOptions(command)
    .addHelpText("after", `\nExample:\n  tastespace predict model.safetensors --user 1 --item "Toy Story (1995)"`)
    .action(predict);
}

async function predict(path: string, flags: PredictFlags): Promise<void> {
  const { pairs } = flags;
  const unread = ["no file is read", "give it with --pairs"] as const;
  checkReadsFile(flags, pairs !== undefined, ...unread);
  checkUsed("--sort", flags.sort, pairs !== undefined, ...unread);
  for (const [name, given] of Object.entries({ "--user": flags.user, "--item": flags.item[0] }))
    checkUsed(name, given, pairs === undefined, "the pairs are those of --pairs", `leave ${name} or --pairs away`);
  const model = await load(path);
  checkClip("--no-clip", noClip(flags), model);
  const predictions = pairs === undefined ? predictItems(model, flags) : predictPairs(model, await loadPairs(pairs, flags), flags);
  const rows = flags.clip ? predictions.map((row) => onScale(model, row)) : predictions;
  const measured = rows.some(({ rating }) => rating !== undefined);
  print(
    table(
      ["user", "item", "predicted", ...(measured ? ["rating"] : [])],
      rows.map(({ user, item, predicted, deviation, rating }) => [
        String(user),
        model.catalogue.title(item),
        deviation === undefined ? predicted.toFixed(3) : `${predicted.toFixed(3)} ± ${deviation.toFixed(3)}`,
        ...(rating === undefined ? [] : [String(rating)]),
      ]),
      [2, 3],
    ),
  );
  await writeJson(flags.json, rows);
}

interface Prediction {
  readonly user: RawId;
  readonly item: RawId;
  readonly predicted: number;
  readonly deviation?: number;
  readonly rating?: number;
}

function predictItems(model: FactorModel, { user: text, item: texts, coldStart }: PredictFlags): Prediction[] {
  if (text === undefined || texts.length === 0) throw new OptionsError("say which: --user ID --item TITLE, or --pairs FILE");
  const user = userOf(model, text);
  if (coldStart === "drop" && !model.knows("users", user)) {
    notice(`user ${user} is unknown: left out`);
    return [];
  }
  return texts.map((title) => {
    const item = model.findItem(title);
    const predicted = model.predict(user, item, { coldStart: coldStart === "error" ? "error" : "mean" });
    return { user, item, predicted, ...deviationOf(model, user, item) };
  });
}

/** A user's id as the data has it, where the model knows it. */
const userOf = ({ users, features }: FactorModel, text: string): RawId => heldId(text, users, features?.users?.ids) ?? toRawId(text);

/** Of a pair that the model knows, where it knows how sure it is. */
const deviationOf = (model: FactorModel, user: RawId, item: RawId): Pick<Prediction, "deviation"> =>
  model.knowsSpread && model.knows("users", user) && model.knows("items", item)
    ? { deviation: model.predictive(user, item).deviation }
    : {};

function predictPairs(
  model: FactorModel,
  { ratings, understood }: ReadResult,
  { coldStart, pairs: file = "" }: PredictFlags,
): Prediction[] {
  if (coldStart !== "error") checkKnowsAny(model, ratings, file, "pairs of its users and items");
  const { row, predicted, cold } = predictRatings(model, ratings, { coldStart });
  if (cold > 0)
    notice(`pairs with an unknown user or item ${coldStart === "drop" ? "left out" : "predicted without their terms"}: ${count(cold)}`);
  return Array.from(row, (at, place) => {
    const [user, item] = [ratings.users.rawAt(ratings.user[at]), ratings.items.rawAt(ratings.item[at])];
    const rating = understood?.hasRatings === false ? {} : { rating: ratings.value[at] };
    return { user, item, ...rating, predicted: predicted[place], ...deviationOf(model, user, item) };
  });
}
