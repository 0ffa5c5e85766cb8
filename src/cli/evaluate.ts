// tastespace evaluate: a model's errors and ranking metrics on held-out ratings.

import { Command } from "commander";
import { OptionsError, RatingsError } from "../errors.js";
import { csvLines } from "../ratings/delimited.js";
import type { Engine } from "../engine/engine.js";
import { openEngine } from "../engine/open-engine.js";
import { type Accuracy, accuracy, logDensity } from "../metrics/accuracy.js";
import { calibration } from "../metrics/calibration.js";
import { binaryMetrics } from "../metrics/binary.js";
import { type Gap, type Gaps, gapsOf } from "../metrics/gaps.js";
import type { RankingValues } from "../metrics/ranked-list.js";
import { type RankingMetrics, rankingMetricsOn, type RankingOptions, relevanceText } from "../metrics/ranking.js";
import { load } from "../node.js";
import type { FactorModel } from "../models/factor-model.js";
import { definitionOf, MODELS } from "../models/registry.js";
import type { ReadResult } from "../ratings/readers.js";
import type { Ratings } from "../ratings/ratings.js";
import { trainedPairs } from "../metrics/trained-pairs.js";
import type { Split } from "../ratings/split.js";
import { biasOnlyAccuracy, comparesToBiases } from "../training/bias-only.js";
import { counted } from "../report/words.js";
import { loadTest, loadTrainingData, printUnderstood, splitOfModel } from "./data.js";
import {
  addDataOptions,
  addDeviceOption,
  addOtherDataOption,
  addSplitOptions,
  checkAlpha,
  type DataFlags,
  type DeviceFlags,
  number,
  type OtherDataFlags,
  type ShareFlags,
  type SplitFlags,
  wholeFrom,
} from "./options.js";
import { writeJson, writeOutput } from "./output.js";
import { count, dim, notice, print, table } from "./terminal.js";
import { noticeAsTyped } from "./typed-names.js";

interface EvaluateFlags extends DataFlags, DeviceFlags, ShareFlags, OtherDataFlags {
  test?: string;
  k: number;
  relevanceThreshold?: number;
  alpha?: number;
  auc?: boolean;
  allowTrained?: boolean;
  perUser?: string;
  json?: string;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description(
      "Measure a model on the ratings that were held out of its training. The model knows where they are, how they were read and split.",
    )
    .argument("<model>", "a model file")
    .argument("[path]", "the ratings that it was trained on, where they are no longer where they were")
    .option("--test <file>", "held-out ratings of their own")
    .option("-k <count>", "length of the ranked lists", wholeFrom(1), 10)
    .option(
      "--relevance-threshold <rating>",
      "a held-out item is relevant from this rating on (default: what the model takes for positive, else the training mean)",
      number,
    )
    .option("--alpha <α>", "weight of the item biases in the ranking (default: 1)", number)
    .option("--auc", "measure the AUC, however many scores it takes (default: up to two thousand million)")
    .option("--no-auc", "leave it out")
    .option("--allow-trained", "measure by ratings that the model was trained on too")
    .option("--per-user <file>", "write the values of every user here, as CSV")
    .option("--json <file>", "write the metrics here");
  addOtherDataOption(addSplitOptions(addDeviceOption(command)));
  return addDataOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  tastespace evaluate model.safetensors\n  tastespace evaluate model.safetensors moved/ratings.csv --holdout 0.2 --seed 1",
    )
    .action(evaluate);
}

/** Scores that an AUC is measured from unasked: some seconds' work. */
const MOST_SCORES = 2e9;

async function evaluate(modelPath: string, path: string | undefined, flags: EvaluateFlags): Promise<void> {
  const model = await load(modelPath);
  checkAlpha("--alpha", flags.alpha, model);
  const otherData = flags.otherData ?? flags.allowTrained;
  const { read, split, flags: reading, path: from } = await loadTrainingData(model, modelPath, path, { ...flags, otherData });
  printUnderstood(read, notice);
  const { train, heldOut } = await partsOf(read, { ...reading, ...split }, from, model);
  if (heldOut.count === 0) {
    throw new OptionsError(`no ratings were held out of the training of ${modelPath}`, {
      remedy: "give ratings to measure by with --test FILE, or train again with some held out",
    });
  }
  refuseTrained(model, heldOut, split.trainedBefore ?? 0, flags);
  const gaps = gapsOf(model, train, heldOut);
  const auc = flags.auc ?? model.users.size * model.items.size <= MOST_SCORES;
  const engine = await openEngine(flags.device, noticeAsTyped, { threads: flags.threads });
  let ranking: RankingMetrics | undefined;
  let biasOnly: Accuracy | undefined;
  try {
    const options = {
      k: flags.k,
      relevanceThreshold: flags.relevanceThreshold,
      alpha: flags.alpha,
      auc,
      perUser: flags.perUser !== undefined,
    };
    ranking = await listsOf(engine, model, { train, heldOut }, options, gaps.unknown.ratings < heldOut.count);
    if (comparesToBiases(model.model)) biasOnly = await biasOnlyAccuracy(train, heldOut, { device: engine });
  } finally {
    engine.destroy();
  }
  const errors = errorsOf(model, { train, heldOut }, split.seed);
  const { unknown, ...figures } = errors;
  const lists = ranking && `lists of ${ranking.k} for ${counted(ranking.users, "user")}`;
  print(dim([counted(heldOut.count, "held-out rating"), ...(lists ? [lists] : [])].join("; ")));
  if (ranking) print(dim(relevantText(model, ranking, flags)));
  for (const line of gapLines(gaps)) print(dim(line));
  if (unknown > 0) print(dim(`predicted without the terms of unknown users and items: ${counted(unknown, "rating")}`));
  print(
    table(
      ["metric", "value"],
      [
        ...Object.entries(figures).map(([name, value]) => [METRIC_NAMES[name] ?? name, figure(value, 6)]),
        ...(biasOnly
          ? [
              ["RMSE of the biases alone", figure(biasOnly.rmse, 6)],
              ["clipped to the scale", figure(biasOnly.rmseClipped, 6)],
            ]
          : []),
        ...(ranking ? listRows(ranking) : []),
      ],
      [1],
    ),
  );
  if (ranking && flags.auc === undefined && !auc)
    notice(`the AUC of ${count(model.users.size)} × ${count(model.items.size)} scores is left out: --auc measures it`);
  if (biasOnly && errors["rmse"] >= biasOnly.rmse) print(dim("the model predicts ratings no better than the biases alone"));
  const { perUser, ...means } = ranking ?? {};
  await writeJson(flags.json, { heldOut: heldOut.count, gaps, ...errors, biasOnly, ranking: ranking ? means : null });
  if (flags.perUser && perUser) {
    const names = LIST_METRICS.map(([name]) => name);
    const rows = perUser.map((user) => [user.user, user.relevant, ...names.map((name) => (Number.isNaN(user[name]) ? "" : user[name]))]);
    await writeOutput(flags.perUser, csvLines([["user", "relevant", ...names], ...rows]));
    print(`${dim("users")}  ${flags.perUser}`);
  }
}

/**
 * The metrics of lists; undefined where there is nobody to make one for and errors can be measured, with a notice why.
 *
 * @param isKnown whether any of the held-out ratings is of a user and an item that the model knows.
 */
async function listsOf(
  engine: Engine,
  model: FactorModel,
  { train, heldOut }: Split,
  options: RankingOptions,
  isKnown: boolean,
): Promise<RankingMetrics | undefined> {
  try {
    return await rankingMetricsOn(engine, model, train, heldOut, options);
  } catch (error) {
    if (!(error instanceof RatingsError) || !isKnown || options.perUser || model.predicts === "preference") throw error;
    noticeAsTyped(`${error.message}; ${error.remedy}`);
    return undefined;
  }
}

function relevantText(model: FactorModel, { relevance }: RankingMetrics, { relevanceThreshold }: EvaluateFlags): string {
  const unasked = relevanceThreshold === undefined ? ` (${defaultText(model)}; --relevance-threshold sets another)` : "";
  return `relevant: ${relevanceText(relevance)}${unasked}`;
}

const listRows = (ranking: RankingMetrics): string[][] => [
  ...LIST_METRICS.map(([name, title, atK]) => [atK ? `${title}@${ranking.k}` : title, figure(ranking[name], 4)]),
  ["coverage", figure(ranking.coverage, 4)],
];

/**
 * @param before held-out ratings that the model to start from was trained on.
 * @throws OptionsError when the model was trained on what it is to be measured by.
 */
function refuseTrained(model: FactorModel, heldOut: Ratings, before: number, { allowTrained }: EvaluateFlags): void {
  const trained = trainedPairs(model, heldOut);
  if (trained === undefined)
    return notice("the model does not hold what it was trained on: that nothing of it is measured cannot be checked");
  if (trained + before === 0) return;
  const which = trained === 0 ? "the model that it started from" : "the model";
  const told = `${which} was trained on ${count(trained || before)} of the ${counted(heldOut.count, "rating")} that it is to be measured by`;
  if (allowTrained) return notice(told);
  throw new OptionsError(told, {
    remedy: "give the ratings and the split that it was trained with (--holdout, --seed), or --allow-trained to measure all the same",
  });
}

/** The split that the model was trained on, or a test file that goes on from the ids of the training ratings. */
async function partsOf(read: ReadResult, flags: DataFlags & SplitFlags, path: string | undefined, model: FactorModel): Promise<Split> {
  const { ratings } = read;
  if (flags.test) {
    return { train: ratings, heldOut: (await loadTest(flags.test, flags, ratings, path, model.features !== undefined)).read.ratings };
  }
  return await splitOfModel(model, read, flags, path);
}

const LIST_METRICS: readonly (readonly [name: keyof RankingValues, title: string, atK: boolean])[] = [
  ["precision", "precision", true],
  ["cappedPrecision", "precision of min(k, relevant)", true],
  ["recall", "recall", true],
  ["hitRate", "hit rate", true],
  ["ndcg", "nDCG", true],
  ["map", "MAP", true],
  ["mrr", "MRR", true],
  ["auc", "AUC of unseen items", false],
];

const METRIC_NAMES: Record<string, string> = {
  rmse: "RMSE",
  mae: "MAE",
  rmseClipped: "RMSE, clipped to the scale",
  maeClipped: "MAE, clipped to the scale",
  logDensity: "log density",
  within50: "ratings in their 50 % intervals",
  within90: "ratings in their 90 % intervals",
  logLoss: "log-loss",
  auc: "AUC of 0/1 ratings",
  userAuc: "AUC of 0/1 ratings by user",
};

const figure = (value: number, digits: number): string => (Number.isNaN(value) ? "–" : value.toFixed(digits));

const defaultText = ({ model }: FactorModel): string =>
  MODELS[model].positives ? "what the model takes for positive" : "the training mean";

/** What is said of users and items that the model was not trained on; nothing where it was trained on all. */
function gapLines({ unknown, cold }: Gaps): string[] {
  const parts = ({ users, items, ratings }: Gap): string =>
    `${counted(users, "user")} and ${counted(items, "item")}, in ${counted(ratings, "held-out rating")}`;
  return [
    ...(unknown.ratings > 0 ? [`unknown to the model: ${parts(unknown)}, left out of the lists`] : []),
    ...(cold.ratings > 0 ? [`without a training rating: ${parts(cold)}; these users get no list, and no list holds these items`] : []),
  ];
}

/**
 * Errors of predicted ratings, or of probabilities on the 0/1 data that the model was trained on, and how many are of
 * users or items that it does not know; a preference has none.
 */
function errorsOf(model: FactorModel, { train, heldOut }: Split, seed: number): { readonly [name: string]: number } {
  const binary = definitionOf(model.model).binary?.(train, heldOut, model.hyperparameters, seed);
  if (binary) return { ...binaryMetrics(model, binary.heldOut!) };
  if (model.predicts !== "rating") return {};
  const errors = { ...accuracy(model, heldOut) };
  if (!model.knowsSpread) return errors;
  const [within50, within90] = calibration(model, heldOut, [0.5, 0.9]).points.map(({ covered }) => covered);
  return { ...errors, logDensity: logDensity(model, heldOut, { coldStart: "prior" }), within50, within90 };
}
