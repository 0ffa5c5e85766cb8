// tastespace report: runs and searches as one HTML file with figures, and as figures alone.

import { basename } from "node:path";
import { Command } from "commander";
import { version } from "../../package.json";
import { TastespaceError } from "../errors.js";
import { load } from "../node.js";
import type { FactorModel } from "../models/factor-model.js";
import { Ratings } from "../ratings/ratings.js";
import type { ReadResult } from "../ratings/readers.js";
import type { ReportRun } from "../report/index.js";
import { addAnalysisOptions, type AnalysisFlags, analysisOptionsOf } from "./analysis-options.js";
import { fingerprintOfRead, loadData, splitOf, splitOfModel } from "./data.js";
import { writeFigures } from "./figure-files.js";
import { isSearch, pathBeside, readResult, type RunFile, type RunOrigin, type SearchFile } from "./run-file.js";
import { writeOutput } from "./output.js";
import { count, dim, notice, print } from "./terminal.js";
import { bestTrainCommand } from "./train-command.js";

interface ReportFlags extends AnalysisFlags {
  out: string;
  figures?: string;
  title: string;
  data: boolean;
}

export function reportCommand(): Command {
  const command = new Command("report")
    .description("Put trainings and searches side by side, with all figures, in one HTML file that needs no network.")
    .argument("<run...>", "run files of train --json and search --json; their models and ratings are read from where the files say")
    .option("--out <file>", "the report", "report.html")
    .option("--figures <folder>", "draw every figure into this folder too (SVG)")
    .option("--title <text>", "what stands above it", "Tastespace report")
    .option("--no-data", "leave out the figures that need the ratings themselves");
  return addAnalysisOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tastespace report run.json
  tastespace report biases.json als.json vb.json search.json --genres Children,Horror --rated "Toy Story (1995)=5" --figures figures`,
    )
    .action(report);
}

async function report(paths: readonly string[], flags: ReportFlags): Promise<void> {
  const options = analysisOptionsOf(flags);
  const runs: ReportRun[] = [];
  const searches: { name: string; result: SearchFile; command: string | undefined }[] = [];
  const origins = new Origins(flags.data);
  for (const path of paths) {
    const file = await readResult(path);
    const name = basename(path).replace(/\.json$/, "");
    if (isSearch(file)) {
      searches.push({ name, result: file, command: bestTrainCommand(file, file.from.path ?? undefined) });
      await origins.read(path, file);
    } else {
      const read = await origins.read(path, file);
      const model = await modelOf(path, file);
      const heldOut = read && (await heldOutOf(model, read, path, file.from));
      runs.push({ ...file, name, model, heldOut });
    }
  }
  const { htmlPage, reportPage } = await import("../report/index.js");
  const footer = `Made by tastespace ${version} from ${paths.map((path) => basename(path)).join(", ")}.`;
  const page = reportPage({ title: flags.title, runs, searches, ratings: origins.first, options, footer });
  const html = htmlPage(page);
  await writeOutput(flags.out, html);
  const figures = page.sections.flatMap((section) => section.figures ?? []);
  print(`${dim("report")}   ${flags.out}: ${count(figures.length)} figures, ${count(Math.round(html.length / 1024))} KiB`);
  if (flags.figures !== undefined) await writeFigures(flags.figures, figures);
}

/** What was held out of a training; undefined where only its model could tell, and does not. */
async function heldOutOf(model: FactorModel | undefined, read: ReadResult, path: string, from: RunOrigin): Promise<Ratings | undefined> {
  const flags = { ...from.reading, ...splitBeside(path, from) };
  if (!flags.stayed) return (await splitOf(read, flags, from.path ?? undefined, true)).heldOut;
  return model?.seen && (await splitOfModel(model, read, flags, from.path ?? undefined)).heldOut;
}

const splitBeside = (path: string, { split }: RunOrigin): RunOrigin["split"] => ({
  ...split,
  test: split.test === undefined ? undefined : pathBeside(path, split.test),
});

/** The ratings of runs, each set read once. Ratings that cannot be read leave their figures out, with a note. */
class Origins {
  readonly #known = new Map<string, ReadResult | undefined>();
  first: Ratings | undefined;

  constructor(readonly wanted: boolean) {}

  async read(path: string, { from }: RunFile | SearchFile): Promise<ReadResult | undefined> {
    // Run files of versions before this one do not say where their ratings are.
    if (!this.wanted || !(from as RunOrigin | undefined)) return undefined;
    const place = from.path === null ? undefined : pathBeside(path, from.path);
    const items = from.reading.items === undefined ? undefined : pathBeside(path, from.reading.items);
    const key = JSON.stringify([place ?? null, from.reading]);
    if (!this.#known.has(key))
      this.#known.set(key, await readable(`the ratings of ${path}`, () => loadData(place, { ...from.reading, items })));
    const read = this.#known.get(key);
    if (read && typeof from.fingerprint === "string" && from.fingerprint !== fingerprintOfRead(read)) {
      notice(`the ratings of ${path} are no longer those that it was trained on, and their figures are left out`);
      return undefined;
    }
    this.first ??= read && allOf(read);
    return read;
  }
}

/** Training and held-out ratings of a ready-made split together. */
function allOf({ ratings, heldOut }: ReadResult): Ratings {
  if (!heldOut) return ratings;
  const joined = <T extends Uint32Array | Float32Array>(a: T, b: T): T => {
    const both = a.constructor as new (length: number) => T;
    const whole = new both(a.length + b.length);
    whole.set(a);
    whole.set(b, a.length);
    return whole;
  };
  const columns = {
    user: joined(ratings.user, heldOut.user),
    item: joined(ratings.item, heldOut.item),
    value: joined(ratings.value, heldOut.value),
    weight: ratings.weight && heldOut.weight && joined(ratings.weight, heldOut.weight),
  };
  return new Ratings(columns, ratings.users, ratings.items, ratings.catalogue);
}

const modelOf = async (path: string, { model }: RunFile): Promise<FactorModel | undefined> =>
  typeof model === "string" ? await readable(`the model of ${path}`, () => load(pathBeside(path, model))) : undefined;

async function readable<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof TastespaceError)) throw error;
    notice(`${what} could not be read, and their figures are left out: ${error.message}`);
    return undefined;
  }
}
