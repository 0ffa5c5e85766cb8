// Invented ratings, seeded: a low-rank truth with biases and noise, power-law popularity,
// genres that shape the items, invented titles.

import { OptionsError } from "../errors.js";
import { grouped, howMany } from "../shown.js";
import { checkOptions, finiteFrom, namesOf, SWITCH, WHOLE, wholeFrom } from "../options.js";
import { type Random, seededRandom } from "../random.js";
import { Catalogue, type CatalogueEntry } from "./catalogue.js";
import { Ids } from "./ids.js";
import { Ratings } from "./ratings.js";

/** Sizes and truth of invented ratings. */
export interface SyntheticOptions {
  /** M. Default 600. */
  readonly users?: number | undefined;
  /** N. Default 400. */
  readonly items?: number | undefined;
  /** L, from the larger of M and N to M·N. Default 30,000. */
  readonly ratings?: number | undefined;
  /** Rank of the truth. Default 4. */
  readonly factors?: number | undefined;
  /** Standard deviation of the noise, rating units, ≥ 0. Default 0.7. */
  readonly noise?: number | undefined;
  /** Whether items have genres, which shape their factors. Default true. */
  readonly genres?: boolean | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

const SYNTHETIC_NAMES = namesOf<SyntheticOptions>({
  users: wholeFrom(1),
  items: wholeFrom(1),
  ratings: wholeFrom(1),
  factors: wholeFrom(1),
  noise: finiteFrom(0),
  genres: SWITCH,
  seed: WHOLE,
});

/** Sizes of real sets, for benchmarks. */
export const SYNTHETIC_SHAPES = {
  "ml-1m": { users: 6040, items: 3706, ratings: 1_000_209 },
  "ml-10m": { users: 69_878, items: 10_677, ratings: 10_000_054 },
  "ml-25m": { users: 162_541, items: 59_047, ratings: 25_000_095 },
} as const;

const MEAN = 3.5;
const BIAS_DEVIATION = { users: 0.35, items: 0.45 };
/** Deviation of u·v, rating units. */
const TASTE_DEVIATION = 0.5;
/** Exponents of the power law: activity ∝ (rank + offset)^−exponent. */
const POPULARITY = { users: 0.7, items: 0.9, offset: 8 };

/**
 * Ratings in half stars from 0.5 to 5, every user and item with at least one, no pair twice. Users and items are
 * numbered from 1. The truth is r = 3.5 + b_m + b_n + u_m·v_n + noise; an item's v is the sum of its genres'
 * factors over √(genres), plus its own.
 *
 * @throws OptionsError for sizes that cannot be met, a negative noise, or a seed that is no whole number.
 */
export function syntheticRatings(options: SyntheticOptions = {}): Ratings {
  checkOptions("syntheticRatings", options, SYNTHETIC_NAMES);
  const { users: M = 600, items: N = 400, ratings: L = 30_000, factors: K = 4, noise = 0.7, genres: withGenres = true, seed = 1 } = options;
  if (L < Math.max(M, N) || L > M * N) {
    throw new OptionsError(
      `${howMany(L, "rating")} of ${howMany(M, "user")} and ${howMany(N, "item")}: there must be from ${grouped(Math.max(M, N))} to ${grouped(M * N)} ratings`,
    );
  }
  const random = seededRandom(seed);
  const genres = Array.from({ length: N }, () => (withGenres ? inventGenres(random) : []));
  const truth = inventTruth(M, N, K, genres, random);

  const user = new Uint32Array(L);
  const item = new Uint32Array(L);
  const value = new Float32Array(L);
  const counts = ratingsOfEachUser(M, N, L, random);
  const drawItem = powerLaw(N, POPULARITY.items, random);
  // Raw ids are drawn by popularity rank; the ratings columns hold indices in order of first appearance.
  const items = new Ids();
  const indexOf = new Int32Array(N).fill(-1);
  const lastUser = new Int32Array(N).fill(-1);
  // Every item is given to one user before popularity decides.
  let unrated = 0;
  let owed = 0;
  let at = 0;
  for (let m = 0; m < M; m++) {
    owed += (counts[m] / L) * N;
    for (let left = counts[m]; left > 0; left--) {
      let n = unrated < N && unrated < owed && lastUser[unrated] !== m ? unrated : drawItem();
      for (let tries = 0; lastUser[n] === m; tries++) n = tries < 50 ? drawItem() : (n + 1) % N;
      while (unrated < N && (lastUser[unrated] >= 0 || unrated === n)) unrated++;
      lastUser[n] = m;
      if (indexOf[n] < 0) indexOf[n] = items.add(n + 1);
      user[at] = m;
      item[at] = indexOf[n];
      const exact =
        MEAN + truth.userBiases[m] + truth.itemBiases[n] + dot(truth.userFactors, m, truth.itemFactors, n, K) + noise * random.normal();
      value[at++] = Math.min(5, Math.max(0.5, Math.round(exact * 2) / 2));
    }
  }
  const users = new Ids(Array.from({ length: M }, (_, m) => m + 1));
  const entries = genres.map((names, n): CatalogueEntry => ({ id: n + 1, title: inventTitle(n, seed), genres: names }));
  return new Ratings({ user, item, value }, users, items, new Catalogue(entries));
}

function dot(a: Float32Array, row: number, b: Float32Array, column: number, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += a[row * K + k] * b[column * K + k];
  return sum;
}

function inventTruth(M: number, N: number, K: number, genres: readonly string[][], random: Random) {
  const normals = (count: number, deviation: number): Float32Array =>
    Float32Array.from({ length: count }, () => deviation * random.normal());
  const spread = Math.sqrt(TASTE_DEVIATION / Math.sqrt(K));
  const genreFactors = new Map(GENRES.map((name) => [name, normals(K, spread)]));
  const itemFactors = normals(N * K, genres[0].length > 0 ? spread * 0.5 : spread);
  genres.forEach((names, n) => {
    for (const name of names) genreFactors.get(name)!.forEach((f, k) => (itemFactors[n * K + k] += f / Math.sqrt(names.length)));
  });
  return {
    userFactors: normals(M * K, spread),
    itemFactors,
    userBiases: normals(M, BIAS_DEVIATION.users),
    itemBiases: normals(N, BIAS_DEVIATION.items),
  };
}

/**
 * Whole numbers that follow a power law, shuffled over the users, adding up to L, each
 * from 1 to N/2 or what a dense L needs.
 */
export function ratingsOfEachUser(M: number, N: number, L: number, random: Random): Uint32Array {
  const most = Math.max(Math.floor(N / 2), Math.ceil(L / M));
  const weights = Float64Array.from({ length: M }, (_, rank) => (rank + POPULARITY.offset) ** -POPULARITY.users);
  for (let m = M - 1; m > 0; m--) {
    const other = random.below(m + 1);
    [weights[m], weights[other]] = [weights[other], weights[m]];
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = Uint32Array.from(weights, (weight) => Math.min(most, Math.max(1, Math.floor((weight / total) * L))));
  // Rounding and clamping leave some over or under: spread them one by one.
  let left = L - counts.reduce((sum, count) => sum + count, 0);
  for (let m = 0; left !== 0; m = (m + 1) % M) {
    const step = left > 0 ? Number(counts[m] < most) : -Number(counts[m] > 1);
    counts[m] += step;
    left -= step;
  }
  return counts;
}

/** Draws ranks 0 … count − 1 with probability ∝ (rank + offset)^−exponent, by inverting the cumulative distribution. */
function powerLaw(count: number, exponent: number, random: Random): () => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) cumulative[rank] = sum += (rank + POPULARITY.offset) ** -exponent;
  return () => {
    const wanted = random.uniform() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

const GENRES = [
  "Adventure",
  "Animation",
  "Comedy",
  "Crime",
  "Documentary",
  "Drama",
  "Fantasy",
  "Horror",
  "Mystery",
  "Romance",
  "Science Fiction",
  "Thriller",
];

function inventGenres(random: Random): string[] {
  const wanted = 1 + random.below(3);
  const names = new Set<string>();
  while (names.size < wanted) names.add(GENRES[random.below(GENRES.length)]);
  return [...names].sort();
}

const ADJECTIVES = [
  "Amber", "Borrowed", "Broken", "Copper", "Crimson", "Distant", "Electric", "Empty", "Endless", "Fallen", "First", "Forgotten", "Frozen", "Gentle", "Glass", "Golden",
  "Hidden", "Hollow", "Iron", "Last", "Little", "Lost", "Lucky", "Midnight", "Northern", "Paper", "Patient", "Quiet", "Restless", "Salt", "Second", "Secret", "Silver",
  "Sleeping", "Slow", "Sudden", "Thirteenth", "Velvet", "Wandering", "Winter",
]; // prettier-ignore
const NOUNS = [
  "Airship", "Astronomer", "Baker", "Bridge", "Carnival", "Cartographer", "Clockmaker", "Comet", "Detective", "Dragonfly", "Elevator", "Ferry", "Fortune", "Garden",
  "Harbour", "Hotel", "Inheritance", "Island", "Kingdom", "Lantern", "Letter", "Lighthouse", "Locomotive", "Machine", "Map", "Mirror", "Mountain", "Neighbour", "Orchard",
  "Orchestra", "Painter", "Parade", "Pilot", "Postman", "Promise", "Railway", "River", "Robot", "Season", "Shadow", "Smuggler", "Storm", "Submarine", "Summer", "Telescope",
  "Thief", "Valley", "Violin", "Voyage", "Witness",
]; // prettier-ignore
const PLACES = [
  "",
  " of Avalon",
  " in the Rain",
  " at Dawn",
  " of the North",
  " Returns",
  " and the Sea",
  " by Moonlight",
  " of Winter",
  " on Elm Street",
  " in Lisbon",
  " from Afar",
];
const FIRST_YEAR = 1931;
const YEARS = 90;

/**
 * A title of its own for every item up to 2,160,000: the number is scattered over the parts
 * by a step coprime to their product.
 */
function inventTitle(n: number, seed: number): string {
  const combinations = ADJECTIVES.length * NOUNS.length * PLACES.length * YEARS;
  const STEP = 1_234_577;
  const remainder = (n * STEP + (seed % combinations) * 7919) % combinations;
  let left = remainder < 0 ? remainder + combinations : remainder;
  const part = (size: number): number => {
    const index = left % size;
    left = Math.floor(left / size);
    return index;
  };
  const [noun, adjective] = [NOUNS[part(NOUNS.length)], ADJECTIVES[part(ADJECTIVES.length)]];
  const year = FIRST_YEAR + part(YEARS);
  return `The ${adjective} ${noun}${PLACES[part(PLACES.length)]} (${year})`;
}
