// A file read in segments, on several threads, gives what the same text gives in one piece, errors included.

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { blocksFrom } from "../../src/ratings/delimited.js";
import { fileSource } from "../../src/ratings/files.js";
import { textSource } from "../../src/ratings/folder.js";
import { Ids } from "../../src/ratings/ids.js";
import type { ReadOptions } from "../../src/ratings/read-options.js";
import { readRatings, type ReadResult } from "../../src/ratings/readers.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-"));
const path = join(folder, "ratings.csv");
afterAll(() => rmSync(folder, { recursive: true }));

/** Read on `threads` threads in segments of so many bytes. */
async function inSegments(text: string, segmentBytes: number, options: ReadOptions = {}, threads = 2): Promise<ReadResult> {
  writeFileSync(path, text);
  return await readRatings(await fileSource(path, { threads, segmentBytes, smallestBytes: 0 }), options);
}
const inOnePiece = (text: string, options: ReadOptions = {}): Promise<ReadResult> => readRatings(textSource(path, text), options);

/** All that was read, or the error. */
async function outcome(reading: Promise<ReadResult>): Promise<unknown> {
  try {
    const { ratings, skippedRows, duplicateRows } = await reading;
    const { user, item, value, time, users, items } = ratings;
    return { user, item, value, time, users: users.raw, items: items.raw, skippedRows, duplicateRows };
  } catch (error) {
    const { message, line, remedy } = error as { message: string; line?: number; remedy?: string };
    return { message, line, remedy };
  }
}

const id = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 300 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("x", "é", "007", "-4", "99999999", "123456789012345678") },
);
const good = fc.tuple(id, id, fc.constantFrom("3", "4.5", "0.5", "1e0"), fc.nat().map(String)).map((cells) => cells.join(","));
const bad = fc.constantFrom("1,2,many,3", "1,,3,4", "1,2", "1;2;3;4", "5,6,1e99,7");
const odd = fc.constantFrom("", "1,2,3,", "1,2,3", '"7",8,2,9', '8,"9\n",1,2', "1,2,3,4,further", "3,4,5,not a time");
const file = fc.record({
  header: fc.constantFrom(
    "userId,movieId,rating,timestamp\n",
    '"user","item","rating","time"\n',
    "\uFEFFuserId,movieId,rating,timestamp\r\n",
    "",
  ),
  rows: fc.array(fc.oneof({ weight: 20, arbitrary: good }, { weight: 2, arbitrary: odd }, { weight: 1, arbitrary: bad }), {
    minLength: 1,
    maxLength: 60,
  }),
  end: fc.constantFrom("\n", "\r\n"),
  closed: fc.boolean(),
  segmentBytes: fc.integer({ min: 1, max: 400 }),
  skipBadRows: fc.boolean(),
  duplicates: fc.constantFrom("last", "first", "mean", "error"),
});

test("segments of any size give the ratings, ids, counts and errors of one piece", async () => {
  await fc.assert(
    fc.asyncProperty(file, async ({ header, rows, end, closed, segmentBytes, ...options }) => {
      const text = header + rows.join(end) + (closed ? end : "");
      expect(await outcome(inSegments(text, segmentBytes, options))).toEqual(await outcome(inOnePiece(text, options)));
    }),
    { numRuns: 60 },
  );
});

test("rows that are scanned give what the same rows give as text", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(good, { minLength: 1, maxLength: 80 }), async (rows) => {
      const quoted = rows.map((row) => `"${row.replaceAll(",", '","')}"`).join("\n");
      expect(await outcome(inSegments(rows.join("\n"), 200))).toEqual(await outcome(inOnePiece(quoted)));
    }),
    { numRuns: 30 },
  );
});

const many = (rows: number): string =>
  Array.from({ length: rows }, (_, at) => `${1 + (at % 97)},${1 + ((at * 31) % 1009)},${1 + (at % 5)},${at}\n`).join("");

test("larger segments, on three threads, too", async () => {
  const text = `userId,movieId,rating,timestamp\n${many(60_000)}`;
  const whole = await outcome(inOnePiece(text, { duplicates: "mean" }));
  expect(whole).toMatchObject({ duplicateRows: 0, users: { length: 97 } });
  for (const segmentBytes of [1 << 14, 99_991, 1 << 19])
    expect(await outcome(inSegments(text, segmentBytes, { duplicates: "mean" }, 3))).toEqual(whole);
});

describe("the rest is read as a stream", () => {
  test("from the first quote on", async () => {
    const text = `${many(500)}1,2,3,"4\n5"\n${many(500)}`;
    expect(await outcome(inSegments(text, 1000))).toEqual(await outcome(inOnePiece(text)));
  });
  test("where quotes are no quotes, it is not", async () => {
    const text = many(500).replaceAll("1,1,", '1,"1,');
    expect(await outcome(inSegments(text, 1000, { quotes: false }))).toEqual(await outcome(inOnePiece(text, { quotes: false })));
  });
  test.each([1000, 1 << 24])("from a line on that never ends, which is an error, in segments of %d", async (segmentBytes) => {
    const text = `${many(500)}1,2,3,${"4".repeat(6_000_000)}\n${many(500)}`;
    expect(await outcome(inSegments(text, segmentBytes))).toMatchObject({
      line: 501,
      message: expect.stringContaining("longer than 4 MiB") as string,
    });
  });
});

test("progress ends at the file's size, and a signal ends the reading", async () => {
  const text = many(2000);
  const done: number[] = [];
  await inSegments(text, 5000, { onProgress: (bytes) => done.push(bytes) });
  expect(done.at(-1)).toBe(text.length);
  const controller = new AbortController();
  const aborted = inSegments(text, 100, { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
});

test("places beyond 2³² bytes are exact, in segments and as a stream", async () => {
  const before = 2 ** 32 + 3;
  const text = many(400);
  const file = openSync(path, "w");
  writeSync(file, text, before);
  closeSync(file);
  const source = await fileSource(path, { threads: 2, segmentBytes: 1000, smallestBytes: 0 });
  const format = {
    delimiter: ",",
    encoding: "utf-8",
    quotes: true,
    skipBadRows: false,
    places: { user: 0, item: 1, rating: 2, time: 3, weight: -1 },
  } as const;
  const times: number[] = [];
  let end = 0;
  for await (const segment of source.segments!.read(before, format, undefined)) {
    times.push(...segment.columns.time!);
    end = segment.end;
  }
  expect(times).toEqual(Array.from({ length: 400 }, (_, at) => at));
  expect(end).toBe(before + text.length);
  const blocks: number[] = [];
  for await (const block of blocksFrom(source, { at: before, line: 1 }, format)) blocks.push(block.bytes.length, block.end!);
  expect(blocks).toEqual([text.length, end]);
});

test("ids go on from those of another file", async () => {
  const ids = () => ({ users: new Ids([500, 3]), items: new Ids(["x", 1]) });
  expect(await outcome(inSegments(many(300), 700, { ids: ids() }))).toEqual(await outcome(inOnePiece(many(300), { ids: ids() })));
});
