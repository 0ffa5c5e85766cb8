// What models are worth as recommenders: every ranking metric of `implicit`, `logistic`, `als` and `vb` on ratings
// (--data) and on invented counts, for the rows in the order of the file and shuffled. Ratings are sorted by their ids
// first, so that both give the same numbers; how much they differ without it is told apart.

import { basename } from "node:path";
import { rankingMetrics, type RankingMetrics } from "../src/metrics/ranking.js";
import type { RankingValues } from "../src/metrics/ranked-list.js";
import { seededRandom } from "../src/random.js";
import { readPath } from "../src/ratings/files.js";
import { Ids } from "../src/ratings/ids.js";
import { Ratings } from "../src/ratings/ratings.js";
import { sortedRatings } from "../src/ratings/sorted.js";
import { splitRatings } from "../src/ratings/split.js";
import { syntheticRatings } from "../src/ratings/synthetic.js";
import { fit, type FitOptions } from "../src/training/fit.js";
import type { BenchOptions } from "./options.js";

interface Entry {
  readonly name: string;
  readonly options: FitOptions;
}

const FACTORS = 10;
/** Ratings of this many stars are relevant. */
const RELEVANT = 4;

const ON_RATINGS: readonly Entry[] = [
  { name: "implicit", options: { model: "implicit", sweeps: 20 } },
  { name: "logistic, 4 stars against fewer", options: { model: "logistic", positiveThreshold: RELEVANT, sweeps: 30 } },
  { name: "logistic, 4 negatives a like", options: { model: "logistic", positiveThreshold: RELEVANT, negatives: 4, sweeps: 30 } },
  { name: "als", options: { model: "als", tauUsers: 20, tauItems: 20, sweeps: 20 } },
  { name: "vb", options: { model: "vb", sweeps: 20 } },
];
const ON_COUNTS: readonly Entry[] = [
  { name: "implicit", options: { model: "implicit", confidence: 0.2, sweeps: 20 } },
  { name: "logistic, 4 negatives a play", options: { model: "logistic", negatives: 4, sweeps: 30 } },
  { name: "als", options: { model: "als", sweeps: 20 } },
  { name: "vb", options: { model: "vb", sweeps: 20 } },
];

const COLUMNS: readonly (readonly [name: keyof RankingValues, title: string])[] = [
  ["precision", "prec@10"],
  ["cappedPrecision", "of min"],
  ["recall", "recall@10"],
  ["hitRate", "hits@10"],
  ["ndcg", "nDCG@10"],
  ["map", "MAP@10"],
  ["mrr", "MRR@10"],
  ["auc", "AUC"],
];

export async function evaluation({ data, device }: BenchOptions): Promise<object> {
  const sets = [{ name: "invented counts", ratings: inventedCounts(), entries: ON_COUNTS, threshold: 1 }];
  if (data) sets.unshift({ name: basename(data), ratings: (await readPath(data)).ratings, entries: ON_RATINGS, threshold: RELEVANT });
  const results: object[] = [];
  for (const { name, ratings, entries, threshold } of sets) {
    console.log(`\n${name}: ${ratings.count} ratings, ${ratings.users.size} users, ${ratings.items.size} items; a random fifth held out,`);
    console.log(
      `relevant from ${threshold} on; K = ${FACTORS}; the last column is the largest change of a number when the rows are shuffled`,
    );
    console.log(`${"".padEnd(33)}${COLUMNS.map(([, title]) => title.padStart(11)).join("")}    users   shuffled   unsorted`);
    for (const { name: model, options } of entries) {
      const measured = async (set: Ratings): Promise<RankingMetrics> => {
        const { train, heldOut } = splitRatings(set, { seed: 1 });
        const trained = await fit(train, { factors: FACTORS, ...options, keeps: "last", earlyStop: false, keepSeen: false, device });
        return rankingMetrics(trained.model, train, heldOut, { relevanceThreshold: threshold });
      };
      const metrics = await measured(sortedRatings(ratings));
      const change = (other: RankingMetrics): number => Math.max(...COLUMNS.map(([column]) => Math.abs(other[column] - metrics[column])));
      const shuffledRows = change(await measured(sortedRatings(shuffled(ratings))));
      const unsorted = change(await measured(shuffled(ratings)));
      const cells = COLUMNS.map(([column]) => metrics[column].toFixed(4).padStart(11)).join("");
      console.log(
        `${model.padEnd(33)}${cells}${String(metrics.users).padStart(9)}${String(shuffledRows).padStart(11)}${unsorted.toFixed(4).padStart(11)}`,
      );
      results.push({ data: name, model, options, ...metrics, changeByShuffling: shuffledRows, changeUnsorted: unsorted });
    }
  }
  return { device, factors: FACTORS, results };
}

/** Plays for stars: two for the half star more, by and large, and a few heavy listeners' many. */
function inventedCounts(): Ratings {
  const stars = syntheticRatings({ users: 1000, items: 800, ratings: 60_000, seed: 5 });
  const random = seededRandom(6);
  const value = stars.value.map((rating) => Math.max(1, Math.round(2 ** (rating - 1) * Math.exp(0.7 * random.normal()))));
  return new Ratings({ user: stars.user, item: stars.item, value }, stars.users, stars.items, stars.catalogue);
}

/** As of a file whose rows were shuffled: the ids are indexed in another order too. */
function shuffled(ratings: Ratings): Ratings {
  const random = seededRandom(7);
  const rows = Uint32Array.from({ length: ratings.count }, (_, row) => row);
  for (let at = rows.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [rows[at], rows[other]] = [rows[other], rows[at]];
  }
  const { user, item, value, time } = ratings.select(rows);
  const users = new Ids();
  const items = new Ids();
  return new Ratings(
    {
      user: user.map((m) => users.add(ratings.users.rawAt(m))),
      item: item.map((n) => items.add(ratings.items.rawAt(n))),
      value,
      time,
    },
    users,
    items,
    ratings.catalogue,
  );
}
