// Options that several commands take, their parsing, and what a wrong one is told.

import { DEVICE_CHOICES, type DeviceChoice } from "../engine/open-engine.js";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { RankingMeasure } from "../models/figures.js";
import { SPLIT_KINDS, type SplitKind } from "../ratings/split.js";

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

const UNITS: Record<string, number> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A number of bytes: 4GiB, 500M, 1073741824. */
export function bytes(text: string): number {
  const [, digits, unit] = /^\s*([\d.]+)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text) ?? [];
  const value = Number(digits) * UNITS[(unit ?? "").toLowerCase()];
  if (!(value > 0)) throw new InvalidArgumentError("it must be a number of bytes, such as 4GiB.");
  return value;
}

/** How ratings are read: the flags of every command that takes a PATH. */
export interface DataFlags {
  delimiter?: string;
  header?: boolean;
  userColumn?: string;
  itemColumn?: string;
  ratingColumn?: string;
  timeColumn?: string;
  duplicates?: "last" | "first" | "mean" | "error";
  skipBadRows?: boolean;
  split?: string;
  sort?: boolean;
  cache: boolean;
}

export function addDataOptions(command: Command): Command {
  return command
    .addOption(new Option("--delimiter <text>", "what separates the cells; found out when left out").helpGroup("Reading:"))
    .addOption(new Option("--header", "the first row names the columns; found out when left out").helpGroup("Reading:"))
    .addOption(new Option("--no-header", "the first row is a rating").helpGroup("Reading:"))
    .addOption(new Option("--user-column <name>", "name of the users' column, or its number from 1").helpGroup("Reading:"))
    .addOption(new Option("--item-column <name>", "the same for items").helpGroup("Reading:"))
    .addOption(new Option("--rating-column <name>", "the same for ratings").helpGroup("Reading:"))
    .addOption(new Option("--time-column <name>", "the same for timestamps").helpGroup("Reading:"))
    .addOption(
      new Option("--duplicates <policy>", "when a user rated an item twice")
        .choices(["last", "first", "mean", "error"])
        .default("last")
        .helpGroup("Reading:"),
    )
    .addOption(new Option("--skip-bad-rows", "leave malformed rows out and count them").helpGroup("Reading:"))
    .addOption(
      new Option("--sort", "sort the ratings by their ids first, so that nothing depends on the order of the file's rows").helpGroup(
        "Reading:",
      ),
    )
    .addOption(new Option("--split <name>", "a ready-made split of the folder, such as u1 (u1.base, u1.test)").helpGroup("Reading:"))
    .addOption(
      new Option("--no-cache", "parse a large file anew, and do not keep its indexed ratings for the next time").helpGroup("Reading:"),
    );
}

/** How ratings are held out. */
export interface SplitFlags {
  holdout?: number;
  holdoutBy: SplitKind;
  holdoutLast?: number;
  test?: string;
  seed: number;
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
    .option("--threads <n>", "threads of the cpu engine (default: one a processor core); results do not depend on it", wholeNumber);
}

/** How ratings were split when the model was trained. */
export interface ShareFlags {
  holdout: number;
  holdoutBy: SplitKind;
  holdoutLast?: number;
  seed: number;
}

export function addSplitOptions(command: Command): Command {
  return command
    .option("--holdout <share>", "share of the ratings that was held out", number, 0.2)
    .addOption(new Option("--holdout-by <kind>", "how they were chosen").choices(SPLIT_KINDS).default("random"))
    .option("--holdout-last <k>", "by last: how many of every user's latest ratings (default: 1)", wholeNumber)
    .option("--seed <n>", "seed of the split", wholeNumber, 1);
}

/** An option that may be given more than once; `none` says in the help what it means when it is not given. */
export function repeatable(flags: string, description: string, none: string): Option {
  return new Option(flags, description).argParser((text: string, all: string[]) => [...all, text]).default([], none);
}

/** What trainings are measured by. */
export interface MeasureFlags {
  measureBy?: "loss" | RankingMeasure;
  measureEvery?: number;
  measureThreshold?: number;
}

export function addMeasureOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--measure-by <what>",
        "held-out figure that says which sweep is best: the model's loss, or of lists of ten ndcg or recall, or the auc (default: loss; implicit: ndcg)",
      ).choices(["loss", "ndcg", "recall", "auc"]),
    )
    .option("--measure-every <n>", "measure lists every so many sweeps (default: 1)", wholeNumber)
    .option("--measure-threshold <rating>", "a held-out item is relevant from this rating on (default: as in evaluate)", number);
}
