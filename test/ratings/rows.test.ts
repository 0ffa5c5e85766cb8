// Rows of the caller's own: every shape that is taken, and every value that is none.

import { expect, test } from "vitest";
import { OptionsError, RatingsError } from "../../src/errors.js";
import { readRatings } from "../../src/ratings/readers.js";
import { textSource } from "../../src/ratings/folder.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { type RatingRow } from "../../src/ratings/rows.js";
import { splitRatings } from "../../src/ratings/split.js";

const rowsOf = (ratings: Ratings): unknown[] =>
  Array.from(ratings.value, (value, at) => [ratings.users.rawAt(ratings.user[at]), ratings.items.rawAt(ratings.item[at]), value]);

/** What is thrown for a second row like this. */
function refused(row: unknown): RatingsError {
  try {
    Ratings.from([["ann", 1, 3], row as RatingRow]);
  } catch (error) {
    expect(error).toBeInstanceOf(RatingsError);
    return error as RatingsError;
  }
  throw new Error("the row was taken");
}

test("arrays and objects, from any iterable and any async one, are the same ratings", async () => {
  const arrays = [
    ["ann", 1, 5],
    ["bob", "x", 2.5],
  ] as const;
  const objects = arrays.map(([user, item, rating]) => ({ user, item, rating, id: 7 }));
  const all = [
    Ratings.from(arrays),
    Ratings.from(objects),
    Ratings.from(new Set(arrays)),
    Ratings.from(
      (function* () {
        yield* objects;
      })(),
    ),
    await Ratings.fromAsync(
      (async function* () {
        for (const row of objects) yield await Promise.resolve(row);
      })(),
    ),
    await Ratings.fromAsync(arrays),
    await Ratings.fromAsync(arrays.map(async (row) => row)),
  ];
  for (const ratings of all) {
    expect(rowsOf(ratings)).toEqual(arrays);
    expect(ratings.time).toBeUndefined();
  }
});

test("times are seconds or dates; without one in every row there are none", () => {
  const timed = Ratings.from([["ann", 1, 5, 1000], { user: "bob", item: 1, rating: 2, time: new Date(2_000_500) }]);
  expect(timed.time).toEqual(Float64Array.of(1000, 2000.5));
  expect(
    Ratings.from([
      ["ann", 1, 5, 1000],
      ["bob", 1, 2, null],
    ]).time,
  ).toBeUndefined();
  expect(refused(["bob", 1, 2, "yesterday"]).message).toBe('row 2, ["bob",1,2,"yesterday"]: its time "yesterday" is none');
  expect(refused(["bob", 1, 2, new Date(NaN)]).message).toContain("its time");
});

test("times in finer units are seconds too, told by the first, as in files", async () => {
  const at = Date.UTC(2024, 0, 2, 3, 4, 5);
  for (const units of [1e3, 1e6, 1e9]) {
    const rows = [0, 1, 2].map((day): [string, number, number, number] => ["ann", day, 3, (at / 1e3 - 86_400 * day) * units]);
    const read = await readRatings(textSource("r.csv", `user,item,rating,time\n${rows.map((row) => row.join()).join("\n")}`));
    expect(Ratings.from(rows).time).toEqual(read.ratings.time);
    expect(Ratings.from(rows).time?.[0]).toBe(at / 1e3);
  }
  expect(Ratings.from([["ann", 1, 5, at], { user: "bob", item: 1, rating: 2, time: new Date(at) }]).time).toEqual(
    Float64Array.of(at / 1e3, at / 1e3),
  );
  expect(Ratings.from([["ann", 1, 5, at], ["bob", 1, 2, 9e10]]).time?.[1]).toBe(9e7); // prettier-ignore
  expect(Ratings.from([["ann", 1, 5, 0], ["bob", 1, 2, at]]).time).toEqual(Float64Array.of(0, at / 1e3)); // prettier-ignore
  expect(() => Ratings.from([["ann", 1, 5, at / 1e3], ["bob", 1, 2, at]])).toThrow(`its time ${at} is in finer units than those of the rows before`); // prettier-ignore
});

test.each<[rating: unknown, remedy: RegExp]>([
  [5n, /Number\(…\) makes one of a bigint/],
  [true, /Number\(…\) makes 1 of true and 0 of false/],
  ["5", /Number\(…\) makes one of text/],
  [null, /leave out rows without a rating/],
  [NaN, /leave out rows without a rating/],
  [{}, /give rows of \[user, item, rating\]/],
])("a rating of %s is told what to do", (rating, remedy) => {
  expect(refused(["bob", 1, rating]).remedy).toMatch(remedy);
  expect(refused({ user: "bob", item: 1, rating }).remedy).toMatch(remedy);
});

test.each(
  (
    [
      [["bob", 1, null], 'row 2, ["bob",1,null]: its rating null is no number'],
      [["bob", 1, true], 'row 2, ["bob",1,true]: its rating true is no number'],
      [["bob", 1, "5"], 'row 2, ["bob",1,"5"]: its rating "5" is no number'],
      [["bob", 1, NaN], 'row 2, ["bob",1,NaN]: its rating is NaN'],
      [["bob", 1, -Infinity], 'row 2, ["bob",1,-Infinity]: its rating is -Infinity'],
      [["bob", 1, 5n], 'row 2, ["bob",1,5n]: its rating 5n is no number'],
      [["bob", 1, 1e30], 'row 2, ["bob",1,1e+30]: its rating 1e+30 is beyond ±1000000000000000'],
      [["bob", 1], 'row 2, ["bob",1]: there is no rating'],
      [[], "row 2, []: there is no user"],
      [[{ id: 1 }, 1, 5], 'row 2, [{"id":1},1,5]: its user {"id":1} is no id'],
      [[null, 1, 5], "row 2, [null,1,5]: its user null is no id"],
      [["bob", ["x"], 5], 'row 2, ["bob",["x"],5]: its item ["x"] is no id'],
      [["bob", 1.5, 5], 'row 2, ["bob",1.5,5]: its item 1.5 is no id'],
      [["bob", NaN, 5], 'row 2, ["bob",NaN,5]: its item NaN is no id'],
      [["bob", " ", 5], 'row 2, ["bob"," ",5]: its item " " is no id'],
      [["bob", 2n ** 64n, 5], 'row 2, ["bob",18446744073709551616n,5]: its item 18446744073709551616n is no id'],
      [{ userId: 1, itemId: 2, rating: 3 }, 'row 2, {"userId":1,"itemId":2,"rating":3}: there is no user'],
      [{ user: 1, item: 2, score: 3 }, 'row 2, {"user":1,"item":2,"score":3}: there is no rating'],
      [["bob", 1, 5, null, 1, "x"], 'row 2, ["bob",1,5,null,1,"x"]: it has 6 cells'],
      [Float64Array.of(1, 2, 3), "row 2, [1,2,3]: it is a Float64Array"],
      [new Map([["user", 1]]), "row 2, Map {…}: it is a Map"],
      [[9007199254740994, 1, 5], "row 2, [9007199254740994,1,5]: its user 9007199254740994 is no id"],
      [null, "row 2, null: it is no row"],
      ["ann,1,5", 'row 2, "ann,1,5": it is no row'],
    ] as [unknown, string][]
  ).map(([row, message]) => ({ row, message })),
)("$message", ({ row, message }) => {
  const error = refused(row);
  expect(error.message).toBe(message);
  expect(error.line).toBe(2);
  expect(error.remedy).toMatch(/\w/);
});

test("rows that hold themselves, and long ones, are shown all the same", () => {
  const circular: unknown[] = ["bob", 1];
  circular.push(circular);
  expect(refused(circular).message).toContain('its rating ["bob",1,["bob",1,["bob",1,["bob",1,[…]]]]] is no number');
  expect(refused(["b".repeat(10_000), 1, null]).message.length).toBeLessThan(200);
});

test("what cannot be gone through is refused, and async rows are pointed to their door", async () => {
  const none = (call: () => unknown): OptionsError => {
    try {
      call();
    } catch (error) {
      return error as OptionsError;
    }
    throw new Error("it was taken");
  };
  for (const rows of [5, null, "ann,1,5", { user: 1 }]) expect(none(() => Ratings.from(rows as never))).toBeInstanceOf(OptionsError);
  expect(none(() => Ratings.from((async function* () {})() as never)).remedy).toContain("Ratings.fromAsync");
  await expect(Ratings.fromAsync(5 as never)).rejects.toThrow(OptionsError);
  await expect(
    Ratings.fromAsync(
      (async function* () {
        yield ["bob", 1, null] as never;
      })(),
    ),
  ).rejects.toThrow("row 1");
});

test("pairs rated twice are what the readers make of them, and never on both sides of a split", async () => {
  const rows: (readonly [number, number, number, number])[] = [];
  for (let at = 0; at < 300; at++) rows.push([at % 17, at % 19, (at * 7) % 5, at]);
  rows.push(...rows.slice(0, 90).map(([user, item, rating, time]) => [user, item, 4 - rating, time + 1000] as const));
  const text = rows.map((row) => row.join()).join("\n");
  for (const duplicates of [undefined, "last", "first", "mean", "sum", "count"] as const) {
    const [own, read] = [Ratings.from(rows, { duplicates }), await readRatings(textSource("r.csv", text), { duplicates })];
    expect(rowsOf(own)).toEqual(rowsOf(read.ratings));
    expect(own.time).toEqual(read.ratings.time);
    const { train, heldOut } = splitRatings(own, { share: 0.5 });
    const pairs = new Set(rowsOf(train).map((row) => (row as unknown[]).slice(0, 2).join()));
    expect(rowsOf(heldOut).filter((row) => pairs.has((row as unknown[]).slice(0, 2).join()))).toEqual([]);
  }
  expect(() =>
    Ratings.from(
      [
        ["ann", 1, 5],
        ["ann", 1, 4],
      ],
      { duplicates: "error" },
    ),
  ).toThrow('row 2: user "ann" rated item 1 before');
  expect(() => Ratings.from([["ann", 1, 5]], { duplicates: "never" as never })).toThrow(OptionsError);
  expect(() => Ratings.from([["ann", 1, 5]], { duplicate: "last" } as never)).toThrow('no option "duplicate"');
});

test.each([
  [
    [
      ["1", "b", 3],
      [1, "b", 4],
    ],
    'the users 1 and "1" are a number and a text, and would be two',
  ],
  [
    [
      ["a", 7, 3],
      ["b", "7", 4],
    ],
    'the items 7 and "7" are a number and a text, and would be two',
  ],
] as const)("an id as a number and as a text is refused: %j", (rows, message) => {
  expect(() => Ratings.from(rows)).toThrow(RatingsError);
  expect(() => Ratings.from(rows)).toThrow(message);
  // Text that no number is spelt like is another id.
  expect(Ratings.from([["007", "b", 3], [7, "b", 4], ["1", "c", 2]]).users.raw).toEqual(["007", 7, "1"]); // prettier-ignore
});

test("most rows naming pairs again is doubted, as in the readers", () => {
  expect(() => Ratings.from(Array.from({ length: 50 }, (_, at) => [1, at % 3, 5] as const))).toThrow(
    /47 of 50 rows name a user and an item/,
  );
});

test("ratings too large to be squared are refused by line, by the readers too", async () => {
  await expect(readRatings(textSource("r.csv", "1,1,4\n1,2,1e30\n"))).rejects.toThrow("r.csv:2: rating 1e30 is beyond ±1000000000000000");
  await expect(readRatings(textSource("r.csv", "1,1,4\n1,2,-2e15\n"))).rejects.toThrow("r.csv:2: rating -2e15 is beyond");
  const read = await readRatings(textSource("r.csv", "1,1,4\n1,2,1e15\n2,2,1e16\n"), { skipBadRows: true });
  expect([read.ratings.count, read.skippedRows]).toEqual([2, 1]);
});
