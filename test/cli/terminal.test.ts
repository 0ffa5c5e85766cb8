// What commands share of the terminal: tables as wide as there is room.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { afterEach, expect, test } from "vitest";
import { table } from "../../src/cli/terminal.js";
import { tastespace } from "../support/command-line.js";

const { isTTY, columns } = process.stdout;
/** Puts standard output on a terminal of so many columns. */
const onTerminal = (width: number): void => void Object.assign(process.stdout, { isTTY: true, columns: width });
afterEach(() => void Object.assign(process.stdout, { isTTY, columns }));

const head = ["#", "title", "ratings", "genres"];
const rows = [
  ["1", "The Lord of the Rings: The Fellowship of the Ring (2001)", "198", "\x1b[2mAdventure, Fantasy\x1b[22m"],
  ["2", "七人の侍 七人の侍 七人の侍 七人の侍 七人の侍 七人の侍", "1,048", "\x1b[2mDrama\x1b[22m"],
];
const drawn = (): string[] => stripVTControlCharacters(table(head, rows, [0, 2])).split("\n");

test("a table is cut to the terminal's width, its texts alone, and whole in a pipe", () => {
  Object.assign(process.stdout, { isTTY: false, columns: 60 });
  expect(drawn()[1]).toContain("The Fellowship of the Ring (2001)");
  onTerminal(60);
  const lines = drawn();
  expect(lines[1]).toMatch(/^1 {2}The Lord of the Rings.*… +198 {2}Adventure/);
  expect(lines[2]).toMatch(/^2 {2}七人の侍.*… +1,048 {2}Drama$/);
  for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(60);
  // Numbers stay whole, also where there is no room.
  onTerminal(20);
  expect(drawn()[2]).toMatch(/…  +1,048 {2}Drama/);
  onTerminal(200);
  expect(drawn()[1]).toContain("The Fellowship of the Ring (2001)");
});

test("colours end where a text is cut", () => {
  onTerminal(30);
  const cut = table(["a", "b"], [["x", `\x1b[2m${"long ".repeat(20)}\x1b[22m`]]).split("\n")[1];
  expect(stripVTControlCharacters(cut)).toMatch(/^x {2}(long )+.*…$/);
  expect(cut.startsWith("x  \x1b[2mlong")).toBe(true);
  expect(cut.endsWith("…\x1b[22m")).toBe(true);
});

test("one is one rating of one user, and columns without a figure are left out", async () => {
  const inFolder = (name: string): string => join(mkdtempSync(join(tmpdir(), "tastespace-terminal-")), name);
  const one = inFolder("one.csv");
  writeFileSync(one, "user,item,rating\nann,tea,5\n");
  expect((await tastespace("analyse", one)).out).toContain("1 rating, 1 user, 1 item");
  const implicit = await tastespace("train", "--model", "implicit", "--device", "cpu", "--factors", "2", "--sweeps", "1");
  expect(implicit.out).toMatch(/^sweep +objective +held-out nDCG@10 +seconds$/m);
  expect(implicit.out).toMatch(/^ +1 +[\d.]+ +0\.\d+ +\d+\.\d+$/m);
  const alone = await tastespace("train", "--device", "cpu", "--factors", "2", "--sweeps", "1", "--holdout", "0");
  expect(alone.out).toMatch(/^sweep +objective +train RMSE +seconds$/m);
});
