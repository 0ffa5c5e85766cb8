// node bench/scale-model.mjs: the model of time of docs/scale.md: seconds of a sweep of als on P ranks with a GPU each.
// A half-sweep takes a time a rating and a time a row, both fitted to what was measured on one GPU. Every rank receives all
// rows but its own. What is sent while other rows are solved costs only what is left: a share of it is hidden.

import { readFileSync } from "node:fs";

const K = 64;
const D = K + 1;
const ROW_BYTES = 4 * 4 * Math.ceil(D / 4);
/** Factors in half precision, and the bias. */
const HALVES_BYTES = 4 * (Math.ceil(K / 2) + 1);
/** Seconds that a number takes to be made a half, and back: measured on one core (npm run bench -- ranks). */
const TO_HALF = 4.5e-9;
const FROM_HALF = 2.2e-9;
/** Bytes a second of a network of which four fifths are reached, and of the way onto the GPU: assumptions. */
const NETWORKS = { "100 Gbit/s": 10e9, "10 Gbit/s": 1e9 };
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
/** What of a transfer is not hidden. */
const left = (receiving, solving) => Math.max(receiving - HIDDEN * Math.min(receiving, solving), receiving * (1 - HIDDEN));

for (const [name, ratings, users, items] of SHAPES) {
  const rows = users + items;
  console.log(`\n${name}: rows of ${((rows * ROW_BYTES) / 1e9).toFixed(1)} GB, as halves ${((rows * HALVES_BYTES) / 1e9).toFixed(1)} GB`);
  const heads = ["ranks", "solving, s", "receiving, s", "a sweep, s", "times as fast", "as halves, s", "at 10 Gbit/s, s", "as halves, s", "GiB a rank"]; // prettier-ignore
  console.log(`| ${heads.join(" | ")} |\n|${"---|".repeat(heads.length)}`);
  let alone;
  for (const P of [1, 2, 4, 8, 16, 32, 64]) {
    const solving = (2 * ratings * rating + rows * row) / P;
    const share = (P - 1) / P;
    const [fast, slow] = Object.values(NETWORKS).map((network) => {
      const receiving = rows * ROW_BYTES * share * (1 / network + 1 / BUS);
      // Halves are made, and made rows again, on the processor: of every rank's own rows, and of all.
      const codec = P === 1 ? 0 : rows * K * (TO_HALF / P + FROM_HALF);
      const inHalves = rows * share * (HALVES_BYTES / network + ROW_BYTES / BUS) + codec;
      return { receiving, sweep: solving + left(receiving, solving), halves: solving + left(inHalves, solving) };
    });
    alone ??= fast.sweep;
    const bytes = rows * ROW_BYTES + (ratings / P) * 20;
    const cells = [solving, fast.receiving, fast.sweep].map((seconds) => seconds.toFixed(2));
    const others = [fast.halves, slow.sweep, slow.halves].map((seconds) => seconds.toFixed(2));
    console.log(`| ${[P, ...cells, (alone / fast.sweep).toFixed(1), ...others, (bytes / 2 ** 30).toFixed(0)].join(" | ")} |`);
  }
}
