// Invented ratings of real films: people who never lived, whose tastes are mixtures of genre, mood, era, director and
// series. The films and what is said of them stand in data/films.txt, which was written down from common knowledge.

import table from "../../data/films.txt?raw";
import { OptionsError } from "../errors.js";
import { grouped, howMany } from "../shown.js";
import { checkOptions, namesOf, finiteFrom, WHOLE, wholeFrom } from "../options.js";
import { type Random, seededRandom } from "../random.js";
import { Catalogue } from "./catalogue.js";
import { Ids } from "./ids.js";
import { Ratings } from "./ratings.js";
import { ratingsOfEachUser } from "./synthetic.js";

/** A film and what the invented people go by. */
export interface Film {
  /** Without the year. */
  readonly title: string;
  readonly year: number;
  /** The leading one first. */
  readonly genres: readonly string[];
  readonly director: string;
  /** Empty when it belongs to none. */
  readonly series: string;
  /** One word. */
  readonly mood: string;
  /** How widely seen, 1 to 5: a guess. */
  readonly seen: number;
  /** How well liked, 1 to 5: a guess. */
  readonly liked: number;
}

/** Sizes of the invented ratings of real films. */
export interface FilmRatingsOptions {
  /** M. Default 1000. */
  readonly users?: number | undefined;
  /** L, at least M, at most half of all pairs. Default 60,000. */
  readonly ratings?: number | undefined;
  /** Standard deviation of the noise, stars, ≥ 0. Default 0.5. */
  readonly noise?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

const FILM_NAMES = namesOf<FilmRatingsOptions>({ users: wholeFrom(1), ratings: wholeFrom(1), noise: finiteFrom(0), seed: WHOLE });

let known: readonly Film[] | undefined;

/**
 * The films that the library knows by itself, by year. In {@link filmRatings} their ids
 * are their places in this list, from 1.
 */
export function films(): readonly Film[] {
  known ??= table
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [title, year, genres, director, series, mood, seen, liked] = line.split(";");
      return { title, year: Number(year), genres: genres.split(","), director, series, mood, seen: Number(seen), liked: Number(liked) };
    });
  return known;
}

/**
 * What people like, and what they like less for it: by genre, mood, era (its decade's name below), director and series.
 */
const TASTES: readonly Readonly<Record<string, number>>[] = [
  { Action: 1, Adventure: 0.6, "Science Fiction": 0.3, wild: 0.7, Romance: -0.4, thoughtful: -0.4, early: -0.5 },
  { Romance: 1, tender: 0.8, sad: 0.2, Action: -0.5, Horror: -0.5, War: -0.3 },
  { Comedy: 0.9, funny: 1, playful: 0.4, witty: 0.4, sad: -0.6, dark: -0.5, War: -0.3 },
  { Family: 1, Animation: 0.8, warm: 0.7, Horror: -0.7, dark: -0.6, Crime: -0.4 },
  { "Studio Ghibli": 1.2, Animation: 0.8, dreamy: 0.7, Fantasy: 0.3, "Satoshi Kon": 0.8, wild: -0.2 },
  { Fantasy: 1, epic: 0.8, Adventure: 0.6, "Middle-earth": 1, "Harry Potter": 0.9, Crime: -0.5, Drama: -0.4, Thriller: -0.3 },
  { "Science Fiction": 1, thoughtful: 0.4, "Star Wars": 0.6, "Star Trek": 0.8, Alien: 0.4, Romance: -0.4, Musical: -0.5 },
  { Horror: 1.3, dark: 0.6, tense: 0.3, Family: -0.5, Musical: -0.4, Romance: -0.4 },
  { Crime: 1, Thriller: 0.6, dark: 0.4, tense: 0.4, Family: -0.6, Fantasy: -0.5, Musical: -0.4 },
  { early: 1.3, middle: 0.5, Western: 0.5, witty: 0.3, recent: -0.6, wild: -0.3, "Science Fiction": -0.3 },
  { Drama: 0.5, thoughtful: 0.9, strange: 0.5, sad: 0.4, Action: -0.6, Family: -0.4, funny: -0.3 },
  { Musical: 1.3, uplifting: 0.6, Romance: 0.3, Crime: -0.4, Horror: -0.5, War: -0.3 },
  { War: 1, History: 0.9, epic: 0.5, Animation: -0.4, Comedy: -0.4, Fantasy: -0.3 },
  { Marvel: 1.3, "Spider-Man": 1.1, Batman: 0.9, "X-Men": 1, DC: 0.8, Superman: 0.7, recent: 0.3, early: -0.4, Drama: -0.2 },
  { strange: 1.1, dreamy: 0.4, "David Lynch": 0.8, "Terry Gilliam": 0.5, Horror: 0.2, uplifting: -0.6, Family: -0.3 },
];
/** Standard deviations, stars: of users' severity, of their tastes, and of what they make of directors and series. */
const DEVIATION = { users: 0.35, taste: 0.75, maker: 0.45 };
const MEAN = 3.2;
/** What a step of "liked" is worth, and one of "seen", and how far films of the same steps lie apart, stars. */
const LIKED = { step: 0.35, seen: 0.08, spread: 0.12 };
/** How much likelier a film is seen a step of "seen" up, and with a star more of taste. */
const SEEN = { step: 2.2, taste: 1.4 };
/** Dimensions in which directors and series differ, and users' views of them. */
const MAKER_FACTORS = 4;

/**
 * Ratings of real films by invented people, in half stars from 0.5 to 5. Users are numbered from 1, films from 1 in the
 * order of {@link films}. People see what is well known and what they will probably like.
 *
 * @throws OptionsError for sizes that cannot be met, a negative noise, or a seed that is no whole number.
 */
export function filmRatings(options: FilmRatingsOptions = {}): Ratings {
  checkOptions("filmRatings", options, FILM_NAMES);
  const { users: M = 1000, ratings: L = 60_000, noise = 0.5, seed = 1 } = options;
  const all = films();
  const N = all.length;
  const most = M * Math.floor(N / 2);
  if (L < M || L > most)
    throw new OptionsError(
      `${howMany(L, "rating")} by ${howMany(M, "user")} of ${howMany(N, "film")}: there must be from ${grouped(M)} to ${grouped(most)} ratings`,
    );
  const random = seededRandom(seed);
  const appeal = appealOf(all);
  const makers = inventMakers(all, random);
  const wellKnown = all.map(({ seen }) => SEEN.step ** seen);
  const base = all.map(({ liked, seen }) => MEAN + LIKED.step * (liked - 3) + LIKED.seen * (seen - 3) + LIKED.spread * random.normal());

  const user = new Uint32Array(L);
  const item = new Uint32Array(L);
  const value = new Float32Array(L);
  const items = new Ids();
  const counts = ratingsOfEachUser(M, N, L, random);
  let at = 0;
  for (let m = 0; m < M; m++) {
    const severity = DEVIATION.users * random.normal();
    const taste = tasteOf(appeal, makers, random);
    for (const n of seenBy(wellKnown, taste, counts[m], random)) {
      user[at] = m;
      item[at] = items.add(n + 1);
      value[at++] = Math.min(5, Math.max(0.5, Math.round((base[n] + severity + taste[n] + noise * random.normal()) * 2) / 2));
    }
  }
  const users = new Ids(Array.from({ length: M }, (_, m) => m + 1));
  const entries = all.map(({ title, year, genres }, n) => ({ id: n + 1, title: `${title} (${year})`, genres }));
  return new Ratings({ user, item, value }, users, items, new Catalogue(entries));
}

const eraOf = (year: number): string => (year < 1970 ? "early" : year < 2000 ? "middle" : "recent");

/** How much each film offers to each taste, film after film, with mean 0 over the films. */
function appealOf(all: readonly Film[]): Float64Array {
  const T = TASTES.length;
  const appeal = new Float64Array(all.length * T);
  for (const [n, { year, genres, director, series, mood }] of all.entries()) {
    const [leading, ...others] = genres;
    const traits = [leading, mood, eraOf(year), director, series];
    for (const [t, taste] of TASTES.entries()) {
      const of = (names: readonly string[]): number => names.reduce((sum, name) => sum + (taste[name] ?? 0), 0);
      appeal[n * T + t] = of(traits) + 0.6 * of(others);
    }
  }
  for (let t = 0; t < T; t++) {
    let sum = 0;
    for (let at = t; at < appeal.length; at += T) sum += appeal[at];
    for (let at = t; at < appeal.length; at += T) appeal[at] -= sum / all.length;
  }
  return appeal;
}

/** Factors of every film's director and series, film after film: films of one series, or by one director, share them. */
function inventMakers(all: readonly Film[], random: Random): Float64Array {
  const factors = new Map<string, Float64Array>();
  const spread = Math.sqrt(DEVIATION.maker / Math.sqrt(2 * MAKER_FACTORS));
  const factorsOf = (name: string): Float64Array => {
    const known = factors.get(name) ?? Float64Array.from({ length: MAKER_FACTORS }, () => spread * random.normal());
    factors.set(name, known);
    return known;
  };
  const makers = new Float64Array(all.length * MAKER_FACTORS);
  for (const [n, { title, director, series }] of all.entries()) {
    const [ofDirector, ofSeries] = [factorsOf(director), factorsOf(series || title)];
    for (let k = 0; k < MAKER_FACTORS; k++) makers[n * MAKER_FACTORS + k] = ofDirector[k] + ofSeries[k];
  }
  return makers;
}

/** What one invented person adds to the rating of each film: two or three tastes that weigh much, the others little. */
function tasteOf(appeal: Float64Array, makers: Float64Array, random: Random): Float64Array {
  const weights = Float64Array.from(TASTES, () => 0.25 * random.normal());
  for (let left = 2 + random.below(2); left > 0; left--) weights[random.below(TASTES.length)] += 0.6 + 0.6 * random.uniform();
  const spread = Math.sqrt(DEVIATION.maker / Math.sqrt(2 * MAKER_FACTORS));
  const views = Float64Array.from({ length: MAKER_FACTORS }, () => spread * random.normal());
  const taste = new Float64Array(makers.length / MAKER_FACTORS);
  for (let n = 0; n < taste.length; n++) taste[n] = dotAt(weights, appeal, n);
  const scale = DEVIATION.taste / Math.sqrt(dotAt(taste, taste, 0) / taste.length);
  for (let n = 0; n < taste.length; n++) taste[n] = scale * taste[n] + dotAt(views, makers, n);
  return taste;
}

/**
 * Films drawn without replacement, each with a chance by how well it is known and how much it would be liked:
 * the first to come in of so many clocks.
 */
function seenBy(wellKnown: readonly number[], taste: Float64Array, count: number, random: Random): readonly number[] {
  const keen = Math.log(SEEN.taste);
  const times = new Float64Array(taste.length);
  for (let n = 0; n < times.length; n++) times[n] = -Math.log(1 - random.uniform()) / (wellKnown[n] * Math.exp(keen * taste[n]));
  const last = ranked(times.slice(), count - 1);
  const seen: number[] = [];
  for (let n = 0; n < times.length && seen.length < count; n++) if (times[n] <= last) seen.push(n);
  return seen;
}

/** The number at a place of the ascending order: Hoare's selection, which moves the numbers about. */
function ranked(numbers: Float64Array, place: number): number {
  let [from, to] = [0, numbers.length - 1];
  while (from < to) {
    const pivot = numbers[place];
    let [low, high] = [from, to];
    while (low <= high) {
      while (numbers[low] < pivot) low++;
      while (numbers[high] > pivot) high--;
      if (low > high) break;
      const moved = numbers[low];
      numbers[low++] = numbers[high];
      numbers[high--] = moved;
    }
    if (high < place) from = low;
    if (low > place) to = high;
  }
  return numbers[place];
}

/** The product with row n of rows that follow one another. */
function dotAt(a: Float64Array, rows: Float64Array, n: number): number {
  const from = n * a.length;
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * rows[from + k];
  return sum;
}
