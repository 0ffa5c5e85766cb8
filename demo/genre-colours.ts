// Colours of genres on the map, one list per theme. They were chosen by a search: any two, and the grey of
// all other genres, lie at least 0.075 apart in OKLab, also as people without red or without green cones see
// them, and all stand out from the map.

/** Genres with a colour of their own; the rarer ones share the grey. */
export const MOST_COLOURS = 12;

export const GENRE_COLOURS = {
  light: ["#178dfb", "#590912", "#049e4c", "#002f56", "#57008b", "#a92160", "#295400", "#e96203", "#8c5f02", "#01668c", "#c65ecd", "#6f4ccd"],
  dark: ["#be2903", "#dff13f", "#07bbff", "#a02b93", "#036e44", "#0859cb", "#0bb568", "#ffbdaa", "#fc7703", "#68fffe", "#927aff", "#ff75c8"],
} as const; // prettier-ignore

/** The genres of a model's titles that have a colour, and which of them each title is shown in; −1: the grey. */
export interface Genres {
  readonly names: readonly string[];
  readonly ofItem: Int8Array;
}

/**
 * The most frequent genres have a colour. A title has that of its rarest genre: what is drama and western, is western.
 */
export function genresOf(genres: readonly (readonly string[])[]): Genres {
  const counts = new Map<string, number>();
  for (const names of genres) for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name]) => name)
    .slice(0, MOST_COLOURS);
  const place = new Map(names.map((name, at) => [name, at]));
  return { names, ofItem: Int8Array.from(genres, (of) => Math.max(-1, ...of.map((name) => place.get(name) ?? -1))) };
}

/** A CSS colour that follows the theme. */
export const genreColour = (at: number): string =>
  at < 0 ? "var(--other)" : `light-dark(${GENRE_COLOURS.light[at]}, ${GENRE_COLOURS.dark[at]})`;
