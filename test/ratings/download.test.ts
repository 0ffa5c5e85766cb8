import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DownloadError } from "../../src/errors.js";
import { defaultCacheFolder, fetchKnownSet } from "../../src/ratings/download.js";
import { readPath } from "../../src/ratings/files.js";

const archive = zipSync({
  "ml-latest-small/ratings.csv": strToU8("userId,movieId,rating,timestamp\n1,10,4,5\n"),
  "ml-latest-small/movies.csv": strToU8("movieId,title,genres\n10,Ten,Drama\n"),
  "../../escaped.csv": strToU8("x"),
});
let server: Server;
let baseUrl: string;
let files: Record<string, Uint8Array | string>;
let requests: string[];
let cacheFolder: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const name = request.url!.slice(1);
    requests.push(name);
    const body = files[name];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  files = {
    "ml-latest-small.zip": archive,
    "ml-latest-small.zip.md5": `${createHash("md5").update(archive).digest("hex")}  ml-latest-small.zip`,
  };
  requests = [];
  cacheFolder = mkdtempSync(join(tmpdir(), "tastespace-"));
});

test("a set is fetched once, its terms shown, its archive checked, and then read", async () => {
  const terms: string[] = [];
  let done = 0;
  const options = { baseUrl, cacheFolder, onTerms: (text: string) => terms.push(text), onProgress: (read: number) => (done = read) };
  const folder = await fetchKnownSet("ml-latest-small", options);
  expect(terms[0]).toContain("no commercial use");
  expect(done).toBe(archive.length);
  expect((await readPath(folder)).ratings.count).toBe(1);
  expect(readdirSync(folder).sort()).toEqual(["TERMS.txt", "movies.csv", "ratings.csv"]);
  const before = requests.length;
  expect(await fetchKnownSet("ml-latest-small", options)).toBe(folder);
  expect(requests.length).toBe(before);
});

test.each([
  ["a wrong checksum", () => (files["ml-latest-small.zip.md5"] = "0".repeat(32))],
  ["a missing file", () => delete files["ml-latest-small.zip"]],
  ["bytes that are no archive", () => ((files["ml-latest-small.zip"] = "nonsense"), delete files["ml-latest-small.zip.md5"])],
])("%s is an error and leaves nothing behind", async (_, spoil) => {
  spoil();
  await expect(fetchKnownSet("ml-latest-small", { baseUrl, cacheFolder })).rejects.toThrow(DownloadError);
  expect(readdirSync(cacheFolder)).toEqual([]);
  expect(existsSync(join(cacheFolder, "..", "escaped.csv"))).toBe(false);
});

test("no network is an error with a remedy; an unknown name lists the known ones", async () => {
  await expect(fetchKnownSet("ml-100k", { baseUrl: "http://127.0.0.1:9", cacheFolder })).rejects.toMatchObject({
    code: "download",
    remedy: expect.stringContaining("network") as string,
  });
  await expect(fetchKnownSet("ml-3")).rejects.toMatchObject({ remedy: expect.stringContaining("ml-25m") as string });
});

test("the cache folder follows the platform", () => {
  expect(defaultCacheFolder({ TASTESPACE_CACHE: "/c" }, "linux")).toBe("/c");
  expect(defaultCacheFolder({ XDG_CACHE_HOME: "/x" }, "linux")).toBe(join("/x", "tastespace"));
});
