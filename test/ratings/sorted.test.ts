import fc from "fast-check";
import { expect, test } from "vitest";
import { rankingMetrics } from "../../src/metrics/ranking.js";
import { seededRandom } from "../../src/random.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { sortedRatings } from "../../src/ratings/sorted.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";

type Row = readonly [user: number | string, item: number | string, value: number];
const rowsOf = (set: Ratings): Row[] =>
  Array.from(set.value, (value, at) => [set.users.rawAt(set.user[at]), set.items.rawAt(set.item[at]), value]);

test("any order of the same rows sorts to the same columns and ids, which are the rows still", () => {
  const id = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom("a", "B", "10x"));
  const rows = fc.uniqueArray(fc.tuple(id, id, fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    selector: ([user, item]) => `${user} ${item}`,
  });
  fc.assert(
    fc.property(rows, fc.nat(), (given, seed) => {
      const random = seededRandom(seed);
      const shuffled = [...given]
        .map((row) => ({ row, key: random.uniform() }))
        .sort((a, b) => a.key - b.key)
        .map(({ row }) => row);
      const [one, other] = [sortedRatings(Ratings.from(given)), sortedRatings(Ratings.from(shuffled))];
      expect(rowsOf(one)).toEqual(rowsOf(other));
      expect([one.users.raw, one.items.raw]).toEqual([other.users.raw, other.items.raw]);
      const text = (set: readonly Row[]): string[] => set.map((row) => JSON.stringify(row)).sort();
      expect(text(rowsOf(one))).toEqual(text(given));
      expect([...one.user]).toEqual([...one.user].sort((a, b) => a - b));
    }),
  );
});

test("times go along", () => {
  const plain = Ratings.from([
    ["b", 1, 1],
    ["a", 2, 2],
    ["a", 1, 3],
  ]);
  const timed = new Ratings(
    { user: plain.user, item: plain.item, value: plain.value, time: Float64Array.of(10, 20, 30) },
    plain.users,
    plain.items,
  );
  expect([...sortedRatings(timed).time!]).toEqual([30, 20, 10]);
});

test.each(["als", "implicit", "vb", "logistic"] as const)(
  "split, trained on and measured, sorted ratings of %s give the same numbers however the file was shuffled",
  async (model) => {
    const invented = syntheticRatings({ users: 60, items: 40, ratings: 900, seed: 3 });
    const measured = async (order: (rows: Row[]) => Row[]): Promise<object> => {
      const { train, heldOut } = splitRatings(sortedRatings(Ratings.from(order(rowsOf(invented)))), { seed: 4 });
      const trained = await fit(train, { model, factors: 3, sweeps: 4, device: "cpu", ...(model === "logistic" && { negatives: 2 }) });
      return rankingMetrics(trained.model, train, heldOut, { k: 5, relevanceThreshold: 3.5 });
    };
    const first = await measured((rows) => rows);
    expect(await measured((rows) => rows.reverse())).toEqual(first);
    expect(await measured((rows) => [...rows.slice(333), ...rows.slice(0, 333)])).toEqual(first);
  },
);
