// JSON as rows of cells: an object or a list a line, an array of them, or one object that holds a table, as pandas
// writes it.

import { RatingsError } from "../errors.js";
import { faultOfJson, parseFromPython } from "../exact-json.js";
import { howMany, listed, shown } from "../shown.js";
import { findColumns } from "./columns.js";
import type { RatingSource } from "./folder.js";
import type { OpenText } from "./open-text.js";
import { A_LINE_EACH } from "./row-reader.js";
import {
  allText,
  BATCH_ROWS,
  cellText,
  fault,
  type LineBatch,
  linesOf,
  type OnBadLine,
  type RowTable,
  SAMPLE_ROWS,
  tooLarge,
} from "./row-table.js";
import { asciiOf, type RowBatch } from "./text-lines.js";

type JsonObject = Readonly<Record<string, unknown>>;
type JsonRow = JsonObject | readonly unknown[];
const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/**
 * @param onBad takes a line that is no row; without one, reading stops there.
 * @throws RatingsError
 */
export async function openJson(source: RatingSource, opened: OpenText, onBad?: OnBadLine): Promise<RowTable> {
  const front = asciiOf(opened.head).trimStart();
  if (/^\[\s*[[{\]]/.test(front)) return wholeTable(source, await allText(source, opened));
  if (/^[^\n]*[{[,:][ \t\r]*\n/.test(front)) {
    // The object goes on in the next line, unless this one was cut short.
    const whole = await allText(source, opened);
    const table = tableIn(parsed(whole));
    if (table) return rowTable(table);
    return await linesTable(source, [{ lines: whole.split(/\r?\n/), line: opened.line }], onBad);
  }
  return await linesTable(source, linesOf(opened), onBad);
}

type Lines = AsyncIterable<LineBatch> | Iterable<LineBatch>;

/** The value of a text; undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return parseFromPython(text);
  } catch {
    return undefined;
  }
}

interface JsonBatch {
  readonly rows: readonly JsonRow[];
  readonly lines: readonly number[];
}

/** An object or a list a line. */
async function linesTable(source: RatingSource, text: Lines, onBad?: OnBadLine): Promise<RowTable> {
  const batches = jsonLines(source, text, onBad);
  const next = async (): Promise<JsonBatch | undefined> => {
    for (;;) {
      const { done, value } = await batches.next();
      if (done) return undefined;
      if (value.rows.length > 0) return value;
    }
  };
  const first = await next();
  // An object all of whose values are lists or objects is hardly a rating; it may be all there is.
  const [row] = first?.rows ?? [];
  const mayBeTable = first?.rows.length === 1 && isObject(row) && Object.values(row).some((value) => isObject(value) || isList(value));
  const second = mayBeTable ? await next() : undefined;
  if (mayBeTable && !second) {
    const table = tableIn(row);
    if (table) return rowTable(table);
    if (Object.values(row).every((value) => isObject(value) || isList(value))) throw noTable(source, row);
  }
  // Keys may be left out of an object: those of the first objects are the columns.
  const names = isObject(row) ? namesIn(first!.rows as readonly JsonObject[]) : undefined;
  const rowsFrom = ({ rows, lines }: JsonBatch): RowBatch => ({ rows: rows.map((each) => cellsOf(each, names)), lines });
  return {
    form: "JSON lines",
    names,
    async *batches() {
      for (const batch of [first, second]) if (batch) yield rowsFrom(batch);
      for await (const batch of batches) yield rowsFrom(batch);
    },
  };
}

const namesIn = (objects: readonly JsonObject[]): string[] => [
  ...new Set(objects.slice(0, SAMPLE_ROWS).flatMap((object) => Object.keys(object))),
];

const cellsOf = (row: JsonRow, names: readonly string[] | undefined): string[] =>
  isList(row) ? row.map(cellText) : (names ?? Object.keys(row)).map((name) => cellText(ownValue(row as JsonObject, name)));

/** The value of a key. What every object has, such as "constructor", is no value of JSON. */
function ownValue(row: JsonObject, name: string): unknown {
  const value = row[name];
  return typeof value === "function" || value === Object.prototype ? undefined : value;
}

async function* jsonLines(source: RatingSource, text: Lines, onBad?: OnBadLine): AsyncGenerator<JsonBatch> {
  const refuse: OnBadLine = onBad ?? (({ line, what }, cause) => Promise.reject(fault(source, line, what, A_LINE_EACH, cause)));
  let ofLists: boolean | undefined;
  for await (const { lines, line } of text) {
    let batch: { rows: JsonRow[]; lines: number[] } = { rows: [], lines: [] };
    for (let at = 0; at < lines.length; at++) {
      const own = lines[at].trim();
      if (own === "") continue;
      let value: unknown;
      let cause: unknown;
      try {
        value = parseFromPython(own);
      } catch (error) {
        cause = error;
      }
      if (cause === undefined && (ofLists === undefined ? isObject(value) || isList(value) : ofLists ? isList(value) : isObject(value))) {
        ofLists ??= isList(value);
        batch.rows.push(value as JsonRow);
        batch.lines.push(line + at);
        continue;
      }
      const kind = ofLists ? "list" : "object";
      const what = cause === undefined ? `the line is no JSON ${kind}: ${shown(value)}` : `the line is not JSON: ${faultOfJson(own)}`;
      // Those above come first: one of them may be malformed in another way.
      if (batch.rows.length > 0) yield batch;
      batch = { rows: [], lines: [] };
      await refuse({ line: line + at, what }, cause);
    }
    yield batch;
  }
}

/** A table that is in memory. */
interface Held {
  readonly form: string;
  readonly names?: readonly string[];
  readonly count: number;
  readonly cells: (at: number) => string[];
}

function rowTable({ form, names, count, cells }: Held): RowTable {
  return {
    form,
    names,
    // oxlint-disable-next-line typescript/require-await
    async *batches() {
      for (let from = 0; from < count; from += BATCH_ROWS) {
        const places = Array.from({ length: Math.min(BATCH_ROWS, count - from) }, (_, at) => from + at);
        yield { rows: places.map(cells), lines: places.map((at) => at + 1) };
      }
    },
  };
}

function wholeTable(source: RatingSource, text: string): RowTable {
  let value: unknown;
  try {
    value = parseFromPython(text);
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(source);
    throw fault(source, undefined, `it is damaged JSON: ${faultOfJson(text)}`, "check that the file is whole", cause);
  }
  const table = tableIn(value);
  if (table) return rowTable(table);
  const rows = value as unknown[];
  const odd = rows.findIndex((row) => !isObject(row));
  const what = `the array holds more than objects: ${shown(rows[odd])} in place ${odd + 1}`;
  throw fault(source, undefined, what, "give one JSON object a rating, with a key for user and item");
}

/** The table that a value is; undefined where it is none that can be told. */
function tableIn(value: unknown): Held | undefined {
  if (isList(value)) {
    if (value.every(isObject)) return ofObjects(value);
    return value.every(isList)
      ? { form: "JSON, a list a row", count: value.length, cells: (at) => cellsOf(value[at], undefined) }
      : undefined;
  }
  if (!isObject(value)) return undefined;
  const names = Object.keys(value);
  const parts = Object.values(value);
  const { columns, data, schema } = value;
  // pandas: orient="split", and "table".
  if (isList(columns) && isList(data) && data.every((row) => isList(row) && row.length === columns.length))
    return {
      form: 'JSON, orient="split"',
      names: columns.map(cellText),
      count: data.length,
      cells: (at) => cellsOf(data[at] as [], undefined),
    };
  if (isObject(schema) && isList(data) && data.every(isObject)) return ofObjects(data);
  if (parts.length === 1 && isList(parts[0]) && parts[0].length > 0) return tableIn(parts[0]);
  if (parts.length < 2) return undefined;
  // Users with lists of items, or of ratings by item, look alike: the names have to tell.
  if (parts.every(isList)) return areColumns(names, parts) ? ofColumns(names, parts) : undefined;
  if (!parts.every(isObject)) return undefined;
  const keys = Object.keys(parts[0]);
  const isAlike = parts.every((part) => Object.keys(part).length === keys.length && keys.every((key) => Object.hasOwn(part, key)));
  if (isAlike && areColumns(names, parts.map(Object.keys)))
    return ofColumns(
      names,
      parts.map((part) => keys.map((key) => part[key])),
    );
  return doNamesTell(namesIn(parts)) ? ofObjects(parts) : undefined;
}

function ofObjects(objects: readonly JsonObject[]): Held {
  const names = namesIn(objects);
  return { form: "JSON", names, count: objects.length, cells: (at) => cellsOf(objects[at], names) };
}

const ofColumns = (names: readonly string[], columns: readonly (readonly unknown[])[]): Held => ({
  form: "JSON, column by column",
  names,
  count: columns[0].length,
  cells: (at) => columns.map((column) => cellText(column[at])),
});

const areColumns = (names: readonly string[], columns: readonly (readonly unknown[])[]): boolean =>
  columns.every(({ length }) => length === columns[0].length) && doNamesTell(names);

/** Whether users and items are among columns of these names. */
function doNamesTell(names: readonly string[]): boolean {
  try {
    const { unnamed } = findColumns({ rows: [], names }, "", {});
    return !unnamed.has("user") && !unnamed.has("item");
  } catch (error) {
    if (error instanceof RatingsError) return false;
    throw error;
  }
}

function noTable(source: RatingSource, value: JsonObject): RatingsError {
  const names = Object.keys(value);
  const what = `it is one JSON object with ${howMany(names.length, "key")} (${listed(names)}), and no table of ratings that is known`;
  return fault(source, 1, what, 'give one JSON object a rating, a line each or in an array, as pandas does with orient="records"');
}
