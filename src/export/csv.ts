// Tables as CSV.

import { csvLines } from "../ratings/delimited.js";
import { cellsOf, type Table, TABLE_KIND } from "./table.js";
import { checkArguments, checkOptions, namesOf, SWITCH } from "../options.js";

/** How a table is written. */
export interface CsvOptions {
  /** Whether the first row names the columns. Default true. */
  readonly header?: boolean | undefined;
}

const CSV_NAMES = namesOf<CsvOptions>({ header: SWITCH });

/** The table as CSV text, names first unless `header` is false, as for what follows in a file that has them. */
export function encodeCsv(table: Table, options: CsvOptions = {}): string {
  checkArguments("encodeCsv", { table: [table, TABLE_KIND] });
  checkOptions("encodeCsv", options, CSV_NAMES);
  const { header = true } = options;
  const columns = table.map(cellsOf);
  const rows = (columns[0] ?? []).map((_, at) => columns.map((cells) => cells[at]));
  return csvLines(header ? [table.map(({ name }) => name), ...rows] : rows);
}
