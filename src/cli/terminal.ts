// What the commands share of the terminal: tables, colours, notices, and a progress bar that stays silent in a pipe.

import { createRequire } from "node:module";
import type { SingleBar } from "cli-progress";
import colours from "picocolors";
import stringWidth from "string-width";
import { invocation } from "./invocation.js";

/** Columns for what a bar is of and how far it is. */
const ROOM_BESIDE = 35;

/** What draws bars is loaded with the first of them: commands in pipes draw none. */
function barOf(format: string): SingleBar {
  const bars = createRequire(import.meta.url)("cli-progress") as { SingleBar: typeof SingleBar };
  const barsize = Math.max(5, Math.min(40, (process.stderr.columns || 80) - ROOM_BESIDE));
  return new bars.SingleBar({ format, barsize, stream: process.stderr, clearOnComplete: true, hideCursor: true });
}

/**
 * From now on what is said goes to standard error: standard output holds data.
 *
 * @param said false: what would be said is not.
 */
export function wordsToStandardError(said = true): void {
  if (!invocation.silent) invocation.wordsTo = said ? "stderr" : "nowhere";
}

/** From now on nothing is said but errors, and no bar is drawn. */
export function silence(): void {
  invocation.silent = true;
  invocation.wordsTo = "nowhere";
}

/** Standard output: results. */
export function print(text = ""): void {
  if (invocation.wordsTo !== "nowhere") process[invocation.wordsTo].write(`${shown(text)}\n`);
}

/** Standard error: what is good to know but no result. */
export function notice(text: string): void {
  if (invocation.silent) return;
  process.stderr.write(`${colours.yellow("note")} ${shown(text)}\n`);
}

/**
 * What `dim` and `bold` make, which passes; any other control character, and what turns
 * the direction of writing, is shown.
 */
// eslint-disable-next-line no-control-regex
const CONTROLS = /(\x1b\[[12]m[^\x00-\x1f\x7f-\x9f]*\x1b\[22m)|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text for the terminal: titles and ids come from files, and must not move the cursor or worse. */
export function shown(text: string): string {
  return text.replace(CONTROLS, (found, ours?: string) => ours ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** No column of text is made narrower to fit the terminal; one that can be spared is left out instead. */
const [LEAST_WIDTH, LEAST_SPARED] = [10, 8];
/** Between columns. */
const GAP = "  ";

/** Columns of the terminal that words go to; no bound in a pipe. */
export function terminalWidth(): number {
  const stream = process[invocation.wordsTo === "stderr" ? "stderr" : "stdout"];
  return stream.isTTY && stream.columns > 0 ? stream.columns : Infinity;
}

/** Room that columns take side by side; those of width 0 are left out. */
export const widthOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + (width > 0 ? width + GAP.length : 0), -GAP.length);

/** Widths of columns that fit into so many: those to spare give way first, then the widest of text. */
function fitted(widths: readonly number[], isText: (column: number) => boolean, spare: readonly number[], most: number): number[] {
  const fit = [...widths];
  const over = (): number => widthOf(fit) - most;
  for (const column of spare) {
    if (over() <= 0) break;
    const left = fit[column] - over();
    fit[column] = isText(column) && left >= LEAST_SPARED ? left : 0;
  }
  while (over() > 0) {
    const texts = [...fit.keys()].filter((column) => isText(column) && fit[column] > LEAST_WIDTH);
    if (texts.length === 0) break;
    const widest = texts.reduce((best, column) => (fit[column] > fit[best] ? column : best));
    fit[widest]--;
  }
  return fit;
}

/** A text cut to a width, with its colour. */
function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  // eslint-disable-next-line no-control-regex
  const [, before = "", plain = text, after = ""] = /^(\x1b\[[12]m)(.*)(\x1b\[22m)$/s.exec(text) ?? [];
  const letters = Array.from(new Intl.Segmenter().segment(plain.slice(0, 8 * width)), ({ segment }) => segment).slice(0, width);
  while (letters.length > 0 && stringWidth(letters.join("")) > width - 1) letters.pop();
  return `${before}${letters.join("").trimEnd()}…${after}`;
}

/** Cells side by side: `right` columns flush right, others cut to their width, those of width 0 left out. */
export function lineOf(cells: readonly string[], widths: readonly number[], right: readonly number[]): string {
  const padded = (whole: string, column: number): string => {
    const text = right.includes(column) ? whole : cut(whole, widths[column]);
    const space = " ".repeat(Math.max(0, widths[column] - stringWidth(text)));
    return right.includes(column) ? space + text : text + space;
  };
  const kept = [...cells.keys()].filter((column) => widths[column] > 0);
  return kept
    .map((column) => padded(cells[column], column))
    .join(GAP)
    .trimEnd();
}

/**
 * A plain table without boxes; a head of empty texts is none. `right` columns (from 0) are set flush right. On a
 * terminal that is too narrow the others are cut: columns to `spare` first, in that order, which are left out where
 * hardly anything of them would remain.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
  spare: readonly number[] = [],
): string {
  const heads = head.some((text) => text !== "") ? [head.map((text) => colours.bold(text))] : [];
  const lines = [...heads, ...rows.map((row) => row.map((cell) => shown(cell).replaceAll("\n", "\\n")))];
  const widest = head.map((_, column) => lines.reduce((most, line) => Math.max(most, stringWidth(line[column])), 0));
  const widths = fitted(widest, (column) => !right.includes(column), spare, terminalWidth());
  return lines.map((line) => lineOf(line, widths, right)).join("\n");
}

export const dim = (text: string): string => colours.dim(text);
export const bold = (text: string): string => colours.bold(text);
export { grouped as count } from "../shown.js";
export const seconds = (value: number): string => (value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(1)} s`);

/** A progress bar over bytes on a terminal; nothing in a pipe. */
export function byteProgress(label: string): { update: (done: number, total: number | undefined) => void; stop: () => void } {
  if (invocation.silent || !process.stderr.isTTY) return { update() {}, stop() {} };
  const bar = barOf(`${label} {bar} {percentage}%`);
  let started = false;
  return {
    update(done, total) {
      if (!total) return;
      if (!started) bar.start(total, done);
      else bar.update(Math.min(done, total));
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

/**
 * A progress bar over things done on a terminal, with what is left of the time; nothing in a pipe.
 * `clear` makes way for a line of text.
 */
export function countProgress(label: string): { update: (done: number, total: number) => void; clear: () => void } {
  if (invocation.silent || !process.stderr.isTTY) return { update() {}, clear() {} };
  const bar = barOf(`${label} {bar} {value} of {total}, {left} left`);
  const began = performance.now();
  let before: number | undefined;
  return {
    update(done, total) {
      // Things done before this run began tell nothing of its speed.
      before ??= done - 1;
      const left = (((performance.now() - began) / 1000) * (total - done)) / (done - before);
      bar.start(total, done, { left: seconds(left) });
    },
    clear: () => bar.stop(),
  };
}
