// Serving and sharing a model from the command line: filters, all users' lists, explanations, new users, exports,
// each file read back.

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import Papa from "papaparse";
import { beforeAll, describe, expect, test } from "vitest";
import type { FactorModel } from "../../src/models/factor-model.js";
import { fit, load, save } from "../../src/node.js";
import { filmRatings } from "../../src/ratings/films.js";
import { splitRatings } from "../../src/ratings/split.js";
import type { Explanation } from "../../src/recommend/explain.js";
import { tastespace } from "../support/command-line.js";

/** The package is optional: test/export/nearest.test.ts says what is said without it. */
const hasUsearch = await import("usearch").then(
  () => true,
  () => false,
);
const folder = mkdtempSync(join(tmpdir(), "tastespace-serve-"));
const inFolder = (name: string): string => join(folder, name);
const file = inFolder("model.safetensors");
const json = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;
const ratings = filmRatings();
let model: FactorModel;

/** Runs a command that must succeed, and gives what it printed. */
async function ran(...args: string[]): Promise<string> {
  const outcome = await tastespace(...args);
  expect(outcome).toMatchObject({ code: 0, err: "" });
  return outcome.out;
}

beforeAll(async () => {
  await ran("train", "--device", "cpu", "--factors", "4", "--sweeps", "5", "--out", file);
  model = await load(file);
});

test("filters hold together: genre, years, ratings, items", async () => {
  const flags = ["--genre", "drama", "--genre", "Comedy", "--from-year", "1950", "--to-year", "1999", "--minimum-ratings", "20"];
  await ran("recommend", file, "--user", "1", "-n", "668", ...flags, "--json", inFolder("list.json"));
  const list = json<{ id: number; title: string; genres: string[]; ratings: number }[]>(inFolder("list.json"));
  expect(list.length).toBeGreaterThan(5);
  for (const { title, genres, ratings: count } of list) {
    expect(genres).toEqual(expect.arrayContaining([expect.toBeOneOf(["Drama", "Comedy"])]));
    expect(title).toMatch(/\(19[5-9]\d\)$/);
    expect(count).toBeGreaterThanOrEqual(20);
  }
  const [first, second] = list;
  expect(await ran("recommend", file, "--user", "1", ...flags, "--exclude", first.title)).not.toContain(first.title);
  const only = await ran("recommend", file, "--user", "1", "--include", first.title, "--include", String(second.id));
  expect(only.trim().split("\n")).toHaveLength(4);
  const wrong = await tastespace("recommend", file, "--user", "1", "--genre", "Operetta");
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.err).toMatch(/no item has the genre "Operetta"\n.*Animation/);
});

describe("the lists of all users", () => {
  const wanted = () =>
    model.users.raw.flatMap((user) => model.recommend(user, { n: 3 }).map(({ id }, at) => [user, at + 1, id, model.catalogue.title(id)]));

  test("as CSV", async () => {
    expect(await ran("recommend-all", file, "--out", inFolder("all.csv"), "-n", "3", "--device", "cpu")).toMatch(
      /3,000 rows for 1,000 users/,
    );
    const { data } = Papa.parse<[number, number, number, string, number]>(readFileSync(inFolder("all.csv"), "utf8"), {
      dynamicTyping: true,
      skipEmptyLines: true,
    });
    expect(data[0]).toEqual(["user", "rank", "item", "title", "score"]);
    expect(data.slice(1).map((row) => row.slice(0, 4))).toEqual(wanted());
    expect(existsSync(`${inFolder("all.csv")}.part`)).toBe(false);
  });

  test("as Parquet", async () => {
    await ran("recommend-all", file, "--out", inFolder("all.parquet"), "-n", "3", "--device", "cpu");
    const bytes = readFileSync(inFolder("all.parquet"));
    const rows = await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) });
    expect(rows.map(({ user, rank, item, title }) => [Number(user), rank, Number(item), title])).toEqual(wanted());
  });

  test("in no other format", async () => {
    expect(await tastespace("recommend-all", file, "--out", "all.xlsx")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/must end in .csv or .parquet/),
    });
  });
});

describe("explanations", () => {
  test("of a user's prediction, by the ratings that were trained on", async () => {
    const title = model.catalogue.title(20);
    const out = await ran("explain", file, "--user", "7", "--item", title, "-n", "4", "--json", inFolder("why.json"));
    const { predicted, mean, itemBias, remainder, contributions } = json<Explanation>(inFolder("why.json"));
    const rated = splitRatings(ratings, { share: 0.2, seed: 1 }).train.ratedBy(7);
    expect(new Map(contributions.map(({ id, rating }) => [id, rating]))).toEqual(new Map(rated.map(([id, rating]) => [id, rating])));
    expect(contributions.reduce((sum, { contribution }) => sum + contribution, mean + itemBias + remainder)).toBeCloseTo(predicted, 9);
    expect(predicted).toBeCloseTo(model.predict(7, 20), 9);
    expect(Math.abs(remainder)).toBeLessThan(0.05);
    expect(out).toMatch(new RegExp(`the user's ${rated.length} ratings`));
    expect(out).toMatch(new RegExp(`${rated.length - 4} other ratings`));
  });

  test("of someone new", async () => {
    expect(await ran("explain", file, "--rated", "3=5", "--rated", "4=1", "--item", "20")).toMatch(/the user's 2 ratings/);
  });

  test("of likes: predicted is the probability that predict gives, and the terms add up to its log-odds", async () => {
    const likes = inFolder("likes.safetensors");
    const logistic = ["--model", "logistic", "--positive-threshold", "4", "--sweeps", "3", "--factors", "2"];
    await ran("train", "--device", "cpu", ...logistic, "--out", likes);
    const out = await ran("explain", likes, "--user", "7", "--item", "20", "--json", inFolder("likes.json"));
    await ran("predict", likes, "--user", "7", "--item", "20", "--json", inFolder("predicted.json"));
    const [{ predicted }] = json<{ predicted: number }[]>(inFolder("predicted.json"));
    const why = json<Explanation>(inFolder("likes.json"));
    expect(why.predicted).toBe(predicted);
    expect(why.sum).toBeCloseTo(Math.log(predicted / (1 - predicted)), 9);
    const { mean, itemBias, remainder, contributions } = why;
    expect(contributions.reduce((sum, { contribution }) => sum + contribution, mean + itemBias + remainder)).toBeCloseTo(why.sum, 9);
    const minus = (value: number): string => value.toFixed(3).replace("-", "−");
    expect(out).toMatch(new RegExp(`log-odds +${minus(why.sum)}\\s+predicted probability +${minus(predicted)}`));
  });

  test("of nobody are refused", async () => {
    expect(await tastespace("explain", file, "--item", "20")).toMatchObject({ code: 2, err: expect.stringMatching(/say for whom/) });
    expect(await tastespace("explain", file, "--item", "20", "--user", "nobody")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/nobody has no ratings/),
    });
  });
});

test("new users and items join a model", async () => {
  writeFileSync(inFolder("new.csv"), "userId,movieId,rating\nann,1,5\nann,2,1\n3,a new film,4\n");
  const out = await ran("partial-fit", file, inFolder("new.csv"), "--out", inFolder("bigger.safetensors"));
  expect(out).toMatch(/1,001 users \(1 new\), 669 items \(1 new\)/);
  const bigger = await load(inFolder("bigger.safetensors"));
  expect([bigger.users.size, bigger.items.size]).toEqual([1001, 669]);
  expect(bigger.predict(5, 5)).toBe(model.predict(5, 5));
  expect(await ran("recommend", inFolder("bigger.safetensors"), "--user", "ann")).toMatch(/for user ann/);
});

test("unknown users and items are an error, predicted without their terms, or left out", async () => {
  writeFileSync(inFolder("pairs.csv"), "userId,movieId,rating\n1,1,4\nnobody,2,3\n");
  const pairs = ["predict", file, "--pairs", inFolder("pairs.csv"), "--json", inFolder("pairs.json")];
  expect(await tastespace(...pairs)).toMatchObject({ code: 2, err: expect.stringMatching(/no user has the id "nobody"/) });
  expect(await tastespace(...pairs, "--cold-start", "mean")).toMatchObject({
    code: 0,
    err: expect.stringMatching(/predicted without their terms: 1/),
  });
  expect(json<object[]>(inFolder("pairs.json"))).toHaveLength(2);
  expect(await tastespace(...pairs, "--cold-start", "drop")).toMatchObject({ code: 0, err: expect.stringMatching(/left out: 1/) });
  expect(json<object[]>(inFolder("pairs.json"))).toEqual([{ user: 1, item: 1, rating: 4, predicted: model.predict(1, 1) }]);
});

test("predictions have the data's ids and their deviations, of one pair as of a file of them", async () => {
  const [spread, pairs, out] = [inFolder("spread.safetensors"), inFolder("known.csv"), inFolder("predicted.json")];
  await save((await fit(ratings, { model: "vb", factors: 2, sweeps: 3, device: "cpu" })).model, spread);
  writeFileSync(pairs, "userId,movieId,rating\n1,6,4\n");
  expect(await tastespace("predict", spread, "--user", "1", "--item", "6", "--json", out)).toMatchObject({ code: 0 });
  const [one] = json<{ user: unknown; item: unknown; predicted: number; deviation: number }[]>(out);
  expect(one).toMatchObject({ user: 1, item: 6, deviation: expect.any(Number) as number });
  const { code, out: table } = await tastespace("predict", spread, "--pairs", pairs, "--json", out);
  expect(code).toBe(0);
  expect(json<object[]>(out)).toEqual([{ ...one, rating: 4 }]);
  expect(table).toContain(`${one.predicted.toFixed(3)} ± ${one.deviation.toFixed(3)}`);
});

test("a file of pairs has as many predictions as rows, in their order, and ratings where it has some", async () => {
  const [pairs, out] = [inFolder("twice.csv"), inFolder("twice.json")];
  const rows = [[7, 20], [3, 5], [7, 20], [7, 20], [1, 6], [3, 5]]; // prettier-ignore
  const predicted = rows.map(([user, item]) => ({ user, item, predicted: model.clipped(model.predict(user, item)) }));
  writeFileSync(pairs, ["userId,movieId", ...rows.map((row) => row.join(","))].join("\n"));
  const table = await ran("predict", file, "--pairs", pairs, "--json", out);
  expect(json<object[]>(out)).toEqual(predicted);
  expect(table).not.toContain("rating");
  expect(table.trim().split("\n")).toHaveLength(rows.length + 1);
  const rated = rows.map((row, at) => [...row, 1 + (at % 5)]);
  writeFileSync(pairs, ["userId,movieId,rating", ...rated.map((row) => row.join(","))].join("\n"));
  expect(await ran("predict", file, "--pairs", pairs, "--json", out)).toMatch(/predicted +rating/);
  expect(json<object[]>(out)).toEqual(predicted.map((row, at) => ({ ...row, rating: rated[at][2] })));
  const merged = await tastespace("predict", file, "--pairs", pairs, "--duplicates", "first", "--json", out);
  expect(merged).toMatchObject({
    code: 0,
    err: expect.stringContaining("3 ratings of an item already rated (--duplicates first)") as string,
  });
  expect(json<object[]>(out)).toEqual([0, 1, 4].map((at) => ({ ...predicted[at], rating: rated[at][2] })));
});

describe("exports", () => {
  test("every format is written where it is told", async () => {
    for (const [format, name, written] of [
      ["npz", "model.npz", ["model.npz"]],
      ["parquet", "items.parquet", ["items.parquet"]],
      ["csv", "items.csv", ["items.csv"]],
      ["projector", "projector", ["projector/vectors.tsv", "projector/metadata.tsv", "projector/projector_config.json"]],
      ...(hasUsearch ? ([["index", "items.usearch", ["items.usearch", "items.usearch.json"]]] as const) : []),
    ] as const) {
      const out = await ran("export", file, "--format", format, "--out", inFolder(name));
      for (const one of written) {
        expect(out).toContain(inFolder(one));
        expect(readFileSync(inFolder(one)).length).toBeGreaterThan(100);
      }
    }
    expect(Papa.parse(readFileSync(inFolder("items.csv"), "utf8"), { skipEmptyLines: true }).data).toHaveLength(669);
  });

  test("an unknown format, and none, are wrong usage", async () => {
    expect(await tastespace("export", file, "--format", "onnx", "--out", "x")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/Allowed choices are npz/),
    });
    expect(await tastespace("export", file, "--out", "x")).toMatchObject({ code: 2, err: expect.stringMatching(/--format/) });
  });
});
