// What tells one set of ratings from another: a hash of its ids, values and weights,
// of the rows in any order and of the rows as they come.

import { mixedWords } from "../random-counter.js";
import type { RawId } from "./ids.js";
import type { RatingColumns } from "./rating-columns.js";
import { checkArguments } from "../options.js";
import { type Ratings, RATINGS_KIND } from "./ratings.js";
import { ratingsThatCount } from "./weights.js";
import { type Fingerprint, wholeOf } from "./share.js";

export type { Fingerprint } from "./share.js";

const known = new WeakMap<Ratings, Fingerprint>();

/** Asked again for the same ratings it is not computed again. */
export function fingerprintOf(ratings: Ratings): Fingerprint {
  checkArguments("fingerprintOf", { ratings: [ratings, RATINGS_KIND] });
  let fingerprint = known.get(ratings);
  if (!fingerprint) known.set(ratings, (fingerprint = wholeOf(ratings)?.fingerprint ?? computed(ratings)));
  return fingerprint;
}

function computed(ratings: Ratings): Fingerprint {
  const { users, items } = ratings;
  const counting = ratingsThatCount(ratings);
  const taking = new Fingerprinting(users.raw, items.raw, counting.count);
  taking.take(counting);
  return taking.fingerprint;
}

/** The bits of a weight of 1. */
const ONE = 0x3f800000;

/** Takes rows that count in their order, a part of them after another; its state goes from one process to the next. */
export class Fingerprinting {
  readonly #userHashes: Uint32Array;
  readonly #itemHashes: Uint32Array;
  /** Sums of the hashes of the rows, low and high, which know no order; two chains of products, which do. */
  state: Float64Array;

  /** @param count of all rows. */
  constructor(users: readonly RawId[], items: readonly RawId[], count: number) {
    [this.#userHashes, this.#itemHashes] = [hashesOf(users), hashesOf(items)];
    this.state = Float64Array.of(0, 0, count, 0x9e3779b9);
  }

  take({ user, item, value, weight }: RatingColumns): void {
    const bits = new Uint32Array(value.buffer, value.byteOffset, value.length);
    const weights = weight && new Uint32Array(weight.buffer, weight.byteOffset, weight.length);
    let [low, high, first, second] = this.state;
    for (let at = 0; at < value.length; at++) {
      // A weight of 1 leaves no trace: such ratings are the same as those without weights.
      const last = weights ? (0x7a57e ^ weights[at] ^ ONE) >>> 0 : 0x7a57e;
      const [a, b] = mixedWords(this.#userHashes[user[at]], this.#itemHashes[item[at]], bits[at], last);
      low = (low + a) >>> 0;
      high = (high + b) >>> 0;
      first = (Math.imul(first, 0x01000193) ^ a) >>> 0;
      second = (Math.imul(second, 0x85ebca6b) ^ b) >>> 0;
    }
    this.state = Float64Array.of(low, high, first, second);
  }

  get fingerprint(): Fingerprint {
    const [low, high, first, second] = this.state;
    return { set: hexadecimal(low, high), rows: hexadecimal(first, second) };
  }
}

/** A hash of each raw id. (FNV-1a over the text and its kind: 1 and "1" are two ids.) */
function hashesOf(raw: readonly RawId[]): Uint32Array {
  return Uint32Array.from(raw, (id) => {
    const text = typeof id === "number" ? `#${id}` : id;
    let hash = 0x811c9dc5;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return hash >>> 0;
  });
}

const hexadecimal = (...words: readonly number[]): string => words.map((word) => word.toString(16).padStart(8, "0")).join("");

/** What tells the ratings of two sets together, in whatever order, by what tells those of each. */
export function joinedSets({ set: a }: Fingerprint, { set: b }: Fingerprint): string {
  const words = (text: string): number[] => [0, 8].map((at) => Number.parseInt(text.slice(at, at + 8), 16));
  const [x, y] = [words(a), words(b)];
  return hexadecimal(...x.map((word, at) => (word + y[at]) >>> 0));
}
