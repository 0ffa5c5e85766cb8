// Requests per second: of fold-in by model, one request at a time on one thread, and of `tastespace serve` over HTTP.

import { MODEL_NAMES } from "../src/models/registry.js";
import { inventedModel, RATED, requests } from "./invented-model.js";
import { median } from "./median.js";
import type { BenchOptions } from "./options.js";
import { servingOverHttp } from "./serving-http.js";

const ITEMS = [10_000, 100_000];
/** Requests are made for so long, and so many at least. */
const SECONDS = 2;
const LEAST = 5;

export async function serving(options: BenchOptions): Promise<object> {
  const { factors } = options;
  console.log(`lists of 10 for someone new with ${RATED} ratings; the first request apart, since it makes what later ones share`);
  console.log("model         items    K   first ms   median ms   requests/s");
  const rows: object[] = [];
  for (const items of ITEMS) {
    for (const K of factors) {
      for (const name of MODEL_NAMES) {
        const model = inventedModel(name, items, K);
        const request = requests(items);
        const first = timed(() => model.recommendFor(request()));
        const times: number[] = [];
        const until = performance.now() + 1000 * SECONDS;
        while (performance.now() < until || times.length < LEAST) times.push(timed(() => model.recommendFor(request())));
        const ms = median(times);
        rows.push({ model: name, items, factors: K, rated: RATED, firstMs: first, medianMs: ms, requestsPerSecond: 1000 / ms });
        console.log(
          `${name.padEnd(10)}${String(items).padStart(9)}${String(K).padStart(5)}${first.toFixed(1).padStart(11)}${ms.toFixed(2).padStart(12)}${(1000 / ms).toFixed(0).padStart(13)}`,
        );
      }
    }
  }
  return { rows, http: await servingOverHttp(options) };
}

function timed(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
