// tastespace features: what a model has learned of its features, as a table for people or a CSV for other tools.

import { Command, Option } from "commander";
import { OptionsError } from "../errors.js";
import { encodeCsv } from "../export/csv.js";
import type { TableColumn } from "../export/table.js";
import { featuredModels } from "../models/registry.js";
import { load } from "../node.js";
import { learnedFeatures } from "../recommend/prior-means.js";
import { wholeNumber } from "./options.js";
import { writeOutput } from "./output.js";
import { dim, print, table } from "./terminal.js";

interface FeaturesFlags {
  of: "items" | "users";
  top: number;
  csv?: string;
}

export function featuresCommand(): Command {
  return new Command("features")
    .description("Show what a model has learned of the features of its items or users.")
    .argument("<model>", "a model file trained with --item-features or --user-features")
    .addOption(new Option("--of <side>", "whose features").choices(["items", "users"]).default("items"))
    .option("--top <n>", "how many of the features that no table names, rated sets, are shown", wholeNumber, 10)
    .option("--csv <file>", "write the embedding here: feature, then its K factors and its bias")
    .addHelpText("after", "\nExample:\n  tastespace features model.safetensors --csv genres.csv")
    .action(features);
}

interface Learned {
  readonly name: string;
  readonly f: readonly number[];
  readonly bias: number;
  readonly count: number;
}

async function features(modelPath: string, { of, top, csv: path }: FeaturesFlags): Promise<void> {
  const model = await load(modelPath);
  const known = model.features?.[of];
  const learned = learnedFeatures(model.parameters, model.features, of);
  if (!known || !learned) {
    throw new OptionsError(`the model knows no features of ${of}`, {
      remedy: `train ${featuredModels(" or")} with --${of === "items" ? "item" : "user"}-features`,
    });
  }
  const K = model.parameters.factors;
  const counts = new Uint32Array(learned.biases.length);
  for (const feature of known.rows.index) counts[feature]++;
  // Of rated sets, as many have the feature as are rated by, or have rated, the entity of the other side.
  const { seen } = model;
  if (seen && of === "users") for (const item of seen.items) counts[learned.named + item]++;
  if (seen && of === "items") for (let m = 0; m + 1 < seen.start.length; m++) counts[learned.named + m] = seen.start[m + 1] - seen.start[m];
  const nameAt = (f: number): string => {
    if (f < learned.named) return known.names[f];
    const id = (of === "users" ? model.items : model.users).rawAt(f - learned.named);
    return of === "users" ? `rated: ${model.catalogue.title(id)}` : `rated by ${id}`;
  };
  const all = Array.from(learned.biases, (bias, f): Learned => ({
    name: nameAt(f),
    f: Array.from(learned.factors.subarray(f * K, (f + 1) * K)),
    bias,
    count: counts[f],
  }));
  const norm = (f: readonly number[]): number => Math.hypot(...f);
  const named = all.slice(0, learned.named);
  const strongest = all.slice(learned.named).sort((a, b) => norm(b.f) - norm(a.f));
  const rows = [...named, ...strongest.slice(0, top)];
  const cosine = (a: readonly number[], b: readonly number[]): number => {
    const lengths = norm(a) * norm(b);
    return lengths > 0 ? a.reduce((sum, value, k) => sum + value * b[k], 0) / lengths : 0;
  };
  const nearest = (row: Learned): string =>
    rows
      .filter((other) => other !== row)
      .map((other) => ({ name: other.name, cosine: cosine(row.f, other.f) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 3)
      .map((other) => `${other.name} ${other.cosine.toFixed(2)}`)
      .join(", ");
  print(
    table(
      ["feature", of, "length", "bias", "nearest, by cosine"],
      rows.map((row) => [row.name, String(row.count), norm(row.f).toFixed(3), row.bias.toFixed(3), dim(nearest(row))]),
      [1, 2, 3],
    ),
  );
  if (strongest.length > top) print(dim(`and ${strongest.length - top} more of rated sets, which say less`));
  if (path) {
    const column = (k: number): TableColumn => ({ name: `f${k + 1}`, kind: "float", values: all.map(({ f }) => f[k]) });
    const names: TableColumn = { name: "feature", kind: "text", values: all.map(({ name }) => name) };
    const biases: TableColumn = { name: "bias", kind: "float", values: all.map(({ bias }) => bias) };
    await writeOutput(path, encodeCsv([names, ...Array.from({ length: K }, (_, k) => column(k)), biases]));
    print(`${dim("csv")}      ${path}`);
  }
}
