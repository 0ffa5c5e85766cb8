// What a visitor has rated, in stars, and what that means on the data's own scale.

import type { RawId, RatingStatistics } from "../src/index.js";
import type { Shelf } from "./training-worker.js";

export const MOST_STARS = 5;

/** Ratings by raw id, so that they outlive a new training on the same data. */
export class Taste {
  #stars = new Map<RawId, number>();
  #shelf: Shelf | undefined;
  #indices = new Map<RawId, number>();

  /** Takes up a model's titles, and what the visitor gave those of this name in earlier visits. */
  setShelf(shelf: Shelf): void {
    const isOther = this.#shelf?.name !== shelf.name;
    this.#shelf = shelf;
    this.#indices = new Map(shelf.ids.map((id, item) => [id, item]));
    if (isOther) this.#stars = new Map(remembered(shelf.name));
    for (const id of this.#stars.keys()) if (!this.#indices.has(id)) this.#stars.delete(id);
  }

  /** Takes these ratings for the visitor's, in the place of all others. Titles that are not known are left out. */
  replace(stars: Iterable<readonly [id: string, stars: number]>): void {
    const ids = new Map(this.#shelf!.ids.map((id) => [String(id), id]));
    this.#stars = new Map();
    for (const [name, value] of stars) {
      const id = ids.get(name);
      if (id !== undefined && Number.isInteger(value) && value >= 1 && value <= MOST_STARS) this.#stars.set(id, value);
    }
    this.#remember();
  }

  /** Ids as text and stars, in the order in which they were given. */
  entries(): [id: string, stars: number][] {
    return [...this.#stars].map(([id, stars]) => [String(id), stars]);
  }

  /** Undefined for a title of another model, which an answer may come from that was asked for before. */
  indexOf(id: RawId): number | undefined {
    return this.#indices.get(id);
  }

  /** @param stars from 1 to 5; 0 takes the rating back. */
  rate(item: number, stars: number): void {
    const id = this.#shelf!.ids[item];
    if (stars === 0) this.#stars.delete(id);
    else this.#stars.set(id, stars);
    this.#remember();
  }

  #remember(): void {
    try {
      const key = keyOf(this.#shelf!.name);
      if (this.#stars.size === 0) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify([...this.#stars]));
    } catch {
      // The ratings last as long as the page.
    }
  }

  starsOf(item: number): number {
    return this.#stars.get(this.#shelf!.ids[item]) ?? 0;
  }

  /** Items and stars, the last rated first. */
  rated(): [item: number, stars: number][] {
    return [...this.#stars].map(([id, stars]): [number, number] => [this.indexOf(id)!, stars]).reverse();
  }

  /** Ids and ratings in the data's units. */
  ratings(): [id: RawId, rating: number][] {
    return this.rated().map(([item, stars]) => [this.#shelf!.ids[item], ratingOf(stars, this.#shelf!.statistics)]);
  }
}

/** Stars as a rating: as they are where ratings go up to 5, else spread over the data's scale. */
function ratingOf(stars: number, { minimum, maximum }: RatingStatistics): number {
  if (maximum === MOST_STARS) return stars;
  return minimum + ((stars - 1) / (MOST_STARS - 1)) * (maximum - minimum);
}

/** Forgets what the visitor gave the titles of this name. */
export function forgetRatings(name: string): void {
  try {
    localStorage.removeItem(keyOf(name));
  } catch {
    // Nothing was kept.
  }
}

const keyOf = (name: string): string => `ratings of ${name}`;

function remembered(name: string): [RawId, number][] {
  try {
    return JSON.parse(localStorage.getItem(keyOf(name)) ?? "[]") as [RawId, number][];
  } catch {
    return [];
  }
}
