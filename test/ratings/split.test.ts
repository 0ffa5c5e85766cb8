import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionsError, RatingsError } from "../../src/errors.js";
import {
  HALF,
  halvesCounted,
  kFolds,
  lowestMarked,
  reached,
  splitNumbers,
  type SplitOptions,
  splitRatings,
} from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { Ratings } from "../../src/ratings/ratings.js";

const ratings = syntheticRatings({ users: 50, items: 40, ratings: 600 });
const columns = { user: ratings.user, item: ratings.item, value: ratings.value };
const pairs = (...sets: Ratings[]): string[] =>
  sets.flatMap((set) => Array.from(set.user, (user, at) => `${user}:${set.item[at]}:${set.value[at]}`)).sort();

test.each(["random", "user"] as const)("a split by %s puts every rating in one part, the same for the same seed", (by) => {
  const { train, heldOut } = splitRatings(ratings, { by, share: 0.25, seed: 5 });
  expect(pairs(train, heldOut)).toEqual(pairs(ratings));
  expect(pairs(heldOut)).toEqual(pairs(splitRatings(ratings, { by, share: 0.25, seed: 5 }).heldOut));
  expect(pairs(heldOut)).not.toEqual(pairs(splitRatings(ratings, { by, share: 0.25, seed: 6 }).heldOut));
  expect(Math.abs(heldOut.count - 150)).toBeLessThan(by === "random" ? 1 : 20);
});

test("a split by user holds out that share of each user's ratings", () => {
  const { train, heldOut } = splitRatings(ratings, { by: "user", share: 0.5 });
  for (let user = 0; user < 50; user++) {
    const [kept, held] = [train, heldOut].map((set) => set.user.filter((m) => m === user).length);
    expect(Math.abs(kept - held)).toBeLessThanOrEqual(1);
  }
});

test("every share of every kind puts every rating in one part; a split at random has the exact share", () => {
  const timed = new Ratings({ ...columns, time: Float64Array.from(ratings.item) }, ratings.users, ratings.items);
  const kinds = fc.constantFrom("random" as const, "user" as const, "time" as const);
  fc.assert(
    fc.property(kinds, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.maxSafeInteger(), (by, share, seed) => {
      const { train, heldOut } = splitRatings(timed, { by, share, seed });
      expect(pairs(train, heldOut)).toEqual(pairs(ratings));
      if (by !== "user") expect(heldOut.count).toBe(Math.round(ratings.count * share));
      for (const part of [train, heldOut]) {
        expect(part.users).toBe(ratings.users);
        expect(part.time).toEqual(Float64Array.from(part.item));
      }
    }),
    { numRuns: 50 },
  );
});

test("a split by time holds the latest out, and needs times", () => {
  const time = Float64Array.from({ length: ratings.count }, (_, at) => (at * 7919) % 601);
  const timed = new Ratings({ ...columns, time }, ratings.users, ratings.items);
  const { train, heldOut } = splitRatings(timed, { by: "time", share: 0.1 });
  expect(Math.max(...train.time!)).toBeLessThanOrEqual(Math.min(...heldOut.time!));
  expect(() => splitRatings(ratings, { by: "time" })).toThrow(RatingsError);
});

test("both parts keep file order, and of ratings at the same time the last in the file are held out", () => {
  const order = Float64Array.from({ length: ratings.count }, (_, at) => at);
  const ordered = new Ratings({ ...columns, time: order }, ratings.users, ratings.items);
  const parts = [...(["random", "user"] as const).map((by) => splitRatings(ordered, { by, share: 0.3 })), ...kFolds(ordered, 3)];
  for (const { train, heldOut } of parts) for (const { time } of [train, heldOut]) expect(time).toEqual(time!.slice().sort());

  const tied = new Ratings({ ...columns, time: order.map((at) => (at === 3 ? 2 : 1)) }, ratings.users, ratings.items);
  const { heldOut } = splitRatings(tied, { by: "time", share: 0.01 });
  expect(pairs(heldOut)).toEqual(pairs(ordered.select(Uint32Array.of(3, 595, 596, 597, 598, 599))));
});

test("folds hold every rating out exactly once and differ by one rating at most", () => {
  const folds = [...kFolds(ratings, 7)];
  const sizes = folds.map(({ heldOut }) => heldOut.count);
  expect(pairs(...folds.map(({ heldOut }) => heldOut))).toEqual(pairs(ratings));
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  for (const { train, heldOut } of folds) expect(pairs(train, heldOut)).toEqual(pairs(ratings));
});

test.each([0, 1, 2.5, NaN, 601])("%s folds of 600 ratings are refused", (folds) => {
  expect(() => [...kFolds(ratings, folds)]).toThrow(OptionsError);
});

test.each([-0.1, 1, NaN])("a share of %s is refused", (share) => {
  expect(() => splitRatings(ratings, { share })).toThrow(OptionsError);
});

test.each([0.5, NaN, Infinity])("a seed of %s is refused", (seed) => {
  expect(() => splitRatings(ratings, { seed })).toThrow(OptionsError);
  expect(() => [...kFolds(ratings, 3, seed)]).toThrow(OptionsError);
});

test("a split by something else is refused", () => {
  expect(() => splitRatings(ratings, { by: "moon" as "time" })).toThrow(OptionsError);
});

test("a share of 0 holds nothing out", () => {
  expect(splitRatings(ratings, { share: 0 }).heldOut.count).toBe(0);
});

test("a split at random holds out the rows of the lowest numbers, each row's by the seed and its place alone", () => {
  for (const [share, seed] of [
    [0.25, 1],
    [0.5, -7],
    [0.001, 2 ** 40],
  ] as const) {
    const order = Float64Array.from({ length: ratings.count }, (_, at) => at);
    const { heldOut } = splitRatings(new Ratings({ ...columns, time: order }, ratings.users, ratings.items), { share, seed });
    const numbers = splitNumbers(0, ratings.count, seed);
    const lowest = [...order].sort((a, b) => numbers[a] - numbers[b] || a - b).slice(0, Math.round(ratings.count * share));
    expect([...heldOut.time!]).toEqual(lowest.sort((a, b) => a - b));
    expect(splitNumbers(100, 300, seed)).toEqual(numbers.slice(100, 300));
  }
});

test("of rows with the same number, as many of the first are held out as the share asks for", () => {
  const numbers = Uint32Array.of(7, 70_000, 7, 3, 70_000, 7, 2 ** 32 - 1);
  for (let wanted = 0; wanted <= numbers.length; wanted++) {
    const upper = reached(halvesCounted(numbers), wanted);
    const lower = reached(halvesCounted(numbers, upper.half), upper.left);
    const marks = lowestMarked(numbers, upper.half * HALF + lower.half, lower.left);
    const sorted = [3, 0, 2, 5, 1, 4, 6].slice(0, wanted);
    expect([...marks]).toEqual([...numbers.keys()].map((at) => (sorted.includes(at) ? 1 : 0)));
  }
});

test("every place is held out as often as any other, whatever its neighbours are", () => {
  const [alone, pairs] = [new Float64Array(600), { both: 0 }];
  for (let seed = 0; seed < 2000; seed++) {
    const numbers = splitNumbers(0, 600, seed);
    const last = numbers.slice().sort()[149];
    numbers.forEach((number, at) => {
      if (number > last) return;
      alone[at]++;
      if (at > 0 && numbers[at - 1] <= last) pairs.both++;
    });
  }
  // 500 expected of each place, with a standard deviation of 19; and a sixteenth of the pairs,
  // a little less for being drawn once.
  for (const count of alone) expect(Math.abs(count - 500)).toBeLessThan(100);
  expect(Math.abs(pairs.both / (599 * 2000) - (0.25 * 149) / 599)).toBeLessThan(0.001);
});

test("a split by user leaves everyone a rating to train on, whatever the share", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.9999, noNaN: true }), fc.maxSafeInteger(), (share, seed) => {
      const { train } = splitRatings(ratings, { by: "user", share, seed });
      expect(new Set(train.user).size).toBe(new Set(ratings.user).size);
    }),
  );
  // Two of three ratings are 0.7 of them, rounded; of a single one, none is held out.
  const few = Ratings.from([
    ["a", 1, 5],
    ["a", 2, 5],
    ["a", 3, 5],
    ["b", 1, 5],
  ]);
  const { heldOut } = splitRatings(few, { by: "user", share: 0.9 });
  expect(Array.from(heldOut.user, (user) => heldOut.users.rawAt(user))).toEqual(["a", "a"]);
});

test("the last k or the latest share of every user are held out, one at least is left, and the order of rows moves nothing", () => {
  const rows = [
    ["a", 3, 30],
    ["a", 1, 10],
    ["a", 2, 20],
    ["b", 1, 5],
    ["c", 9, 7],
    ["c", 2, 7],
    ["c", 10, 7],
  ] as const;
  const held = (order: readonly (typeof rows)[number][], options: Pick<SplitOptions, "last" | "share"> = {}): string[] => {
    const plain = Ratings.from(order.map(([user, item]) => [user, item, 1]));
    const timed = new Ratings(
      { user: plain.user, item: plain.item, value: plain.value, time: Float64Array.from(order, ([, , time]) => time) },
      plain.users,
      plain.items,
    );
    const { heldOut } = splitRatings(timed, { by: "last", ...options });
    return Array.from(heldOut.user, (user, at) => `${heldOut.users.rawAt(user)}${heldOut.items.rawAt(heldOut.item[at])}`).sort();
  };
  for (const order of [rows, [...rows].reverse()]) {
    expect(held(order)).toEqual(["a3", "c10"]);
    expect(held(order, { last: 2 })).toEqual(["a2", "a3", "c10", "c9"]);
    expect(held(order, { last: 9 })).toEqual(["a2", "a3", "c10", "c9"]);
  }
  // Two of a's three ratings are 0.5 of them, rounded.
  for (const order of [rows, [...rows].reverse()]) {
    expect(held(order, { share: 0.3 })).toEqual(["a3", "c10"]);
    expect(held(order, { share: 0.5 })).toEqual(["a2", "a3", "c10", "c9"]);
    expect(held(order, { share: 0.99 })).toEqual(["a2", "a3", "c10", "c9"]);
    expect(held(order, { share: 0 })).toEqual([]);
  }
  expect(() => held(rows, { last: 0 })).toThrow(/last is 0/);
  expect(() => splitRatings(ratings, { by: "last" })).toThrow(RatingsError);
});
