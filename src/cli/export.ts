// tastespace export: a model in the formats of other tools.

import { join } from "node:path";
import { Command, Option } from "commander";
import { makeFolder } from "../durable-file.js";
import { encodeCsv } from "../export/csv.js";
import { saveIndex } from "../export/nearest.js";
import { encodeNpz } from "../export/npz.js";
import { encodeParquet } from "../export/parquet.js";
import { encodeProjector } from "../export/projector.js";
import { modelTable } from "../export/table.js";
import type { FactorModel } from "../models/factor-model.js";
import { load } from "../node.js";
import { checkUsed } from "../options.js";
import { checkAlpha, number } from "./options.js";
import { writeOutput } from "./output.js";
import { dim, print } from "./terminal.js";

interface ExportFlags {
  format: "npz" | "parquet" | "csv" | "projector" | "index";
  out: string;
  side?: "users" | "items";
  nearest?: "score" | "similar";
  alpha?: number;
}

const NOT_OF_A_SIDE: { readonly [format: string]: string } = { npz: "npz holds both sides", index: "an index is of items" };

export function exportCommand(): Command {
  return new Command("export")
    .description("Write a model for other tools.")
    .argument("<model>", "a model file")
    .addOption(
      new Option("--format <name>", "what to write").choices(["npz", "parquet", "csv", "projector", "index"]).makeOptionMandatory(true),
    )
    .requiredOption("--out <path>", "where to: a file; of projector, a folder")
    .addOption(new Option("--side <side>", "parquet, csv, projector: whose factors (default: items)").choices(["items", "users"]))
    .addOption(
      new Option("--nearest <what>", "index: items that a user would score highest, or items like an item (default: score)").choices([
        "score",
        "similar",
      ]),
    )
    .option("--alpha <α>", "index: weight of the item biases in the score (default: 1)", number)
    .addHelpText(
      "after",
      `
Formats:
  npz        all arrays of the model, for numpy.load
  parquet    a row per item: id, title, genres, ratings, bias, f1 … fK; for pandas, DuckDB, Spark
  csv        the same as text
  projector  vectors.tsv, metadata.tsv and projector_config.json for https://projector.tensorflow.org
  index      a USearch index of the items, and what its keys mean in PATH.json; needs the package usearch

Examples:
  tastespace export model.safetensors --format npz --out model.npz
  tastespace export model.safetensors --format projector --out projector
  tastespace export model.safetensors --format index --out items.usearch --alpha 0.5`,
    )
    .action(exportModel);
}

async function exportModel(path: string, flags: ExportFlags): Promise<void> {
  const { format, side, nearest, alpha } = flags;
  checkUsed("--side", side, format !== "npz" && format !== "index", NOT_OF_A_SIDE[format] ?? "", "leave --side away");
  const isIndex = format === "index";
  for (const [name, given] of Object.entries({ "--nearest": nearest, "--alpha": alpha }))
    checkUsed(name, given, isIndex, `${format} is no index`, `give --format index, or no ${name}`);
  checkUsed("--alpha", alpha, nearest !== "similar", "items like an item are near by their factors alone", "leave --alpha away");
  const model = await load(path);
  checkAlpha("--alpha", alpha, model);
  for (const written of await write(model, flags)) print(`${dim(flags.format)}  ${written}`);
}

/** @returns the files written. */
async function write(model: FactorModel, { format, out, side = "items", nearest, alpha }: ExportFlags): Promise<string[]> {
  switch (format) {
    case "npz":
      await writeOutput(out, encodeNpz(model));
      return [out];
    case "parquet":
      await writeOutput(out, await encodeParquet(modelTable(model, side)));
      return [out];
    case "csv":
      await writeOutput(out, encodeCsv(modelTable(model, side)));
      return [out];
    case "projector": {
      const files = Object.entries(encodeProjector(model, side));
      await makeFolder(out);
      for (const [name, text] of files) await writeOutput(join(out, name), text);
      return files.map(([name]) => join(out, name));
    }
    case "index":
      await saveIndex(model, out, { nearest, alpha });
      return [out, `${out}.json`];
  }
}
