// Which column of a table holds what: by the names in its first row, in any order, else by position.
// Where that leaves a doubt, reading stops with the option to give.

import { RatingsError } from "../errors.js";
import { cut, howMany, listed, shown } from "../shown.js";
import { looksLikeTime, ratingIn, timeIn } from "./cells.js";
import type { ColumnPlaces } from "./numeric-rows.js";

/** What a column of a table of ratings may hold. */
export type Column = "user" | "item" | "rating" | "time" | "weight";
/** Those that are found without being asked for. */
type FoundColumn = Exclude<Column, "weight">;

/**
 * Columns by name or by number from 0; "none" for a table without ratings, whose rows all count as 1. Weights, how
 * often each rating counts, are read only where their column is named here.
 */
export type AskedColumns = { readonly [column in Column]?: string | number | undefined };

/** The first rows of a table. */
export interface Sample {
  readonly rows: readonly (readonly string[])[];
  /** The columns' names, where the format keeps them apart from the rows. */
  readonly names?: readonly string[] | undefined;
}

export interface FoundColumns {
  readonly places: ColumnPlaces;
  /** Whether the first row names the columns. */
  readonly isHeader: boolean;
  /** Columns of the table. */
  readonly width: number;
  /** For people. */
  readonly described: string;
  /** Those that nobody has named: neither a header nor the caller. */
  readonly unnamed: ReadonlySet<Column>;
  /** What the caller may give, where the content speaks against these columns. */
  readonly suggestion: string;
}

/** Names of columns, lower case, letters and digits only; the surest first. */
const KNOWN_NAMES: Record<FoundColumn, readonly string[]> = {
  user: [
    "userid", "user", "uid", "userkey", "useridx", "userindex", "customerid", "customer", "reviewerid", "personid", "memberid", "accountid",
    "visitorid", "clientid", "profileid", "playerid", "listenerid", "readerid", "buyerid", "reviewer", "person", "member", "account",
    "visitor", "client", "player", "listener", "reader", "buyer", "username", "profilename", "reviewprofilename", "reviewername", "nickname",
    "login", "users",
  ],
  item: [
    "itemid", "movieid", "item", "iid", "itemkey", "productid", "asin", "parentasin", "isbn", "bookid", "trackid", "songid", "artistid",
    "albumid", "businessid", "restaurantid", "animeid", "gameid", "jokeid", "articleid", "newsid", "contentid", "filmid", "showid", "videoid",
    "appid", "recipeid", "courseid", "hotelid", "placeid", "venueid", "listingid", "beerid", "beerbeerid", "stockcode", "sku", "movie",
    "product", "book", "track", "song", "artist", "album", "business", "restaurant", "anime", "game", "joke", "article", "film", "show",
    "video", "app", "recipe", "course", "hotel", "place", "venue", "beer", "beername", "items", "itemname", "movietitle", "booktitle", "title",
    "name", "url",
  ],
  rating: [
    "rating", "ratings", "userrating", "starrating", "bookrating", "score", "reviewscore", "overall", "reviewoverall", "stars", "value", "rate",
    "preference", "myrating", "yourrating", "points", "vote", "grade", "weight", "plays", "playcount", "listens", "listencount", "scrobbles",
    "hours", "hoursplayed", "qty", "quantity", "count", "clicks", "views", "purchases", "feedback", "interaction",
  ],
  time: [
    "timestamp", "unixreviewtime", "unixtime", "time", "datetime", "date", "ts", "reviewtime", "reviewdate", "ratingdate", "daterated",
    "ratedat", "createdat", "created", "eventtime", "invoicedate", "watcheddate",
  ],
}; // prettier-ignore
/** From here on, a name of a column of ratings is a count of something: two of them need a choice. */
const FIRST_COUNT = KNOWN_NAMES.rating.indexOf("weight");
const ORDER = ["user", "item", "rating", "time"] as const;
const ALL = [...ORDER, "weight"] as const;
const POSITIONS: Record<FoundColumn, number> = { user: 0, item: 1, rating: 2, time: 3 };
const HELD: Record<Column, string> = { user: "user", item: "item", rating: "rating", time: "time", weight: "weight" };
const NONE = "none";

/** "user_id:token" is user_id of a type. */
const untyped = (name: string): string => name.trim().replace(/:(token|float|token_seq|float_seq)$/, "");

export const simplified = (name: string): string =>
  untyped(name)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, "");

const isNumber = (cell: string): boolean => cell.trim() !== "" && Number.isFinite(Number(cell));
const isBlank = (row: readonly string[]): boolean => row.every((cell) => cell.trim() === "");

interface FindOptions {
  readonly header?: boolean | undefined;
  readonly columns?: AskedColumns | undefined;
  readonly layout?: string | undefined;
}

/**
 * @param options.layout "table" says that a row is a rating, even where the table looks
 *   like a matrix with a row per person.
 * @throws RatingsError that shows the option to give, where the columns cannot be told or are not there.
 */
export function findColumns(sample: Sample, file: string, options: FindOptions): FoundColumns {
  const asked = options.columns ?? {};
  const rows = sample.rows.filter((row) => !isBlank(row));
  const names = sample.names ?? rows[0] ?? [];
  const simple = names.map(simplified);
  const isHeader = sample.names === undefined && (options.header ?? isNaming(rows, asked));
  const hasNames = isHeader || sample.names !== undefined;
  const body = isHeader ? rows.slice(1) : rows;
  const width = names.length;
  const kinds = names.map((_, place) => kindOf(body, place));
  const nameOf = (place: number): string => (hasNames && cut(untyped(names[place]))) || `column ${place + 1}`;
  const places: Record<Column, number> = { user: -1, item: -1, rating: -1, time: -1, weight: -1 };
  const unnamed = new Set<Column>();
  const written = (place: number): string =>
    hasNames && names[place].trim() !== "" && nameOf(place) === untyped(names[place]) ? JSON.stringify(nameOf(place)) : String(place);
  const suggestion = (): string =>
    suggested(
      kinds,
      Object.fromEntries(ALL.map((column) => [column, unnamed.has(column) ? -1 : places[column]])) as typeof places,
      written,
    );
  const allNames = (): string => listed(names);
  const ask = (what: string, remedy = `say which column is which, such as ${suggestion()}`): RatingsError =>
    new RatingsError(`${file}: ${what}`, { file, line: 1, remedy });
  const isTaken = (place: number): boolean => ALL.some((column) => places[column] === place);
  const isSettled = new Set<Column>();
  for (const column of ALL) {
    const wanted = asked[column];
    if (wanted === undefined) continue;
    const isNone = wanted === NONE && (column === "rating" || column === "time") && !simple.includes(NONE);
    const place = isNone ? -1 : typeof wanted === "number" ? wanted : hasNames ? nameAt(names, wanted) : -1;
    if (place < 0 && !isNone) {
      throw ask(`there is no column ${shown(String(wanted))}`, `the columns are ${allNames()}`);
    }
    if (place >= width) {
      const what = `column ${place + 1} is to hold the ${HELD[column]}s, and there ${width === 1 ? "is" : "are"} ${howMany(width, "column")}`;
      throw ask(what, hasNames ? `the columns are ${allNames()}` : undefined);
    }
    if (place >= 0 && isTaken(place)) throw ask(`${nameOf(place)} would be two columns at once`);
    places[column] = place;
    isSettled.add(column);
  }
  if (hasNames) {
    for (const column of ORDER) {
      if (isSettled.has(column)) continue;
      const free = KNOWN_NAMES[column].map((name) => simple.findIndex((known, place) => known === name && !isTaken(place)));
      const found = free.filter((place) => place >= 0);
      if (found.length === 0) continue;
      const counts = [...found].sort((a, b) => a - b);
      if (column === "rating" && found.length > 1 && free.indexOf(found[0]) >= FIRST_COUNT)
        throw ask(
          `${counts.map(nameOf).join(" and ")} may both be the ratings`,
          `choose one: ${counts.map((place) => `columns: { rating: ${written(place)} }`).join(" or ")}`,
        );
      places[column] = found[0];
      isSettled.add(column);
    }
  }
  const isAnyAsked = Object.values(asked).some((wanted) => wanted !== undefined);
  if (
    options.layout === undefined &&
    !isAnyAsked &&
    !isSettled.has("item") &&
    !isSettled.has("rating") &&
    isMatrix(names, kinds, body, hasNames, isSettled.has("user"))
  ) {
    throw ask(
      `it has ${width} columns, and those behind the first hold numbers and have no names that are known: it may be a matrix`,
      'layout: "matrix" reads a row as a person and a column as an item, layout: "table" a row as a rating',
    );
  }
  const leftOver = (): number[] => names.flatMap((_, place) => (isTaken(place) ? [] : [place]));
  const isNamed = isSettled.size > 0;
  const missing = (["user", "item"] as const).filter((column) => !isSettled.has(column));
  // Two columns without known names are told by position alone, which has to agree with the names of the others.
  const areInOrder = missing.length < 2 || (!isTaken(POSITIONS.user) && !isTaken(POSITIONS.item));
  for (const column of missing) {
    const left = leftOver();
    const position = POSITIONS[column];
    const fits = hasNames ? !isNamed || (areInOrder && left.length <= missing.length) : left.includes(position);
    const place = !fits || left.length === 0 ? -1 : left.includes(position) ? position : left.length <= missing.length ? left[0] : -1;
    const what = column === "user" ? "users" : "items";
    if (place < 0 && left.length === 0)
      throw ask(
        width === 0
          ? "it is empty"
          : `${hasNames ? `its columns are ${allNames()}` : `it has ${howMany(width, "column")}`}: there is none of ${what}`,
        `give a table with a column of ${what}; or, where one of these is theirs, say so with columns.${column}`,
      );
    if (place < 0)
      throw ask(hasNames ? `which column holds the ${what} is not clear from ${allNames()}` : `there is no column left for the ${what}`);
    places[column] = place;
    unnamed.add(column);
  }
  if (!isSettled.has("rating")) {
    unnamed.add("rating");
    const left = leftOver().filter((place) => hasNames || isSettled.has("time") || place !== POSITIONS.time);
    const candidates = hasNames && isNamed ? left.filter((place) => kinds[place].isNumeric) : left.slice(0, 1);
    const [place] = !hasNames && left.includes(POSITIONS.rating) ? [POSITIONS.rating] : candidates;
    if (place !== undefined && hasNames && isNamed && (candidates.length > 1 || !kinds[place].isRating))
      throw ask(
        `which column holds the ratings is not clear from ${allNames()}`,
        `say ${candidates.map((at) => `columns: { rating: ${written(at)} }`).join(" or ")}, or columns: { rating: "none" } where every row counts as 1`,
      );
    if (place !== undefined && kinds[place].isTime && body.length > 0) {
      const behind = kinds.findIndex(({ isRating }, at) => isRating && at > place);
      const times =
        behind < 0 ? `{ time: ${written(place)} } where every row counts as 1` : `{ time: ${written(place)}, rating: ${written(behind)} }`;
      throw ask(
        `${nameOf(place)} would be the ratings, but looks like times (${body[0][place]})`,
        `say columns: ${times}, or columns: { rating: ${written(place)} } if they are ratings`,
      );
    }
    if (place !== undefined && body.length > 1 && !kinds[place].hasRating && body.some((row) => (row[place] ?? "").trim() !== ""))
      throw ask(`${nameOf(place)} would be the ratings, but holds none (${shown(body[0][place] ?? "")})`);
    places.rating = place ?? -1;
  }
  if (!isSettled.has("time") && !hasNames && width > POSITIONS.time && !isTaken(POSITIONS.time) && kinds[POSITIONS.time].mayBeTime)
    places.time = POSITIONS.time;

  const said = ALL.filter((column) => places[column] >= 0).map((column) => `${nameOf(places[column])} → ${column}`);
  const described = `${said.join(", ")}${places.rating < 0 ? "; no ratings: every row counts as 1" : ""}`;
  return { places, isHeader, width, described, unnamed, suggestion: suggestion() };
}

/**
 * The columns, where their names alone tell them, whatever the rows hold.
 *
 * @returns undefined where rows have to be looked at.
 */
export function namedColumns(names: readonly string[] | undefined, file: string, options: FindOptions): FoundColumns | undefined {
  try {
    const found = names && findColumns({ rows: [], names }, file, options);
    return found?.unnamed.size === 0 ? found : undefined;
  } catch (error) {
    if (error instanceof RatingsError) return undefined;
    throw error;
  }
}

/** The column of a name: as it is written, else however it is spelt. */
function nameAt(names: readonly string[], wanted: string): number {
  const exact = names.findIndex((name) => name.trim() === wanted.trim());
  return exact >= 0 ? exact : names.map(simplified).indexOf(simplified(wanted));
}

/**
 * Whether the first row names the columns: no cell of it is a number, and it holds known names,
 * or stands above a column of numbers.
 */
function isNaming([first, ...body]: readonly (readonly string[])[], asked: AskedColumns): boolean {
  if (!first) return false;
  if (Object.values(asked).some((wanted) => typeof wanted === "string" && wanted !== NONE)) return true;
  if (first.some(isNumber)) return false;
  const names = first.map(simplified);
  const known = ORDER.filter((column) => names.some((name) => KNOWN_NAMES[column].includes(name)));
  if (known.includes("user") || known.includes("rating") || known.length > 1) return true;
  const value = typeof asked.rating === "number" ? asked.rating : POSITIONS.rating;
  if (body.length === 0) return first[value] !== undefined && Number.isNaN(ratingIn(first[value]).value);
  return first.some((cell, place) => {
    return Number.isNaN(ratingIn(cell).value) && body.some((row) => !Number.isNaN(ratingIn(row[place] ?? "").value));
  });
}

/** What the cells of a column may be. */
interface Kind {
  /** All that are not empty. */
  readonly isNumeric: boolean;
  readonly isRating: boolean;
  readonly isTime: boolean;
  /** Some of them. */
  readonly hasRating: boolean;
  readonly mayBeTime: boolean;
  readonly distinct: number;
}

/** A column of ratings has no more values than this, or fractions; and they lie between these. */
const MOST_VALUES = 25;
const [LEAST_RATING, LARGEST_RATING] = [-10, 100];

function kindOf(body: readonly (readonly string[])[], place: number): Kind {
  const cells = body.map((row) => (row[place] ?? "").trim()).filter((cell) => cell !== "");
  const values = cells.map((cell) => ratingIn(cell).value);
  const numbers = values.filter((value) => !Number.isNaN(value));
  const isNumeric = cells.length > 0 && numbers.length === cells.length;
  const times = cells.filter((cell) => Number.isFinite(timeIn(cell)));
  const isTime =
    cells.length > 0 && cells.every((cell, at) => (Number.isNaN(values[at]) ? Number.isFinite(timeIn(cell)) : looksLikeTime(values[at])));
  const distinct = new Set(cells).size;
  const inRange = numbers.every((value) => value >= LEAST_RATING && value <= LARGEST_RATING);
  return {
    isNumeric,
    isRating: isNumeric && !isTime && inRange && (distinct <= MOST_VALUES || numbers.some((value) => !Number.isInteger(value))),
    isTime,
    hasRating: numbers.length > 0,
    mayBeTime: times.length * 2 >= cells.length && times.length > 0,
    distinct,
  };
}

/** Columns of numbers from which on a table without known names may be a matrix. */
const MATRIX_COLUMNS = 8;

function isMatrix(
  names: readonly string[],
  kinds: readonly Kind[],
  body: readonly (readonly string[])[],
  hasNames: boolean,
  hasUser: boolean,
): boolean {
  if (body.length < 2) return false;
  const rest = kinds.slice(1);
  const empty = (place: number): boolean => body.every((row) => (row[place] ?? "").trim() === "");
  const areRatings = rest.every((kind, at) => kind.isRating || empty(at + 1));
  if (hasNames && (hasUser || (names[0] ?? "").trim() === "")) return names.length >= 4 && areRatings;
  return names.length >= MATRIX_COLUMNS && rest.every((kind, at) => (kind.isNumeric && !kind.isTime) || empty(at + 1));
}

/**
 * An option that fits the content: a column of few values for the ratings, one of dates for the times,
 * the others in their order. Columns that are settled stay, and those that nothing is left for are left out.
 */
function suggested(kinds: readonly Kind[], places: Readonly<Record<Column, number>>, name: (place: number) => string): string {
  const chosen = { ...places };
  const left = (): number[] => kinds.flatMap((_, place) => (Object.values(chosen).includes(place) ? [] : [place]));
  const take = (column: Column, among: readonly number[]): void => {
    if (chosen[column] < 0 && among.length > 0) chosen[column] = among[0];
  };
  take(
    "time",
    left().filter((place) => kinds[place].isTime),
  );
  const fewestFirst = (a: number, b: number): number => kinds[a].distinct - kinds[b].distinct;
  take(
    "rating",
    left()
      .filter((place) => kinds[place].isRating)
      .sort(fewestFirst),
  );
  take("user", left());
  take("item", left());
  const parts = ORDER.flatMap((column) => (chosen[column] < 0 ? [] : [`${column}: ${name(chosen[column])}`]));
  return `columns: { ${parts.join(", ")} }`;
}
