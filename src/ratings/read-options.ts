// How a table of ratings is read: the options, what they may be, and which of them take no effect where.

import { OptionsError } from "../errors.js";
import {
  checkKind,
  checkOptions,
  checkUsed,
  FUNCTION,
  hasPart,
  type Kind,
  listOf,
  type Names,
  namesOf,
  namesTogether,
  oneOf,
  SIGNAL,
  SWITCH,
  TEXT,
} from "../options.js";
import { shown } from "../shown.js";
import { type Catalogue, CATALOGUE_KIND, type GivenEntry } from "./catalogue.js";
import type { AskedColumns } from "./columns.js";
import type { DelimitedOptions } from "./delimited.js";
import { DUPLICATE_POLICIES, type DuplicatePolicy } from "./duplicates.js";
import type { RatingSource } from "./folder.js";
import { MATRIX_MARKET, PARQUET } from "./forms.js";
import { type Ids, IDS_KIND } from "./ids.js";
import type { Understanding } from "./table.js";

/** How a table of ratings is read; what is left out is found out. */
export interface ReadOptions extends DelimitedOptions {
  /** Whether the first row names the columns; found out when left out. */
  readonly header?: boolean | undefined;
  /**
   * Columns by name or by number from 0; "none" as `rating` where every row counts as 1. Default:
   * by well-known names, else the first four in the order user, item, rating, time. A column of weights, which say how
   * often each rating counts, is read only where `weight` names it.
   */
  readonly columns?: AskedColumns | undefined;
  /**
   * "table": a row is a rating. "matrix": a row is a person, a column an item.
   * Default "table", unless the table looks like a matrix.
   */
  readonly layout?: "table" | "matrix" | undefined;
  /** What becomes of a (user, item) pair rated twice. Default "last", but an error when most rows are such. */
  readonly duplicates?: DuplicatePolicy | undefined;
  /** Ratings that stand for none, as they are written: such rows are left out. An empty list: there are none such. */
  readonly missing?: readonly string[] | undefined;
  /** The least and the most that a rating may be; others are malformed. */
  readonly scale?: readonly [minimum: number, maximum: number] | undefined;
  /** Leaves malformed rows out and counts them. Default false: the first one throws. */
  readonly skipBadRows?: boolean | undefined;
  /** Ids to go on from, so that a separate test file shares its indices with the training file. */
  readonly ids?: { readonly users: Ids; readonly items: Ids } | undefined;
  /** A ready-made split in a folder: "u1" reads u1.base to train on and u1.test as held out. */
  readonly split?: string | undefined;
  /** Titles and genres, instead of those that stand beside the ratings. */
  readonly catalogue?: Catalogue | Iterable<GivenEntry> | undefined;
}

/** How tables are read that are no ratings to train on. */
export interface TableOptions extends ReadOptions {
  /** Whether pairs that come more than once are kept, each in its place: as pairs to predict are. */
  readonly everyRow?: boolean | undefined;
}

const COLUMN_KIND: Kind = {
  must: "the column's name, or its number from 0",
  holds: (value) => typeof value === "string" || (Number.isSafeInteger(value) && (value as number) >= 0),
};
const COLUMN_NAMES = namesOf<AskedColumns>({ user: true, item: true, rating: true, time: true, weight: true });
const SCALE_KIND: Kind = {
  must: "[least, most], two numbers of which the first is less",
  holds: (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1],
  remedy: (value) => {
    const given =
      typeof value === "string" ? value.split(/[:,\s-]+/).map(Number) : hasPart(value, "min") ? Object.values(value as object) : [];
    return SCALE_KIND.holds(given) ? `write [${given.join(", ")}]` : undefined;
  },
};
const MISSING_KIND: Kind = {
  ...listOf(TEXT, "a list of texts, as the file writes them"),
  remedy(value) {
    const all = [value].flat();
    const couldBe = all.every((one) => typeof one === "number" || typeof one === "string");
    return couldBe ? `write [${all.map((one) => `"${String(one)}"`).join(", ")}]` : undefined;
  },
};
const BOTH_IDS_KIND: Kind = {
  must: "{ users, items }, each of them Ids",
  holds: (value) => hasPart(value, "users", "items") && Object.values(value as object).every(IDS_KIND.holds),
};
const READ_NAMES = namesOf<ReadOptions>({
  delimiter: TEXT,
  encoding: TEXT,
  quotes: SWITCH,
  onProgress: FUNCTION,
  signal: SIGNAL,
  header: SWITCH,
  columns: true,
  layout: oneOf("table", "matrix"),
  duplicates: oneOf(...DUPLICATE_POLICIES),
  missing: MISSING_KIND,
  scale: SCALE_KIND,
  skipBadRows: SWITCH,
  ids: BOTH_IDS_KIND,
  split: TEXT,
  catalogue: CATALOGUE_KIND,
});

/** @param more names of what a caller takes besides. @throws OptionsError */
export function checkReadOptions(where: string, options: ReadOptions, more: Names = new Set()): void {
  checkOptions(where, options, namesTogether(READ_NAMES, more));
  const { columns = {} } = options;
  checkOptions(`${where}'s columns`, columns, COLUMN_NAMES);
  for (const [column, wanted] of Object.entries(columns)) if (wanted !== undefined) checkKind(`columns.${column}`, wanted, COLUMN_KIND);
}

/** @throws OptionsError for a ready-made split, which a folder has and a file has not. */
export function checkSplitUsed({ name }: RatingSource, { split }: ReadOptions): void {
  const remedy = `give the folder that holds ${split}.base and ${split}.test, or leave split out to hold ratings out at random`;
  checkUsed("split", split, false, `${name} is a single file`, remedy);
}

/** @throws OptionsError for columns that a matrix, whose rows are people and whose columns are items, cannot have. */
export function checkMatrixColumns({ name }: RatingSource, columns: AskedColumns = {}): void {
  if (columns.weight !== undefined)
    throw new OptionsError(`${name}: a matrix has no column of weights ("${columns.weight}")`, {
      remedy: "give a table with a row per rating",
    });
  for (const column of ["item", "rating", "time"] as const) {
    if (columns[column] === undefined) continue;
    const given = `columns: { ${column}: ${shown(columns[column])} }`;
    throw new OptionsError(`${given} has no effect: ${name} is read as a matrix, whose columns are items`, {
      remedy: `leave columns.${column} away, or give a table with a row per rating`,
    });
  }
}

/** Options that are given to no effect in such a table, for people. */
export function idleNotes(
  name: string,
  { form, hasRatings }: Understanding,
  { delimiter, encoding, layout, missing }: ReadOptions,
): string[] {
  const idle = (option: string, value: unknown, why: string): string => `${option}: ${shown(value)} has no effect: ${name} ${why}`;
  return [
    ...(delimiter !== undefined && (form === PARQUET || form === MATRIX_MARKET) ? [idle("delimiter", delimiter, `is ${form}`)] : []),
    ...(layout === "matrix" && form === MATRIX_MARKET ? [idle("layout", layout, `is ${form}, a row per rating`)] : []),
    ...(encoding !== undefined && form === PARQUET ? [idle("encoding", encoding, `is ${form}`)] : []),
    ...(missing?.length && !hasRatings ? [idle("missing", missing, "has no column of ratings")] : []),
  ];
}
