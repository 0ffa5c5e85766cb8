// Archives are read back by NumPy, and where there is none by a reader of the format of another hand.

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import Npyjs from "npyjs";
import { describe, expect, test } from "vitest";
import { encodeNpy, encodeNpz } from "../../src/export/npz.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { priorMeans } from "../../src/recommend/prior-means.js";
import { fit } from "../../src/training/fit.js";
import { smallModel } from "../support/models.js";

const hasNumpy = (() => {
  try {
    execFileSync("python3", ["-c", "import numpy"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

const folder = mkdtempSync(join(tmpdir(), "tastespace-npz-"));

/** What a Python expression of the archive `a` is, as JSON. */
function numpy<T>(bytes: Uint8Array, expression: string): Promise<T> {
  const path = join(folder, "model.npz");
  writeFileSync(path, bytes);
  const program = `import json, numpy as np\na = np.load(${JSON.stringify(path)}, allow_pickle=False)\nprint(json.dumps(${expression}))`;
  return new Promise((resolve, reject) => {
    execFile("python3", ["-c", program], (error, out) => (error ? reject(error) : resolve(JSON.parse(out) as T)));
  });
}

describe.runIf(hasNumpy)("read by NumPy", () => {
  test("side information comes with the names of its features, and gives the prior means of items", async () => {
    const ratings = syntheticRatings({ users: 40, items: 30, ratings: 500 });
    const sides = { itemFeatures: FeatureTable.genres(ratings.catalogue), userFeatures: FeatureTable.ratedSets() };
    const { model } = await fit(ratings, { ...sides, factors: 3, sweeps: 3, device: "cpu" });
    const means = await numpy<number[]>(
      encodeNpz(model),
      `[float(sum(v * a['item_feature_weights'][f, 3] for f, v in zip(a['item_feature_index'][s:e], a['item_feature_value'][s:e])))
        for s, e in zip(a['item_feature_start'], a['item_feature_start'][1:])]`,
    );
    const names = await numpy<[string[], number[], number[]]>(
      encodeNpz(model),
      "[a['item_feature_names'].tolist(), a['item_feature_ids'].tolist(), list(a['user_feature_weights'].shape)]",
    );
    expect(names).toEqual([sides.itemFeatures.names, sides.itemFeatures.ids.raw, [30, 4]]);
    const [expected] = priorMeans(
      model.parameters,
      model.features,
      "items",
      sides.itemFeatures.ids.raw.map((id) => ({ id })),
    )!;
    means.forEach((mean, at) => expect(mean).toBeCloseTo(expected[4 * at + 3], 5));
  });

  test.each([
    [{}, false],
    [{ model: "vb", covariance: "full" }, true],
    [{ model: "gibbs", burnIn: 1 }, false],
    [{ factors: 0 }, true],
  ] as const)("every array has its shape, type and numbers: %o, text ids: %s", async (options, texts) => {
    const model = await smallModel(options, texts);
    const { parameters: p, users, items } = model;
    const read = await numpy<Record<string, { type: string; shape: number[]; values: unknown[] }>>(
      encodeNpz(model),
      "{k: {'type': str(a[k].dtype), 'shape': list(a[k].shape), 'values': a[k].ravel().tolist()} for k in a.files}",
    );
    const K = p.factors;
    expect(read["user_factors"]).toEqual({ type: "float32", shape: [40, K], values: [...p.userFactors] });
    expect(read["item_factors"]).toEqual({ type: "float32", shape: [30, K], values: [...p.itemFactors] });
    expect(read["user_biases"]).toEqual({ type: "float32", shape: [40], values: [...p.userBiases] });
    expect(read["item_biases"]).toEqual({ type: "float32", shape: [30], values: [...p.itemBiases] });
    expect(read["global_mean"]).toEqual({ type: "float32", shape: [1], values: [p.globalMean] });
    expect(read["item_counts"]).toEqual({ type: "uint32", shape: [30], values: [...model.itemCounts] });
    expect(read["user_ids"].values).toEqual(users.raw);
    expect(read["item_ids"]).toMatchObject({ type: texts ? "<U4" : "int64", values: items.raw });
    expect(read["item_titles"].values).toEqual(items.raw.map((id) => model.catalogue.title(id)));
    expect(read["model"]).toMatchObject({ shape: [], values: [model.model] });
    expect(JSON.parse(read["hyperparameters"].values[0] as string)).toEqual(model.hyperparameters);
    expect(read["user_covariances"]?.values).toEqual(p.posterior && [...p.posterior.users]);
  });

  test("all predictions are the expression in docs/exports.md", async () => {
    const model = await smallModel();
    const [, all] = /^predicted = (.*)$/m.exec(readFileSync("docs/exports.md", "utf8"))!;
    const predicted = await numpy<number[][]>(encodeNpz(model), `(${all}).tolist()`);
    predicted.forEach((row, m) => row.forEach((value, n) => expect(value).toBeCloseTo(model.predictAt(m, n), 5)));
  });
});

test("an independent reader of .npy finds the same numbers", async () => {
  const model = await smallModel();
  const files = unzipSync(encodeNpz(model));
  const reader = new Npyjs();
  const read = (name: string) => reader.parse(files[`${name}.npy`].slice().buffer);
  expect(read("item_factors")).toMatchObject({ dtype: "f4", shape: [30, 3], fortranOrder: false });
  expect([...(read("item_factors").data as Float32Array)]).toEqual([...model.parameters.itemFactors]);
  expect([...(read("user_biases").data as Float32Array)]).toEqual([...model.parameters.userBiases]);
  expect([...(read("item_ids").data as BigInt64Array)].map(Number)).toEqual(model.items.raw);
});

test("the numbers of an array start at a multiple of 64 bytes, whatever the shape", () => {
  for (const shape of [[0], [1], [1, 1], [3, 2, 1], [100_000]]) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    expect((encodeNpy({ shape, data }).length - data.byteLength) % 64).toBe(0);
  }
});
