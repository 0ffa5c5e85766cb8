// What people mistype: each is told what they typed, as they typed it, and what to do, before anything long begins.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-slips-"));
const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const rows = Array.from({ length: 60 }, (_, at) => `u${at % 10},i${at % 7},${1 + (at % 5)}`).join("\n");
const table = written("table.csv", `user,item,rating\n${rows}\n`);
const empty = written("empty.csv", "");
const junk = written("junk.checkpoint", "junk\n");
const train = ["train", table, "--device", "cpu"];

test.each<[args: string[], code: number, said: RegExp]>([
  [["train", "--epochs", "3"], 2, /unknown option '--epochs'\n\("epochs" is called --sweeps here\)/],
  [["recommend", "model", "-k", "3"], 2, /"k" is called -n here/],
  [["train", "--learning-rate", "1"], 2, /"learning-rate" is called --step-size here/],
  [["train", "--factor", "1"], 2, /Did you mean --factors/],
  [["train", "--tau", "-1"], 2, /^error --tau is -1: it must be 0 or greater$/m],
  [["train", "--tau-users", "-1"], 2, /^error --tau-users is -1/m],
  [["train", "--factors", "999"], 2, /^error --factors is 999/m],
  [["train", "--model", "gibbs", "--prior-scale", "0"], 2, /^error --prior-scale is 0: it must be greater than 0$/m],
  [["train", "--sweeps", "-1"], 2, /it must be 0 or greater/],
  [["train", "--threads", "0"], 2, /it must be 1 or greater/],
  [["train", "--patience", "0"], 2, /it must be 1 or greater/],
  [["train", "--tolerance", "-1"], 2, /it must be 0 or greater/],
  [["train", "--resume"], 2, /--resume needs --checkpoint FILE/],
  [["train", "--init", "nope"], 1, /^error nope cannot be read/m],
  [["train", "--item-features", "nope"], 1, /^error nope: there is no such file or folder/m],
  [["train", "ml-latset-small"], 1, /did you mean "ml-latest-small"\?/],
  [["train", empty], 1, /empty\.csv: it is empty\n/],
  [[...train, "--checkpoint", junk, "--resume"], 1, /junk\.checkpoint: it is no safetensors file/],
  [[...train, "--model", "logistic"], 1, /say with --positive-threshold which ratings are positive/],
  [["recommend", "model", "--user", "1", "--rated", "1=5"], 2, /--user ID and --rated TITLE=RATING are given, and only one of them can be/],
  [["similar", "model", "7", "--user", "1"], 2, /an item and --user ID are given/],
])("%j", async (args, code, said) => {
  const ran = await tastespace(...args);
  expect(ran.err).toMatch(said);
  expect(ran.code).toBe(code);
});

test("a list that filters have left nothing of says so", async () => {
  const model = join(folder, "model.safetensors");
  await tastespace(...train, "--out", model);
  const { out, code } = await tastespace("recommend", model, "--user", "u1", "--minimum-ratings", "5000");
  expect(code).toBe(0);
  expect(out).toMatch(/nothing: no item passes the filters/);
});
