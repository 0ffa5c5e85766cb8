// Options that several commands take, their parsing, and what a wrong one is told.

import { DEVICE_CHOICES, type DeviceChoice } from "../engine/open-engine.js";
import { type Command, InvalidArgumentError, Option } from "commander";
import { OptionsError } from "../errors.js";
import type { Column } from "../ratings/columns.js";
import { DUPLICATE_POLICIES, type DuplicatePolicy } from "../ratings/duplicates.js";
import type { FactorModel } from "../models/factor-model.js";
import type { RankingMeasure } from "../models/figures.js";
import { checkUsed } from "../options.js";
import { SPLIT_KINDS, type SplitKind } from "../ratings/split.js";
import { defaultOfModels } from "./model-defaults.js";

/** A number; NaN and text are refused. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("it must be a number.");
  return value;
}

export function wholeNumber(text: string): number {
  const value = number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("it must be a whole number.");
  return value;
}

/** A whole number of at least so much. */
export const wholeFrom =
  (least: number) =>
  (text: string): number => {
    const value = wholeNumber(text);
    if (value < least) throw new InvalidArgumentError(`it must be ${least} or greater.`);
    return value;
  };

export function notNegative(text: string): number {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError("it must be 0 or greater.");
  return value;
}

/**
 * Of several ways to say the same there must be one.
 *
 * @param where before the sentence. @param given whether each is given, by its name. @throws OptionsError
 */
export function checkOne(where: string, what: string, given: Readonly<Record<string, boolean>>): void {
  const names = Object.keys(given);
  const there = names.filter((name) => given[name]);
  if (there.length === 0) throw new OptionsError(`${where}say ${what}: ${names.join(", or ")}`);
  if (there.length > 1) throw new OptionsError(`${where}${there.join(" and ")} are given, and only one of them can be`);
}

const UNITS: Record<string, number> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A number of bytes: 4GiB, 500M, 1073741824. */
export function bytes(text: string): number {
  const [, digits, unit] = /^\s*([\d.]+)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text) ?? [];
  const value = Number(digits) * UNITS[(unit ?? "").toLowerCase()];
  if (!(value > 0)) throw new InvalidArgumentError("it must be a number of bytes, such as 4GiB.");
  return value;
}

export type EngineKind = Exclude<DeviceChoice, "auto">;

/** Kinds of engines, one kind for all: cpu,cpu. */
export function engineKinds(text: string): EngineKind[] {
  const kinds = text.split(",");
  const numbered = kinds.find((kind) => /^\d+$/.test(kind));
  if (numbered !== undefined)
    throw new InvalidArgumentError(`adapter ${numbered} cannot be chosen: WebGPU does not tell cards apart; start a rank a card instead.`);
  if (!kinds.every((kind) => kind === kinds[0] && ["webgpu", "cpu", "reference"].includes(kind)))
    throw new InvalidArgumentError("it must be webgpu, cpu or reference as often as there are to be engines, such as cpu,cpu.");
  return kinds as EngineKind[];
}

/** Two numbers, the first less than the second: 1:5. */
function scale(text: string): [number, number] {
  const ends = text.split(":");
  if (ends.length !== 2) throw new InvalidArgumentError("it must be two numbers, such as 1:5.");
  const [from, to] = ends.map(number);
  if (!(from < to)) throw new InvalidArgumentError("the first number must be less than the second.");
  return [from, to];
}

/** Whether `--no-clip` was typed. */
export const noClip = ({ clip }: { clip: boolean }): true | undefined => (clip ? undefined : true);
/** What it is for. */
export const NO_CLIP = "show predictions beyond the scale of the ratings as they are";

/** How ratings are read: the flags of every command that takes a PATH. */
export interface DataFlags {
  delimiter?: string;
  header?: boolean;
  userColumn?: string;
  itemColumn?: string;
  ratingColumn?: string;
  timeColumn?: string;
  weightColumn?: string;
  layout?: "table" | "matrix";
  encoding?: string;
  missing?: string;
  scale?: [minimum: number, maximum: number];
  items?: string;
  duplicates?: DuplicatePolicy;
  skipBadRows?: boolean;
  split?: string;
  sort?: boolean;
  cache: boolean;
}

/** The flags of columns, by what a column holds. */
export const COLUMN_FLAGS = {
  user: "userColumn",
  item: "itemColumn",
  rating: "ratingColumn",
  time: "timeColumn",
  weight: "weightColumn",
} as const satisfies Record<Column, keyof DataFlags>;

export function addDataOptions(command: Command): Command {
  const add = (flags: string, description: string): Option => {
    const option = new Option(flags, description).helpGroup("Reading:");
    command.addOption(option);
    return option;
  };
  add("--delimiter <text>", 'what separates the cells, such as ";" or tab or a blank for any number of them; found out when left out');
  add("--header", "the first row names the columns; found out when left out");
  add("--no-header", "the first row is a rating");
  add("--user-column <name>", "name of the users' column, or its number from 1; found by its name when left out");
  add("--item-column <name>", "the same for items");
  add("--rating-column <name>", "the same for ratings; none: there is none, and every row counts as 1");
  add("--time-column <name>", "the same for times, in seconds or as dates");
  add("--weight-column <name>", "column of weights, 0 or more: how often each rating counts (default: none, each counts once)");
  add("--layout <kind>", "table: a row is a rating; matrix: a row is a person, a column an item").choices(["table", "matrix"]);
  add("--missing <values>", "ratings that stand for none, such as 99 or -1,NA: such rows are left out; none: there are none such");
  add("--scale <min:max>", "least and largest rating, such as 1:5; others are malformed").argParser(scale);
  add("--duplicates <policy>", "when a user rated an item twice; sum and count add up a log of events (default: last)").choices(
    DUPLICATE_POLICIES,
  );
  add("--encoding <name>", "of the text, such as utf-8, latin1, utf-16le; found out by its bytes when left out");
  add("--items <file>", "titles, genres and years of the items: a table with columns id, title, genres, year");
  add("--skip-bad-rows", "leave malformed rows out, and say how many and why");
  add("--sort", "sort the ratings by their ids first, so that nothing depends on the order of the file's rows");
  add("--split <name>", "a ready-made split of the folder, such as u1 (u1.base, u1.test)");
  add("--no-cache", "parse a large file anew, and do not keep its indexed ratings for the next time");
  return command;
}

/** How ratings are held out. */
export interface SplitFlags {
  holdout?: number;
  holdoutBy: SplitKind;
  holdoutLast?: number;
  test?: string;
  seed: number;
  /** Ratings that a model to start from has kept from being held out. No flag, but told beside them. */
  stayed?: number;
  /** Held-out ratings that a model to start from was trained on. */
  trainedBefore?: number;
}

export interface DeviceFlags {
  device: DeviceChoice;
  threads?: number;
}

export function addDeviceOption(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--device <kind>",
        "where to compute: webgpu, the GPU; cpu, WebAssembly on all cores; reference, float64 on one; auto takes a hardware GPU, else cpu",
      )
        .choices(DEVICE_CHOICES)
        .default("auto"),
    )
    .option("--threads <n>", "threads of the cpu engine (default: one a processor core); results do not depend on it", wholeFrom(1));
}

/** @throws OptionsError for a weight of biases that the model does not have. */
export const checkAlpha = (name: string, alpha: number | undefined, { model, hasItemBiases }: FactorModel): void =>
  checkUsed(name, alpha, hasItemBiases, `this model of ${model} has no item biases to weigh`, `leave ${name} away`);

/** @param given what is said of predictions beyond the scale, if anything. @throws OptionsError for a model without one. */
export const checkClip = (name: string, given: boolean | undefined, { model, predicts }: FactorModel): void =>
  checkUsed(name, given, predicts === "rating", `${model} predicts no ratings, which have a scale`, `leave ${name} away`);

/** Of commands that take a model's own ratings. */
export interface OtherDataFlags {
  otherData?: boolean;
}

export const addOtherDataOption = (command: Command): Command =>
  command.option("--other-data", "take these ratings although the model was trained on others");

/** How ratings were split when the model was trained; what is left out, the model says. */
export interface ShareFlags {
  holdout?: number;
  holdoutBy?: SplitKind;
  holdoutLast?: number;
  seed?: number;
}

export function addSplitOptions(command: Command): Command {
  return command
    .option("--holdout <share>", "share of the ratings that was held out (default: as in training)", number)
    .addOption(new Option("--holdout-by <kind>", "how they were chosen (default: as in training)").choices(SPLIT_KINDS))
    .option("--holdout-last <k>", "by last: a number of every user's latest ratings, not a share (default: as in training)", wholeNumber)
    .option("--seed <n>", "seed of the split (default: as in training)", wholeNumber);
}

/** What was said of how a model's own ratings were split, by flag. */
export const ownDataFlags = ({
  holdout,
  holdoutBy,
  holdoutLast,
  seed,
  otherData,
}: ShareFlags & OtherDataFlags): Record<string, unknown> => ({
  "--holdout": holdout,
  "--holdout-by": holdoutBy,
  "--holdout-last": holdoutLast,
  "--seed": seed,
  "--other-data": otherData,
});

/** An option that may be given more than once; `none` says in the help what it means when it is not given. */
export function repeatable(flags: string, description: string, none: string): Option {
  return new Option(flags, description).argParser((text: string, all: string[]) => [...all, text]).default([], none);
}

/** What trainings are measured by. */
export interface MeasureFlags {
  measureBy?: "loss" | RankingMeasure;
  measureEvery?: number;
  relevanceThreshold?: number;
}

export function addMeasureOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--measure-by <what>",
        `held-out figure that says which sweep is best: the model's loss, or of lists of ten ndcg or recall, or the auc (default: ${defaultOfModels(({ measureBy = "loss" }) => measureBy)})`,
      ).choices(["loss", "ndcg", "recall", "auc"]),
    )
    .option("--measure-every <n>", "measure lists every so many sweeps (default: 1)", wholeFrom(1))
    .option("--relevance-threshold <rating>", "a held-out item is relevant from this rating on (default: as in evaluate)", number);
}
