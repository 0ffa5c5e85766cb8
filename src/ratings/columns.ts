// Which column of a table holds what: by the names in its first row, in any order, else by position.
// Where that leaves a doubt, reading stops with the option to give.

import { RatingsError } from "../errors.js";
import { cut, firstOf, howMany, listed, shown } from "../shown.js";
import { isBlank, isNumber, isOpinion, opinionIn, type Opinions, opinionsOf, ratingIn } from "./cells.js";
import { FEWEST_ROWS, type Kind, kindOf, mayBeOpinions, tellsOpinions } from "./column-kinds.js";
import { type FoundColumn, KNOWN_NAMES, OPINION_NAME, ORDER, simplified, untyped } from "./column-names.js";
import { aboutCut, areNumbers, areOnlyNumbers, cellsBelow, mayBeNumbers } from "./first-line.js";
import type { ColumnPlaces } from "./numeric-rows.js";

/** What a column of a table of ratings may hold. */
export type Column = "user" | "item" | "rating" | "time" | "weight";

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
  /** What its lines were cut by, where it is delimited text; a blank stands for any number of them. */
  readonly delimiter?: string | undefined;
  /** Lines of comments in front that were passed over. */
  readonly comments?: number | undefined;
}

export interface FoundColumns {
  readonly places: ColumnPlaces;
  /** What the words count for, where ratings are likes and dislikes in words. */
  readonly opinions?: Opinions | undefined;
  /** The most there is, of ratings such as 4/5. */
  readonly outOf?: number | undefined;
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
  /** What the caller may give to have it read as it was. */
  readonly taken: string;
}

/** From here on, a name of a column of ratings is a count of something: two of them need a choice. */
const FIRST_COUNT = KNOWN_NAMES.rating.indexOf("weight");
const ALL = [...ORDER, "weight"] as const;
const POSITIONS: Record<FoundColumn, number> = { user: 0, item: 1, rating: 2, time: 3 };
const HELD: Record<Column, string> = { user: "user", item: "item", rating: "rating", time: "time", weight: "weight" };
const NONE = "none";

interface FindOptions {
  readonly header?: boolean | undefined;
  readonly columns?: AskedColumns | undefined;
  readonly layout?: string | undefined;
  readonly missing?: readonly string[] | undefined;
  readonly scale?: readonly [minimum: number, maximum: number] | undefined;
  readonly skipBadRows?: boolean | undefined;
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
  // Numbers in the place of names tell no more than the places do.
  const isNumbered = isHeader && areNumbers(names);
  const hasNames = (isHeader && !isNumbered) || sample.names !== undefined;
  const body = isHeader ? rows.slice(1) : rows;
  const width = names.length;
  const missing = new Set(options.missing?.map((text) => text.trim()));
  const kinds = names.map((_, place) => kindOf(body, place, missing));
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
  const ratingIs = (among: readonly number[]): string => among.map((place) => `columns: { rating: ${written(place)} }`).join(" or ");
  const askWhich = (counts: readonly number[]): RatingsError => {
    const inOrder = [...counts].sort((a, b) => a - b);
    return ask(`${inOrder.map(nameOf).join(" and ")} may both be the ratings`, `choose one: ${ratingIs(inOrder)}`);
  };
  const below = sample.names === undefined && !options.skipBadRows ? cellsBelow(rows) : undefined;
  if (below !== undefined) {
    const { cut, other } = aboutCut(sample.delimiter, rows);
    throw ask(
      `${cut}its first line, ${shown(names.join(" "))}, has ${howMany(width, "cell")}, and most of those below have ${below}`,
      `${other}name every column in it and quote cells that hold the delimiter; or leave it out where it is a title, as with \`tail -n +2 FILE | tastespace train -\``,
    );
  }
  if (options.header === undefined && sample.names === undefined && !isHeader && mayBeNumbers(rows))
    throw ask(
      `line 1 is ${firstOf(names, 4)}: it may number the columns, or be a rating`,
      "header: true takes it for a header, header: false for a rating",
    );
  const isTaken = (place: number): boolean => ALL.some((column) => places[column] === place);
  const isSettled = new Set<Column>();
  for (const column of ALL) {
    const wanted = asked[column];
    if (wanted === undefined) continue;
    const isNone = wanted === NONE && (column === "rating" || column === "time") && !simple.includes(NONE);
    const place = isNone ? -1 : typeof wanted === "number" ? wanted : hasNames || isNumbered ? nameAt(names, wanted) : -1;
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
      if (column === "rating" && found.length > 1 && free.indexOf(found[0]) >= FIRST_COUNT) throw askWhich(found);
      places[column] = found[0];
      isSettled.add(column);
    }
    // A count of something by a well-known name does not tell what was liked.
    const isCount = asked.rating === undefined && KNOWN_NAMES.rating.indexOf(simple[places.rating]) >= FIRST_COUNT;
    const opinion = isCount ? names.findIndex((_, at) => !isTaken(at) && OPINION_NAME.test(simple[at]) && tellsOpinions(kinds[at])) : -1;
    if (opinion >= 0) throw askWhich([opinion, places.rating]);
  }
  const isAnyAsked = Object.values(asked).some((wanted) => wanted !== undefined);
  if (
    options.layout === undefined &&
    !isAnyAsked &&
    !isSettled.has("item") &&
    !isSettled.has("rating") &&
    isMatrix(names, kinds, body, hasNames || isNumbered, isSettled.has("user"))
  ) {
    throw ask(
      `it has ${width} columns, and those behind the first hold numbers and have no names that are known: it may be a matrix`,
      'layout: "matrix" reads a row as a person and a column as an item, layout: "table" a row as a rating',
    );
  }
  const leftOver = (): number[] => names.flatMap((_, place) => (isTaken(place) ? [] : [place]));
  const isNamed = isSettled.size > 0;
  const unsettled = (["user", "item"] as const).filter((column) => !isSettled.has(column));
  // Two columns without known names are told by position alone, which has to agree with the names of the others.
  const areInOrder = unsettled.length < 2 || (!isTaken(POSITIONS.user) && !isTaken(POSITIONS.item));
  for (const column of unsettled) {
    const left = leftOver();
    const position = POSITIONS[column];
    const fits = hasNames ? !isNamed || (areInOrder && left.length <= unsettled.length) : left.includes(position);
    const place = !fits || left.length === 0 ? -1 : left.includes(position) ? position : left.length <= unsettled.length ? left[0] : -1;
    const what = column === "user" ? "users" : "items";
    if (place < 0 && left.length === 0) {
      if (width === 0) throw ask("it is empty", "give a file with rows of user, item and rating");
      const has = hasNames ? `its columns are ${allNames()}` : `it has ${howMany(width, "column")}`;
      const { cut, other } = aboutCut(sample.delimiter, rows);
      throw ask(
        `${cut}${has}: there is none of ${what}`,
        `${other}give a table with a column of ${what}; or, where one of these is theirs, say so with columns.${column}`,
      );
    }
    if (place < 0)
      throw ask(hasNames ? `which column holds the ${what} is not clear from ${allNames()}` : `there is no column left for the ${what}`);
    places[column] = place;
    unnamed.add(column);
  }
  if (!isSettled.has("rating")) {
    unnamed.add("rating");
    const left = leftOver().filter((place) => hasNames || isSettled.has("time") || place !== POSITIONS.time);
    const candidates = hasNames && isNamed ? left.filter((at) => kinds[at].isNumeric || kinds[at].opinions) : left.slice(0, 1);
    const [place] = !hasNames && left.includes(POSITIONS.rating) ? [POSITIONS.rating] : candidates;
    const orNone = 'columns: { rating: "none" } where every row counts as 1';
    if (place !== undefined && hasNames && isNamed && (candidates.length > 1 || !(kinds[place].isRating || kinds[place].opinions)))
      throw ask(`which column holds the ratings is not clear from ${allNames()}`, `say ${ratingIs(candidates)}, or ${orNone}`);
    const { opinions, texts } = kinds[place ?? -1] ?? {};
    if (opinions && body.length >= FEWEST_ROWS && texts.every((text) => opinions[opinionIn(text)] === 0))
      throw ask(
        `${nameOf(place)} would be the ratings, and is ${texts.map(shown).join(" or ")} in all ${howMany(body.length, "row")} that were looked at`,
        `say ${ratingIs([place])} where that is a dislike, or ${orNone}`,
      );
    const words = place === undefined ? left.find((at) => mayBeOpinions(kinds[at])) : undefined;
    if (words !== undefined)
      throw ask(
        `${nameOf(words)} may be the ratings, and holds ${kinds[words].texts.map(shown).join(" and ")}`,
        `say ${orNone}, or write yes for what is liked and no for what is not`,
      );
    if (place !== undefined && kinds[place].isTime && body.length > 0) {
      const behind = kinds.findIndex(({ isRating }, at) => isRating && at > place);
      const times =
        behind < 0 ? `{ time: ${written(place)} } where every row counts as 1` : `{ time: ${written(place)}, rating: ${written(behind)} }`;
      throw ask(
        `${nameOf(place)} would be the ratings, but looks like times (${body[0][place]})`,
        `say columns: ${times}, or ${ratingIs([place])} if they are ratings`,
      );
    }
    const isFilled = place !== undefined && body.some((row) => (row[place] ?? "").trim() !== "");
    if (isFilled && body.length > 1 && !kinds[place].hasRating && !opinions)
      throw ask(`${nameOf(place)} would be the ratings, but holds none (${shown(body[0][place] ?? "")})`);
    places.rating = place ?? -1;
  }
  if (!isSettled.has("time") && !hasNames && width > POSITIONS.time && !isTaken(POSITIONS.time) && kinds[POSITIONS.time].mayBeTime) {
    const [times, ratings] = [kinds[POSITIONS.time], places.rating < 0 ? undefined : kinds[places.rating]];
    if (ratings && unnamed.has("rating") && body.length >= FEWEST_ROWS && times.isRating && ratings.isNumeric && !ratings.isRating) {
      const [time, rating] = [nameOf(POSITIONS.time), nameOf(places.rating)];
      throw ask(
        `${time} would be the times, but looks like ratings (${times.texts[0]}), and ${rating} would be the ratings, but does not (${ratings.texts[0]})`,
      );
    }
    places.time = POSITIONS.time;
    unnamed.add("time");
  }
  const rated = places.rating < 0 ? undefined : kinds[places.rating];
  const isWords = rated && !rated.hasRating && !rated.opinions && rated.filled >= FEWEST_ROWS;
  if (isWords && isSettled.has("rating") && !options.skipBadRows)
    throw ask(
      `${nameOf(places.rating)} would be the ratings, but holds none (${rated.texts.slice(0, 3).map(shown).join(", ")}${rated.distinct > 3 ? ", …" : ""})`,
      'write numbers, or yes and no for likes and dislikes; or say which column holds them with columns.rating, or columns: { rating: "none" } where every row counts as 1',
    );
  if (rated?.thousands && options.scale === undefined)
    throw ask(
      `ratings such as ${rated.thousands.join(" stand beside ")}: they may be thousands, ${rated.thousands[0].replaceAll(".", "")}`,
      "write them without points; or give the scale, such as scale: [0, 1000], where they are fractions",
    );

  const said = ALL.filter((column) => places[column] >= 0).map(
    (column) => `${nameOf(places[column])} → ${column}${column === "rating" ? opinionsText(rated?.opinions) : ""}`,
  );
  const { comments = 0 } = sample;
  const more = [
    ...(places.rating < 0 ? ["no ratings: every row counts as 1"] : []),
    ...(comments > 0 ? [`${howMany(comments, "comment line")} skipped`] : []),
  ];
  const described = [said.join(", "), ...more].join("; ");
  const taken = `columns: { ${ORDER.flatMap((column) => (places[column] < 0 ? [] : [`${column}: ${written(places[column])}`])).join(", ")} }`;
  const { opinions, outOf } = rated ?? {};
  return { places, opinions, outOf, isHeader, width, described, unnamed, suggestion: suggestion(), taken };
}

/** ", yes → 1, no → 0" */
const opinionsText = (opinions: Opinions = {}): string =>
  Object.entries(opinions)
    .map(([word, value]) => `, ${word} → ${value}`)
    .join("");

/**
 * The columns, where their names alone tell them, whatever the rows hold.
 *
 * @returns undefined where rows have to be looked at.
 */
export function namedColumns(names: readonly string[] | undefined, file: string, options: FindOptions): FoundColumns | undefined {
  try {
    const found = names && findColumns({ rows: [], names }, file, options);
    if (found?.unnamed.size !== 0) return undefined;
    const simple = names!.map(simplified);
    const mayBeOther =
      KNOWN_NAMES.rating.indexOf(simple[found.places.rating]) >= FIRST_COUNT && simple.some((name) => OPINION_NAME.test(name));
    return mayBeOther ? undefined : found;
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
  if (areNumbers(first)) return areOnlyNumbers([first, ...body]);
  if (first.some(isNumber)) return false;
  const names = first.map(simplified);
  const known = ORDER.filter((column) => names.some((name) => KNOWN_NAMES[column].includes(name)));
  if (known.includes("user") || known.includes("rating") || known.length > 1) return true;
  const value = typeof asked.rating === "number" ? asked.rating : POSITIONS.rating;
  if (body.length === 0) return first[value] !== undefined && Number.isNaN(ratingIn(first[value]).value) && !isOpinion(first[value]);
  return first.some((cell, place) => {
    if (!Number.isNaN(ratingIn(cell).value)) return false;
    if (body.some((row) => !Number.isNaN(ratingIn(row[place] ?? "").value))) return true;
    const opinions = opinionsOf(body.map((row) => row[place] ?? ""));
    return opinions !== undefined && !Object.hasOwn(opinions, opinionIn(cell));
  });
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
  // A number that every row has of its own counts rows, where there are others for the users and the items.
  const [front, ...others] = left();
  const isRowNumber = front !== undefined && kinds[front].isKey && others.filter((place) => kinds[place].distinct > 1).length > 1;
  take("user", isRowNumber && chosen.item < 0 ? others : left());
  take(
    "item",
    left().filter((place) => !isRowNumber || chosen.user < 0 || place !== front),
  );
  const parts = ORDER.flatMap((column) => (chosen[column] < 0 ? [] : [`${column}: ${name(chosen[column])}`]));
  return `columns: { ${parts.join(", ")} }`;
}
