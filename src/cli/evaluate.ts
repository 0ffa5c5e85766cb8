// tastespace evaluate: a model's errors and ranking metrics on held-out ratings.

import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { OptionsError } from "../errors.js";
import { openEngine } from "../engine/open-engine.js";
import { accuracy, logDensity } from "../metrics/accuracy.js";
import { binaryMetrics } from "../metrics/binary.js";
import { type RankingMetrics, rankingMetricsOn } from "../metrics/ranking.js";
import { load } from "../node.js";
import type { FactorModel } from "../models/factor-model.js";
import { binaryRatings } from "../models/gradient.js";
import type { Split } from "../ratings/split.js";
import { loadData, loadTrainingData, printUnderstood, splitOf } from "./data.js";
import {
  addDataOptions,
  addDeviceOption,
  addSplitOptions,
  type DataFlags,
  type DeviceFlags,
  number,
  type ShareFlags,
  wholeNumber,
} from "./options.js";
import { count, dim, notice, print, table } from "./terminal.js";

interface EvaluateFlags extends DataFlags, DeviceFlags, ShareFlags {
  test?: string;
  k: number;
  threshold?: number;
  alpha: number;
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
    .option("-k <count>", "length of the ranked lists", wholeNumber, 10)
    .option("--threshold <rating>", "a held-out item is relevant from this rating on (default: the training mean)", number)
    .option("--alpha <α>", "weight of the item biases in the ranking", number, 1)
    .option("--json <file>", "write the metrics here");
  addSplitOptions(addDeviceOption(command));
  return addDataOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  tastespace evaluate model.safetensors\n  tastespace evaluate model.safetensors moved/ratings.csv --holdout 0.2 --seed 1",
    )
    .action(evaluate);
}

async function evaluate(modelPath: string, path: string | undefined, flags: EvaluateFlags): Promise<void> {
  const model = await load(modelPath);
  const { read, split, flags: reading } = await loadTrainingData(model, modelPath, path, flags);
  printUnderstood(read, notice);
  const parts = split.test
    ? { train: read.ratings, heldOut: (await loadData(split.test, reading)).ratings }
    : await splitOf(read, { ...reading, ...split, holdout: read.heldOut ? undefined : split.holdout });
  if (parts.heldOut.count === 0) {
    throw new OptionsError(`no ratings were held out of the training of ${modelPath}`, {
      remedy: "give ratings to measure by with --test FILE, or a share of the training ratings with --holdout 0.2",
    });
  }
  const engine = await openEngine(flags.device, notice);
  let ranking: RankingMetrics;
  try {
    const options = { k: flags.k, threshold: flags.threshold, alpha: flags.alpha };
    ranking = await rankingMetricsOn(engine, model, parts.train, parts.heldOut, options);
  } finally {
    engine.destroy();
  }
  const errors = errorsOf(model, parts);
  print(dim(`${count(parts.heldOut.count)} held-out ratings; lists of ${ranking.k} for ${count(ranking.users)} users`));
  print(
    table(
      ["metric", "value"],
      [
        ...Object.entries(errors).map(([name, value]) => [METRIC_NAMES[name] ?? name, value.toFixed(6)]),
        [`precision@${ranking.k}`, ranking.precision.toFixed(4)],
        [`recall@${ranking.k}`, ranking.recall.toFixed(4)],
        [`nDCG@${ranking.k}`, ranking.ndcg.toFixed(4)],
        ["coverage", ranking.coverage.toFixed(4)],
      ],
      [1],
    ),
  );
  if (flags.json) await writeFile(flags.json, `${JSON.stringify({ heldOut: parts.heldOut.count, ...errors, ranking }, null, 2)}\n`);
}

const METRIC_NAMES: Record<string, string> = {
  rmse: "RMSE",
  mae: "MAE",
  logDensity: "log density",
  logLoss: "log-loss",
  auc: "AUC",
  userAuc: "AUC by user",
};

/** Errors of predicted ratings, or of probabilities on the 0/1 data that the model was trained on; `implicit` predicts neither. */
function errorsOf(model: FactorModel, { train, heldOut }: Split): Record<string, number> {
  const { hyperparameters: h } = model;
  if (model.model === "implicit") return {};
  if ("positiveThreshold" in h) return { ...binaryMetrics(model, binaryRatings(train, heldOut, h, 1).heldOut!) };
  const errors = accuracy(model, heldOut);
  return model.parameters.posterior ? { ...errors, logDensity: logDensity(model, heldOut) } : errors;
}
