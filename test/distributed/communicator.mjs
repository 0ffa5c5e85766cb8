// What a communicator promises, asked of the one that MPI makes.
// Run by mpirun, on any number of ranks; messages have so few elements that every call takes several.

import assert from "node:assert/strict";
import { joinRanks } from "../../dist/node.js";

const ranks = await joinRanks(process.env, Number(process.argv[2]));
const { rank, size } = ranks;
assert.equal(ranks.localSize, size);
assert.equal(ranks.localRank, rank);
const numbers = (Type, from, length) => Type.from({ length }, (_, at) => from + at);

for (const Type of [Float32Array, Float64Array, Uint32Array, Int32Array, Uint8Array]) {
  // Rank r gives 3 r numbers.
  const parts = await ranks.gather(numbers(Type, 10 * rank, 3 * rank));
  parts.forEach((part, r) => assert.deepEqual(part, numbers(Type, 10 * r, 3 * r)));
  // And sends r + to + 1 of them to each.
  const got = await ranks.exchange(Array.from({ length: size }, (_, to) => numbers(Type, 7 * rank, rank + to + 1)));
  got.forEach((part, from) => assert.deepEqual(part, numbers(Type, 7 * from, from + rank + 1)));
}
const counts = Array.from({ length: size }, (_, r) => (r % 2 === 0 ? 2 : 0));
const first = (r) => counts.slice(0, r).reduce((sum, count) => sum + count, 0);
const rows = new Float32Array(3 * first(size));
rows.fill(rank + 1, 3 * first(rank), 3 * first(rank + 1));
await ranks.gatherRows(rows, 3, counts);
counts.forEach((count, r) => assert.deepEqual(rows.slice(3 * first(r), 3 * first(r + 1)), new Float32Array(3 * count).fill(r + 1)));
// In the order of the ranks: 1e16 + 1 + … loses what is added one by one.
const [sum] = await ranks.sum(Float64Array.of(rank === 0 ? 1e16 : 1));
assert.equal(sum, 1e16);
await ranks.barrier();
assert.ok(size === 1 || ranks.traffic.bytes > 0);
if (rank === 0) process.stdout.write(`${size} ranks agree\n`);
await ranks.finish();
