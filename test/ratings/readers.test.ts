import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptionsError, RatingsError } from "../../src/errors.js";
import { fileSource, readPath, tableFiles } from "../../src/ratings/files.js";
import { bytesSource, type Folder, textSource } from "../../src/ratings/folder.js";
import type { ReadOptions } from "../../src/ratings/read-options.js";
import { readFolder, readRatings } from "../../src/ratings/readers.js";
import type { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";

const read = (text: string, options?: ReadOptions) => readRatings(textSource("ratings.csv", text), options);
const triples = (ratings: Ratings) =>
  Array.from(ratings.value, (value, at) => [ratings.users.rawAt(ratings.user[at]), ratings.items.rawAt(ratings.item[at]), value]);
const folderOf = (files: Record<string, string | Uint8Array>): Folder => ({
  name: "folder",
  list: async () => Object.keys(files),
  open: async (file) => (typeof files[file] === "string" ? textSource(file, files[file]) : bytesSource(file, files[file])),
});
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

test("a table without a header is read in the order user, item, rating, time", async () => {
  const { ratings } = await read("7\tx\t4.5\t100\n8\ty\t1\t200\n");
  expect(triples(ratings)).toEqual([
    [7, "x", 4.5],
    [8, "y", 1],
  ]);
  expect(ratings.time).toEqual(Float64Array.of(100, 200));
});

test.each([
  ["a byte order mark and CRLF", "\uFEFFuserId,movieId,rating\r\n1,2,3\r\n"],
  ["columns in another order", "rating,movieId,userId\n3,2,1\n"],
  ["semicolons", "user;item;rating\n1;2;3\n"],
  ["quotes and a newline in a cell", 'note,user,item,rating\n"a ""b""\nc",1,2,3\n'],
  ["no newline at the end", "userId,movieId,rating\n1,2,3"],
])("%s are understood", async (_, text) => {
  expect(triples((await read(text)).ratings)).toEqual([[1, 2, 3]]);
});

test("gzip is recognised by its first bytes, and progress counts compressed bytes", async () => {
  const bytes = gzipSync("1,2,3\n4,5,2\n");
  let done = 0;
  const { ratings } = await readRatings(bytesSource("ratings.csv.gz", bytes), { onProgress: (read) => (done = read) });
  expect(triples(ratings)).toEqual([
    [1, 2, 3],
    [4, 5, 2],
  ]);
  expect(done).toBe(bytes.length);
});

test("a damaged gzip stream is an error that names the file", async () => {
  const bytes = gzipSync("1,2,3\n".repeat(10_000)).subarray(0, 60);
  await expect(readRatings(bytesSource("ratings.csv.gz", bytes))).rejects.toThrow(/ratings\.csv\.gz/);
});

test("rows come out the same however the bytes are cut into chunks", async () => {
  const text = 'user,item,rating,note\n1,é,3,"x\ny"\n2,"a,b",4.5,z\n3,c,1,\n';
  const bytes = new TextEncoder().encode(text);
  const whole = triples((await read(text)).ratings);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 6 }), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const stream = async function* () {
        for (let at = 1; at < places.length; at++) yield bytes.slice(places[at - 1], places[at]);
      };
      const { ratings } = await readRatings({ name: "cut.csv", stream });
      expect(triples(ratings)).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

describe("a malformed row", () => {
  const text = "userId,movieId,rating\n1,2,3\n1,3,four\n2,2,NaN\n2,3\n,5,1\n3,2,5\n";

  test("is an error that names file, line and remedy", async () => {
    const error = await read(text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RatingsError);
    expect(error).toMatchObject({ message: 'ratings.csv:3: rating "four" is not a number', file: "ratings.csv", line: 3 });
    expect((error as RatingsError).remedy).toContain("skipBadRows: true");
  });

  test("is counted and left out on request, its ids too", async () => {
    const { ratings, skippedRows } = await read(text, { skipBadRows: true });
    expect(triples(ratings)).toEqual([
      [1, 2, 3],
      [3, 2, 5],
    ]);
    expect(skippedRows).toBe(4);
    expect(ratings.users.raw).toEqual([1, 3]);
  });

  test("names its line behind a cell that spans lines", async () => {
    await expect(read('user,item,rating,note\n1,2,3,"a\nb\nc"\n1,3,x,\n')).rejects.toMatchObject({ line: 5 });
  });
});

test.each([
  ["an empty file", ""],
  ["a lone header", "userId,movieId,rating\n"],
])("%s is an error", async (_, text) => {
  await expect(read(text)).rejects.toThrow(RatingsError);
});

test("a column that is not there is an error that lists those that are", async () => {
  await expect(read("a,b,c\n1,2,3\n", { columns: { rating: "stars" } })).rejects.toMatchObject({
    remedy: expect.stringContaining('"a", "b", "c"') as string,
  });
  expect(triples((await read("a,b,c\n1,2,3\n", { columns: { user: "c", item: "b", rating: "a" } })).ratings)).toEqual([[3, 2, 1]]);
});

describe("duplicate pairs", () => {
  const text = "1,2,3\n1,4,1\n1,2,5\n2,2,2\n1,2,4\n";
  test.each([
    ["last", 4],
    ["first", 3],
    ["mean", 4],
  ] as const)("%s", async (duplicates, expected) => {
    const { ratings, duplicateRows } = await read(text, { duplicates });
    expect(triples(ratings)).toEqual([
      [1, 2, expected],
      [1, 4, 1],
      [2, 2, 2],
    ]);
    expect(duplicateRows).toBe(2);
  });
  test("error names the pair", async () => {
    await expect(read(text, { duplicates: "error" })).rejects.toThrow(/user 1 rated item 2/);
  });
  test("an unknown policy is refused", async () => {
    await expect(read(text, { duplicates: "most" as "last" })).rejects.toThrow(OptionsError);
  });
});

describe("MovieLens folders", () => {
  test("ratings.csv and movies.csv, also gzipped", async () => {
    const files = {
      "ratings.csv.gz": gzipSync("userId,movieId,rating,timestamp\n1,10,4,5\n"),
      "movies.csv": 'movieId,title,genres\n10,"Ten, The (2007)",Comedy|Drama\n11,Unrated,(no genres listed)\n',
    };
    const { ratings } = await readFolder(folderOf(files));
    expect(triples(ratings)).toEqual([[1, 10, 4]]);
    expect(ratings.catalogue.get(10)).toEqual({ id: 10, title: "Ten, The (2007)", genres: ["Comedy", "Drama"] });
    expect(ratings.catalogue.get(11)?.genres).toEqual([]);
    expect(ratings.items.size).toBe(1);
  });

  const flags = (...on: number[]): string => Array.from({ length: 19 }, (_, at) => (on.includes(at) ? 1 : 0)).join("|");
  const u = {
    "u.data": "1\t10\t4\t5\n2\t11\t3\t6\n",
    "u.item": latin1(`10|Les Misérables (1995)|01-Jan-1995||http://x|${flags(8, 17)}\n11|B|||x|${flags(0)}\n`),
    "u1.base": "1\t10\t4\t5\n",
    "u1.test": "2\t11\t3\t6\n",
  };
  test("u.data and u.item in Latin-1, genres from its flags", async () => {
    const { ratings } = await readFolder(folderOf(u));
    expect(ratings.count).toBe(2);
    expect(ratings.catalogue.get(10)).toEqual({ id: 10, title: "Les Misérables (1995)", genres: ["Drama", "War"] });
    expect(ratings.catalogue.get(11)?.genres).toEqual([]);
  });
  test("a ready-made split shares its ids", async () => {
    const { ratings, heldOut } = await readFolder(folderOf(u), { split: "u1" });
    expect(triples(ratings)).toEqual([[1, 10, 4]]);
    expect(triples(heldOut!)).toEqual([[2, 11, 3]]);
    expect(heldOut!.users).toBe(ratings.users);
    await expect(readFolder(folderOf(u), { split: "u9" })).rejects.toMatchObject({ remedy: "the ready-made splits are u1" });
  });
  test("ratings.dat and movies.dat with two colons", async () => {
    const { ratings } = await readFolder(folderOf({ "ratings.dat": "1::10::4::5\n", "movies.dat": "10::A: B (1990)::Action|Sci-Fi\n" }));
    expect(triples(ratings)).toEqual([[1, 10, 4]]);
    expect(ratings.catalogue.title(10)).toBe("A: B (1990)");
  });
  test("anything else is an error that says what was looked for", async () => {
    await expect(readFolder(folderOf({ "a.csv": "", "b.csv": "" }))).rejects.toThrow(/no ratings\.csv, ratings\.dat or u\.data/);
  });
});

test("a file picks up the catalogue beside it", async () => {
  const { ratings } = await readPath("data/tiny/ratings.csv");
  expect(ratings.catalogue.size).toBe(8);
  expect(ratings.catalogue.title(4)).toBe('The "Quiet" Ferry (1978)');
  expect(ratings.items.size).toBe(7);
  await expect(fileSource("data/none.csv")).rejects.toThrow(/data\/none\.csv/);
});

describe.runIf(process.env["TASTESPACE_ML_SMALL"])("the real ml-latest-small", () => {
  test("has its published counts", async () => {
    const { ratings } = await readPath(process.env["TASTESPACE_ML_SMALL"]!);
    expect([ratings.count, ratings.users.size, ratings.items.size, ratings.catalogue.size]).toEqual([100_836, 610, 9724, 9742]);
  });
});

test.each(["", " "])("a time that is empty (%j) is missing, not 1970, and a split by time says so", async (empty) => {
  for (const rows of [`a,x,4,100\nb,y,1,${empty}\n`, `1,2,4,100\n2,3,1,${empty}\n3,4,2,300\n`, `1,2,4,${empty}\n`]) {
    const { ratings } = await read(`user,item,rating,timestamp\n${rows}`);
    expect(ratings.time).toBeUndefined();
    for (const by of ["time", "last"] as const) expect(() => splitRatings(ratings, { by })).toThrow(/or some of them, have no timestamps/);
  }
  const { ratings } = await read("user,item,rating,timestamp\n1,2,4,0\n2,3,1,5\n");
  expect(ratings.time).toEqual(Float64Array.of(0, 5));
});

test("a ready-made split of a single file is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tastespace-"));
  const path = join(folder, "u1.base");
  try {
    writeFileSync(path, "1\t2\t3\t4\n2\t2\t1\t4\n");
    const refused = {
      name: "OptionsError",
      message: expect.stringMatching(/^split is "u9" to no effect: .* is a single file$/) as string,
      remedy: "give the folder that holds u9.base and u9.test, or leave split out to hold ratings out at random",
    };
    await expect(read("1,2,3\n", { split: "u9" })).rejects.toMatchObject(refused);
    await expect(readPath(path, { split: "u9" })).rejects.toMatchObject(refused);
    await expect(tableFiles(path, { split: "u9" })).rejects.toMatchObject(refused);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("options that a table's form, or its columns, make idle are told; columns of a matrix are refused", async () => {
  const market = "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 3\n2 2 4\n";
  expect((await read(market, { delimiter: ";" })).warnings).toEqual(['delimiter: ";" has no effect: ratings.csv is MatrixMarket']);
  expect((await read(market, { layout: "matrix" })).warnings).toEqual([
    'layout: "matrix" has no effect: ratings.csv is MatrixMarket, a row per rating',
  ]);
  expect((await read(market)).warnings).toEqual([]);
  expect((await read("user,item\n1,2\n2,3\n", { missing: ["0"] })).warnings).toEqual([
    'missing: ["0"] has no effect: ratings.csv has no column of ratings',
  ]);
  const matrix = "person,heat,babe\nann,1,2\nbob,3,4\n";
  expect((await read(matrix, { layout: "matrix" })).ratings.count).toBe(4);
  for (const column of ["item", "rating", "time"] as const) {
    const asked = read(matrix, { layout: "matrix", columns: { [column]: 2 } });
    await expect(asked).rejects.toThrow(
      `columns: { ${column}: 2 } has no effect: ratings.csv is read as a matrix, whose columns are items`,
    );
    await expect(asked).rejects.toThrow(OptionsError);
  }
});

test("titles that stand beside are said, and left out where they are of films and the items are not, or of none of them", async () => {
  const movies = "movieId,title,genres\n1,Heat (1995),Crime\n2,Babe (1995),Children\n";
  const of = (item: string, ids: string) => {
    const [a, b] = ids.split(" ");
    return readFolder(folderOf({ "ratings.csv": `user,${item},rating\n1,${a},3\n2,${b},4\n`, "movies.csv": movies }));
  };
  const films = await of("movieId", "1 7");
  expect(films).toMatchObject({ titles: { file: "movies.csv", items: 1, among: 2 }, warnings: [] });
  expect(films.ratings.catalogue.title(1)).toBe("Heat (1995)");
  expect((await of("item", "1 2")).ratings.catalogue.size).toBe(2);
  const books = await of("bookId", "1 2");
  expect([books.titles, books.ratings.catalogue.size]).toEqual([undefined, 0]);
  expect(books.warnings).toEqual([expect.stringMatching(/^movies\.csv .* of films, and the items are by "bookId"/) as string]);
  const none = await of("item", "tt1 tt2");
  expect([none.titles, none.ratings.catalogue.size]).toEqual([undefined, 0]);
  expect(none.warnings).toEqual([expect.stringContaining("none of its 2 titles is of the 2 rated items") as string]);
});
