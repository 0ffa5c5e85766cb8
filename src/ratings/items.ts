// A table of one's own about items: titles, genres and years, its columns found by their names.

import { RatingsError } from "../errors.js";
import { Catalogue, type GivenEntry } from "./catalogue.js";
import { simplified } from "./column-names.js";
import { checkArguments } from "../options.js";
import { listed } from "../shown.js";
import { type RatingSource, SOURCE_KIND } from "./folder.js";
import { openRows } from "./forms.js";
import { toRawId } from "./ids.js";
import { openText, type TextOptions } from "./open-text.js";
import { withSample } from "./row-table.js";

const KNOWN_NAMES = {
  id: [
    "itemid", "movieid", "iid", "itemkey", "productid", "asin", "parentasin", "isbn", "bookid", "trackid", "songid", "artistid", "albumid",
    "businessid", "restaurantid", "animeid", "gameid", "jokeid", "articleid", "newsid", "contentid", "filmid", "showid", "videoid", "appid",
    "recipeid", "courseid", "beerid", "stockcode", "sku", "id", "item", "movie", "product", "book",
  ],
  title: [
    "title", "movietitle", "booktitle", "primarytitle", "itemname", "productname", "trackname", "songname", "artistname", "albumname", "name",
    "item", "movie", "product", "book", "description", "originaltitle",
  ],
  genres: ["genres", "genre", "listedin", "categories", "category", "maincategory", "class", "tags", "style", "topics"],
  year: ["year", "releaseyear", "startyear", "yearofpublication", "publicationyear", "originalpublicationyear", "released", "releasedate", "date"],
} as const; // prettier-ignore
type Column = keyof typeof KNOWN_NAMES;
const COLUMNS: readonly Column[] = ["id", "title", "genres", "year"];

/** In the order of preference: what separates genres in a cell. */
const SEPARATORS = ["|", ";", ","];
const NO_GENRES = new Set(["", "(no genres listed)", "\\N", "N/A"]);

/**
 * Titles, genres and years from a table of any form that ratings may have. Without a row of names it is read as
 * Netflix wrote it, id, year and title, where the second column holds years, else as id, title, genres, year. A
 * year joins the title: "Heat (1995)".
 *
 * @throws RatingsError when there is no column of ids or of titles, or no item.
 */
export async function readItems(source: RatingSource, options: TextOptions = {}): Promise<Catalogue> {
  checkArguments("readItems", { source: [source, SOURCE_KIND] });
  const table = await openRows(source, await openText(source, options), options);
  const sample = await withSample(table);
  const [first = [], ...body] = sample.names ? [sample.names, ...sample.rows] : sample.rows;
  const names = first.map(simplified);
  const known = (column: Column, taken: readonly number[]): number => {
    const found = KNOWN_NAMES[column].map((name) => names.findIndex((one, place) => one === name && !taken.includes(place)));
    return found.find((place) => place >= 0) ?? -1;
  };
  const places: Record<Column, number> = { id: -1, title: -1, genres: -1, year: -1 };
  for (const column of COLUMNS) places[column] = known(column, Object.values(places));
  if (first.every((cell) => cell.trim() === "") && body.length === 0)
    throw new RatingsError(`${source.name}: it is empty`, { file: source.name, remedy: "give rows of id and title" });
  const isHeader = sample.names !== undefined || (places.id >= 0 && places.title >= 0);
  if (!isHeader) {
    const isYear = [first, ...body].every((row) => /^(1[89]\d\d|20\d\d|NULL|)$/.test((row[1] ?? "").trim())) && first.length > 2;
    Object.assign(places, isYear ? { id: 0, year: 1, title: 2, genres: -1 } : { id: 0, title: 1, genres: 2, year: 3 });
  }
  if (places.id < 0 || places.title < 0 || first.length < 2) {
    throw new RatingsError(`${source.name}: there is no column of ${places.id < 0 ? "ids" : "titles"} among ${listed(first)}`, {
      file: source.name,
      line: 1,
      remedy: "name its columns id, title and, if you like, genres and year",
    });
  }
  const isList = isHeader && (first[places.genres] ?? "").endsWith(":token_seq");
  // Titles with commas in them stand unquoted in Netflix' file.
  const titleIsLast = !isHeader && places.title === 2;
  const entries: GivenEntry[] = [];
  let skip = isHeader && sample.names === undefined;
  for await (const { rows } of sample.all(Object.values(places).filter((place) => place >= 0))) {
    for (const row of rows) {
      if (skip) {
        skip = false;
        continue;
      }
      const id = (row[places.id] ?? "").trim();
      const title = (titleIsLast ? row.slice(2).join(",") : (row[places.title] ?? "")).trim();
      if (id === "" || title === "") continue;
      const [year] = /(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)/.exec(row[places.year] ?? "") ?? [];
      const genres = genresIn(row[places.genres] ?? "", isList);
      entries.push({ id: toRawId(id), title, genres, year: year === undefined ? undefined : Number(year) });
    }
  }
  if (entries.length === 0)
    throw new RatingsError(`${source.name}: there are no items`, { file: source.name, remedy: "give rows of id and title" });
  return new Catalogue(entries);
}

/** "Action|Comedy", "Action; Comedy", "Action, Comedy", or a list as Python or JSON writes it. */
export function genresIn(cell: string, isList: boolean): string[] {
  let text = cell.trim();
  if (/^\[.*\]$/s.test(text)) {
    const named = [...text.matchAll(/["']name["']:\s*(["'])(.*?)\1/g)].map(([, , name]) => name);
    text = named.length > 0 ? named.join("|") : [...text.matchAll(/(["'])(.*?)\1/g)].map(([, , name]) => name).join("|");
  }
  const separator = isList ? " " : (SEPARATORS.find((one) => text.includes(one)) ?? "|");
  return [...new Set(text.split(separator).map((genre) => genre.trim()))].filter((genre) => !NO_GENRES.has(genre));
}
