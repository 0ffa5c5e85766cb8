// tastespace train: ratings in, a model file and a run file out.

import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { version } from "../../package.json";
import { checkTaken, type DeviceChoice, type EngineOptions, openEngine } from "../engine/open-engine.js";
import type { Engine, MemoryReport } from "../engine/engine.js";
import { byteText } from "../byte-text.js";
import { OptionsError, OutputError } from "../errors.js";
import type { Accuracy } from "../metrics/accuracy.js";
import type { ModelSource } from "../models/factor-model.js";
import { heldOutFigure } from "../models/figures.js";
import { definitionOf, featuredModels, MODEL_NAMES, type ModelName, MODELS } from "../models/registry.js";
import { solverText } from "../models/solver.js";
import { modelPieces } from "../model-file.js";
import { DevicesEngine } from "../distributed/devices-engine.js";
import { RanksEngine } from "../distributed/ranks-engine.js";
import { receivedRows, slicesOf } from "../distributed/slices.js";
import { type Wire, WIRES } from "../distributed/wire.js";
import { csrOf, rowLengths } from "../ratings/csr.js";
import { load, loadCheckpoint, save, saveCheckpoint } from "../node.js";
import { fingerprintOf } from "../ratings/fingerprint.js";
import type { Ratings } from "../ratings/ratings.js";
import { trainedPairs } from "../metrics/trained-pairs.js";
import { checkUsed } from "../options.js";
import { counted } from "../report/words.js";
import { SPLIT_KINDS } from "../ratings/split.js";
import { wholeOf } from "../ratings/share.js";
import { checkEffects, checkSweeps, checkTakesFeatures, fit, type FitOptions, type FitResult, hyperparametersOf } from "../training/fit.js";
import { biasOnlyAccuracy, comparesToBiases } from "../training/bias-only.js";
import type { Checkpoint } from "../training/checkpoint.js";
import { hyperparametersFor, memoryOf, planTraining } from "../training/plan.js";
import { accurate } from "../training/preset.js";
import { checkInit } from "../training/start.js";
import { DEFAULT_PATIENCE, DEFAULT_SWEEPS } from "../training/stopping.js";
import type { HistoryEntry } from "../training/history.js";
import { checkSplit, loadTraining, printTest, printUnderstood, type TrainingData } from "./data.js";
import { checkFeatureFiles, type FeatureFlags, featuresFrom, hasFeatures, usersBeside } from "./feature-files.js";
import {
  addDataOptions,
  addDeviceOption,
  addMeasureOptions,
  bytes,
  type DataFlags,
  type DeviceFlags,
  type EngineKind,
  engineKinds,
  type MeasureFlags,
  notNegative,
  number,
  type SplitFlags,
  wholeFrom,
  wholeNumber,
} from "./options.js";
import { addHyperparameterFlags, hyperparametersGiven } from "./hyperparameter-flags.js";
import { defaultOfModels } from "./model-defaults.js";
import { originOf, pathFrom, type RunFile, type RunOrigin } from "./run-file.js";
import { listenForInterrupts } from "./interrupts.js";
import { invocation } from "./invocation.js";
import { isStandardOutput, writeJson, writeOutput } from "./output.js";
import { agreeOn, checkpointFromFirst, ranksHere, threadsOfRank } from "./ranks.js";
import { bold, count, dim, notice, print, seconds, table } from "./terminal.js";
import { noticeAsTyped } from "./typed-names.js";

/** A preset in the place of a model. */
const ACCURATE = "accurate";

interface TrainFlags extends DataFlags, SplitFlags, DeviceFlags, MeasureFlags, FeatureFlags {
  model: ModelName | typeof ACCURATE;
  sweeps?: number;
  earlyStop: boolean;
  tolerance?: number;
  patience?: number;
  init?: string;
  allowTrained?: boolean;
  out?: string;
  json?: string;
  checkpoint?: string;
  checkpointEvery?: number;
  resume?: boolean;
  seen: boolean;
  deviceMemory?: number;
  devices?: readonly EngineKind[];
  wire?: Wire;
  dryRun?: boolean;
  halfPrecision?: boolean;
  tensorCores?: boolean;
}

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Train a model on ratings, and measure it on held-out ones.")
    .argument(
      "[path]",
      "a ratings file, a folder, a zip archive, or - for standard input; ml-latest-small, ml-100k … are fetched; left out: invented ratings of real films",
    )
    .addOption(
      new Option("--model <name>", "the model; accurate: gibbs with all side information that the data hold, nothing to tune")
        .choices([...MODEL_NAMES, ACCURATE])
        .default("als"),
    );
  addHyperparameterFlags(command);
  command
    .option(
      "--item-features <list>",
      `${featuredModels()}: files of features of the items (id, feature[, weight], or a table of attributes), or the words genres and rated (who has rated them), by commas`,
    )
    .option("--user-features <list>", `${featuredModels()}: features of the users alike; rated: what they have rated`)
    .option("--sweeps <n>", `most sweeps (default: ${defaultOfModels(({ sweeps = DEFAULT_SWEEPS }) => sweeps)})`, wholeFrom(0))
    .option("--no-early-stop", "do all sweeps")
    .addOption(
      new Option("--tolerance <x>", "stop when the objective changes by less than this share (default: 1e-6)")
        .argParser(notNegative)
        .conflicts("earlyStop"),
    )
    .addOption(
      new Option(
        "--patience <n>",
        `stop after this many sweeps without a new best held-out figure (default: ${defaultOfModels(({ patience = DEFAULT_PATIENCE }) => patience)})`,
      )
        .argParser(wholeFrom(1))
        .conflicts("earlyStop"),
    )
    .option("--holdout <share>", "share of the ratings held out (default: 0.2, or 0 with --test)", number)
    .addOption(new Option("--holdout-by <kind>", "how they are chosen").choices(SPLIT_KINDS).default("random"))
    .option("--holdout-last <k>", "by last: a number of every user's latest ratings, not a share (default: 1)", wholeNumber)
    .option("--test <file>", "ratings to measure by instead")
    .option("--seed <n>", "seed of the split and of the starting factors", wholeNumber, 1)
    .option("--init <model>", "start from this model; the ratings that it was trained on stay in training")
    .option("--allow-trained", "with --init: hold out, or measure by, ratings that it was trained on too")
    .option("--out <file>", "write the model here (safetensors)")
    .option("--json <file>", "write the run here: device, data, history, seconds")
    .option("--checkpoint <file>", "write all that the training is here, every few sweeps and at its end")
    .option("--checkpoint-every <n>", "sweeps between checkpoints (default: 5)", wholeFrom(1))
    .option("--resume", "go on from --checkpoint when it is there, to the same model as without a stop")
    .option("--no-seen", "do not store which items each user rated")
    .option("--device-memory <bytes>", "GPU memory that may be used, such as 4GiB: ratings beyond it are streamed", bytes)
    .option("--half-precision", "als on a GPU: gather factors in half precision, add them up in float32")
    .option("--tensor-cores", "als on a GPU in Node: multiply halves on its tensor cores, through an experiment of Dawn's")
    .addOption(
      new Option("--devices <list>", "several engines of one kind share the training in this process: cpu,cpu or webgpu,webgpu")
        .argParser(engineKinds)
        .conflicts("device"),
    )
    .addOption(
      new Option(
        "--wire <form>",
        "als, implicit on several ranks: halves send each other factors in half precision, for slow networks (default: full)",
      )
        .choices(WIRES)
        .conflicts("devices"),
    )
    .option("--dry-run", "say what the training would take, in memory and in time, and stop");
  addMeasureOptions(addDeviceOption(addDataOptions(command)));
  return command
    .addHelpText(
      "after",
      `
Examples:
  tastespace train ml-latest-small --factors 10 --tau 20 --gamma 5 --out model.safetensors
  tastespace train ratings.csv --factors 0 --holdout 0 --no-early-stop     the bias-only model
  tastespace train ml-latest-small --model vb                              precisions learned, nothing to tune
  tastespace train ml-latest-small --item-features genres,rated --user-features rated
  tastespace train ml-latest-small --model accurate --out model.safetensors
  tastespace train ml-100k --split u1 --json run.json
  tastespace train survey.csv --user-column person --item-column film --rating-column 4 --missing 99 --scale 1:5
  tastespace train plays.tsv --duplicates sum --model implicit             a log of events
  tastespace train jester.csv --layout matrix --missing 99                 a row per person
  tastespace train export.csv --encoding latin1 --items films.csv          titles of your own
  zcat ratings.csv.gz | tastespace train -                                 standard input`,
    )
    .action(train);
}

async function train(path: string | undefined, flags: TrainFlags): Promise<void> {
  const started = performance.now();
  // What is wrong with options and outputs is found out before anything long begins.
  const model = flags.model === ACCURATE ? "gibbs" : flags.model;
  const asked = MODELS[model].complete(hyperparametersOf(model, hyperparametersGiven(flags)) as never) as never;
  const ranks = ranksHere();
  if (ranks.size > 1 && flags.devices)
    throw new OptionsError("a rank has one device", { remedy: "start a rank a device, or leave mpirun away" });
  if (ranks.size > 1 && path === "-")
    throw new OptionsError("standard input comes to one rank alone", { remedy: "give a file that every rank can read" });
  await agreeOn({ versions: version, options: [path, flags] });
  if (flags.resume && flags.checkpoint === undefined) throw new OptionsError("--resume needs --checkpoint FILE");
  checkSplit(flags);
  const { measureBy, measureEvery, relevanceThreshold, checkpointEvery } = flags;
  const onCheckpoint = flags.checkpoint === undefined ? undefined : (to: Checkpoint) => writeCheckpoint(to, flags.checkpoint!);
  const observed = { measureBy, measureEvery, relevanceThreshold, checkpointEvery, onCheckpoint };
  checkEffects(model, observed);
  for (const kind of flags.devices ?? [flags.device]) checkTaken(kind, engineOptionsOf(flags));
  if (hasFeatures(flags)) checkTakesFeatures(model);
  const resume = flags.resume ? await resumedFrom(flags.checkpoint!) : undefined;
  if (flags.checkpoint !== undefined && !flags.resume && ranks.rank === 0) await noticeReplaced(flags.checkpoint);
  const init = flags.init ? await load(flags.init) : undefined;
  if (!init) checkUsed("--allow-trained", flags.allowTrained, false, "there is no model to start from", "give --init, or leave it away");
  if (init && flags.model !== ACCURATE) checkInit(init, (asked as { readonly factors: number }).factors);
  if (flags.model !== ACCURATE)
    checkSweeps(model, { ...hyperparametersGiven(flags), model, sweeps: flags.sweeps, init, resume } as FitOptions);
  await checkFeatureFiles(flags);
  const { epochs } = MODELS[model].operations(asked, flags.seed);
  // Held out by our own split; what others hold out is refused as it is, where the model was trained on it.
  const keeping = init?.seen && !flags.allowTrained && flags.holdout !== 0 ? init : undefined;
  const data = await loadTraining(path, flags, ranks, wholeBecause(flags, keeping !== undefined), epochs, keeping);
  const { fingerprint, train: ratings, heldOut, counts, stayed } = data;
  // As the split tells whoever makes it again.
  const trainedBefore = (init && flags.allowTrained && trainedPairs(init, heldOut)) || undefined;
  const origin = { ...flags, stayed: stayed || undefined, trainedBefore };
  if (ranks.size > 1 && !wholeOf(ratings)) await agreeOn({ ratings: [fingerprintOf(ratings), fingerprintOf(heldOut)] });
  const readSeconds = (performance.now() - started) / 1000;
  describeData(data, flags.init);
  refusePositivesOnly(ratings, model, definitionOf(model).learnsFromOnes?.(asked) ?? false);
  const sourceFor = (file: string): ModelSource => ({
    ...(originOf(file, path, origin) as Omit<ModelSource, "ratings"> & RunOrigin),
    // What was read: a test file is no part of it.
    ratings: counts.ratings + (flags.test === undefined ? counts.heldOut : 0),
    fingerprint: fingerprint(),
  });
  const itemFeatures = await featuresFrom(flags.itemFeatures, "items", ratings);
  const userFeatures = await featuresFrom(flags.userFeatures, "users", ratings);

  const own = await openOwn(flags);
  const engine: Engine = ranks.size > 1 || flags.wire === "halves" ? new RanksEngine(own, ranks, { wire: flags.wire }) : own;
  const device = engine.info;
  print(`${dim("device")}   ${device.name}${device.software && device.kind === "webgpu" ? " (software)" : ""}`);
  if (ranks.size > 1) print(`${dim("ranks")}    ${ranks.size}, by ${ranks.name}`);
  const { factors } = hyperparametersGiven(flags) as { factors?: number };
  const given = { factors, sweeps: flags.sweeps, itemFeatures, userFeatures };
  const preset =
    flags.model === ACCURATE
      ? accurate(ratings, { users: flags.userFeatures === undefined ? await usersBeside(path, ratings) : undefined }, given)
      : undefined;
  if (preset) print(`${dim("chosen")}   ${preset.chosen}`);
  const options: FitOptions = {
    ...preset?.options,
    ...hyperparametersGiven(flags),
    model,
    seed: flags.seed,
    ...(itemFeatures && { itemFeatures }),
    ...(userFeatures && { userFeatures }),
    heldOut: counts.heldOut > 0 ? heldOut : undefined,
  };
  const h = hyperparametersFor(model, options, engine);
  const { steps } = definitionOf(model).operations(h, flags.seed);
  if (steps !== undefined) print(`${dim("solver")}   ${solverText(steps)}`);
  if (flags.dryRun) return await printPlan(ratings, { ...options, ...(flags.sweeps !== undefined && { sweeps: flags.sweeps }) }, engine);
  // Covariances take far more than factors.
  const memory = definitionOf(model).posterior && memoryOf(ratings, options, engine);
  if (memory) print(`${dim("memory")}   ${memoryLine(memory)}`);
  const interrupts = listenForInterrupts("finishing the sweep under way, then saving", ranks.size > 1);
  try {
    print();
    let headed = false;
    const printSweep = (entry: HistoryEntry): void => {
      if (!headed) print(bold(headLine(entry, counts.heldOut > 0)));
      headed = true;
      print(lineOf(entry, counts.heldOut > 0));
    };
    // When the checkpoint has turned out to be this training's.
    let before = resume?.history ?? [];
    const printBefore = (): void => {
      before.forEach(printSweep);
      before = [];
    };
    const result = await fit(ratings, {
      ...options,
      ...(flags.sweeps !== undefined && { sweeps: flags.sweeps }),
      earlyStop: flags.earlyStop ? undefined : false,
      tolerance: flags.tolerance,
      patience: flags.patience,
      ...observed,
      // What is gone on with began with it. Its split is that of the beginning.
      ...(!resume && { init, allowTrained: flags.allowTrained }),
      resume,
      device: engine,
      // A split of ours is for stopping in time; one of the user's own is there for measuring lists, by whatever program.
      keepSeen: flags.seen && flags.test === undefined && flags.split === undefined ? "all" : flags.seen,
      signal: interrupts.signal,
      onNotice: noticeAsTyped,
      onSweep(entry) {
        printBefore();
        printSweep(entry);
      },
    });
    printBefore();
    const biasOnly =
      heldOut.count > 0 && comparesToBiases(model) && result.stop.reason !== "aborted" && !wholeOf(ratings)
        ? await yardstick(ratings, heldOut, engine, interrupts.signal)
        : undefined;
    print();
    print(outcome(result, biasOnly, resume?.history.at(-1)));
    // A model of fewer sweeps than were asked for is no success: what follows a training may depend on it.
    if (result.stop.reason === "aborted") invocation.exitCode = interrupts.code;
    if (result.stop.reason === "aborted" && flags.checkpoint !== undefined)
      print(`${dim("go on")}    the same command with --resume goes on from ${flags.checkpoint}`);
    else if (result.stop.reason === "aborted")
      print(`${dim("go on")}    with --checkpoint FILE such a training can be gone on with, by --resume; --init starts anew from a model`);
    const isUntrained = result.stop.reason === "aborted" && result.stop.sweep === 0 && !init;
    if (flags.out && isUntrained) notice(`no sweep was finished, so there is no model to write: ${flags.out} is as it was`);
    else if (flags.out && ranks.rank === 0) {
      print(`${dim("model")}    ${await saveSomewhere((file) => result.model.withSource(sourceFor(file)), flags.out)}`);
    }
    if (flags.json && ranks.rank === 0) {
      const total = (performance.now() - started) / 1000;
      const run: RunFile = {
        version,
        device: { kind: device.kind, name: device.name, software: device.software },
        data: { users: ratings.users.size, items: ratings.items.size, ...counts },
        from: { ...originOf(flags.json, path, origin), fingerprint: fingerprint() },
        model: flags.out === undefined || isUntrained || isStandardOutput(flags.out) ? null : pathFrom(flags.json, flags.out),
        hyperparameters: { model, ...result.model.hyperparameters, seed: flags.seed },
        history: result.history,
        stop: result.stop,
        biasOnly: biasOnly ? { heldOutRmse: biasOnly.rmse, heldOutRmseClipped: biasOnly.rmseClipped } : null,
        seconds: { read: readSeconds, ...result.seconds, total },
      };
      await writeJson(flags.json, run);
      print(`${dim("run")}      ${flags.json}`);
    }
  } finally {
    interrupts.stop();
    engine.destroy();
  }
}

/** What the biases alone come to; undefined where Ctrl-C ends their training. */
async function yardstick(train: Ratings, heldOut: Ratings, device: Engine, signal: AbortSignal): Promise<Accuracy | undefined> {
  try {
    return await biasOnlyAccuracy(train, heldOut, { device, signal });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** Why a training needs all ratings in one place; undefined where each rank needs its share. */
function wholeBecause({ model, dryRun, measureBy, holdout, ...flags }: TrainFlags, keepsTrained: boolean): string | undefined {
  if (keepsTrained) return "what the model to start from was trained on stays in training";
  if (model === ACCURATE || hasFeatures(flags)) return "what features weigh is made of all of them";
  if (MODELS[model].binary) return `${model} makes its data of all of them`;
  if ((measureBy ?? MODELS[model].measureBy ?? "loss") !== "loss" && holdout !== 0)
    return "lists are measured by all of them (--measure-by loss takes shares)";
  return dryRun ? "a plan is made of a sample of them" : undefined;
}

/** Models of ratings have nothing to learn where all are 1. @throws OptionsError */
function refusePositivesOnly(ratings: Ratings, model: ModelName, learnsFromOnes: boolean): void {
  const { minimum, maximum } = ratings.statistics();
  if (minimum !== 1 || maximum !== 1 || learnsFromOnes) return;
  throw new OptionsError(`every rating is 1: ${model} has nothing to tell apart`, {
    remedy: "learn from positives alone with --model implicit, or with --model logistic --negatives 4",
  });
}

/** What the training takes on the device, in a line. */
function memoryLine({ bytes: parts, streamed, totalBytes }: MemoryReport): string {
  const how = streamed ? "streamed" : "all there";
  return `${byteText(totalBytes)} on the device: rows ${byteText(parts.rows)}, ratings ${byteText(parts.ratings)} (${how}), held out ${byteText(parts.heldOut)}, scratch up to ${byteText(parts.scratch)}`;
}

/** The plan of a training, and nothing else. */
async function printPlan(ratings: Ratings, options: FitOptions, engine: Engine): Promise<void> {
  try {
    const { hostBytes, memory, secondsPerSweep, sweeps, sampled } = await planTraining(ratings, { ...options, device: engine });
    const rows: [string, string][] = [["host memory, ratings and indexes", byteText(hostBytes)]];
    if (memory) {
      const { bytes: parts, shards, streamed, mostRatings, totalBytes } = memory;
      const arrays = (side: number): string => (side === 1 ? "1 array" : `${side} arrays`);
      rows.push(
        ["device memory, at most", byteText(totalBytes)],
        [
          "  factors, biases, covariances, twice",
          `${byteText(parts.rows)}  (users ${arrays(shards.users.count)}, items ${arrays(shards.items.count)})`,
        ],
        ["  ratings", `${byteText(parts.ratings)}  (${streamed ? `streamed, ${count(mostRatings)} at a time` : "all on the device"})`],
        ["  held-out ratings", byteText(parts.heldOut)],
        ["  scratch", byteText(parts.scratch)],
      );
    }
    rows.push(...(await receivedLine(ratings, options)));
    rows.push(
      ["a sweep and its measurement", `about ${seconds(secondsPerSweep)}  (from ${count(sampled)} of the ratings)`],
      [`${sweeps} sweeps`, `about ${seconds(sweeps * secondsPerSweep)}`],
    );
    print();
    print(table(["plan", ""], rows));
  } finally {
    engine.destroy();
  }
}

/** What the ranks would send each other, and what it would be if each were sent no more than its ratings refer to. */
async function receivedLine(
  ratings: Ratings,
  { model = "als", factors = 10, seed = 1, ...options }: FitOptions,
): Promise<[string, string][]> {
  const ranks = ranksHere();
  if (ranks.size === 1) return [];
  const definition = MODELS[model];
  const h = definition.complete(hyperparametersOf(model, { model, factors, ...options } as FitOptions) as never) as never;
  const [byUser, byItem] = [csrOf(ratings, "users"), csrOf(ratings, "items")];
  const lengths = { users: rowLengths(byUser), items: rowLengths(byItem) };
  const slices = slicesOf({ lengths, heldOut: options.heldOut?.count ?? 0, epochs: definition.operations(h, seed).epochs }, ranks.size);
  const { all, needed } = receivedRows({ byUser, byItem }, slices, ranks.rank);
  const [allRows, neededRows] = await ranks.sum(Float64Array.of(all, needed));
  const share = ((100 * neededRows) / allRows).toFixed(0);
  return [["rows that a rank receives a sweep", `${count(Math.round(allRows / ranks.size))}  (its ratings refer to ${share} % of them)`]];
}

function describeData({ read, sizes, counts: { ratings, heldOut }, test, stayed }: TrainingData, init: string | undefined): void {
  print(
    `${dim("data")}     ${read.format}: ${counted(sizes.ratings, "rating")}, ${counted(sizes.users, "user")}, ${counted(sizes.items, "item")}`,
  );
  printUnderstood(read);
  if (test) printTest(test, read);
  const kept = stayed === 0 ? "" : `; ${count(stayed)} more would be, but ${init} was trained on them`;
  print(`${dim("split")}    ${count(ratings)} to train on, ${count(heldOut)} held out${kept}`);
}

/** Without the columns that have nothing in them: of errors that a model does not have, and without held-out ratings. */
const sweepLine = (sweep: string, objective: string, train: string | undefined, heldOut: string | undefined, time: string): string =>
  [
    sweep.padStart(5),
    objective.padStart(14),
    ...(train === undefined ? [] : [train.padStart(10)]),
    ...(heldOut === undefined ? [] : [heldOut.padStart(13)]),
    time.padStart(8),
  ].join("  ");

const hasTrainFigure = ({ trainLogLoss, trainRmse }: HistoryEntry): boolean => typeof (trainLogLoss ?? trainRmse) === "number";

function headLine(entry: HistoryEntry, measured: boolean): string {
  const train = entry.trainLogLoss === undefined ? "train RMSE" : "train loss";
  const [objective, heldOut] = [entry.elbo === undefined ? "objective" : "ELBO", `held-out ${heldOutFigure(entry).name}`];
  return sweepLine("sweep", objective, hasTrainFigure(entry) ? train : undefined, measured ? heldOut : undefined, "seconds");
}

function lineOf(entry: HistoryEntry, measured: boolean): string {
  const figure = (value: number | null | undefined): string => (value === null || value === undefined ? "–" : value.toFixed(6));
  const { sweep, objective, elbo, trainRmse, trainLogLoss, seconds: time } = entry;
  const train = hasTrainFigure(entry) ? figure(trainLogLoss ?? trainRmse) : undefined;
  const heldOut = measured ? figure(heldOutFigure(entry).value) : undefined;
  return sweepLine(String(sweep), (elbo ?? objective).toFixed(3), train, heldOut, time.toFixed(2));
}

/** Whether the error of training has fallen since. */
function overfits(history: readonly HistoryEntry[], best: HistoryEntry): boolean {
  const [then, now] = [best, history.at(-1)!].map(({ trainLogLoss, trainRmse }) => trainLogLoss ?? trainRmse);
  return typeof then === "number" && typeof now === "number" && now < then;
}

/** @param from the last entry before this process, of a training that was gone on with. */
function outcome({ stop, history, seconds: time }: FitResult, biasOnly: Accuracy | undefined, from: HistoryEntry | undefined): string {
  const best = history.find(({ sweep }) => sweep === stop.bestSweep)!;
  const heldOut = heldOutFigure(best);
  const why = {
    sweeps: stop.sweep === 1 ? "did its one sweep" : `did all ${stop.sweep} sweeps`,
    converged: `converged after sweep ${stop.sweep}: the objective has stopped moving`,
    "held-out": `stopped early after sweep ${stop.sweep}: the held-out ${heldOut.name} has not improved since sweep ${stop.bestSweep}${overfits(history, best) ? ", the model overfits" : ""}`,
    aborted: `interrupted after sweep ${stop.sweep}`,
  }[stop.reason];
  const four = (value: number): string => value.toFixed(4);
  const measured =
    heldOut.value !== null
      ? `held-out ${heldOut.name} ${bold(four(heldOut.value))}`
      : best.trainRmse !== null
        ? `train RMSE ${best.trainRmse.toFixed(6)}`
        : `objective ${best.objective.toFixed(3)}`;
  const learned = best.lambda === undefined ? "" : `, noise ${(1 / Math.sqrt(best.lambda)).toFixed(3)}`;
  const density =
    best.heldOutLogDensity === undefined || best.heldOutLogDensity === null ? "" : `, log density ${best.heldOutLogDensity.toFixed(4)}`;
  const whole = from === undefined ? "" : ` since sweep ${from.sweep}, ${seconds(from.seconds + time.train)} in all`;
  const kept = `${dim("kept")}     sweep ${stop.bestSweep}, ${measured}${density}${learned}, trained in ${seconds(time.train)}${whole}`;
  return [why, kept, ...comparison(best, biasOnly)].join("\n");
}

/** The held-out RMSE clipped to the scale, and what the biases alone come to; a word where the model is no better. */
function comparison({ heldOutRmse, heldOutRmseClipped }: HistoryEntry, biasOnly: Accuracy | undefined): string[] {
  if (heldOutRmse === null || typeof heldOutRmseClipped !== "number") return [];
  const clipped = `${dim("clipped")}  to the scale of the ratings: held-out RMSE ${heldOutRmseClipped.toFixed(4)}`;
  if (!biasOnly) return [clipped];
  const { rmse, rmseClipped } = biasOnly;
  const verdict = heldOutRmse < rmse ? "" : ": the model is no better";
  return [clipped, `${dim("biases")}   alone: held-out RMSE ${rmse.toFixed(4)}, clipped ${rmseClipped.toFixed(4)}${verdict}`];
}

const engineOptionsOf = ({ threads, deviceMemory, halfPrecision, tensorCores }: TrainFlags): EngineOptions => ({
  threads,
  memoryBytes: deviceMemory,
  tuning: { halfPrecision, tensorCores },
});

/** The engine of this process, or those of `--devices` as one. */
async function openOwn(flags: TrainFlags): Promise<Engine> {
  const { device, devices } = flags;
  const options = engineOptionsOf(flags);
  const threadsOn = (kind: DeviceChoice, threads: number | undefined) => (kind === "cpu" || kind === "auto" ? threads : undefined);
  const threads = threadsOfRank(flags.threads);
  if (!devices) return await openEngine(device, noticeAsTyped, { ...options, threads: threadsOn(device, threads) });
  const each = Math.max(1, Math.floor((threads ?? availableParallelism()) / devices.length));
  const engines: Engine[] = [];
  for (const kind of devices) engines.push(await openEngine(kind, noticeAsTyped, { ...options, threads: threadsOn(kind, each) }));
  if (devices.length > 1 && devices[0] === "webgpu")
    notice(`all of them on ${engines[0].info.name}: WebGPU cannot choose among cards, so start a rank a card where there are several`);
  return new DevicesEngine(engines);
}

/**
 * A model is not lost because its place has gone.
 *
 * @param modelFor the model for a file: it holds paths from there.
 * @returns where it is.
 */
async function saveSomewhere(modelFor: (file: string) => FitResult["model"], path: string): Promise<string> {
  try {
    await writeOutput(path, modelPieces(modelFor(path)));
    return path;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    const rescued = `./tastespace-rescued-${new Date().toISOString().replace(/[:.]/g, "-")}.safetensors`;
    await save(modelFor(rescued), rescued);
    notice(`${error.message}; the model was written to ${rescued} instead`);
    invocation.exitCode = 1;
    return rescued;
  }
}

/** What cannot be written does not end a training. */
async function writeCheckpoint(checkpoint: Checkpoint, path: string): Promise<void> {
  if (ranksHere().rank > 0) return;
  try {
    await saveCheckpoint(checkpoint, path);
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    notice(`${error.message}; the training goes on without this checkpoint`);
  }
}

/** Says that a training which begins anew will take the place of a checkpoint, and how to go on from that instead. */
async function noticeReplaced(path: string): Promise<void> {
  // What is no checkpoint has nothing to go on from; to open a pipe would wait for its writer.
  if (!(await stat(path).catch(() => undefined))?.isFile()) return;
  const found = await loadCheckpoint(path).catch(() => undefined);
  const sweep = found?.history.at(-1)?.sweep;
  if (sweep !== undefined)
    notice(
      `${path} holds a checkpoint of sweep ${sweep}, which this training will replace: the same command with --resume goes on from it`,
    );
}

async function resumedFrom(checkpoint: string): Promise<Checkpoint | undefined> {
  const ranks = ranksHere();
  const found =
    ranks.size === 1
      ? await loadCheckpoint(checkpoint)
      : await checkpointFromFirst(ranks.rank === 0 ? await loadCheckpoint(checkpoint) : undefined);
  if (!found) notice(`${checkpoint} is not there: the training starts anew`);
  return found;
}
