// Indexes are read back by USearch itself; the package is optional, and a machine it has no build for says so by name.

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { buildIndex, type IndexKey, queryOf, saveIndex } from "../../src/export/nearest.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { cosines, scoreItems, topScored } from "../../src/recommend/score.js";
import { fit } from "../../src/training/fit.js";
import { smallModel } from "../support/models.js";

const usearch = await import("usearch").catch(() => undefined);
const path = join(mkdtempSync(join(tmpdir(), "tastespace-index-")), "items.usearch");
const { model } = await fit(syntheticRatings({ users: 300, items: 1500, ratings: 12_000 }), {
  factors: 8,
  tauUsers: 2,
  tauItems: 2,
  sweeps: 4,
  device: "cpu",
});
const everything = (): boolean => true;

describe.runIf(usearch)("read by USearch", () => {
  test.each([1, 0.1])("a user looks up the items of the largest u·v + αb, α = %f", async (alpha) => {
    await saveIndex(model, path, { alpha });
    const key = JSON.parse(readFileSync(`${path}.json`, "utf8")) as IndexKey;
    const index = new usearch!.Index({
      dimensions: key.dimensions,
      metric: usearch!.MetricKind.IP,
      quantization: usearch!.ScalarKind.F32,
      connectivity: 0,
      expansion_add: 0,
      expansion_search: 256,
      multi: false,
    });
    index.load(path);
    expect(index.size()).toBe(1500);
    expect(key).toMatchObject({ library: "usearch", metric: "ip", dimensions: 9, nearest: "score", alpha, ids: model.items.raw });
    let found = 0;
    for (const user of model.users.raw) {
      const m = model.users.indexOf(user);
      const scores = scoreItems(model.parameters.userFactors.subarray(m * 8, m * 8 + 8), model.parameters, alpha);
      const exact = topScored(scores, 10, everything);
      const { keys, distances } = index.search(queryOf(model, user), 10, 1);
      const near = Array.from(keys, Number);
      near.forEach((n, at) => expect(1 - distances[at]).toBeCloseTo(scores[n], 4));
      found += exact.filter((n) => near.includes(n)).length;
    }
    expect(found / (10 * model.users.size)).toBeGreaterThan(0.97);
  });

  test("an item looks up the items of the largest cosine", async () => {
    const { index, key } = await buildIndex(model, { nearest: "similar" });
    expect(key).toMatchObject({ metric: "cos", dimensions: 8, nearest: "similar" });
    let found = 0;
    for (let n = 0; n < 300; n++) {
      const exact = topScored(cosines(n, model.parameters), 10, everything);
      const near = Array.from(index.search(model.parameters.itemFactors.subarray(n * 8, n * 8 + 8), 10, 1).keys, Number);
      found += exact.filter((other) => near.includes(other)).length;
    }
    expect(found / 3000).toBeGreaterThan(0.97);
  });

  test("two builds are the same file", async () => {
    await saveIndex(model, path);
    const first = readFileSync(path);
    await saveIndex(model, path);
    expect(readFileSync(path).equals(first)).toBe(true);
  });
});

test("without the package the error says what to install", async () => {
  vi.resetModules();
  vi.doMock("usearch", () => {
    throw new Error("Cannot find package 'usearch'");
  });
  const { buildIndex: alone } = await import("../../src/export/nearest.js");
  await expect(alone(model)).rejects.toMatchObject({ code: "options", remedy: "npm install usearch" });
  vi.doUnmock("usearch");
});

test("a weight that is no number, another kind, and similar items without factors are refused", async () => {
  await expect(buildIndex(model, { alpha: NaN })).rejects.toThrow(OptionsError);
  await expect(buildIndex(model, { nearest: "far" as never })).rejects.toThrow(OptionsError);
  await expect(buildIndex(await smallModel({ factors: 0 }), { nearest: "similar" })).rejects.toThrow(OptionsError);
});
