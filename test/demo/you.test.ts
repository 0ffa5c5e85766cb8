// The map's axes held still, the page's states, and the exports of other sites: what the demo does without a browser.

import { strToU8, zipSync } from "fflate";
import fc from "fast-check";
import { expect, test } from "vitest";
import { matched, ownRatings } from "../../demo/own-ratings.js";
import { yardstick } from "../../demo/report.js";
import { Stage } from "../../demo/stage.js";
import { shortened } from "../../demo/titles.js";
import { placed, placeOf, turnTowards } from "../../demo/you.js";
import type { DataSummary } from "../../demo/data.js";

const coordinates = (count: number) => fc.array(fc.float({ min: -5, max: 5, noNaN: true }), { minLength: 3 * count, maxLength: 3 * count });
const angles = fc.tuple(...[0, 1, 2].map(() => fc.float({ min: -3, max: 3, noNaN: true })));

function rotation([a, b, c]: readonly number[], mirrored: boolean): number[][] {
  const times = (x: number[][], y: number[][]): number[][] =>
    x.map((row) => y[0].map((_, j) => row.reduce((sum, v, k) => sum + v * y[k][j], 0)));
  const turn = (axis: number, angle: number): number[][] => {
    const m = [0, 1, 2].map((i) => [0, 1, 2].map((j) => Number(i === j)));
    const [p, q] = [0, 1, 2].filter((other) => other !== axis);
    [m[p][p], m[p][q], m[q][p], m[q][q]] = [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)];
    return m;
  };
  const whole = times(times(turn(0, a), turn(1, b)), turn(2, c));
  return mirrored ? whole.map(([x, y, z]) => [-x, y, z]) : whole;
}

test("points that were turned or mirrored are turned back to where they were", () => {
  fc.assert(
    fc.property(coordinates(8), angles, fc.boolean(), (values, by, mirrored) => {
      const before = Float32Array.from(values);
      const scatter = [0, 1, 2].map((axis) => values.filter((_, at) => at % 3 === axis).reduce((sum, v) => sum + v * v, 0));
      fc.pre(Math.min(...scatter) > 1);
      const r = rotation(by, mirrored);
      const after = Float32Array.from(values, (_, at) => {
        const row = at - (at % 3);
        return [0, 1, 2].reduce((sum, k) => sum + values[row + k] * r[k][at % 3], 0);
      });
      const turn = turnTowards(after, before);
      // Points of one line or plane have no one way back.
      fc.pre(turn !== undefined);
      let worst = 0;
      for (let at = 0; at < after.length; at++) {
        const row = at - (at % 3);
        const back = [0, 1, 2].reduce((sum, k) => sum + after[row + k] * turn![k * 3 + (at % 3)], 0);
        worst = Math.max(worst, Math.abs(back - before[at]));
      }
      expect(worst).toBeLessThan(1e-3);
    }),
  );
});

test("factors that have moved a little are drawn near to where they were, though principal axes swap; a row of them lies where it is drawn", () => {
  const [count, K] = [200, 5];
  // Two directions of almost the same spread: a little noise swaps their axes.
  const rows = Float32Array.from({ length: count * K }, (_, at) => Math.sin(at * 12.9898) * [2, 1.99, 1, 0.3, 0.2][at % K]);
  const moved = rows.map((value, at) => value + 0.08 * Math.sin(at * 78.233));
  const before = placed(rows, count, K, undefined);
  const known = before.coordinates.slice();
  // One item is new, and has no place to be turned towards.
  known.fill(NaN, 0, 3);
  const after = placed(moved, count, K, known);
  const far = (at: number): number => Math.hypot(...[0, 1, 2].map((k) => after.coordinates[at * 3 + k] - before.coordinates[at * 3 + k]));
  for (let at = 0; at < count; at++) expect(far(at)).toBeLessThan(0.5);
  for (const at of [0, 7, 199]) {
    const place = placeOf(after, moved.subarray(at * K, (at + 1) * K));
    place.forEach((value, axis) => expect(value).toBeCloseTo(after.coordinates[at * 3 + axis], 4));
  }
});

test("with one or two factors the other axes are flat, and nothing is turned", () => {
  const rows = Float32Array.from([1, 2, -3, 5, 0.5, -2]);
  const flat = placed(
    rows,
    3,
    2,
    Float32Array.from({ length: 9 }, (_, at) => at),
  );
  for (let at = 0; at < 3; at++) expect(flat.coordinates[at * 3 + 2]).toBeCloseTo(0, 6);
});

const data = {} as DataSummary;
test("a page trains or races, one at a time, and only when there is data", () => {
  const stage = new Stage();
  expect(stage.isOpen).toBe(false);
  stage.setData(data);
  expect(stage.isOpen).toBe(true);
  const seen: string[] = [];
  stage.listen(({ phase }) => seen.push(phase));
  expect(stage.go("training")).toBe(true);
  expect(stage.isOpen).toBe(false);
  expect(stage.go("racing")).toBe(false);
  expect(stage.go("training")).toBe(false);
  for (const phase of ["paused", "training", "paused", "stopping"] as const) expect(stage.go(phase)).toBe(true);
  // What is being stopped goes on to its end, whatever is pressed.
  for (const phase of ["paused", "training", "stopping", "racing"] as const) expect(stage.go(phase)).toBe(false);
  expect(stage.go("idle")).toBe(true);
  expect(seen).toEqual(["idle", "training", "paused", "training", "paused", "stopping", "idle"]);
});

const LETTERBOXD =
  "Date,Name,Year,Letterboxd URI,Rating\n2024-01-02,The Matrix,1999,https://boxd.it/a,4.5\n2024-01-03,Amelie,2001,https://boxd.it/b,0.5\n2024-01-04,Unheard Of,2020,https://boxd.it/c,5\n";
const IMDB =
  '\uFEFFConst,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres\ntt1,9,2024-01-02,The Matrix,The Matrix,u,Movie,8.7,136,1999,"Action, Sci-Fi"\ntt2,2,2024-01-02,Amélie,x,u,Movie,8.3,122,2002,Comedy\n';
const GOODREADS =
  'Book Id,Title,Author,My Rating,Average Rating,Original Publication Year\n1,"Emma",Jane Austen,4,4.0,1815\n2,Dune,Frank Herbert,0,4.3,1965\n';
const shelf = { ids: [7, "m", 9, 10], titles: ["Matrix, The (1999)", "Amélie (2001)", "Emma (1996)", "Emma (2020)"] };

test.each([
  { name: "ratings.csv", content: LETTERBOXD, site: "Letterboxd", stars: [["7", 5], ["m", 1]], count: 3 },
  { name: "imdb.csv", content: IMDB, site: "IMDb", stars: [["7", 5], ["m", 1]], count: 2 },
  // Rated 0 is not rated; a book of 1815 is neither of the films.
  { name: "goodreads_library_export.csv", content: GOODREADS, site: "Goodreads", stars: [], count: 1 },
])("an export of $site is one person's ratings, matched by title and year", async ({ name, content, site, stars, count }) => {
  const own = await ownRatings(new File([content], name));
  expect(own?.site).toBe(site);
  expect(own?.rows.length).toBe(count);
  expect(matched(own!, shelf)).toEqual(stars);
}); // prettier-ignore

test("Letterboxd's archive is read; tables of many people and other archives are none of these", async () => {
  const zip = (files: Record<string, string>): File =>
    new File(
      [zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))) as Uint8Array<ArrayBuffer>],
      "x.zip",
    );
  expect((await ownRatings(zip({ "ratings.csv": LETTERBOXD, "watched.csv": "Date,Name\n" })))?.rows.length).toBe(3);
  expect(await ownRatings(zip({ "ratings.csv": "userId,movieId,rating\n1,2,3\n" }))).toBeUndefined();
  expect(await ownRatings(new File(["user,item,rating\n1,2,3\n"], "mine.csv"))).toBeUndefined();
});

test("the yardstick says how much better than the average, or that it is not", () => {
  const report = (heldOutRmse: number | null, guess: number | null) =>
    ({ history: [{ sweep: 2, heldOutRmse }], stop: { bestSweep: 2 }, guess }) as unknown as Parameters<typeof yardstick>[0];
  expect(yardstick(report(0.75, 1))).toBe("25 % better than guessing the average, which is off by 1.00");
  expect(yardstick(report(1.2, 1))).toBe("no better than guessing the average, which is off by 1.00");
  expect(yardstick(report(null, null))).toBeUndefined();
});

test.each([
  ["Heat (1995)", "Heat"],
  ["The Lord of the Rings: The Two Towers (2002)", "The Two Towers"],
  ["Alien: Romulus (2024)", "Alien: Romulus"],
  ["Willy Wonka & the Chocolate Factory (1971)", "Willy Wonka & the Chocolate F…"],
])("%s is %s where there is little room", (title, name) => {
  expect(shortened(title)).toBe(name);
});
