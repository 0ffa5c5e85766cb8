// Compares models by their errors and ranked lists, and writes the better one's lists for all users as Parquet.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accuracy, encodeNpz, fit, openEngine, ParquetFile, rankingMetricsOn, recommendAll, recommendationTable, splitRatings, syntheticRatings } from "tastespace"; // prettier-ignore

const { train, heldOut } = splitRatings(syntheticRatings(), { by: "user", share: 0.2, seed: 1 });

// One engine for all: "auto" takes the GPU where there is one.
const engine = await openEngine("cpu");
try {
  /** @type {Record<string, import("tastespace").FitOptions>} */
  const candidates = {
    "biases only": { factors: 0 },
    als: { factors: 6 },
    "als, loose": { factors: 6, tauUsers: 0.5, tauItems: 0.5 },
    vb: { model: "vb", factors: 4 },
  };
  let best;
  for (const [name, options] of Object.entries(candidates)) {
    const { model } = await fit(train, { ...options, heldOut, device: engine });
    const { rmse } = accuracy(model, heldOut);
    const { ndcg, coverage } = await rankingMetricsOn(engine, model, train, heldOut, { k: 10, relevanceThreshold: 4 });
    console.log(`${name.padEnd(12)} RMSE ${rmse.toFixed(3)}  nDCG@10 ${ndcg.toFixed(3)}  coverage ${coverage.toFixed(2)}`);
    if (!best || rmse < best.rmse) best = { name, model, rmse };
  }
  if (!best) throw new Error("there are no candidates");

  const folder = await mkdtemp(join(tmpdir(), "tastespace-example-"));
  let file;
  let rows = 0;
  for await (const batch of recommendAll(engine, best.model, { n: 5 })) {
    const table = recommendationTable(best.model, batch);
    if (file) file.append(table);
    else file = await ParquetFile.of(table);
    rows += batch.length;
  }
  if (file) await writeFile(join(folder, "lists.parquet"), file.finish());
  await writeFile(join(folder, "model.npz"), encodeNpz(best.model));
  console.log(`\n${rows} rows of lists by ${best.name} in lists.parquet, its arrays for NumPy in model.npz`);
  await rm(folder, { recursive: true });
} finally {
  engine.destroy();
}
