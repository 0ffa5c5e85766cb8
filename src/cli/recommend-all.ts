// tastespace recommend-all: the best items for every user, or chosen ones, into one table.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { openEngine } from "../engine/open-engine.js";
import { OptionsError } from "../errors.js";
import { encodeCsv } from "../export/csv.js";
import { ParquetFile } from "../export/parquet.js";
import { recommendationTable, type Table } from "../export/table.js";
import { load } from "../node.js";
import type { RawId } from "../ratings/ids.js";
import { recommendAll } from "../recommend/recommend-all.js";
import { counted } from "../report/words.js";
import { addFilterOptions, type FilterFlags, filterOf } from "./item-filter.js";
import { addDeviceOption, checkAlpha, type DeviceFlags, number, wholeNumber } from "./options.js";
import { isStandardOutput, openOutput, writeOutput } from "./output.js";
import { dim, print, seconds } from "./terminal.js";
import { noticeAsTyped } from "./typed-names.js";

interface RecommendAllFlags extends DeviceFlags, FilterFlags {
  out: string;
  n: number;
  alpha?: number;
  includeSeen?: boolean;
  users?: string;
}

export function recommendAllCommand(): Command {
  const command = new Command("recommend-all")
    .description("Write the best items of every user, or of chosen ones: user, rank, item, title, score.")
    .argument("<model>", "a model file")
    .requiredOption("--out <file>", "where to: a name that ends in .csv or .parquet, or - for CSV on standard output")
    .option("--users <ids>", "only for these users, in this order: ids between commas, or a file with one a line")
    .option("-n <count>", "how many a user", wholeNumber, 10)
    .option("--alpha <α>", "weight of the item biases: 0.02 all but ignores popularity (default: 1)", number)
    .option("--include-seen", "list items that a user has rated too");
  addDeviceOption(command);
  return addFilterOptions(command)
    .addHelpText("after", "\nExample:\n  tastespace recommend-all model.safetensors --out lists.parquet -n 20 --minimum-ratings 20")
    .action(recommendEveryone);
}

async function recommendEveryone(path: string, flags: RecommendAllFlags): Promise<void> {
  const format = isStandardOutput(flags.out) ? "csv" : /\.(csv|parquet)$/i.exec(flags.out)?.[1].toLowerCase();
  if (!format) throw new OptionsError(`--out is "${flags.out}": its name must end in .csv or .parquet`);
  const model = await load(path);
  checkAlpha("--alpha", flags.alpha, model);
  const filter = filterOf(model, flags);
  const users = flags.users === undefined ? undefined : await chosenUsers(flags.users);
  const engine = await openEngine(flags.device, noticeAsTyped, { threads: flags.threads });
  const started = performance.now();
  let rows = 0;
  try {
    const options = { n: flags.n, alpha: flags.alpha, filter, filterSeen: !flags.includeSeen, users };
    const tables = async function* (): AsyncGenerator<Table> {
      for await (const batch of recommendAll(engine, model, options)) {
        rows += batch.length;
        yield recommendationTable(model, batch);
      }
    };
    await (format === "csv" ? writeCsv(flags.out, tables()) : writeParquet(flags.out, tables()));
  } finally {
    engine.destroy();
  }
  const time = seconds((performance.now() - started) / 1000);
  print(
    `${dim(format)}  ${flags.out}: ${counted(rows, "row")} for ${counted(users ? new Set(users).size : model.users.size, "user")} in ${time} on ${engine.info.name}`,
  );
}

/** The ids of a file, one per line, or those between commas. */
async function chosenUsers(text: string): Promise<RawId[]> {
  const lines = existsSync(text) ? (await readFile(text, "utf8")).split(/\r?\n/) : text.split(",");
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

/** Batch by batch. */
async function writeCsv(path: string, tables: AsyncGenerator<Table>): Promise<void> {
  const file = await openOutput(path);
  try {
    let header = true;
    for await (const table of tables) {
      await file.write(encodeCsv(table, { header }));
      header = false;
    }
    await file.finish();
  } catch (error) {
    await file.abandon();
    throw error;
  }
}

async function writeParquet(path: string, tables: AsyncGenerator<Table>): Promise<void> {
  let file: ParquetFile | undefined;
  for await (const table of tables) {
    if (file) file.append(table);
    else file = await ParquetFile.of(table);
  }
  await writeOutput(path, file!.finish());
}
