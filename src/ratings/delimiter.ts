// What stands between the cells of a text, found out by its first lines; and the comments in front of them.

import { hasKnownName } from "./column-names.js";
import { asciiOf, NEWLINE, newlinesIn } from "./text-lines.js";

/** Any number of blanks and tabs. */
export const BLANKS = " ";
/** Delimiters that are recognised without being named, and how they are called. */
export const DELIMITERS: Readonly<Record<string, string>> = {
  "::": "::",
  "\t": "tabs",
  ",": "commas",
  ";": "semicolons",
  "|": "pipes",
  [BLANKS]: "blanks",
};
/** All but blanks. */
const MARKS = Object.keys(DELIMITERS).filter((delimiter) => delimiter !== BLANKS);

/** The front of a text. */
interface Front {
  readonly head: Uint8Array;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** Lines that are looked at for the delimiter. */
const SNIFFED_LINES = 100;

/** The first lines of a text, those that are whole and not empty; what stands in quotes is left out. */
export function firstLines({ head, isWhole }: Front, quotes: boolean): string[] {
  let text = asciiOf(isWhole ? head : head.subarray(0, head.lastIndexOf(NEWLINE) + 1));
  if (quotes) text = text.replaceAll(/"[^"]*"/g, "x");
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(0, SNIFFED_LINES);
}

/** The cells of a line without quotes. */
export const cellsOf = (line: string, delimiter: string): string[] =>
  delimiter === BLANKS ? line.trim().split(/[ \t]+/) : line.split(delimiter);

/** How many lines a delimiter cuts alike. */
interface Agreement {
  readonly delimiter: string;
  readonly share: number;
  readonly cells: number;
}

/** The most common number of cells, but for one, and the share of the lines that have so many. */
function agreementOf(lines: readonly string[], delimiter: string): Agreement {
  const counts = new Map<number, number>();
  for (const line of lines) {
    const { length } = cellsOf(line, delimiter);
    counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  let best = { delimiter, share: 0, cells: 1 };
  for (const [cells, count] of counts) {
    if (cells > 1 && count / lines.length > best.share) best = { delimiter, share: count / lines.length, cells };
  }
  return best;
}

/**
 * The delimiter that cuts most of the first lines into the same number of cells, and into the most of them. The first
 * line has a veto: what does not cut it alike stands in titles and lists below. So does a column of numbers, for
 * tables without a header. Blanks are asked last, as they also stand in titles and times.
 */
export function sniffDelimiter(lines: readonly string[]): string {
  const all = MARKS.map((delimiter) => agreementOf(lines, delimiter));
  const cuttable = all.filter(({ share }) => share >= 0.5);
  const narrowed = (among: readonly Agreement[], by: (one: Agreement) => boolean): readonly Agreement[] => {
    const some = among.filter(by);
    return some.length > 0 ? some : among;
  };
  const inFirst = narrowed(cuttable, ({ delimiter }) => lines[0].includes(delimiter));
  const alike = narrowed(inFirst, ({ delimiter, cells }) => cellsOf(lines[0], delimiter).length === cells);
  const chosen = narrowed(alike, ({ delimiter, cells }) => hasNumbers(lines.length > 1 ? lines.slice(1) : lines, delimiter, cells));
  // Agreement counts for more than many cells: a title has commas in one line only.
  const score = ({ share, cells }: Agreement): number => share ** 4 * (cells - 1);
  const [best] = [...chosen].sort((a, b) => score(b) - score(a));
  const blank = agreementOf(lines, BLANKS);
  if (best) return best.delimiter === "," && blank.share >= 0.8 && areDecimalCommas(lines, blank.cells) ? BLANKS : best.delimiter;
  if (blank.share >= 0.8) return BLANKS;
  // What half of the lines lack is hardly a delimiter.
  return all.reduce((most, one) => (one.share > most.share ? one : most), { delimiter: ",", share: 0, cells: 1 }).delimiter;
}

/** Whether a column, most of it, is numbers. */
function hasNumbers(lines: readonly string[], delimiter: string, columns: number): boolean {
  const counts = new Uint32Array(columns);
  for (const line of lines) {
    const cells = cellsOf(line, delimiter);
    if (cells.length === columns) cells.forEach((cell, at) => (counts[at] += Number(/^\s*[+-]?[\d.,]*\d\s*$/.test(cell))));
  }
  return counts.some((count) => count >= 0.5 * lines.length);
}

/** Whether lines are cut by blanks, and their commas stand in numbers behind the first cell alone. */
const areDecimalCommas = (lines: readonly string[], columns: number): boolean =>
  columns > 2 &&
  lines.every((line) => cellsOf(line, BLANKS).every((cell, at) => !cell.includes(",") || (at > 0 && /^[+-]?\d+,\d+$/.test(cell))));

/**
 * Lines of comments in front: they begin with # or %, and a blank behind it or another number of cells than the lines
 * below. A last one that names the columns is the header: of it only the mark is passed over.
 *
 * @returns how many, and what is passed over with them; undefined when there is none.
 */
export function commentsIn(
  { head, isWhole }: Front,
  asked: string | undefined,
  quotes: boolean,
): { lines: number; newlines: number; bytes: number } | undefined {
  if (!/^[#%]/.test(asciiOf(head.subarray(0, 1)))) return undefined;
  const front = /^(?:[#%][^\n]*\n|\r?\n)+/.exec(asciiOf(head))?.[0];
  if (front === undefined || front.length === head.length) return undefined;
  const below = firstLines({ head: head.subarray(front.length), isWhole }, quotes);
  if (below.length === 0) return undefined;
  const delimiter = asked ?? sniffDelimiter(below);
  const [first] = below;
  const columns = cellsOf(first, delimiter).length;
  const isAlike = (line: string): boolean => columns > 1 && cellsOf(line, delimiter).length === columns;
  let [lines, bytes] = [0, 0];
  for (const whole of front.match(/[^\n]*\n/g)!) {
    const line = whole.trim();
    const mark = /^[#%]+\s*/.exec(whole)?.[0] ?? "";
    const names = line.slice(mark.length);
    const isLast = bytes + whole.length === front.length;
    const isHeader = isLast && isAlike(names) && hasKnownName(cellsOf(names, delimiter)) && !hasKnownName(cellsOf(first, delimiter));
    if (isHeader) bytes += mark.length;
    // An id may begin with such a mark.
    if (isHeader || (isAlike(line) && !/^[#%]+(\s|$)/.test(line))) break;
    bytes += whole.length;
    if (line !== "") lines++;
  }
  return bytes === 0 ? undefined : { lines, newlines: newlinesIn(head.subarray(0, bytes)), bytes };
}
