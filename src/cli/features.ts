// tastespace features: the factors of a model's features, as a table for people or a CSV for other tools.

import { Command, Option } from "commander";
import { OptionsError } from "../errors.js";
import { encodeCsv } from "../export/csv.js";
import type { TableColumn } from "../export/table.js";
import { load } from "../node.js";
import { writeOutput } from "./output.js";
import { dim, print, table } from "./terminal.js";

interface FeaturesFlags {
  of: "items" | "users";
  csv?: string;
}

export function featuresCommand(): Command {
  return new Command("features")
    .description("Show what a model has learned of the features of its items or users.")
    .argument("<model>", "a model file trained with --item-features or --user-features")
    .addOption(new Option("--of <side>", "whose features").choices(["items", "users"]).default("items"))
    .option("--csv <file>", "write the embedding here: feature, then its K factors")
    .addHelpText("after", "\nExample:\n  tastespace features model.safetensors --csv genres.csv")
    .action(features);
}

async function features(modelPath: string, { of, csv: path }: FeaturesFlags): Promise<void> {
  const model = await load(modelPath);
  const known = model.features?.[of];
  const factors = model.parameters.features?.[of];
  if (!known || !factors) {
    throw new OptionsError(`the model knows no features of ${of}`, {
      remedy: `train als with --${of === "items" ? "item" : "user"}-features`,
    });
  }
  const K = model.parameters.factors;
  const rows = known.names.map((name, f) => ({ name, f: Array.from(factors.subarray(f * K, (f + 1) * K)), count: 0 }));
  for (const feature of known.rows.index) rows[feature].count++;
  const norm = (f: readonly number[]): number => Math.hypot(...f);
  const cosine = (a: readonly number[], b: readonly number[]): number => {
    const lengths = norm(a) * norm(b);
    return lengths > 0 ? a.reduce((sum, value, k) => sum + value * b[k], 0) / lengths : 0;
  };
  const nearest = (row: (typeof rows)[number]): string =>
    rows
      .filter((other) => other !== row)
      .map((other) => ({ name: other.name, cosine: cosine(row.f, other.f) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 3)
      .map((other) => `${other.name} ${other.cosine.toFixed(2)}`)
      .join(", ");
  print(
    table(
      ["feature", of, "length", "nearest, by cosine"],
      rows.map((row) => [row.name, String(row.count), norm(row.f).toFixed(3), dim(nearest(row))]),
      [1, 2],
    ),
  );
  if (path) {
    const column = (k: number): TableColumn => ({ name: `f${k + 1}`, kind: "float", values: rows.map(({ f }) => f[k]) });
    const names: TableColumn = { name: "feature", kind: "text", values: rows.map(({ name }) => name) };
    await writeOutput(path, encodeCsv([names, ...Array.from({ length: K }, (_, k) => column(k))]));
    print(`${dim("csv")}      ${path}`);
  }
}
