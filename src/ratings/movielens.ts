// The layouts in which GroupLens publishes MovieLens, told by the files of a folder.

import { RatingsError } from "../errors.js";
import { Catalogue, type CatalogueEntry } from "./catalogue.js";
import { type DelimitedOptions, readDelimited } from "./delimited.js";
import type { Folder } from "./folder.js";
import { toRawId } from "./ids.js";

export interface Layout {
  readonly name: string;
  readonly ratings: string;
  readonly heldOut?: string | undefined;
  readonly catalogue?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly header?: boolean | undefined;
}

/** Genres of u.item's flags, in their order. The first, "unknown", is no genre. */
const U_ITEM_GENRES = [
  "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
  "Sci-Fi", "Thriller", "War", "Western",
]; // prettier-ignore
const U_ITEM_FIRST_FLAG = 5;
const NO_GENRES = "(no genres listed)";

/**
 * @throws RatingsError when no layout fits, or the ready-made split is not there.
 */
export function findLayout(folder: string, files: readonly string[], split?: string): Layout {
  const find = (...names: string[]): string | undefined =>
    files.find((file) => names.includes(file) || names.some((name) => file === `${name}.gz`));
  if (split !== undefined) {
    const [base, test] = [find(`${split}.base`), find(`${split}.test`)];
    if (!base || !test) {
      const there = files.filter((file) => file.endsWith(".base")).map((file) => file.slice(0, -5));
      throw new RatingsError(`${folder}: there are no ${split}.base and ${split}.test`, {
        remedy: there.length > 0 ? `the ready-made splits are ${there.join(", ")}` : "leave --split away to hold ratings out at random",
      });
    }
    return { name: `MovieLens, split ${split}`, ratings: base, heldOut: test, catalogue: find("u.item"), delimiter: "\t", header: false };
  }
  const csv = find("ratings.csv");
  if (csv) return { name: "MovieLens", ratings: csv, catalogue: find("movies.csv") };
  const dat = find("ratings.dat");
  if (dat) return { name: "MovieLens", ratings: dat, catalogue: find("movies.dat"), delimiter: "::", header: false };
  const data = find("u.data");
  if (data) return { name: "MovieLens", ratings: data, catalogue: find("u.item"), delimiter: "\t", header: false };
  const tables = files.filter((file) => /\.(csv|tsv)(\.gz)?$/.test(file));
  if (tables.length === 1) return { name: "one table", ratings: tables[0] };
  throw new RatingsError(
    `${folder}: no ratings.csv, ratings.dat or u.data is there${tables.length > 1 ? `, and ${tables.length} other tables` : ""}`,
    {
      remedy: "name the file that holds the ratings",
    },
  );
}

/** The catalogue file that stands beside a ratings file of this name. */
export function catalogueBeside(file: string): string | undefined {
  return (
    { "ratings.csv": "movies.csv", "ratings.dat": "movies.dat", "u.data": "u.item" }[file.replace(/\.gz$/, "")] ??
    (/^u[ab1-5]\.(base|test)$/.test(file) ? "u.item" : undefined)
  );
}

/** Titles and genres; an empty catalogue when the folder has none. */
export async function readCatalogue(
  folder: Folder,
  { catalogue }: Pick<Layout, "catalogue">,
  { signal }: Pick<DelimitedOptions, "signal"> = {},
): Promise<Catalogue> {
  if (!catalogue) return new Catalogue();
  const kind = catalogue.replace(/\.gz$/, "");
  const entries: CatalogueEntry[] = [];
  const settings = {
    "movies.csv": { delimiter: "," },
    "movies.dat": { delimiter: "::", encoding: "latin1" },
    "u.item": { delimiter: "|", encoding: "latin1" },
  } as const;
  const setting = settings[kind as keyof typeof settings];
  for await (const { rows } of readDelimited(await folder.open(catalogue), { ...setting, signal })) {
    for (const row of rows) {
      if (row.length < 2 || (kind === "movies.csv" && row[0] === "movieId")) continue;
      const genres =
        kind === "u.item"
          ? U_ITEM_GENRES.filter((_, flag) => flag > 0 && row[U_ITEM_FIRST_FLAG + flag] === "1")
          : (row[2] ?? "").split("|").filter((genre) => genre !== "" && genre !== NO_GENRES);
      entries.push({ id: toRawId(row[0].trim()), title: row[1].trim(), genres });
    }
  }
  return new Catalogue(entries);
}
