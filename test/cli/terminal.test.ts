// What commands share of the terminal: tables as wide as there is room.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { afterEach, expect, test, vi } from "vitest";
import { liveTable } from "../../src/cli/search-output.js";
import { table } from "../../src/cli/terminal.js";
import type { SearchResult, Trial } from "../../src/training/search.js";
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

test("titles are whole before genres have any room, which are left out where hardly a word of them would remain", () => {
  const sparing = (width: number): string[] => {
    onTerminal(width);
    return stripVTControlCharacters(table(head, rows, [0, 2], [3])).split("\n");
  };
  const whole = stringWidth("1  The Lord of the Rings: The Fellowship of the Ring (2001)  ratings");
  expect(sparing(200)).toEqual(drawn());
  expect(sparing(whole + 10)[1]).toMatch(/^1 {2}The Lord of the Rings: The Fellowship of the Ring \(2001\) {6}198 {2}Adventu…$/);
  expect(sparing(whole + 10)[2]).toMatch(/^2 {2}七人の侍.*侍 +1,048 {2}Drama$/);
  for (const width of [whole + 9, whole])
    expect(sparing(width)[1]).toMatch(/^1 {2}The Lord of the Rings: The Fellowship of the Ring \(2001\) {6}198$/);
  for (const width of [60, 40]) {
    for (const line of sparing(width)) expect(stringWidth(line)).toBeLessThanOrEqual(width);
    expect(sparing(width)).toEqual([
      expect.stringMatching(/^# {2}title +ratings$/),
      expect.stringMatching(/^1 {2}The Lord of the Rings.*… +198$/),
      expect.stringMatching(/^2 {2}七人の侍.*… +1,048$/),
    ]);
  }
  // Of numbers nothing is cut: they are there or not.
  onTerminal(whole - 1);
  expect(stripVTControlCharacters(table(head, rows, [0, 2], [3, 2])).split("\n")[1]).toMatch(/Ring \(2001\)$/);
});

test("the table of a search under way fits: padding goes first, then seconds and sweeps", () => {
  const written = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const space = { factors: [10, 20], tau: { from: 1, to: 100 }, gamma: [2, 5] };
  const rungs = [{ sweeps: 12, loss: 0.832887, seconds: 1.25, losses: [0.832887], bestSweeps: [12] }];
  const trials: Trial[] = [
    { number: 7, point: { factors: 20, tau: 48.1, gamma: 5 }, rungs },
    { number: 8, point: { factors: 20, tau: 1.12, gamma: 2 }, rungs: [], error: "factors have grown beyond all bounds" },
  ];
  const at = (width: number): string[] => {
    onTerminal(width);
    const live = liveTable(space, undefined, false);
    written.mockClear();
    for (const trial of trials) live.show(trial, { trials, best: 7, planned: 9, measure: "RMSE" } as Partial<SearchResult> as SearchResult);
    return written.mock.calls.map(([text]) => stripVTControlCharacters(String(text)).trimEnd()).slice(1);
  };
  try {
    expect(at(120)[0]).toBe("trial     factors         tau       gamma   sweeps  held-out RMSE    seconds");
    expect(at(120)[1]).toBe("    7          20        48.1           5       12       0.832887       1.25  best so far");
    expect(at(80)[0]).toBe("trial  factors   tau  gamma   sweeps  held-out RMSE    seconds");
    expect(at(80)[1]).toBe("    7       20  48.1      5       12       0.832887       1.25  best so far");
    expect(at(60)[0]).toBe("trial  factors   tau  gamma   sweeps  held-out RMSE");
    expect(at(60)[1]).toBe("    7       20  48.1      5       12       0.832887  best");
    expect(at(40)[0]).toBe("factors   tau  gamma       RMSE");
    expect(at(40)[1]).toBe("     20  48.1      5   0.832887  best");
    // What went wrong is said nowhere else.
    expect(at(40)[2]).toBe("     20  1.12      2     failed  factors have grown beyond all bounds");
  } finally {
    written.mockRestore();
  }
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
