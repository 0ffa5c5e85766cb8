// Zip archives as folders of ratings, as they are dropped into a page.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import { expect, onTestFinished, test } from "vitest";
import { RatingsError } from "../../src/errors.js";
import { zipFolder } from "../../src/ratings/archive.js";
import { readPath, tableFiles } from "../../src/ratings/files.js";
import { bytesSource } from "../../src/ratings/folder.js";
import { readFolder, readRatings } from "../../src/ratings/readers.js";

const RATINGS = "userId,movieId,rating,timestamp\n1,10,3.5,7\n2,10,4,8\n2,11,5,9\n";
const MOVIES = 'movieId,title,genres\n10,"Lantern, The (1950)",Drama|Mystery\n11,Parade (1961),Comedy\n';

const zipped = (files: Record<string, string | Uint8Array>): File => {
  const bytes = Object.entries(files).map(([path, content]) => [path, typeof content === "string" ? strToU8(content) : content] as const);
  return new File([zipSync(Object.fromEntries(bytes)) as Uint8Array<ArrayBuffer>], "ml-invented.zip");
};

test("a MovieLens archive is read with its titles, whatever else lies in it", async () => {
  const archive = zipped({
    "ml-invented/README.txt": "terms",
    "ml-invented/ratings.csv": RATINGS,
    "ml-invented/movies.csv": MOVIES,
    "__MACOSX/ml-invented/._ratings.csv": "not a table",
  });
  const { ratings, format } = await readFolder(zipFolder(archive));
  expect([ratings.users.size, ratings.items.size, ...ratings.value]).toEqual([2, 2, 3.5, 4, 5]);
  expect(ratings.catalogue.get(10)).toEqual({ id: 10, title: "Lantern, The (1950)", genres: ["Drama", "Mystery"] });
  expect(format).toContain("ml-invented.zip");
});

test("a file that comes in many chunks is read whole and in order", async () => {
  const rows = Array.from({ length: 200_000 }, (_, at) => `${at},${at % 1000},${1 + (at % 5)}`);
  // What cannot be packed stands before it, so that the wanted file starts far into the archive.
  const archive = zipped({ "noise.bin": randomBytes(300_000), "ratings.csv": `userId,movieId,rating\n${rows.join("\n")}\n` });
  const { ratings } = await readFolder(zipFolder(archive));
  expect(ratings.count).toBe(200_000);
  expect(ratings.value.every((value, at) => value === 1 + (at % 5))).toBe(true);
});

test("an archive that is cut short, damaged or holds no ratings is refused by name", async () => {
  const whole = zipped({ "ratings.csv": randomBytes(200_000) });
  await expect(readFolder(zipFolder(new File([whole.slice(0, 100_000)], "cut.zip")))).rejects.toThrow(/^cut\.zip: /);
  await expect(readFolder(zipFolder(zipped({ "picture.png": "x" })))).rejects.toThrow(RatingsError);
  const bytes = zipSync({ "ratings.csv": strToU8(RATINGS.repeat(2000)) });
  bytes.fill(0xff, 60, 120);
  await expect(readFolder(zipFolder(new File([bytes as Uint8Array<ArrayBuffer>], "damaged.zip")))).rejects.toThrow(/damaged\.zip/);
});

/** An archive whose bytes are spoiled. */
function spoiled(level: 0 | 6, spoil: (bytes: Uint8Array) => void): File {
  const rows = Array.from({ length: 200 }, (_, at) => `${at % 23},${at % 19},${1 + (at % 7) / 2}`);
  const bytes = zipSync({ "ratings.csv": strToU8(`userId,movieId,rating\n${rows.join("\n")}\n`) }, { level });
  spoil(bytes);
  return new File([bytes as Uint8Array<ArrayBuffer>], "spoiled.zip");
}

test("a file whose bytes are not those that were packed is refused by its checksum", async () => {
  const turned = spoiled(0, (bytes) => (bytes[bytes.indexOf("3".charCodeAt(0), 60)] ^= 1));
  await expect(readFolder(zipFolder(turned))).rejects.toThrow("spoiled.zip: ratings.csv is damaged: its checksum is not");
  const resized = spoiled(6, (bytes) => {
    const view = new DataView(bytes.buffer);
    let at = bytes.length - 22;
    while (view.getUint32(at, true) !== 0x02014b50) at--;
    view.setUint32(at + 24, view.getUint32(at + 24, true) - 1, true);
  });
  await expect(readFolder(zipFolder(resized))).rejects.toThrow(/ratings\.csv is longer than the [\d,]+ bytes/);
});

test("a turned bit anywhere is refused or changes nothing", async () => {
  const { ratings } = await readFolder(zipFolder(spoiled(6, () => {})));
  const values = [...ratings.value].join();
  let refused = 0;
  for (let bit = 0; bit < 2000; bit += 3) {
    try {
      const read = await readFolder(zipFolder(spoiled(6, (bytes) => (bytes[(bit >> 3) % bytes.length] ^= 1 << (bit & 7)))));
      expect([...read.ratings.value].join()).toBe(values);
    } catch (error) {
      if (!(error instanceof RatingsError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(300);
});

/** 66 MiB that shrink hundreds of times, in long lines, of which few are read. */
const BOMB = Buffer.alloc(66 << 20, `1,1,1.${"0".repeat(2000)}\n`);
const BOMB_ARCHIVE = zipSync({ "ratings.csv": BOMB });

test("what grows hundreds of times is refused before it fills the memory, in a zip archive and gzipped", async () => {
  await expect(readFolder(zipFolder(new File([BOMB_ARCHIVE as Uint8Array<ArrayBuffer>], "bomb.zip")))).rejects.toThrow(
    /grows to more than 200 times/,
  );
  await expect(readRatings(bytesSource("bomb.csv.gz", gzipSync(BOMB)))).rejects.toThrow(
    "bomb.csv.gz: it grows to more than 200 times its size",
  );
});

/** An archive of the file system. */
function written(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "tastespace-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "set.zip");
  writeFileSync(path, bytes);
  return path;
}

test("a path of an archive is read as its folder is: titles, ready-made splits, packed files, and from the cache", async () => {
  const inFolder = { "ml/ratings.csv": strToU8(RATINGS), "ml/movies.csv": strToU8(MOVIES) };
  const path = written(zipSync(inFolder));
  const options = { cacheFolder: join(path, "..", "cache"), smallestKept: 1 };
  for (const format of [`${path} (MovieLens)`, `${path} (MovieLens), from the cache`]) {
    const read = await readPath(path, options);
    expect([read.format, read.ratings.count, read.ratings.catalogue.title(10)]).toEqual([format, 3, "Lantern, The (1950)"]);
  }
  // Another file of it is another table.
  writeFileSync(path, zipSync({ "a.csv": strToU8(RATINGS.replaceAll("3.5", "1.5")) }));
  const other = await readPath(path, options);
  expect([other.format, other.ratings.value[0]]).toEqual([`${path} (one table)`, 1.5]);
  const split = { "u1.base": strToU8("1\t10\t3\t7\n2\t10\t4\t8\n"), "u1.test": strToU8("2\t11\t5\t9\n") };
  const { ratings, heldOut } = await readPath(written(zipSync(split)), { split: "u1" });
  expect([ratings.count, heldOut?.count]).toEqual([2, 1]);
  expect((await readPath(written(zipSync({ "ratings.csv.gz": gzipSync(RATINGS) })))).ratings.count).toBe(3);
});

test("a path of an archive that is damaged, encrypted, a bomb or a spreadsheet is refused as the archive is", async () => {
  const whole = zipSync({ "ratings.csv": strToU8(RATINGS.repeat(500)) });
  const refused = async (bytes: Uint8Array) => await readPath(written(bytes)).catch((caught: unknown) => caught);
  const cut = await refused(whole.subarray(0, 100));
  expect(cut).toBeInstanceOf(RatingsError);
  expect(cut).toMatchObject({ message: expect.stringMatching(/set\.zip: it is no zip archive, or one that is cut short/) as string });
  const encrypted = whole.slice();
  const view = new DataView(encrypted.buffer);
  let list = encrypted.length - 22;
  while (view.getUint32(list, true) !== 0x02014b50) list--;
  view.setUint16(list + 8, 1, true);
  expect(await refused(encrypted)).toMatchObject({
    message: expect.stringMatching(/ratings\.csv is encrypted/) as string,
    remedy: expect.stringMatching(/^unpack it/) as string,
  });
  expect(await refused(BOMB_ARCHIVE)).toMatchObject({ message: expect.stringMatching(/grows to more than 200 times/) as string });
  const sheet = zipSync({ "[Content_Types].xml": strToU8("<Types/>"), "xl/workbook.xml": strToU8("<workbook/>") });
  expect(await refused(sheet)).toMatchObject({ message: expect.stringMatching(/a zip archive or a spreadsheet/) as string });
});

test("ranks read an archive whole, each of them", async () => {
  expect(await tableFiles(written(zipSync({ "ratings.csv": strToU8(RATINGS) })))).toBeUndefined();
});
