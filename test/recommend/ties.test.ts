// Items with equal scores: those of more ratings first, then those of the lower raw id,
// whatever the order of the data's rows.

import { expect, test } from "vitest";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { compareIds } from "../../src/ratings/ids.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { recommendAll } from "../../src/recommend/recommend-all.js";
import { fit } from "../../src/training/fit.js";

const rows = [["a", 30, 1], ["b", 30, 1], ["a", "x", 1], ["b", 4, 1], ["a", 10, 1], ["c", 200, 1], ["d", 200, 1], ["c", 7, 1], ["d", 9, 1]] as const; // prettier-ignore
const orders = [rows, [...rows].reverse(), [...rows.slice(4), ...rows.slice(0, 4)]];

test.each(orders.map((order) => [order]))("lists of a model whose scores all tie follow ratings, then ids: %j", async (order) => {
  // All ratings are the mean: every bias is 0.
  const { model } = await fit(Ratings.from(order), { factors: 0, sweeps: 1, device: "cpu" });
  const expected = [30, 200, 4, 7, 9, 10, "x"];
  expect(model.recommendFor([]).map(({ id }) => id)).toEqual(expected);
  const own = new Set(rows.filter(([user]) => user === "c").map(([, item]) => item as number | string));
  const others = expected.filter((id) => !own.has(id));
  expect(model.recommend("c").map(({ id }) => id)).toEqual(others);
  for await (const batch of recommendAll(new ReferenceEngine(), model))
    expect(batch.filter(({ user }) => user === "c").map(({ item }) => item)).toEqual(others);
});

test("ids are ordered as numbers, and before texts", () => {
  expect([10, "b", 9, "a", -1, "B"].sort(compareIds)).toEqual([-1, 9, 10, "B", "a", "b"]);
});
