// How rows and ratings are cut, and what a training takes on the device: pure arithmetic, at artificial limits.

import fc from "fast-check";
import { expect, test } from "vitest";
import { byteText } from "../../src/byte-text.js";
import { planMemory, type ProblemSize } from "../../src/engine/webgpu/memory/memory-plan.js";
import { cutPieces, cutRatings, Shards } from "../../src/engine/webgpu/memory/pieces.js";
import { dispatch } from "../../src/engine/webgpu/device/bindings.js";
import { planSchedule, TASK_FIELDS } from "../../src/engine/webgpu/rows/schedule.js";
import { packValues, valueFormat } from "../../src/engine/webgpu/memory/values.js";
import { DeviceError } from "../../src/errors.js";
import { buildCsr, rowOfEach } from "../../src/ratings/csr.js";
import { hotCase } from "../parity/cases.js";

const limits = fc.record({
  seed: fc.nat(1000),
  rows: fc.integer({ min: 1, max: 60 }),
  others: fc.integer({ min: 1, max: 60 }),
  most: fc.integer({ min: 1, max: 500 }),
});

test("pieces hold every rating once, in the order of its row, with numbers that count from their shards", () => {
  fc.assert(
    fc.property(limits, ({ seed, rows, others, most }) => {
      const { users, items, ratings } = hotCase(seed, 97, 83, 1500);
      const csr = buildCsr(ratings, "users", users);
      const [own, other] = [new Shards(users, rows), new Shards(items, others)];
      const found: [number, number, number][] = [];
      for (const piece of cutPieces(csr, own, other, most)) {
        expect(piece.csr.index.length).toBeLessThanOrEqual(most);
        expect(piece.csr.count).toBe(own.to(piece.own) - own.from(piece.own));
        rowOfEach(piece.csr).forEach((row, at) =>
          found.push([own.from(piece.own) + row, other.from(piece.other) + piece.csr.index[at], piece.csr.value[at]]),
        );
      }
      const whole = [...rowOfEach(csr)].map((row, at): [number, number, number] => [row, csr.index[at], csr.value[at]]);
      const ordered = (list: [number, number, number][]) => list.map((rating) => rating.join()).sort();
      expect(ordered(found)).toEqual(ordered(whole));
    }),
    { numRuns: 30 },
  );
});

test("where everything fits, there is one piece, and it is the index itself", () => {
  const { users, items, ratings } = hotCase(1, 40, 30, 500);
  const csr = buildCsr(ratings, "users", users);
  const pieces = cutPieces(csr, new Shards(users, 1000), new Shards(items, 1000), 1000);
  expect(pieces).toHaveLength(1);
  expect(pieces[0].csr).toBe(csr);
});

test("held-out ratings are cut by both sides' shards, none lost", () => {
  const { users, items, ratings } = hotCase(2, 97, 83, 1500);
  const [userShards, itemShards] = [new Shards(users, 20), new Shards(items, 30)];
  const pieces = cutRatings(ratings, userShards, itemShards, 100);
  const found = pieces.flatMap(({ users: p, items: q, user, item, value }) =>
    [...value].map((r, at) => [user[at] + userShards.from(p), item[at] + itemShards.from(q), r].join()),
  );
  expect(Math.max(...pieces.map(({ value }) => value.length))).toBeLessThanOrEqual(100);
  expect(found.sort()).toEqual([...ratings.value].map((r, at) => [ratings.user[at], ratings.item[at], r].join()).sort());
});

test("a schedule over several pieces solves every row once and reads every rating once, within its limits", () => {
  fc.assert(
    fc.property(
      limits,
      fc.integer({ min: 40, max: 600 }),
      fc.constantFrom(32, 128, 1024),
      ({ seed, rows, others, most }, mostRatings, segment) => {
        const { users, items, ratings } = hotCase(seed, 97, 83, 4000);
        const csr = buildCsr(ratings, "users", users);
        const own = new Shards(users, rows);
        const all = cutPieces(csr, own, new Shards(items, others), Math.max(200, most));
        for (let shard = 0; shard < own.count; shard++) {
          const pieces = all.filter((piece) => piece.own === shard).map((piece) => piece.csr);
          const { tasks, dispatches, partials } = planSchedule(
            pieces,
            { from: 0, to: pieces[0].count },
            { segment, partials: 160, ratings: mostRatings, tasks: 7 },
          );
          const solved: number[] = [];
          const read = pieces.map(({ index }) => new Uint8Array(index.length));
          expect(partials).toBeLessThanOrEqual(160);
          for (const { work, piece, firstTask, taskCount, ratings: counted } of dispatches) {
            expect(taskCount).toBeLessThanOrEqual(7);
            let sum = 0;
            for (let task = firstTask; task < firstTask + taskCount; task++) {
              const [row, first, count] = tasks.subarray(task * TASK_FIELDS, (task + 1) * TASK_FIELDS);
              if (work !== "row_segments") solved.push(row);
              if (work === "long_rows") continue;
              sum += count;
              for (let at = first; at < first + count; at++) read[piece][at]++;
            }
            expect(counted).toBe(sum);
            expect(sum <= mostRatings || taskCount === 1).toBe(true);
          }
          expect(solved.sort((a, b) => a - b)).toEqual(Array.from({ length: pieces[0].count }, (_, row) => row));
          expect(read.every((times) => times.every((count) => count === 1))).toBe(true);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("workgroups are laid out in two dimensions with hardly any that have nothing to do", () => {
  for (const wanted of [0, 1, 65_535, 65_536, 69_878, 131_070, 131_071, 10_000_003]) {
    const given: [number, number][] = [];
    dispatch({ dispatchWorkgroups: (x: number, y: number) => given.push([x, y]) } as unknown as GPUComputePassEncoder, wanted);
    const total = given.reduce((sum, [x, y]) => sum + x * y, 0);
    expect(given.every(([x, y]) => x <= 65_535 && y <= 65_535)).toBe(true);
    expect(total).toBeGreaterThanOrEqual(wanted);
    expect(total - wanted).toBeLessThanOrEqual(wanted / 65_535);
  }
});

test("values are packed into a byte where that is exact, and only there", () => {
  const halfStars = Float32Array.of(0.5, 5, 3.5, 4, 1);
  const format = valueFormat(halfStars);
  expect(format).toEqual({ kind: "codes", step: 0.5 });
  const words = packValues(halfStars, format);
  expect(new Float32Array(words.buffer, 0, 1)[0]).toBe(format.step);
  const codes = new Uint8Array(words.buffer, 4);
  expect([...codes.subarray(0, 5)].map((code) => code * format.step)).toEqual([...halfStars]);
  expect(valueFormat(Float32Array.of(0, 255)).step).toBe(1);
  for (const others of [[-1, 2], [0.3], [256], [NaN]]) expect(valueFormat(Float32Array.from(others)).kind).toBe("floats");
});

const SIZE: ProblemSize = { users: 162_541, items: 59_047, ratings: 25_000_095, heldOut: 5_000_019, factors: 64, spread: "none" };
const BINDING = 128 * 2 ** 20;

test("a memory plan keeps every shard within a binding and the whole within what is allowed, far beyond 2³² bytes and 2³¹ ratings", () => {
  for (const ratings of [1e6, 25_000_095, 3e9, 2 ** 33]) {
    for (const memoryBytes of [undefined, 2 ** 30]) {
      const plan = planMemory({ ...SIZE, ratings, heldOut: 0 }, { bindingBytes: BINDING, memoryBytes });
      for (const side of ["users", "items"] as const) expect(plan.shards[side].size * 17 * 16).toBeLessThanOrEqual(BINDING);
      expect(plan.mostRatings * 4).toBeLessThanOrEqual(BINDING);
      expect(plan.totalBytes).toBeLessThanOrEqual(memoryBytes ?? Infinity);
      if (!memoryBytes) expect(plan.bytes.ratings).toBe(20 * ratings);
    }
  }
});

test("squares of slopes are planned for: 16 bytes a row, and as much again for the rows set aside", () => {
  const bytesOf = (spread: ProblemSize["spread"]): number => planMemory({ ...SIZE, spread }, { bindingBytes: BINDING }).bytes.rows;
  expect(bytesOf("squares") - bytesOf("none")).toBe(2 * 16 * (SIZE.users + SIZE.items));
});

test("full covariances are cut into as many shards as they take, and what cannot be is refused with its size", () => {
  const plan = planMemory({ ...SIZE, spread: "full" }, { bindingBytes: BINDING });
  expect(plan.shards.users.count).toBeGreaterThan(10);
  expect(plan.shards.users.size * plan.shards.users.count).toBeGreaterThanOrEqual(SIZE.users);
  expect(() => planMemory({ ...SIZE, spread: "full" }, { bindingBytes: 4096 })).toThrow(DeviceError);
  expect(() => planMemory(SIZE, { bindingBytes: BINDING, memoryBytes: 1e6 })).toThrow(/even when ratings are streamed/);
});

test("bytes are told in the unit that people read", () => {
  expect([100, 2048, 5 * 2 ** 20, 3 * 2 ** 30, 5000 * 2 ** 30].map((bytes) => byteText(bytes))).toEqual([
    "0.1 KiB",
    "2.0 KiB",
    "5.0 MiB",
    "3.0 GiB",
    "5000.0 GiB",
  ]);
});
