// Zip archives as folders of ratings, as they are dropped into a page.

import { randomBytes } from "node:crypto";
import { strToU8, zipSync } from "fflate";
import { expect, test } from "vitest";
import { RatingsError } from "../../src/errors.js";
import { zipFolder } from "../../src/ratings/archive.js";
import { readFolder } from "../../src/ratings/readers.js";

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
