// What the first line of a table may be but names of columns and a rating: numbers in the place of names, a title, or a
// line that the delimiter does not cut.

import { howMany, shown } from "../shown.js";
import { looksLikeTime } from "./cells.js";
import { FEWEST_ROWS } from "./column-kinds.js";
import { BLANKS, cellsOf, DELIMITERS } from "./delimiter.js";

/** What a table of text was cut by, and what cuts its first line into more cells, as the beginning of a remedy. */
export function aboutCut(delimiter: string | undefined, rows: readonly (readonly string[])[]): { cut: string; other: string } {
  if (delimiter === undefined || rows.length === 0) return { cut: "", other: "" };
  const lines = rows.map((row) => row.join(delimiter === BLANKS ? "\t" : delimiter).trim());
  const cells = (by: string, line = lines[0]): number => cellsOf(line, by).length;
  const others = Object.keys(DELIMITERS).filter(
    (by) => by !== delimiter && cells(by) > rows[0].length && cells(by) === median(lines.map((line) => cells(by, line))),
  );
  // Blanks also stand in titles.
  const [other] = others.sort((a, b) => Number(a === BLANKS) - Number(b === BLANKS) || cells(b) - cells(a));
  return {
    cut: `cut by ${DELIMITERS[delimiter] ?? shown(delimiter)}, `,
    other:
      other === undefined
        ? ""
        : `delimiter: ${JSON.stringify(other === "\t" ? "tab" : other)} cuts its first line into ${howMany(cells(other), "cell")}; else `,
  };
}

/** How many cells most of the rows below the first have, where all have more than the first. */
export function cellsBelow([first, ...body]: readonly (readonly string[])[]): number | undefined {
  if (body.length < 2) return undefined;
  const filled = (row: readonly string[]): number => row.reduce((last, cell, at) => (cell.trim() === "" ? last : at + 1), 0);
  const counts = body.map(filled);
  return counts.every((count) => count > first.length) ? median(counts) : undefined;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Whether cells are 0, 1, 2 …, as pandas numbers columns; the first, of the row numbers, may be empty. */
export function areNumbers(cells: readonly string[]): boolean {
  const numbers = cells[0]?.trim() === "" ? cells.slice(1) : cells;
  return numbers.length > 1 && numbers.every((cell, at) => cell.trim() === String(at));
}

/** Whether a first row of 0, 1, 2 … can be no rating: a cell is empty, or stands above texts or times. */
export const areOnlyNumbers = ([first, ...body]: readonly (readonly string[])[]): boolean =>
  first[0].trim() === "" ||
  (body.length > 0 &&
    first.some((_, place) => body.every((row) => Number.isNaN(Number(row[place] ?? "")) || looksLikeTime(Number(row[place])))));

/** Whether a first row of 0, 1, 2 … may be no rating: nothing else is of a user 0. */
export function mayBeNumbers([first, ...body]: readonly (readonly string[])[]): boolean {
  return first !== undefined && areNumbers(first) && body.length >= FEWEST_ROWS && !body.some(([user]) => user.trim() === first[0].trim());
}
