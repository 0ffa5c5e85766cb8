// Tables of features: rows of id, feature and weight, or a table with a column for each attribute, as MovieLens and
// RecBole have them of users and items.

import { RatingsError } from "../errors.js";
import { checkArguments, checkOptions, FUNCTION, namesOf, SIGNAL, SWITCH, TEXT } from "../options.js";
import { type DelimitedOptions, readDelimited } from "./delimited.js";
import { FeatureTable } from "./features.js";
import { type RatingSource, SOURCE_KIND } from "./folder.js";
import { type RawId, toRawId } from "./ids.js";

type Entry = readonly [id: RawId, feature: string, weight: number];

const ID_NAMES = /^(id|(movie|item|user|book|product|track|artist)_?id|item|user|movie)$/i;
const WEIGHT_NAMES = /^(weight|value|score|relevance|count)$/i;
const FEATURE_NAMES = /^(features?|tags?|genres?|attributes?|labels?|terms?|keywords?)$/i;
/** A name of a column as RecBole writes it, with the type behind a colon. */
const TYPED_NAME = /^([^:]+):(token|token_seq|float|float_seq)$/;

const OPTION_NAMES = namesOf<DelimitedOptions>({
  delimiter: TEXT,
  encoding: TEXT,
  quotes: SWITCH,
  onProgress: FUNCTION,
  signal: SIGNAL,
});

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A column of a table of attributes. */
interface Attribute {
  readonly name: string;
  /** What stands between several values of a cell; undefined: there is one. */
  readonly separator?: string | undefined;
  /** The value in a row's cells, where it is not the cell of this place alone. */
  readonly of: (cells: readonly string[]) => string;
}

/** Numbers of more values than this are put into groups. */
const MOST_VALUES = 12;
const GROUPS = 8;

/**
 * Reads features of users or items: rows (id, feature) or (id, feature, weight), with or without a header, or a table
 * whose first column are ids and whose others are attributes: with a row of names, as RecBole's `.user` and `.item`
 * have it, or MovieLens' `u.user`, `users.dat` and `u.item`. Numbers of many values are put into groups of about as
 * many entities each. Attributes that tell nearly every entity apart, as titles and postcodes do, are left out.
 *
 * @throws RatingsError naming file and line of the first malformed row, or for an empty file.
 */
export async function readFeatures(source: RatingSource, options: DelimitedOptions = {}): Promise<FeatureTable> {
  checkArguments("readFeatures", { source: [source, SOURCE_KIND] });
  checkOptions("readFeatures", options, OPTION_NAMES);
  const file = (source.name.split(/[\\/]/).at(-1) ?? "").replace(/\.gz$/, "");
  const fixed = MOVIELENS_ATTRIBUTES[file];
  const rows: Row[] = [];
  const reading = fixed
    ? { ...options, delimiter: options.delimiter ?? (file === "users.dat" ? "::" : "|"), quotes: options.quotes ?? false }
    : options;
  for await (const { rows: read, lines } of readDelimited(source, reading)) {
    read.forEach((cells, at) => rows.push({ cells: cells.map((cell) => cell.trim()), line: lines[at] }));
  }
  const attributes = fixed ?? (rows.length > 0 ? attributesOf(rows[0].cells) : undefined);
  if (!fixed && attributes) rows.shift();
  const entries = attributes ? fromAttributes(rows, attributes, source.name) : fromList(rows, source.name);
  if (entries.length === 0) throw new RatingsError(`${source.name}: there are no features`, { file: source.name });
  return FeatureTable.from(entries);
}

/** The attributes that a first row names; undefined where it names none, so that rows are ids and features. */
function attributesOf(first: readonly string[]): Attribute[] | undefined {
  const typed = first.map((cell) => TYPED_NAME.exec(cell));
  if (typed.every((found) => found !== null)) {
    return typed.slice(1).flatMap(([, name, type], at): Attribute[] => {
      if (type === "float_seq") return [];
      return [{ name, separator: type === "token_seq" ? " " : undefined, of: (cells) => cells[at + 1] ?? "" }];
    });
  }
  const isList = first.length < 3 || (first.length === 3 && (WEIGHT_NAMES.test(first[2]) || FEATURE_NAMES.test(first[1])));
  if (isList || !ID_NAMES.test(first[0])) return undefined;
  return first.slice(1).map((name, at) => ({ name, separator: "|", of: (cells) => cells[at + 1] ?? "" }));
}

function fromList(rows: readonly Row[], file: string): Entry[] {
  return rows.flatMap(({ cells, line }, at): Entry[] => {
    const [id, feature, weight] = cells;
    const isHeader = at === 0 && (ID_NAMES.test(id) || (weight !== undefined && !Number.isFinite(Number(weight || NaN))));
    if (isHeader) return [];
    const number = weight === undefined ? 1 : Number(weight || NaN);
    if (!id || !feature || !Number.isFinite(number)) {
      const what = !id ? "the id is empty" : !feature ? "the feature is empty" : `weight "${weight}" is not a number`;
      const remedy = "give rows of id, feature and, if you like, weight";
      throw new RatingsError(`${file}:${line}: ${what}`, { file, line, remedy });
    }
    return [[toRawId(id), feature, number]];
  });
}

function fromAttributes(rows: readonly Row[], attributes: readonly Attribute[], file: string): Entry[] {
  const empty = rows.find(({ cells }) => !cells[0]);
  if (empty) throw new RatingsError(`${file}:${empty.line}: the id is empty`, { file, line: empty.line });
  return attributes.flatMap(({ name, separator, of }): Entry[] => {
    const values = rows.map(({ cells }) => {
      const cell = of(cells).trim();
      return (separator === undefined ? [cell] : cell.split(separator).map((part) => part.trim())).filter((value) => value !== "");
    });
    const all = values.flat();
    const distinct = new Set(all);
    const groupOf =
      distinct.size > MOST_VALUES && all.every((value) => Number.isFinite(Number(value))) ? groupsOf(all.map(Number)) : undefined;
    if (!groupOf && 2 * distinct.size > rows.length && distinct.size > MOST_VALUES) return [];
    return values.flatMap((of, row) =>
      of.map((value): Entry => [toRawId(rows[row].cells[0]), `${name}=${groupOf ? groupOf(Number(value)) : value}`, 1]),
    );
  });
}

/** Which of some groups of about as many values a number belongs to, by the group's first and last. */
function groupsOf(values: readonly number[]): (value: number) => string {
  const sorted = [...values].sort((a, b) => a - b);
  const firsts = [...new Set(Array.from({ length: GROUPS }, (_, group) => sorted[Math.floor((group * sorted.length) / GROUPS)]))];
  const lasts = firsts.map((_, group) =>
    group + 1 < firsts.length ? sorted.filter((value) => value < firsts[group + 1]).at(-1)! : sorted.at(-1)!,
  );
  return (value) => {
    const group = firsts.filter((first) => first <= value).length - 1;
    return firsts[group] === lasts[group] ? String(firsts[group]) : `${firsts[group]}–${lasts[group]}`;
  };
}

/** Genres of u.item's flags, in their order. The first, "unknown", is no genre. */
export const U_ITEM_GENRES = [
  "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
  "Sci-Fi", "Thriller", "War", "Western",
]; // prettier-ignore
export const U_ITEM_FIRST_FLAG = 5;

/** Tables without a row of names that are known by their files' names. */
const MOVIELENS_ATTRIBUTES: Readonly<Record<string, readonly Attribute[]>> = {
  // id | age | sex | occupation | postcode
  "u.user": ["age", "sex", "occupation"].map((name, at) => ({ name, of: (cells) => cells[at + 1] ?? "" })),
  // id :: sex :: age :: occupation :: postcode
  "users.dat": ["sex", "age", "occupation"].map((name, at) => ({ name, of: (cells) => cells[at + 1] ?? "" })),
  // id | title | release date | video release date | address | genres, a flag each
  "u.item": [
    { name: "year", of: (cells) => (cells[2] ?? "").slice(-4) },
    {
      name: "genre",
      separator: "|",
      of: (cells) => U_ITEM_GENRES.filter((_, flag) => flag > 0 && cells[U_ITEM_FIRST_FLAG + flag] === "1").join("|"),
    },
  ],
};
