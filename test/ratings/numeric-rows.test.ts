// The fast path for plain numbers gives what the general path gives.

import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesSource, textSource } from "../../src/ratings/folder.js";
import { toRawId } from "../../src/ratings/ids.js";
import { NumericRows, scanNumericRows } from "../../src/ratings/numeric-rows.js";
import { readRatings } from "../../src/ratings/readers.js";

const cell = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value.toFixed(3)),
  fc.constantFrom("007", "-0", "7.0", "1e3", "", " 5", "5 ", "+5", ".5", "5.", "-", "tt1", "123456789012345678", "0.1", "4.05", "é", "1:2"),
);
const lineEnd = fc.constantFrom("\n", "\r\n", "\n\n", "\r\n\r\n");
const table = fc.record({
  delimiter: fc.constantFrom(",", "\t", "::", ";"),
  places: fc.constantFrom(
    { user: 0, item: 1, rating: 2, time: 3, weight: -1 },
    { user: 0, item: 2, rating: 1, time: 3, weight: -1 },
    { user: 3, item: 0, rating: 1, time: -1, weight: -1 },
  ),
  // Plain rows of the usual layout in front, so that both loops of the scan run, each into the other.
  plain: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom("3.5", "4", "-0.25"), fc.nat()), { maxLength: 3 }),
  rows: fc.array(fc.tuple(fc.array(cell, { minLength: 1, maxLength: 6 }), lineEnd), { maxLength: 12 }),
});

test("plain rows are scanned as they would be split, up to the first that is not plain", () => {
  fc.assert(
    fc.property(table, ({ delimiter, places, plain, rows }) => {
      const text = [...plain.map((cells) => [cells, "\n"] as const), ...rows].map(([cells, end]) => cells.join(delimiter) + end).join("");
      const bytes = new TextEncoder().encode(text);
      const found = new NumericRows();
      const stop = scanNumericRows(bytes, 0, delimiter, places, found);
      const scanned = Array.from({ length: found.count }, (_, at) => [
        found.user[at],
        found.item[at],
        found.value[at],
        places.time < 0 || found.time[at],
      ]);
      const lines = new TextDecoder()
        .decode(bytes.subarray(0, stop))
        .split("\n")
        .map((line) => line.replace(/\r$/, ""))
        .filter(Boolean);
      expect(scanned).toEqual(
        lines.map((line) => {
          const cells = line.split(delimiter);
          return [
            toRawId(cells[places.user]),
            toRawId(cells[places.item]),
            Number(cells[places.rating]),
            places.time < 0 || Number(cells[places.time]),
          ];
        }),
      );
      expect(found.lines).toBe(bytes.subarray(0, stop).filter((byte) => byte === 0x0a).length);
      expect(stop === 0 || bytes[stop - 1] === 0x0a).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("a file is read alike in pieces of any size, with plain and odd rows mixed, and errors name the right line", async () => {
  const row = fc
    .tuple(fc.constantFrom("1", "2", "x", "007", '"q,1"'), fc.integer({ min: 1, max: 9 }), fc.constantFrom("3", "4.5", "0.5"), fc.nat())
    .map((cells) => cells.join(","));
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      async (rows, size, crlf) => {
        const text = `userId,movieId,rating,timestamp\n${rows.join(crlf ? "\r\n" : "\n")}`;
        const bytes = new TextEncoder().encode(text);
        const source = {
          name: "r.csv",
          async *stream() {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          },
        };
        const [whole, pieces] = [await readRatings(bytesSource("r.csv", bytes)), await readRatings(source)];
        expect(pieces.ratings.users.raw).toEqual(whole.ratings.users.raw);
        expect(pieces.ratings.user).toEqual(whole.ratings.user);
        expect(pieces.ratings.value).toEqual(whole.ratings.value);
        expect(pieces.ratings.time).toEqual(whole.ratings.time);
        const broken = [...rows, "1,2,many,4"].join("\n");
        await expect(readRatings(textSource("r.csv", broken))).rejects.toMatchObject({ line: rows.length + 1 });
      },
    ),
    { numRuns: 100 },
  );
});
