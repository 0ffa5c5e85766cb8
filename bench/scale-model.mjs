// node bench/scale-model.mjs: the model of time of docs/scale.md: seconds of a sweep of als on P ranks with a GPU each.
// Per rating and side D (D + 1) operations and a row gathered, D = K + 1; per row D³/3 + 2 D². Every rank receives all rows
// but its own. What is sent while other rows are solved costs only what is left: a share of it is hidden.

const K = 64;
const D = K + 1;
const ROW_BYTES = 4 * 4 * Math.ceil(D / 4);
/** Operations and bytes of gathered rows a second: assumptions about a GPU of 20 TF/s, of which a third is reached. */
const GPU = { operations: 6e12, bytes: 1e12 };
/** Bytes a second of a 100 Gbit/s network of which four fifths are reached, and of the way onto the GPU. */
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

for (const [name, ratings, users, items] of SHAPES) {
  console.log(`\n${name}: rows of ${(((users + items) * ROW_BYTES) / 1e9).toFixed(1)} GB`);
  console.log("| ranks | solving, s | receiving, s | a sweep, s | times as fast | GiB a rank |\n|---|---|---|---|---|---|");
  let alone;
  for (const P of [1, 2, 4, 8, 16, 32, 64]) {
    const gathers = 2 * ratings * Math.max((D * (D + 1)) / GPU.operations, ROW_BYTES / GPU.bytes);
    const solving = (gathers + ((users + items) * (D ** 3 / 3 + 2 * D * D)) / GPU.operations) / P;
    const received = ((users + items) * ROW_BYTES * (P - 1)) / P;
    const receiving = received * (1 / NETWORK + 1 / BUS);
    const sweep = solving + Math.max(receiving - HIDDEN * Math.min(receiving, solving), receiving * (1 - HIDDEN));
    alone ??= sweep;
    const bytes = (users + items) * ROW_BYTES + (ratings / P) * 20;
    console.log(
      `| ${P} | ${solving.toFixed(2)} | ${receiving.toFixed(2)} | ${sweep.toFixed(2)} | ${(alone / sweep).toFixed(1)} | ${(bytes / 2 ** 30).toFixed(0)} |`,
    );
  }
}
