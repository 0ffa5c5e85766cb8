// Figures hold the points of their data, and no title can break out of them.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { calibration } from "../../src/metrics/calibration.js";
import type { FactorModel } from "../../src/models/factor-model.js";
import { Catalogue } from "../../src/ratings/catalogue.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { ratingsOfEach } from "../../src/ratings/popularity.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { type Split, splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { alphaEffect } from "../../src/recommend/alpha-effect.js";
import { genreMap } from "../../src/recommend/genre-map.js";
import { polarizingItems } from "../../src/recommend/polarizing.js";
import { dataFigures } from "../../src/report/data-figures.js";
import { type Figure, inGrid, standaloneSvg } from "../../src/report/figure.js";
import { placeLabels } from "../../src/report/labels.js";
import { alphaFigure, calibrationFigure, genreMapFigure, polarizingFigure } from "../../src/report/model-figures.js";
import { textWidth } from "../../src/report/plot.js";
import { modelLists } from "../../src/report/report.js";
import { searchFigures } from "../../src/report/search-figures.js";
import { trainingFigures } from "../../src/report/training-figures.js";
import { fit, type FitResult } from "../../src/training/fit.js";
import { search } from "../../src/training/search.js";

const ratings = syntheticRatings({ users: 150, items: 100, ratings: 4000 });
const split: Split = splitRatings(ratings);
const named = { name: "one", title: "" };
let als: FitResult;
let vb: FitResult;
let figures: Map<string, Figure>;
let model: FactorModel;

beforeAll(async () => {
  const options = { heldOut: split.heldOut, device: "cpu", sweeps: 5, earlyStop: false } as const;
  als = await fit(split.train, { ...options, factors: 2, itemFeatures: FeatureTable.genres(ratings.catalogue) });
  vb = await fit(split.train, { ...options, model: "vb", factors: 3 });
  model = als.model;
  const runs = [als, vb].map(({ history, stop }, at) => ({ name: `run ${at}`, history, bestSweep: stop.bestSweep }));
  const all = [
    ...dataFigures(ratings),
    ...trainingFigures(runs),
    genreMapFigure(genreMap(model, { genres: ["Horror", "Romance"], minimumRatings: 10 }), named),
    polarizingFigure(polarizingItems(model, { n: 4, minimumRatings: 10 }), ratings, named),
    alphaFigure(alphaEffect(model, { alphas: [0, 0.5, 1] }), named),
    calibrationFigure(calibration(vb.model, split.heldOut), named),
  ];
  figures = new Map(all.map((figure) => [figure.name, figure]));
});

/** How often a mark's group holds an element. */
const drawn = (name: string, mark: string, element: string): number => {
  const groups = [...figures.get(name)!.svg.matchAll(new RegExp(`<g aria-label="${mark}"[^>]*>([\\s\\S]*?)</g>`, "g"))];
  return groups.reduce((sum, [, inside]) => sum + inside.split(`<${element} `).length - 1, 0);
};

test("lists have a column of genres where a title has some", async () => {
  const { user, item, value, users, items } = ratings;
  const { model: untitled } = await fit(new Ratings({ user, item, value }, users, items), { device: "cpu", factors: 1, sweeps: 1 });
  const headsOf = (of: FactorModel): string[] =>
    modelLists(of, { minimumRatings: 1, rated: [{ title: "1", value: 5 }], similar: ["1"], alpha: 1, listed: 3 }).map(({ head, rows }) => {
      expect(rows.map((row) => row.length)).toEqual([head.length, head.length, head.length]);
      return head.join();
    });
  expect(headsOf(model)).toEqual(["#,title,genres,ratings", "#,title,genres,ratings"]);
  expect(headsOf(untitled)).toEqual(["#,title,ratings", "#,title,ratings"]);
});

describe("the points of the data are drawn", () => {
  test("a bar for each value of the scale, as high as its count", () => {
    const heights = [...figures.get("rating-histogram")!.svg.matchAll(/<rect [^>]*height="([\d.]+)"/g)].map(([, height]) => Number(height));
    const counts = figures.get("rating-histogram")!.table.rows.map(([, count]) => Number(count));
    expect(heights.length).toBe(new Set(ratings.value).size);
    const scale = Math.max(...heights) / Math.max(...counts);
    heights.forEach((height, at) => expect(Math.abs(height - scale * counts[at])).toBeLessThan(0.1));
  });

  test.each(["users", "items"] as const)("a dot for each number of ratings of %s", (side) => {
    const name = `ratings-by-${side === "users" ? "user" : "item"}`;
    expect(drawn(name, "dot", "circle")).toBe(new Set(ratingsOfEach(ratings, side)).size);
    const { rows } = figures.get(name)!.table;
    expect(rows[0][2]).toBe(ratings[side].size);
    expect(rows.reduce((sum, [number, exactly]) => sum + Number(number) * Number(exactly), 0)).toBe(ratings.count);
  });

  test("a line for each run's training and held-out error, and a dot at the sweep kept", () => {
    expect(drawn("rmse-by-sweep", "line", "path")).toBe(4);
    expect(drawn("rmse-by-sweep", "dot", "circle")).toBe(2);
    const [line] = /<g aria-label="line"[^>]*><path d="([^"]*)"/.exec(figures.get("rmse-by-sweep")!.svg)!.slice(1);
    expect(line.split("L").length).toBe(als.history.length);
    expect(drawn("objective-by-sweep", "line", "path")).toBe(1);
    expect(drawn("elbo-by-sweep", "line", "path")).toBe(1);
  });

  test("every item of the map, and every feature", () => {
    const map = genreMap(model, { genres: ["Horror", "Romance"], minimumRatings: 10 });
    expect(drawn("map-one", "dot", "circle")).toBe(map.items.length);
    expect(drawn("map-one", "dot", "path")).toBe(12);
    for (const { name } of map.features) expect(figures.get("map-one")!.svg).toContain(`<title>${name}</title>`);
  });

  test("a histogram for each polarizing item, and a bar for each α", () => {
    const scale = new Set(ratings.value).size;
    expect(figures.get("polarizing-one")!.svg.split("<rect ").length - 1).toBe(8 * scale);
    expect(drawn("alpha-one", "bar", "rect")).toBe(3);
    expect(drawn("calibration-one", "dot", "circle")).toBe(12);
  });
});

test("figures of a search show every trial over each varied hyperparameter, and stand side by side", async () => {
  const space = { factors: [1, 3], tau: [2, 20, 50], gamma: [5] };
  const result = await search(ratings, { space, sweeps: 3, device: "cpu" });
  const made = searchFigures(result);
  expect(made.map(({ name }) => name)).toEqual(["search-factors", "search-tau"]);
  // Six trials and the best once more.
  for (const { svg } of made) expect(svg.split("<circle ").length - 1 - 2).toBe(7);
  const grid = inGrid(made, 2);
  expect(grid.svg.split("<svg ").length - 1).toBe(3);
  expect(grid.width).toBe(made[0].width + made[1].width);
});

test("every figure is titled and described for those who do not see it, and its table is whole", () => {
  for (const { name, title, description, svg, table } of figures.values()) {
    expect(svg).toContain(`aria-labelledby="figure-${name}-title figure-${name}-description"`);
    expect(svg).toContain(`<title id="figure-${name}-title">${title}</title>`);
    expect(description.length).toBeGreaterThan(30);
    expect(svg + description).not.toMatch(/NaN|undefined|Infinity/);
    for (const row of table.rows) expect(row.length).toBe(table.head.length);
  }
});

test("alone, a figure has its colours as literals, on a ground", () => {
  for (const figure of figures.values()) {
    const alone = standaloneSvg(figure);
    expect(alone).not.toContain("var(");
    expect(alone).toMatch(/^<\?xml[^>]*\?>\n<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]*><rect [^>]*fill="#ffffff"/);
  }
});

test("titles cannot break out of a figure", () => {
  const hostile = `<script>alert("1")</script> & 'more'`;
  const rows = Array.from({ length: 60 }, (_, at) => [at % 20, 1 + Math.floor(at / 20), 1 + (at % 5)] as const);
  const titled = Ratings.from(rows, { catalogue: new Catalogue([{ id: 1, title: hostile, genres: ["<b>"] }]) });
  for (const { svg } of dataFigures(titled)) expect(svg).not.toMatch(/<script|<b>/);
});

test("labels cover neither each other nor a foreign dot, and stay inside", () => {
  const size = { width: 400, height: 300 };
  const point = fc.record({
    x: fc.double({ min: 5, max: 395, noNaN: true }),
    y: fc.double({ min: 5, max: 295, noNaN: true }),
    text: fc.string({ minLength: 1, maxLength: 30 }),
  });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 40 }), (points) => {
      const boxes = placeLabels(points, size, 11).map(({ at, x, y, anchor }) => {
        const width = textWidth(points[at].text, 11);
        const left = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
        return { at, left, right: left + width, top: y - 5, bottom: y + 5 };
      });
      boxes.forEach((box, index) => {
        expect(box.left >= 0 && box.right <= size.width && box.top >= 0 && box.bottom <= size.height).toBe(true);
        for (const other of boxes.slice(index + 1))
          expect(box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom).toBe(false);
        points.forEach(({ x, y }, at) => {
          if (at !== box.at) expect(x > box.left && x < box.right && y > box.top && y < box.bottom).toBe(false);
        });
      });
    }),
  );
});
