// What film and book sites export: one person's own ratings, with titles and no column of people. They are nothing to
// train on, and all the more to be recommended by.

import { zipFolder } from "../src/ratings/archive.js";
import type { Shelf } from "./training-worker.js";

export interface OwnRatings {
  /** The site. */
  readonly site: string;
  readonly rows: readonly { readonly title: string; readonly year: string; readonly stars: number }[];
}

interface Layout {
  readonly site: string;
  /** Columns that no other layout has all of. */
  readonly columns: readonly string[];
  readonly title: string;
  readonly year: string;
  readonly rating: string;
  /** Highest rating. */
  readonly most: number;
}

const LAYOUTS: readonly Layout[] = [
  { site: "Letterboxd", columns: ["Name", "Year", "Letterboxd URI", "Rating"], title: "Name", year: "Year", rating: "Rating", most: 5 },
  { site: "IMDb", columns: ["Const", "Your Rating", "Title"], title: "Title", year: "Year", rating: "Your Rating", most: 10 },
  {
    site: "Goodreads",
    columns: ["Title", "Author", "My Rating"],
    title: "Title",
    year: "Original Publication Year",
    rating: "My Rating",
    most: 5,
  },
];

const MOST_BYTES = 20 * 2 ** 20;

/** @returns undefined for a file that is no such export. */
export async function ownRatings(file: File): Promise<OwnRatings | undefined> {
  if (file.size > MOST_BYTES) return undefined;
  const text = /\.zip$/i.test(file.name) ? await ratingsOfZip(file) : /\.csv$/i.test(file.name) ? await file.text() : undefined;
  if (text === undefined) return undefined;
  const { default: Papa } = await import("papaparse");
  const { data, meta } = Papa.parse<Record<string, string>>(text.replace(/^\uFEFF/, ""), { header: true, skipEmptyLines: true });
  const layout = LAYOUTS.find(({ columns }) => columns.every((name) => meta.fields?.includes(name)));
  if (!layout) return undefined;
  const rows = data.flatMap((row) => {
    // An empty cell, or 0, is a title that was seen or shelved and not rated.
    const rating = Number(row[layout.rating]);
    if (!(rating > 0) || rating > layout.most) return [];
    return [{ title: row[layout.title] ?? "", year: row[layout.year] ?? "", stars: Math.max(1, Math.round((rating / layout.most) * 5)) }];
  });
  return { site: layout.site, rows };
}

/** The table that Letterboxd's archive has at its top. */
async function ratingsOfZip(file: File): Promise<string | undefined> {
  const folder = zipFolder(file);
  const names = await folder.list();
  if (!names.includes("ratings.csv") || !names.some((name) => name.endsWith("watched.csv"))) return undefined;
  const source = await folder.open("ratings.csv");
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of source.stream()) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

/**
 * Stars by the ids of a model's titles, which hold their years: "Heat (1995)". Titles are compared without case,
 * accents, punctuation and leading articles; without a year, a title that is the only one of its name counts too.
 */
export function matched({ rows }: OwnRatings, shelf: Pick<Shelf, "ids" | "titles">): [id: string, stars: number][] {
  const byTitle = new Map<string, { id: string; year: string }[]>();
  shelf.titles.forEach((text, at) => {
    const [, title, year] = /^(.*?)(?: \((\d{4})\))?$/.exec(text)!;
    const key = plain(title);
    byTitle.set(key, [...(byTitle.get(key) ?? []), { id: String(shelf.ids[at]), year: year ?? "" }]);
  });
  const stars = new Map<string, number>();
  for (const row of rows) {
    const namesakes = byTitle.get(plain(row.title)) ?? [];
    // Sites disagree by a year on when a film came out.
    const near = namesakes.filter(({ year }) => year === "" || row.year === "" || Math.abs(Number(year) - Number(row.year)) <= 1);
    if (near.length === 1) stars.set(near[0].id, row.stars);
  }
  return [...stars];
}

/** "Matrix, The" is "The Matrix", and "Amelie" "Amélie". */
const plain = (title: string): string =>
  title
    .replace(/^(.*), (the|a|an)$/i, "$2 $1")
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("&", "and")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .replace(/^(the|a|an) /, "");
