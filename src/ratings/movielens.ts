// The layouts of folders, told by their files: those in which GroupLens publishes MovieLens, RecBole's,
// Netflix', and tables in parts.

import { RatingsError } from "../errors.js";
import { firstOf, howMany } from "../shown.js";
import { Catalogue, type CatalogueEntry } from "./catalogue.js";
import { readItems } from "./items.js";
import { type DelimitedOptions, readDelimited } from "./delimited.js";
import type { Folder } from "./folder.js";
import { toRawId } from "./ids.js";
import type { Beside } from "./titles.js";
import { flaggedGenres } from "./read-features.js";

export interface Layout {
  readonly name: string;
  /** One file, or the parts of a table in their order. */
  readonly ratings: readonly string[];
  readonly heldOut?: string | undefined;
  readonly catalogue?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly header?: boolean | undefined;
}

const MOVIELENS_CATALOGUES = ["movies.csv", "movies.dat", "u.item"];
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
        remedy: there.length > 0 ? `the ready-made splits are ${there.join(", ")}` : "leave split out to hold ratings out at random",
      });
    }
    const catalogue = find("u.item") ?? files.find((file) => /\.item(\.gz)?$/.test(file));
    return { name: `MovieLens, split ${split}`, ratings: [base], heldOut: test, catalogue, delimiter: "\t", header: false };
  }
  const csv = find("ratings.csv");
  if (csv) return { name: "MovieLens", ratings: [csv], catalogue: find("movies.csv") };
  const dat = find("ratings.dat");
  if (dat) return { name: "MovieLens", ratings: [dat], catalogue: find("movies.dat"), delimiter: "::", header: false };
  const data = find("u.data");
  if (data) return { name: "MovieLens", ratings: [data], catalogue: find("u.item"), delimiter: "\t", header: false };
  const [interactions, ...others] = files.filter((file) => /\.inter(\.gz)?$/.test(file));
  if (interactions && others.length === 0) {
    return { name: "RecBole", ratings: [interactions], catalogue: files.find((file) => /\.item(\.gz)?$/.test(file)) };
  }
  const netflix = inOrder(files.filter((file) => /^(mv_\d+|combined_data_\d+)\.txt(\.gz)?$/.test(file)));
  if (netflix.length > 0) return { name: "Netflix", ratings: netflix, catalogue: find("movie_titles.csv", "movie_titles.txt") };
  const parts = inOrder(files.filter((file) => /^part-\d+/.test(file)));
  if (parts.length > 0) return { name: partsOf(parts.length), ratings: parts };
  const tables = files.filter((file) => /\.(csv|tsv|jsonl|ndjson|parquet|mtx|arff)(\.gz)?$/.test(file));
  if (tables.length === 1) return { name: "one table", ratings: tables };
  const stems = new Set(tables.map((file) => file.replaceAll(/\d+/g, "#")));
  if (tables.length > 1 && stems.size === 1) return { name: partsOf(tables.length), ratings: inOrder(tables) };
  const [only, ...rest] = files.filter((file) => !/^(readme|licen[cs]e|terms)\b/i.test(file));
  if (rest.length === 0 && /\.(txt|dat|data|json)(\.gz)?$/.test(only ?? "")) return { name: "one table", ratings: [only] };
  throw new RatingsError(
    `${folder}: no ratings.csv, ratings.dat or u.data is there${tables.length > 1 ? `, and ${tables.length} other tables` : ""}`,
    {
      remedy: `give the file that holds the ratings, by itself${tables.length > 1 ? `: ${firstOf(tables, 5)}` : ""}`,
    },
  );
}

const partsOf = (count: number): string => `a table in ${howMany(count, "part")}`;

/** By their numbers: part 10 behind part 9. */
const inOrder = (files: readonly string[]): string[] => [...files].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));

/** The catalogue file that stands beside a ratings file of this name. */
export function catalogueBeside(file: string): string | undefined {
  return (
    { "ratings.csv": "movies.csv", "ratings.dat": "movies.dat", "u.data": "u.item" }[file.replace(/\.gz$/, "")] ??
    (/^u[ab1-5]\.(base|test)$/.test(file) ? "u.item" : undefined) ??
    (/^combined_data_\d+\.txt(\.gz)?$/.test(file) ? "movie_titles.csv" : undefined) ??
    /^(.*)\.inter(\.gz)?$/.exec(file)?.[1].concat(".item")
  );
}

/** Titles and genres, and their file; undefined when the folder has none. */
export async function titlesBeside(
  folder: Folder,
  { catalogue: file }: Pick<Layout, "catalogue">,
  options: Pick<DelimitedOptions, "signal"> = {},
): Promise<Beside | undefined> {
  return file === undefined ? undefined : { catalogue: await readCatalogue(folder, file, options), file };
}

async function readCatalogue(folder: Folder, file: string, { signal }: Pick<DelimitedOptions, "signal">): Promise<Catalogue> {
  const kind = file.replace(/\.gz$/, "");
  if (!MOVIELENS_CATALOGUES.includes(kind)) return await readItems(await folder.open(file), { signal });
  const entries: CatalogueEntry[] = [];
  const settings = {
    "movies.csv": { delimiter: "," },
    "movies.dat": { delimiter: "::" },
    "u.item": { delimiter: "|" },
  } as const;
  const setting = settings[kind as keyof typeof settings];
  for await (const { rows } of readDelimited(await folder.open(file), { ...setting, signal })) {
    for (const row of rows) {
      if (row.length < 2 || (kind === "movies.csv" && row[0] === "movieId")) continue;
      const genres =
        kind === "u.item" ? flaggedGenres(row) : (row[2] ?? "").split("|").filter((genre) => genre !== "" && genre !== NO_GENRES);
      entries.push({ id: toRawId(row[0].trim()), title: row[1].trim(), genres });
    }
  }
  return new Catalogue(entries);
}
