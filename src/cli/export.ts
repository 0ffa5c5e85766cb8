// tastespace export: a model in the formats of other tools.

import { join } from "node:path";
import { Command, Option } from "commander";
import { makeFolder } from "../durable-file.js";
import { OptionsError } from "../errors.js";
import { encodeCsv } from "../export/csv.js";
import { saveIndex } from "../export/nearest.js";
import { encodeNpz } from "../export/npz.js";
import { encodeParquet } from "../export/parquet.js";
import { encodeProjector } from "../export/projector.js";
import { modelTable } from "../export/table.js";
import type { FactorModel } from "../models/factor-model.js";
import { load } from "../node.js";
import { number } from "./options.js";
import { writeOutput } from "./output.js";
import { dim, print } from "./terminal.js";

interface ExportFlags {
  format: "npz" | "parquet" | "csv" | "projector" | "index";
  out: string;
  side: "users" | "items";
  nearest: "score" | "similar";
  alpha: number;
}

export function exportCommand(): Command {
  return new Command("export")
    .description("Write a model for other tools.")
    .argument("<model>", "a model file")
    .addOption(
      new Option("--format <name>", "what to write").choices(["npz", "parquet", "csv", "projector", "index"]).makeOptionMandatory(true),
    )
    .requiredOption("--out <path>", "where to: a file; of projector, a folder")
    .addOption(new Option("--side <side>", "parquet, csv, projector: whose factors").choices(["items", "users"]).default("items"))
    .addOption(
      new Option("--nearest <what>", "index: items that a user would score highest, or items like an item")
        .choices(["score", "similar"])
        .default("score"),
    )
    .option("--alpha <α>", "index: weight of the item biases in the score", number, 1)
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
  const model = await load(path);
  for (const written of await write(model, flags)) print(`${dim(flags.format)}  ${written}`);
}

/** @returns the files written. */
async function write(model: FactorModel, { format, out, side, nearest, alpha }: ExportFlags): Promise<string[]> {
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
      if (side === "users") throw new OptionsError("an index is of items", { remedy: "leave --side away" });
      await saveIndex(model, out, { nearest, alpha });
      return [out, `${out}.json`];
  }
}
