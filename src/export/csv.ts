// Tables as CSV.

import { csvLines } from "../ratings/delimited.js";
import { cellsOf, type Table } from "./table.js";

/** The table as CSV text, names first unless `header` is false, as for what follows in a file that has them. */
export function encodeCsv(table: Table, { header = true }: { header?: boolean | undefined } = {}): string {
  const columns = table.map(cellsOf);
  const rows = (columns[0] ?? []).map((_, at) => columns.map((cells) => cells[at]));
  return csvLines(header ? [table.map(({ name }) => name), ...rows] : rows);
}
