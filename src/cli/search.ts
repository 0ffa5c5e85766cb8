// tastespace search: trains at many hyperparameters, compares them by held-out error, and says which to train with.

import { csvLines } from "../ratings/delimited.js";
import { existsSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { version } from "../../package.json";
import type { DeviceInfo } from "../engine/engine.js";
import { openEngine } from "../engine/open-engine.js";
import { ModelFileError, OptionsError } from "../errors.js";
import { BOTH_SIDES } from "../models/hyperparameters.js";
import { featuredModels, MODEL_NAMES, MODELS } from "../models/registry.js";
import { hasAlternative, search, searchPlan, type SearchResult } from "../training/search.js";
import { SPLIT_KINDS } from "../ratings/split.js";
import type { Choice, Choices, SearchSpace } from "../training/search-space.js";
import { counted } from "../report/words.js";
import { loadData, printUnderstood } from "./data.js";
import { checkFeatureFiles, featuresFrom } from "./feature-files.js";
import { addDataOptions, addDeviceOption, addMeasureOptions, number, wholeNumber } from "./options.js";
import { addSearchFlags, searched } from "./hyperparameter-flags.js";
import { isSearch, originOf, readResult, type SearchFile } from "./run-file.js";
import type { SearchFlags } from "./search-flags.js";
import { liveTable, tell, trialRows } from "./search-output.js";
import { listenForInterrupts } from "./interrupts.js";
import { invocation } from "./invocation.js";
import { isStandardOutput, writeJson, writeOutput } from "./output.js";
import { dim, notice, print } from "./terminal.js";
import { noticeAsTyped } from "./typed-names.js";

/** Where nothing is said of K, τ and γ. */
const GRID: SearchSpace = { factors: [10, 20], tau: [5, 10, 20, 40], gamma: [2, 5] };
const RANGES: SearchSpace = { factors: [5, 10, 20, 40], tau: { from: 1, to: 100 }, gamma: { from: 0.5, to: 20 } };

export function searchCommand(): Command {
  const command = new Command("search")
    .description("Train at many hyperparameters and compare them by held-out error, beside vb, which needs no search.")
    .argument("[path]", "a ratings file, a folder, a zip archive or a data set by name; left out: invented ratings of real films")
    .addOption(new Option("--model <name>", "the model").choices(MODEL_NAMES).default("als"))
    .addOption(
      new Option("--method <kind>", "grid: all combinations; random: drawn ones; halving: drawn, the best third of them trained on")
        .choices(["grid", "random", "halving"])
        .default("grid"),
    );
  addSearchFlags(
    command,
    "Values to try (5,10,20; 1:100:3: 1,10,100, by equal factors; 0:100:3: 0,50,100, by equal steps, as it starts at 0; 1:100 to draw from):",
    spread,
  );
  command
    .option("--trials <n>", "random, halving: points to draw (default: 20)", wholeNumber)
    .option("--eta <n>", "halving: one in so many goes on (default: 3)", wholeNumber)
    .option("--least-sweeps <n>", "halving: fewest sweeps of the first round (default: 4)", wholeNumber)
    .option("--folds <k>", "hold out k folds in turn instead of one share", wholeNumber, 0)
    .option("--holdout <share>", "share of the ratings held out (default: 0.2)", number)
    .addOption(new Option("--holdout-by <kind>", "how they are chosen (default: random)").choices(SPLIT_KINDS))
    .option("--holdout-last <k>", "by last: a number of every user's latest ratings, not a share (default: 1)", wholeNumber)
    .option("--test <share>", "share set aside first, which no trial sees, to measure the best by", number, 0)
    .option("--seed <n>", "seed of splits, draws and starting factors", wholeNumber, 1)
    .option("--sweeps <n>", "most sweeps of a trial (default: as in train)", wholeNumber)
    .option("--tolerance <x>", "as in train", number)
    .option("--patience <n>", "as in train", wholeNumber)
    .option("--item-features <list>", `${featuredModels()}: features of the items, as in train`)
    .option("--user-features <list>", `${featuredModels()}: features of the users`)
    .option("--no-vb", "do not train vb and the biases beside")
    .option("--json <file>", "write the search here, after every trial")
    .option("--resume", "go on from --json when it is there")
    .option("--csv <file>", "write the trials here")
    .option("--plot <file>", "draw held-out error over each hyperparameter here (SVG)");
  return addMeasureOptions(addDeviceOption(addDataOptions(command)))
    .addHelpText(
      "after",
      `
Without values, a grid tries K 10,20, τ 5,10,20,40 and γ 2,5; random and halving draw K of 5,10,20,40, τ of 1:100 and γ of 0.5:20.

Examples:
  tastespace search ml-latest-small --factors 5,10,20 --tau 5,10,20,40 --gamma 2,5 --test 0.1 --plot search.svg
  tastespace search ratings.csv --method halving --trials 27 --factors 5,10,20,40 --tau 1:100 --gamma 0.5:20 --json search.json
  tastespace search ratings.csv --method random --folds 5 --json search.json --resume`,
    )
    .action(searchAndTell);
}

/** "5,10,20", "1:100" or "1:100:5": by equal factors where it starts above 0, else by equal steps. */
export function spread(text: string, whole: boolean): Choices {
  const parse = whole ? wholeNumber : number;
  const ends = text.split(":");
  if (ends.length === 1) return text.split(",").map((cell): Choice => (/^[a-z]/i.test(cell.trim()) ? cell.trim() : parse(cell)));
  if (ends.length > 3 || text.includes(",")) throw new InvalidArgumentError("it must be values 5,10,20 or a range 1:100 or 1:100:5.");
  const [from, to] = [parse(ends[0]), parse(ends[1])];
  if (!(from < to)) throw new InvalidArgumentError("a range must rise.");
  if (ends.length === 2) return { from, to };
  const steps = wholeNumber(ends[2]);
  if (steps < 2) throw new InvalidArgumentError("a range must have 2 steps or more.");
  const at = (share: number): number => (from > 0 ? from * (to / from) ** share : from + (to - from) * share);
  const rounded = (value: number): number => (whole ? Math.round(value) : Number(value.toPrecision(3)));
  return [...new Set(Array.from({ length: steps }, (_, step) => rounded(at(step / (steps - 1)))))];
}

async function searchAndTell(path: string | undefined, flags: SearchFlags): Promise<void> {
  const space = spaceOf(flags);
  const options = {
    model: flags.model,
    method: flags.method,
    space,
    trials: flags.trials,
    eta: flags.eta,
    leastSweeps: flags.leastSweeps,
    folds: flags.folds,
    holdout: { share: flags.holdout, by: flags.holdoutBy, last: flags.holdoutLast },
    test: flags.test,
    seed: flags.seed,
    sweeps: flags.sweeps,
    tolerance: flags.tolerance,
    patience: flags.patience,
    measureBy: flags.measureBy,
    measureEvery: flags.measureEvery,
    relevanceThreshold: flags.relevanceThreshold,
    alternative: flags.vb,
  };
  // What is wrong with options is found out before anything long begins.
  searchPlan(options);
  await checkFeatureFiles(flags);
  const resume = flags.resume ? await resumedFrom(flags) : undefined;
  const read = await loadData(path, flags);
  const { ratings, format, heldOut } = read;
  if (heldOut)
    throw new OptionsError("--split already holds ratings out, and a search holds out its own", { remedy: "leave --split away" });
  print(
    `${dim("data")}     ${format}: ${counted(ratings.count, "rating")}, ${counted(ratings.users.size, "user")}, ${counted(ratings.items.size, "item")}`,
  );
  printUnderstood(read);
  const itemFeatures = await featuresFrom(flags.itemFeatures, "items", ratings);
  const userFeatures = await featuresFrom(flags.userFeatures, "users", ratings);
  const engine = await openEngine(flags.device, noticeAsTyped, { threads: flags.threads });
  print(`${dim("device")}   ${engine.info.name}${engine.info.software && engine.info.kind === "webgpu" ? " (software)" : ""}`);
  const interrupts = listenForInterrupts(`${flags.json ? "saving" : "stopping"} after the sweep under way`);
  const live = liveTable(space, resume, flags.vb && hasAlternative(flags.model));
  try {
    const result = await search(ratings, {
      ...options,
      itemFeatures,
      userFeatures,
      device: engine,
      onNotice: noticeAsTyped,
      signal: interrupts.signal,
      resume,
      async onTrial(trial, sofar) {
        live.show(trial, sofar);
        // Standard output takes the whole result once.
        if (flags.json && !isStandardOutput(flags.json)) await writeSearch(flags.json, sofar, path, flags, engine.info);
      },
    });
    live.stop();
    if (flags.json) await writeSearch(flags.json, result, path, flags, engine.info);
    tell(result, path, flags);
    await writeOthers(result, flags);
    if (!result.complete) invocation.exitCode = interrupts.code;
  } finally {
    live.stop();
    interrupts.stop();
    engine.destroy();
  }
}

/** The values given, and for K, τ and γ of which nothing is given the usual ones. */
function spaceOf(flags: SearchFlags): SearchSpace {
  const given = searched(flags) as SearchSpace;
  const usual = flags.method === "grid" ? GRID : RANGES;
  const meant = (name: string): readonly string[] => [name, ...(BOTH_SIDES[name]?.sides ?? [])];
  const said = (name: string): boolean => meant(name).some((own) => Object.hasOwn(given, own));
  const has = (name: string): boolean => meant(name).some((own) => Object.hasOwn(MODELS[flags.model].table, own));
  return { ...Object.fromEntries(Object.entries(usual).filter(([name]) => has(name) && !said(name))), ...given };
}

async function resumedFrom(flags: SearchFlags): Promise<SearchResult | undefined> {
  if (!flags.json || isStandardOutput(flags.json)) throw new OptionsError("--resume needs --json FILE");
  if (!existsSync(flags.json)) return undefined;
  const file = await readResult(flags.json);
  if (!isSearch(file)) throw new ModelFileError(`${flags.json} is the file of a training, not of a search`);
  return file;
}

async function writeSearch(
  file: string,
  result: SearchResult,
  path: string | undefined,
  flags: SearchFlags,
  device: DeviceInfo,
): Promise<void> {
  const { kind, name, software } = device;
  const { share: holdout, by: holdoutBy } = result.plan.holdout;
  const written: SearchFile = {
    version,
    device: { kind, name, software },
    from: originOf(file, path, { ...flags, holdout, holdoutBy, test: undefined }),
    ...result,
  };
  await writeJson(file, written);
}

async function writeOthers(result: SearchResult, flags: SearchFlags): Promise<void> {
  if (flags.json) print(`${dim("search")}   ${flags.json}`);
  if (flags.csv) {
    await writeOutput(flags.csv, csvLines(trialRows(result)));
    print(`${dim("csv")}      ${flags.csv}`);
  }
  if (flags.plot) {
    const { inGrid, searchFigures, standaloneSvg } = await import("../report/index.js");
    const figures = searchFigures(result);
    if (figures.length === 0) return notice("nothing to draw: no hyperparameter has two numbers");
    await writeOutput(flags.plot, standaloneSvg(inGrid(figures, 2)));
    print(`${dim("plot")}     ${flags.plot}`);
  }
}
