// tastespace predict: predicted ratings of pairs, from arguments or from a file.

import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { OptionsError } from "../errors.js";
import { load } from "../node.js";
import { addDataOptions, type DataFlags } from "./options.js";
import { loadData } from "./data.js";
import { print, table } from "./terminal.js";

interface PredictFlags extends DataFlags {
  user?: string;
  item: string[];
  pairs?: string;
  unknown: "error" | "mean";
  json?: string;
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description("Predict ratings.")
    .argument("<model>", "a model file")
    .option("--user <id>", "a user")
    .option("--item <title>", "a title or an id; may be repeated", (text: string, all: string[]) => [...all, text], [])
    .option("--pairs <file>", "predict the pairs of this ratings file instead, beside its ratings")
    .option("--unknown <what>", "error, or mean: leave the terms of unknown users and items out", "error")
    .option("--json <file>", "write the predictions here");
  return addDataOptions(command)
    .addHelpText("after", `\nExample:\n  tastespace predict model.safetensors --user 1 --item "Toy Story (1995)"`)
    .action(predict);
}

async function predict(path: string, flags: PredictFlags): Promise<void> {
  const model = await load(path);
  const rows: { user: string | number; item: string | number; predicted: number; deviation?: number; rating?: number }[] = [];
  if (flags.unknown !== "error" && flags.unknown !== "mean")
    throw new OptionsError(`--unknown is "${String(flags.unknown)}": it must be error or mean`);
  if (flags.pairs !== undefined) {
    const { ratings } = await loadData(flags.pairs, flags);
    for (let at = 0; at < ratings.count; at++) {
      const [user, item] = [ratings.users.rawAt(ratings.user[at]), ratings.items.rawAt(ratings.item[at])];
      rows.push({ user, item, predicted: model.predict(user, item, { unknown: flags.unknown }), rating: ratings.value[at] });
    }
  } else {
    if (flags.user === undefined || flags.item.length === 0) throw new OptionsError("say which: --user ID --item TITLE, or --pairs FILE");
    for (const text of flags.item) {
      const item = model.findItem(text);
      const predicted = model.predict(flags.user, item, { unknown: flags.unknown });
      const known = model.parameters.posterior && model.users.indexOf(flags.user) >= 0;
      rows.push({ user: flags.user, item, predicted, ...(known && { deviation: model.predictive(flags.user, item).deviation }) });
    }
  }
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
  if (flags.json) await writeFile(flags.json, `${JSON.stringify(rows, null, 2)}\n`);
}
