// node bench/scale-model.mjs: the model of time of docs/scale.md: seconds of a sweep of als on P ranks with a GPU each.
// A half-sweep takes a time a rating and a time a row, both fitted to what was measured on one GPU. Every rank receives
// all rows but its own. What is sent while other rows are solved costs only what is left: a share of it is hidden.

import { readFileSync } from "node:fs";

const K = 64;
const D = K + 1;
const ROW_BYTES = 4 * 4 * Math.ceil(D / 4);
/**
 * Bytes a second of a 100 Gbit/s network of which four fifths are reached, and of the way onto the GPU: assumptions.
 */
const NETWORK = 10e9;
const BUS = 20e9;
/** Share of a transfer that solves hide in eight chunks: seen on a 50 Mbit/s link. */
const HIDDEN = 0.82;
const SHAPES = [
  ["1 billion, 10 M × 1 M", 1e9, 10e6, 1e6],
  ["1 billion, 50 M × 10 M", 1e9, 50e6, 10e6],
  ["10 billion, 100 M × 10 M", 10e9, 100e6, 10e6],
  ["10 billion, 500 M × 50 M", 10e9, 500e6, 50e6],
];

/** Seconds a rating and a row, from the half-sweeps of both sides: two equations. */
function fitted(factors) {
  const { shape, rows } = JSON.parse(readFileSync(new URL("results/gpu-h200.json", import.meta.url), "utf8")).after.roofline;
  const seconds = (side) => rows.find((row) => row.factors === factors && row.side === side).ms / 1000;
  const row = (seconds("users") - seconds("items")) / (shape.users - shape.items);
  return { rating: (seconds("items") - row * shape.items) / shape.ratings, row };
}

for (const factors of [10, 32, 64]) {
  const { rating, row } = fitted(factors);
  const [gather, solve] = [(factors + 1) * (factors + 2), (factors + 1) ** 3 / 3 + 2 * (factors + 1) ** 2];
  const rates = `${(gather / rating / 1e12).toFixed(1)} and ${(solve / row / 1e12).toFixed(1)} TF/s`;
  console.log(`K = ${factors}: ${(rating * 1e9).toFixed(3)} ns a rating and half-sweep, ${(row * 1e9).toFixed(1)} ns a row: ${rates}`);
}

const { rating, row } = fitted(K);

for (const [name, ratings, users, items] of SHAPES) {
  const rows = users + items;
  console.log(`\n${name}: rows of ${((rows * ROW_BYTES) / 1e9).toFixed(1)} GB`);
  console.log("| ranks | solving, s | receiving, s | a sweep, s | times as fast | GiB a rank |\n|---|---|---|---|---|---|");
  let alone;
  for (const P of [1, 2, 4, 8, 16, 32, 64]) {
    const solving = (2 * ratings * rating + rows * row) / P;
    const receiving = ((rows * ROW_BYTES * (P - 1)) / P) * (1 / NETWORK + 1 / BUS);
    const sweep = solving + Math.max(receiving - HIDDEN * Math.min(receiving, solving), receiving * (1 - HIDDEN));
    alone ??= sweep;
    const bytes = rows * ROW_BYTES + (ratings / P) * 20;
    const cells = [solving, receiving, sweep].map((seconds) => seconds.toFixed(2));
    console.log(`| ${[P, ...cells, (alone / sweep).toFixed(1), (bytes / 2 ** 30).toFixed(0)].join(" | ")} |`);
  }
}
