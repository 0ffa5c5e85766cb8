// tastespace partial-fit: new users and items join a model, which is written as a new file.

import { Command, Option } from "commander";
import { encodeModel } from "../model-file.js";
import { load } from "../node.js";
import { OptionsError } from "../errors.js";
import { partialFit } from "../recommend/partial-fit.js";
import { loadData, printUnderstood } from "./data.js";
import { checkKnowsAny } from "./known-to-model.js";
import { addDataOptions, type DataFlags } from "./options.js";
import { sourceFrom } from "./run-file.js";
import { writeOutput } from "./output.js";
import { count, dim, print } from "./terminal.js";
import { noticeAsTyped } from "./typed-names.js";

interface PartialFitFlags extends DataFlags {
  out: string;
  refit?: "users" | "items";
}

export function partialFitCommand(): Command {
  const command = new Command("partial-fit")
    .description("Add the new users and items of some ratings to a model; what it knows stays as it is.")
    .argument("<model>", "a model file")
    .argument("<path>", "ratings with new users or items")
    .requiredOption("--out <file>", "write the new model here (safetensors)")
    .addOption(
      new Option("--refit <side>", "solve the known users or items anew too: the ratings must hold all of theirs").choices([
        "users",
        "items",
      ]),
    );
  return addDataOptions(command)
    .addHelpText("after", "\nExample:\n  tastespace partial-fit model.safetensors new-ratings.csv --out model-today.safetensors")
    .action(async (path: string, data: string, flags: PartialFitFlags) => {
      const model = await load(path);
      const read = await loadData(data, flags);
      if (read.heldOut)
        throw new OptionsError("--split holds ratings out, and a partial fit takes all that it is given", {
          remedy: `leave --split away, or give ${flags.split}.base by itself`,
        });
      printUnderstood(read);
      const { ratings } = read;
      checkKnowsAny(model, ratings, data, "ratings by its users or of its items");
      const bigger = partialFit(model, ratings, { refit: flags.refit, onNotice: noticeAsTyped });
      const written = bigger.source ? bigger.withSource(sourceFrom(flags.out, bigger.source, path)) : bigger;
      await writeOutput(flags.out, encodeModel(written));
      const sizes = (side: "users" | "items"): string =>
        `${count(bigger[side].size)} ${side} (${count(bigger[side].size - model[side].size)} new)`;
      print(`${dim("model")}  ${flags.out}: ${sizes("users")}, ${sizes("items")}`);
    });
}
