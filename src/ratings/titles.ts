// Titles that stand beside ratings in a file that nobody has named: whether they are those of the rated items, and who
// is told so.

import { grouped, howMany, shown } from "../shown.js";
import { Catalogue } from "./catalogue.js";
import { simplified } from "./column-names.js";
import type { Ids } from "./ids.js";
import type { Understanding } from "./table.js";

/** A catalogue that stands beside ratings, and the name of its file. */
export interface Beside {
  readonly catalogue: Catalogue;
  readonly file: string;
}

/** Where titles are from, and how many of the rated items have one. */
export interface TitlesFrom {
  readonly file: string;
  readonly items: number;
  readonly among: number;
}

/** The titles that are taken, and what a person should know of them. */
export interface Titles {
  readonly catalogue: Catalogue;
  readonly titles?: TitlesFrom | undefined;
  readonly warnings: readonly string[];
}

const FILMS = /^(movies\.csv|movies\.dat|u\.item|movie_titles\.(csv|txt))(\.gz)?$/;
/** Things by whose ids no film is known. */
const NO_FILMS =
  /^(books?|isbn|asin|parentasin|tracks?|songs?|artists?|albums?|business|restaurants?|animes?|games?|jokes?|articles?|news|apps?|recipes?|courses?|hotels?|places?|venues?|listings?|beers?|beerbeer|stockcode|sku|podcasts?)(id|key|idx|index|name|title)?$/;

/** How many items have a title in a catalogue. */
export const titled = (catalogue: Catalogue, items: Ids): number =>
  items.raw.reduce<number>((sum, id) => sum + Number(catalogue.get(id) !== undefined), 0);

/** The titles beside ratings, unless they are of other things or of none of the rated items. */
export function titlesFor(beside: Beside | undefined, items: Ids, { columns }: Understanding): Titles {
  if (!beside) return { catalogue: new Catalogue(), warnings: [] };
  const { catalogue, file } = beside;
  const place = file.split(/[\\/]/).at(-1)!;
  // The name of the items' column, as it is told to people.
  const [, column = ""] = /(?:^|, )([^,]+) → item(?![^,;])/.exec(columns) ?? [];
  const known = titled(catalogue, items);
  const leftOut = (why: string): Titles => ({
    catalogue: new Catalogue(),
    warnings: [`${file} beside the ratings is left out: ${why}; given as catalogue, it is taken all the same`],
  });
  if (FILMS.test(place) && NO_FILMS.test(simplified(column)))
    return leftOut(`its titles are of films, and the items are by ${shown(column)}`);
  if (known === 0 && catalogue.size > 0)
    return leftOut(`none of its ${howMany(catalogue.size, "title")} is of the ${grouped(items.size)} rated items`);
  return { catalogue, titles: { file: place, items: known, among: items.size }, warnings: [] };
}
