// Tables of features: rows of id, feature and weight, or a table with a column for each attribute, as MovieLens and
// RecBole have them of users and items.

import { RatingsError } from "../errors.js";
import { checkArguments, checkOptions, FUNCTION, namesOf, SIGNAL, SWITCH, TEXT } from "../options.js";
import { plural, shown } from "../shown.js";
import { isNumber } from "./cells.js";
import { simplified, untyped } from "./column-names.js";
import { type DelimitedOptions, readDelimited } from "./delimited.js";
import { FeatureTable } from "./features.js";
import { type RatingSource, SOURCE_KIND } from "./folder.js";
import { type RawId, toRawId } from "./ids.js";
import { genresIn } from "./items.js";

type Entry = readonly [id: RawId, feature: string, weight: number];

/** Names that can be of nothing but a column of ids, and words that are such as a column's first name. */
const ID_FORM = /(?:^|[_\s.-])[iI][dD]$|[a-z0-9]I[dD]$/;
const ID_WORDS = new Set([
  "user", "userid", "customer", "customerid", "person", "personid", "member", "memberid", "reviewer", "reviewerid", "visitorid", "accountid",
  "item", "itemid", "movie", "movieid", "film", "filmid", "book", "bookid", "isbn", "asin", "product", "productid", "sku", "stockcode", "track",
  "trackid", "song", "songid", "artist", "artistid", "album", "albumid", "anime", "animeid", "game", "gameid", "show", "showid", "video",
  "videoid", "recipe", "recipeid", "restaurant", "restaurantid", "business", "businessid", "article", "articleid", "uid", "iid",
]); // prettier-ignore
const WEIGHT_NAMES = /^(weights?|value|score|relevance|strength|importance|count|counts|frequency|freq|tfidf)$/;
const FEATURE_NAMES = /^(features?|tags?|genres?|categor(y|ies)|attributes?|labels?|terms?|topics?|keywords?)$/;
/** Cells of such columns hold lists, written as those of titles of one's own. */
const LIST_NAMES = /^(tags|genres?|categories|labels|terms|topics|keywords)$/;
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
  /** The values in a row's cells. */
  readonly of: (cells: readonly string[]) => readonly string[];
}

/** Numbers of more values than this are put into groups. */
const MOST_VALUES = 12;
const GROUPS = 8;

/** What a file of features was taken for. */
export interface FeatureFile {
  readonly table: FeatureTable;
  /** For people: "movieId → id, tag → feature, relevance → weight". */
  readonly columns: string;
}

/**
 * Reads features of users or items: rows (id, feature) or (id, feature, weight), with or without a header, or a table
 * of ids and attributes: with a row of names, as RecBole's `.user` and `.item` have it, or MovieLens' `u.user`,
 * `users.dat` and `u.item`. Where a row names the columns, the third is a weight by its name alone. Several features
 * or values of a cell stand with | between, in columns such as genres with ; or commas too. Numbers of many values are
 * put into groups of about as many entities each. Attributes that tell nearly every entity apart, as titles and
 * postcodes do, are left out.
 *
 * @throws RatingsError naming file and line of the first malformed row, or for an empty file.
 */
export async function readFeatures(source: RatingSource, options: DelimitedOptions = {}): Promise<FeatureTable> {
  checkArguments("readFeatures", { source: [source, SOURCE_KIND] });
  checkOptions("readFeatures", options, OPTION_NAMES);
  return (await readFeatureFile(source, options)).table;
}

/** `readFeatures` with options that are known to be right, and what the file was taken for. */
export async function readFeatureFile(source: RatingSource, options: DelimitedOptions = {}): Promise<FeatureFile> {
  const file = (source.name.split(/[\\/]/).at(-1) ?? "").replace(/\.gz$/, "");
  const fixed = MOVIELENS_ATTRIBUTES[file];
  const rows: Row[] = [];
  const reading = fixed
    ? { ...options, delimiter: options.delimiter ?? (file === "users.dat" ? "::" : "|"), quotes: options.quotes ?? false }
    : options;
  for await (const { rows: read, lines } of readDelimited(source, reading)) {
    read.forEach((cells, at) => rows.push({ cells: cells.map((cell) => cell.trim()), line: lines[at] }));
  }
  const { entries, columns } = fixed ? fromAttributes(rows, "column 1", fixed, source.name) : entriesOf(rows, source.name);
  if (entries.length === 0) {
    const what = rows.length < 2 ? "there are no features" : `there are no features (${columns})`;
    throw new RatingsError(`${source.name}: ${what}`, { file: source.name, remedy: SHAPES });
  }
  return { table: FeatureTable.from(entries), columns };
}

const SHAPES =
  "give rows of id, feature and, if you like, weight; or a column of ids and columns of attributes, named in the first row: id,genre,year";

interface Entries {
  readonly entries: readonly Entry[];
  readonly columns: string;
}

/** The entries of a list, or of a table of attributes, whichever the rows are. */
function entriesOf(rows: readonly Row[], file: string): Entries {
  if (rows.length === 0) return { entries: [], columns: "" };
  const [{ cells: first, line }] = rows;
  if (!isNaming(rows)) {
    if (first.length > 3)
      throw new RatingsError(`${file}:${line}: there are ${first.length} columns, and no row names them`, { file, line, remedy: SHAPES });
    return fromList(rows, undefined, file);
  }
  const idAt = idPlace(first);
  const [names, ...body] = rows.map(({ cells, line: at }) => ({
    cells: [cells[idAt] ?? "", ...cells.filter((_, place) => place !== idAt)],
    line: at,
  }));
  const wide = body.find(({ cells }) => cells.slice(first.length).some((cell) => cell !== ""));
  if (wide) {
    const what = `there are ${wide.cells.length} cells, and the first row names ${first.length} columns`;
    const remedy = "put cells that hold the delimiter in quotes";
    throw new RatingsError(`${file}:${wide.line}: ${what}`, { file, line: wide.line, remedy });
  }
  const typed = names.cells.map((cell) => TYPED_NAME.exec(cell));
  if (typed.every((found) => found !== null)) {
    const attributes = typed.slice(1).flatMap(([, name, type], at): Attribute[] => {
      if (type === "float_seq") return [];
      return [{ name, of: (cells) => (type === "token_seq" ? (cells[at + 1] ?? "").split(" ") : [cells[at + 1] ?? ""]) }];
    });
    return fromAttributes(body, typed[0][1], attributes, file);
  }
  const [id, ...others] = names.cells;
  if (isList(others.map(simplified), body)) return fromList(body, names.cells, file);
  const attributes = others.map((name, at): Attribute => ({ name, of: (cells) => valuesIn(cells[at + 1] ?? "", name) }));
  return fromAttributes(body, id, attributes, file);
}

/** Where the ids of a table with names are: in the first column, unless another is named so and this one is not. */
function idPlace(names: readonly string[]): number {
  return isIdName(names[0])
    ? 0
    : Math.max(
        0,
        names.findIndex((name) => ID_FORM.test(untyped(name))),
      );
}

const isIdName = (name: string): boolean => ID_FORM.test(untyped(name)) || ID_WORDS.has(simplified(name));

/** Whether the first row names the columns: that of the ids, or one of features, or one that else holds numbers. */
function isNaming([{ cells: first }, ...body]: readonly Row[]): boolean {
  if (isIdName(first[0]) || first.some((name) => ID_FORM.test(untyped(name)))) return true;
  if (first.every((name) => TYPED_NAME.test(name))) return true;
  if (isNumber(first[0])) return false;
  if (first.length > 1 && FEATURE_NAMES.test(simplified(first[1])) && body.every(({ cells }) => cells[1] !== first[1])) return true;
  return first.some((name, at) => {
    if (at < 2 || name === "" || isNumber(name)) return false;
    const others = body.map(({ cells }) => cells[at] ?? "").filter((cell) => cell !== "");
    return others.length > 0 && others.every(isNumber);
  });
}

/** Whether columns behind the ids are a feature and, if there are two, its weight; else they are attributes. */
function isList([feature = "", weight, ...more]: readonly string[], body: readonly Row[]): boolean {
  if (more.length > 0) return false;
  if (weight !== undefined) return WEIGHT_NAMES.test(weight);
  return FEATURE_NAMES.test(feature) || new Set(body.map(({ cells }) => cells[0])).size < body.length;
}

/** What a cell of a column holds: a value, or several with | between, of genres and the like however they are parted. */
const valuesIn = (cell: string, column = ""): readonly string[] =>
  LIST_NAMES.test(simplified(column)) ? genresIn(cell, false) : cell.split("|");

/** @param names of the columns, where a row has named them. */
function fromList(rows: readonly Row[], names: readonly string[] | undefined, file: string): Entries {
  const width = names?.length ?? rows[0].cells.length;
  const entries = rows.flatMap(({ cells, line }): Entry[] => {
    const [id, feature, weight] = cells;
    const number = weight === undefined ? 1 : Number(weight || NaN);
    const extra = cells.slice(Math.max(width, 3)).find((cell) => cell !== "");
    if (!id || !feature || !Number.isFinite(number) || extra !== undefined) {
      const what = !id
        ? "the id is empty"
        : !feature
          ? "the feature is empty"
          : extra === undefined
            ? `weight ${shown(weight)} is not a number`
            : `there are ${cells.length} cells, where others have ${width}`;
      throw new RatingsError(`${file}:${line}: ${what}`, { file, line, remedy: SHAPES });
    }
    return valuesIn(feature, names?.[1])
      .map((one) => one.trim())
      .filter((one) => one !== "")
      .map((one): Entry => [toRawId(id), one, number]);
  });
  const name = (at: number): string => names?.[at] ?? `column ${at + 1}`;
  const columns = [`${name(0)} → id`, `${name(1)} → feature`, ...(width > 2 ? [`${name(2)} → weight`] : [])];
  return { entries, columns: columns.join(", ") };
}

function fromAttributes(rows: readonly Row[], id: string, attributes: readonly Attribute[], file: string): Entries {
  const empty = rows.find(({ cells }) => !cells[0]);
  if (empty) throw new RatingsError(`${file}:${empty.line}: the id is empty`, { file, line: empty.line, remedy: SHAPES });
  const kept: string[] = [];
  const leftOut: string[] = [];
  const entries = attributes.flatMap(({ name, of }): Entry[] => {
    const values = rows.map(({ cells }) => of(cells).flatMap((value) => (value.trim() === "" ? [] : [value.trim()])));
    const all = values.flat();
    const distinct = new Set(all);
    const groupOf =
      distinct.size > MOST_VALUES && all.every((value) => Number.isFinite(Number(value))) ? groupsOf(all.map(Number)) : undefined;
    if (!groupOf && 2 * distinct.size > rows.length && distinct.size > MOST_VALUES) {
      leftOut.push(name);
      return [];
    }
    if (all.length > 0) kept.push(name);
    return values.flatMap((of, row) =>
      of.map((value): Entry => [toRawId(rows[row].cells[0]), `${name}=${groupOf ? groupOf(Number(value)) : value}`, 1]),
    );
  });
  const columns = [
    `${id || "column 1"} → id`,
    ...(kept.length > 0 ? [`${kept.join(", ")} → ${plural(kept.length, "feature")}`] : []),
    ...(leftOut.length > 0 ? [`${leftOut.join(", ")} left out, since nearly every row has its own`] : []),
  ];
  return { entries, columns: columns.join("; ") };
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
const U_ITEM_GENRES = [
  "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
  "Sci-Fi", "Thriller", "War", "Western",
]; // prettier-ignore
const U_ITEM_FIRST_FLAG = 5;

/** The genres that a row of u.item flags. */
export const flaggedGenres = (cells: readonly string[]): string[] =>
  U_ITEM_GENRES.filter((_, flag) => flag > 0 && cells[U_ITEM_FIRST_FLAG + flag] === "1");

/** Tables without a row of names that are known by their files' names. */
const MOVIELENS_ATTRIBUTES: Readonly<Record<string, readonly Attribute[]>> = {
  // id | age | sex | occupation | postcode
  "u.user": ["age", "sex", "occupation"].map((name, at) => ({ name, of: (cells) => [cells[at + 1] ?? ""] })),
  // id :: sex :: age :: occupation :: postcode
  "users.dat": ["sex", "age", "occupation"].map((name, at) => ({ name, of: (cells) => [cells[at + 1] ?? ""] })),
  // id | title | release date | video release date | address | genres, a flag each
  "u.item": [
    { name: "year", of: (cells) => [(cells[2] ?? "").slice(-4)] },
    { name: "genre", of: flaggedGenres },
  ],
};
