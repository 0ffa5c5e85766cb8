// A table of invented ratings in MovieLens' layout: by user and then by item, ids with gaps,
// half stars, times in seconds.

import { closeSync, openSync, writeSync } from "node:fs";
import { seededRandom } from "../src/random.js";
import { buildCsr } from "../src/ratings/csr.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";

/** Raw item ids go this far in ml-25m, for 59,047 films. */
const LARGEST_ITEM_ID = 209_171;
/** 9 January 1995 to 21 November 2019, as there. */
const TIMES = { first: 789_652_009, last: 1_574_327_703 };
const PIECE_CHARACTERS = 1 << 22;

/** Users and items in the proportions of ml-25m. */
export function shapeOf(ratings: number): { users: number; items: number; ratings: number } {
  const { users, items, ratings: all } = SYNTHETIC_SHAPES["ml-25m"];
  return {
    users: Math.max(1, Math.round((users / all) * ratings)),
    items: Math.min(items, Math.max(1, Math.round(ratings / 20))),
    ratings,
  };
}

export function writeRatingsFile(path: string, rows: number): void {
  const { users, items, ratings } = shapeOf(rows);
  const invented = syntheticRatings({ users, items, ratings, genres: false, factors: 1 });
  const random = seededRandom(2);
  const gap = LARGEST_ITEM_ID / items;
  const { start, index, value } = buildCsr(invented, "users", users);
  const file = openSync(path, "w");
  let text = "userId,movieId,rating,timestamp\n";
  for (let m = 0; m < users; m++) {
    const rated = Array.from(index.subarray(start[m], start[m + 1]), (n, at) => [
      Math.ceil((invented.items.rawAt(n) as number) * gap),
      value[start[m] + at],
    ]).sort(([a], [b]) => a - b);
    let time = TIMES.first + random.below(TIMES.last - TIMES.first);
    for (const [id, stars] of rated) {
      time += random.below(60);
      text += `${m + 1},${id},${stars.toFixed(1)},${time}\n`;
    }
    if (text.length > PIECE_CHARACTERS || m === users - 1) {
      writeSync(file, text);
      text = "";
    }
  }
  closeSync(file);
}
