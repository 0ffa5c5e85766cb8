// Where commands write: what cannot be written is found out before work begins, and what is written is whole,
// or what was there before.

import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { listing } from "../../src/cli/recommend.js";
import { DurableFile, checkWritable, checkWritableFolder, writeDurably } from "../../src/durable-file.js";
import { OutputError } from "../../src/errors.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-outputs-"));
const inFolder = (name: string): string => join(folder, name);
const model = inFolder("model.safetensors");
const run = inFolder("run.json");
const hasFull = existsSync("/dev/full");
const rated = inFolder("rated.csv");
const items = inFolder("items.csv");

beforeAll(async () => {
  const rows = Array.from({ length: 200 }, (_, at) => `${at % 23},${at % 19},${1 + ((at % 19) % 9) / 2}`);
  writeFileSync(rated, `user,item,rating\n${rows.join("\n")}\n`);
  writeFileSync(
    items,
    'id,title,genres\n1,"=cmd|\'/c calc\'!A1",Drama\n2,"Red \u001b[31mherring\u001b]0;owned\u0007 (1999)",Dr\u001b[2Jama\n3,-5,x\n',
  );
  const train = ["train", rated, "--items", items, "--factors", "2", "--sweeps", "2", "--device", "cpu", "--out", model, "--json", run];
  expect(await tastespace(...train)).toMatchObject({ code: 0, err: "" });
});

/** Every command that writes, with the flag of what it writes. */
const WRITERS: [command: string[], flag: string][] = [
  [["train", rated, "--device", "cpu"], "--out"],
  [["train", rated, "--device", "cpu"], "--json"],
  [["train", rated, "--device", "cpu"], "--checkpoint"],
  [["search", rated, "--factors", "1", "--device", "cpu"], "--json"],
  [["search", rated, "--factors", "1", "--device", "cpu"], "--csv"],
  [["search", rated, "--factors", "1", "--device", "cpu"], "--plot"],
  [["evaluate", model, "--device", "cpu"], "--json"],
  [["evaluate", model, "--device", "cpu"], "--per-user"],
  [["predict", model, "--user", "1", "--item", "1"], "--json"],
  [["recommend", model, "--user", "1"], "--json"],
  [["recommend-all", model, "--device", "cpu"], "--out"],
  [["explain", model, "--user", "1", "--item", "1"], "--json"],
  [["similar", model, "1"], "--json"],
  [["partial-fit", model, rated], "--out"],
  [["export", model, "--format", "npz"], "--out"],
  [["export", model, "--format", "csv"], "--out"],
  [["export", model, "--format", "projector"], "--out"],
  [["analyse", rated], "--json"],
  [["analyse", rated], "--figures"],
  [["report", run], "--out"],
  [["report", run], "--figures"],
  [["info"], "--json"],
];

test.each(WRITERS)("%j finds out before anything else that %s cannot be written", async (command, flag) => {
  const file = inFolder("a-file");
  writeFileSync(file, "");
  const name = flag === "--out" && command[0] === "recommend-all" ? "x.csv" : "x";
  const refused = await tastespace(...command, flag, join(file, "within", name));
  expect(refused.out).toBe("");
  expect(refused.err).toMatch(/^error .*a-file.*(no folder|does not exist)/);
  expect(refused.code).toBe(1);
});

test("a folder is no file, and two outputs are not one", async () => {
  expect((await tastespace("train", rated, "--out", folder)).err).toContain("it is a folder");
  const twice = await tastespace("train", rated, "--out", inFolder("x"), "--json", `${folder}/./x`);
  expect(twice.err).toContain("--out and --json are both");
  expect(twice.code).toBe(2);
});

test("- is standard output, and words go elsewhere", async () => {
  const list = await tastespace("recommend", model, "--user", "1", "-n", "2", "--json", "-");
  expect(JSON.parse(list.out)).toHaveLength(2);
  expect(list.err).toContain("for user 1");
  const trained = await tastespace("train", rated, "--factors", "1", "--sweeps", "1", "--device", "cpu", "--json", "-");
  expect(JSON.parse(trained.out)).toHaveProperty("history");
  const rows = await tastespace("recommend-all", model, "--device", "cpu", "--out", "-", "-n", "1");
  expect(rows.out.split("\n")[0]).toBe("user,rank,item,title,score");
  const csv = await tastespace("export", model, "--format", "csv", "--out", "-");
  expect(csv.out).toMatch(/^item,title,genres/);
  const searched = await tastespace("search", rated, "--factors", "1", "--tau", "1,5", "--gamma", "2", "--device", "cpu", "--json", "-");
  expect(JSON.parse(searched.out)).toMatchObject({ complete: true });
  expect((await tastespace("train", rated, "--checkpoint", "-")).err).toContain("standard output cannot hold it");
});

test("formulas are text in CSV, numbers are numbers; escapes are text on the terminal", async () => {
  const csv = await tastespace("export", model, "--format", "csv", "--out", "-");
  expect(csv.out).toContain(`1,'=cmd|'/c calc'!A1,Drama`);
  expect(csv.out).toContain("\n3,-5,x,");
  const seen = await tastespace("similar", model, "1", "-n", "30", "--minimum-ratings", "0");
  expect(seen.out).toContain("Red \\u001b[31mherring\\u001b]0;owned\\u0007 (1999)");
  expect(seen.out).toContain("Dr\\u001b[2Jama");
  // eslint-disable-next-line no-control-regex
  expect(seen.out + seen.err).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
  const unknown = await tastespace("similar", model, "Red \u001b[31mherr");
  // eslint-disable-next-line no-control-regex
  expect(unknown.err).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
});

test("a list has a column of genres where a title has some", () => {
  const heat = { id: 1, title: "Heat", genres: ["Crime", "Drama"], ratings: 3, score: 1 };
  const babe = { ...heat, title: "Babe", genres: [] };
  const lines = (...items: (typeof heat)[]): string[] => stripVTControlCharacters(listing(items)).split("\n");
  expect(lines(babe, heat)[0]).toMatch(/^# +title +cosine +ratings +genres$/);
  expect(lines(babe, heat)[2]).toMatch(/^2 +Heat +1\.000 +3 +Crime, Drama$/);
  expect(lines(babe)).toEqual([expect.stringMatching(/^# +title +cosine +ratings$/), expect.stringMatching(/^1 +Babe +1\.000 +3$/)]);
});

test("a rating that is none is named", async () => {
  const great = await tastespace("recommend", model, "--rated", "Toy Story (1995)=great");
  expect(great).toMatchObject({ code: 2, out: "" });
  expect(great.err).toContain('--rated "Toy Story (1995)=great" has the rating "great", which is no number');
  expect(great.err).toContain('write --rated "Toy Story (1995)=5"');
  expect((await tastespace("recommend", model, "--rated", "Toy Story")).err).toContain("has no rating");
});

test("what is not there is said in a sentence", async () => {
  for (const command of [
    ["train", "nowhere.csv"],
    ["recommend", "nowhere", "--user", "1"],
    ["report", "nowhere.json"],
    ["evaluate", model, "nowhere.csv"],
    ["train", rated, "--item-features", "nowhere"],
    ["train", rated, "--init", "nowhere"],
    ["train", rated, "--items", "nowhere"],
  ]) {
    const { err, code } = await tastespace(...command);
    expect(err).toMatch(/there is no such file or folder/);
    expect(err).not.toMatch(/ENOENT|at .*\(/);
    expect(code).toBe(1);
  }
  const wrong = await tastespace("report", model, "--out", inFolder("r.html"));
  expect(wrong.err).toMatch(/model\.safetensors is a model file, not the run that it came from/);
  writeFileSync(inFolder("binary.json"), Buffer.from([0, 1, 2, 27, 91, 255]));
  expect((await tastespace("report", inFolder("binary.json"), "--out", inFolder("r.html"))).err).toContain("binary.json is no JSON");
});

/** A command of the shell, with the command line in $T. */
const shell = (command: string): Promise<{ code: number; err: string; out: string }> =>
  new Promise((resolve) => {
    execFile(
      "bash",
      ["-c", command],
      { env: { ...process.env, NO_COLOR: "1", T: `${process.execPath} dist/cli.js`, M: model, D: rated } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

test.runIf(hasFull)("a full disk behind standard output, and a reader that has gone, end in a sentence and a code", async () => {
  for (const command of [
    "$T similar $M 1",
    "$T recommend $M --user 1 --json -",
    "$T export $M --format npz --out -",
    "$T train $D --sweeps 1 --device cpu",
  ]) {
    const full = await shell(`${command} > /dev/full`);
    expect(full.err).toMatch(/error standard output cannot be written: the disk is full\n/);
    expect(full.err).not.toMatch(/ENOSPC|node:|at .*\(/);
    expect(full.code).toBe(1);
  }
  // What goes to a file is not lost with the words.
  const kept = await shell(
    "$T train $D --sweeps 1 --device cpu --out $M.full > /dev/full; $T train $D --sweeps 1 --device cpu --out $M.gone | true",
  );
  expect(kept.err.match(/error standard output cannot be written: the disk is full/g)).toHaveLength(1);
  for (const name of ["full", "gone"]) expect(existsSync(`${model}.${name}`)).toBe(true);
  expect((await shell("$T train $D --sweeps 1 --device cpu --out $M.full > /dev/full")).code).toBe(1);
  const gone = await shell(`set -o pipefail; $T recommend-all $M --device cpu --out - -n 19 | true`);
  expect(gone.code).toBe(1);
  expect(gone.err).toMatch(/standard output cannot be written: nobody reads it any more/);
});

test.runIf(hasFull)("a device is written into, not replaced", async () => {
  const full = await shell(`$T export $M --format npz --out /dev/full; $T recommend $M --user 1 --json /dev/full`);
  expect(full.err.match(/\/dev\/full cannot be written: the disk is full/g)).toHaveLength(2);
  expect(lstatSync("/dev/full").isCharacterDevice()).toBe(true);
  expect((await shell(`$T recommend $M --user 1 --json /dev/null`)).code).toBe(0);
});

test("links are followed, also to what is not there yet; who may read a file stays", async () => {
  const real = mkdtempSync(join(tmpdir(), "tastespace-real-"));
  writeFileSync(join(real, "there.json"), "before");
  chmodSync(join(real, "there.json"), 0o600);
  for (const name of ["there.json", "new.json"]) {
    symlinkSync(join(real, name), inFolder(`link-${name}`));
    expect((await tastespace("recommend", model, "--user", "1", "--json", inFolder(`link-${name}`))).code).toBe(0);
    expect(lstatSync(inFolder(`link-${name}`)).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(join(real, name), "utf8"))).toHaveLength(10);
  }
  expect(statSync(join(real, "there.json")).mode & 0o777).toBe(0o600);
  expect(readdirSync(real).sort()).toEqual(["new.json", "there.json"]);
});

test("what fails half-way leaves what was there, and nothing besides", async () => {
  const here = mkdtempSync(join(tmpdir(), "tastespace-half-"));
  const path = join(here, "x");
  writeFileSync(path, "before");
  const file = await DurableFile.open(path);
  await file.write("half");
  await file.abandon();
  expect(readFileSync(path, "utf8")).toBe("before");
  expect(readdirSync(here)).toEqual(["x"]);
  const pieces = function* (): Generator<Uint8Array, void> {
    yield new Uint8Array(9);
    throw new RangeError("no memory for more");
  };
  await expect(writeDurably(path, pieces())).rejects.toThrow("no memory for more");
  expect(readFileSync(path, "utf8")).toBe("before");
  expect(readdirSync(here)).toEqual(["x"]);
  // Two at once do not meet in one temporary file.
  await Promise.all(["a", "b"].map((letter) => writeDurably(path, letter.repeat(1 << 20))));
  expect(["a", "b"].map((letter) => letter.repeat(1 << 20))).toContain(readFileSync(path, "utf8"));
  expect(readdirSync(here)).toEqual(["x"]);
  mkdirSync(join(here, "folder"));
  await expect(writeDurably(join(here, "folder"), "")).rejects.toThrow(OutputError);
  await expect(writeDurably(join(here, "none", "x"), "")).rejects.toThrow("its folder does not exist");
  await expect(checkWritable(join(path, "x"))).rejects.toThrow(OutputError);
  await expect(checkWritableFolder(path)).rejects.toThrow(OutputError);
  await checkWritableFolder(join(here, "new", "one"));
  expect(readdirSync(here).sort()).toEqual(["folder", "x"]);
});

test.runIf(process.getuid?.() === 0 && existsSync("/usr/bin/setpriv"))(
  "a user id that the system does not know, without a home, trains and recommends",
  async () => {
    chmodSync(folder, 0o777);
    // The checkout may lie where that user cannot read: the capability lets it.
    const stranger = "setpriv --reuid 54321 --regid 54321 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search";
    const { code, err, out } = await shell(
      `cd ${process.cwd()} && env -u HOME ${stranger} $T train $D --sweeps 1 --device cpu --out ${folder}/homeless`,
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("kept");
  },
);
