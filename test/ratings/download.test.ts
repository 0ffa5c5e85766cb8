import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DownloadError } from "../../src/errors.js";
import { defaultCacheFolder, fetchKnownSet } from "../../src/ratings/download.js";
import { KNOWN_SETS } from "../../src/ratings/known-sets.js";
import { readPath } from "../../src/ratings/files.js";

const archive = zipSync({
  "ml-latest-small/ratings.csv": strToU8("userId,movieId,rating,timestamp\n1,10,4,5\n"),
  "ml-latest-small/movies.csv": strToU8("movieId,title,genres\n10,Ten,Drama\n"),
  "../../escaped.csv": strToU8("x"),
});
let server: Server;
let baseUrl: string;
let files: Record<string, Uint8Array | string | ((response: ServerResponse) => void)>;
let requests: string[];
let cacheFolder: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const name = request.url!.slice(1);
    requests.push(name);
    const body = files[name];
    if (typeof body === "function") body(response);
    else response.writeHead(body === undefined ? 404 : 200).end(body);
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

function withChecksum(bytes: Uint8Array | string): void {
  files["ml-latest-small.zip"] = bytes;
  files["ml-latest-small.zip.md5"] = createHash("md5").update(bytes).digest("hex");
}

/** The archive with a bit of a packed file turned, where inflating still succeeds. */
function flipped(bytes: Uint8Array): Uint8Array {
  const stored = zipSync({ "ratings.csv": strToU8("userId,movieId,rating\n1,10,4\n") }, { level: 0 });
  expect(bytes.length).toBeGreaterThan(0);
  stored[stored.indexOf("4".charCodeAt(0), 45)] ^= 1;
  return stored;
}

const redirect = (to: string) => (response: ServerResponse) => void response.writeHead(302, { location: to }).end();
const cutShort = (response: ServerResponse): void => {
  response.writeHead(200, { "content-length": archive.length });
  response.write(archive.subarray(0, 50), () => response.destroy());
};
const tooLong = (response: ServerResponse): void => {
  response.writeHead(200, { "content-length": 2 ** 31 });
  response.write("x");
};
const endless = (response: ServerResponse): void => {
  response.writeHead(200);
  const timer = setInterval(() => response.write("x".repeat(10_000)), 1);
  response.on("close", () => clearInterval(timer));
};

test("a redirect within the host is followed", async () => {
  files["ml-latest-small.zip"] = redirect("/moved.zip");
  files["moved.zip"] = archive;
  await expect(fetchKnownSet("ml-latest-small", { baseUrl, cacheFolder })).resolves.toContain("ml-latest-small");
});

test("an archive whose checksum is pinned is not taken with the one that lies beside it", async () => {
  files["ml-100k.zip"] = archive;
  files["ml-100k.zip.md5"] = createHash("md5").update(archive).digest("hex");
  await expect(fetchKnownSet("ml-100k", { baseUrl, cacheFolder })).rejects.toThrow(/has MD5 .*, not 0e33842e24a9c977be4e0107933c0723/);
  expect(requests).not.toContain("ml-100k.zip.md5");
  // GroupLens renews this one under its name.
  expect(KNOWN_SETS.filter(({ md5 }) => md5 === undefined).map(({ name }) => name)).toEqual(["ml-latest-small"]);
});

test("a cache that cannot be written is an error in words", async () => {
  const file = join(cacheFolder, "file");
  writeFileSync(file, "");
  await expect(fetchKnownSet("ml-latest-small", { baseUrl, cacheFolder: join(file, "cache") })).rejects.toThrow(
    /a part of its path is no folder/,
  );
});

test("two fetch the same set at once", async () => {
  const both = await Promise.all([0, 1].map(() => fetchKnownSet("ml-latest-small", { baseUrl, cacheFolder })));
  expect(both[0]).toBe(both[1]);
  expect(readdirSync(cacheFolder)).toEqual(["ml-latest-small"]);
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
  ["a missing checksum", () => delete files["ml-latest-small.zip.md5"]],
  ["a checksum that cannot be had", () => (files["ml-latest-small.zip.md5"] = (response) => response.writeHead(503).end("later"))],
  ["an endless checksum", () => (files["ml-latest-small.zip.md5"] = endless)],
  ["bytes that are no archive", () => withChecksum("nonsense")],
  ["an archive of another's files", () => withChecksum(zipSync({ "a.txt": strToU8("x") }))],
  ["a damaged archive whose checksum is right", () => withChecksum(flipped(archive))],
  ["an answer that breaks off", () => (files["ml-latest-small.zip"] = cutShort)],
  ["an answer that says it is endless", () => (files["ml-latest-small.zip"] = tooLong)],
  ["a redirect to another host", () => (files["ml-latest-small.zip"] = redirect("http://localhost:9/ml-latest-small.zip"))],
  ["a checksum from another host", () => (files["ml-latest-small.zip.md5"] = redirect("http://localhost:9/x.md5"))],
  ["redirects without end", () => (files["ml-latest-small.zip"] = redirect("/ml-latest-small.zip"))],
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
  expect(defaultCacheFolder({ LOCALAPPDATA: "/l" }, "win32")).toBe(join("/l", "tastespace"));
});
