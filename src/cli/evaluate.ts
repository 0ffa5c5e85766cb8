// tastespace evaluate: a model's errors and ranking metrics on held-out ratings.

import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { accuracy } from "../metrics/accuracy.js";
import { rankingMetrics } from "../metrics/ranking.js";
import { load } from "../node.js";
import { splitRatings } from "../ratings/split.js";
import { loadData } from "./data.js";
import { addDataOptions, type DataFlags, number, wholeNumber } from "./options.js";
import { count, dim, print, table } from "./terminal.js";

interface EvaluateFlags extends DataFlags {
  holdout: number;
  holdoutBy: "random" | "user" | "time";
  seed: number;
  test?: string;
  k: number;
  threshold?: number;
  alpha: number;
  json?: string;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description("Measure a model on held-out ratings: give the same data, share and seed that it was trained with.")
    .argument("<model>", "a model file")
    .argument("[path]", "the ratings that it was trained on; left out: the built-in invented ratings")
    .option("--holdout <share>", "share of the ratings that was held out", number, 0.2)
    .addOption(new Option("--holdout-by <kind>", "how they were chosen").choices(["random", "user", "time"]).default("random"))
    .option("--seed <n>", "seed of the split", wholeNumber, 1)
    .option("--test <file>", "held-out ratings of their own")
    .option("-k <count>", "length of the ranked lists", wholeNumber, 10)
    .option("--threshold <rating>", "a held-out item is relevant from this rating on (default: the training mean)", number)
    .option("--alpha <α>", "weight of the item biases in the ranking", number, 1)
    .option("--json <file>", "write the metrics here");
  return addDataOptions(command)
    .addHelpText("after", "\nExample:\n  tastespace evaluate model.safetensors ml-latest-small --holdout 0.2 --seed 1")
    .action(evaluate);
}

async function evaluate(modelPath: string, path: string | undefined, flags: EvaluateFlags): Promise<void> {
  const model = await load(modelPath);
  const read = await loadData(path, flags);
  const { ratings } = read;
  let parts = { train: ratings, heldOut: read.heldOut ?? ratings };
  if (flags.test) parts.heldOut = (await loadData(flags.test, flags)).ratings;
  else if (!read.heldOut) parts = splitRatings(ratings, { by: flags.holdoutBy, share: flags.holdout, seed: flags.seed });
  const errors = accuracy(model, parts.heldOut);
  const ranking = rankingMetrics(model, parts.train, parts.heldOut, { k: flags.k, threshold: flags.threshold, alpha: flags.alpha });
  print(dim(`${count(parts.heldOut.count)} held-out ratings; lists of ${ranking.k} for ${count(ranking.users)} users`));
  print(
    table(
      ["metric", "value"],
      [
        ["RMSE", errors.rmse.toFixed(6)],
        ["MAE", errors.mae.toFixed(6)],
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
