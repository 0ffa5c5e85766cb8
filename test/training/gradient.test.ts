// What gradient descent and logistic factorization must satisfy:
// the objective of `als`, conflict-free blocks, stable losses. Parity: test/parity/gradient.test.ts.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Rows } from "../../src/engine/engine.js";
import { type BlockPlan, dealRows, familyOf, planBlocks, roundsOf } from "../../src/engine/blocks.js";
import { groupOrder } from "../../src/engine/webgpu/steps/block-epochs.js";
import { blockTasks, roundsAtOnce } from "../../src/engine/webgpu/steps/block-tasks.js";
import { DivergedError, OptionsError, RatingsError } from "../../src/errors.js";
import { binaryMetrics } from "../../src/metrics/binary.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import { binaryRatings } from "../../src/models/binary-ratings.js";
import { logisticHyperparameters } from "../../src/models/logistic.js";
import { mixedWords } from "../../src/random-counter.js";
import { logLoss, sigmoid } from "../../src/sigmoid.js";
import { buildCsr, rowLengths } from "../../src/ratings/csr.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { type Case, randomCase } from "../parity/cases.js";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";

const engines = await testEngines();

const blocksOf = ({ ratings, users, items }: Case, seed: number): BlockPlan =>
  planBlocks(
    ratings,
    dealRows({ users: rowLengths(buildCsr(ratings, "users", users)), items: rowLengths(buildCsr(ratings, "items", items)) }, seed),
    seed,
  );

const ratings = syntheticRatings({ users: 120, items: 80, ratings: 2000, seed: 4 });
const { train, heldOut } = splitRatings(ratings);

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const engine = engines[kind];
  const run = (options: FitOptions) => fit(train, { factors: 3, earlyStop: false, device: engine, ...options });
  const precisions = { tauUsers: 1, tauItems: 1.5, gammaUsers: 0.5, gammaItems: 0.7 };

  test("gd and sgd reach the objective that als reaches, within 1 %", async () => {
    const objective = async (options: FitOptions): Promise<number> => (await run({ ...precisions, ...options })).history.at(-1)!.objective;
    const best = await objective({ model: "als", sweeps: 200 });
    expect(await objective({ model: "gd", sweeps: 100 })).toBeLessThan(1.01 * best);
    expect(await objective({ model: "sgd", sweeps: 100, rate: "shared", stepSize: 0.15, decay: 0.05 })).toBeLessThan(1.01 * best);
    expect(await objective({ model: "sgd", sweeps: 150 })).toBeLessThan(1.01 * best);
  });

  test("a small batch step never raises the objective", async () => {
    const { history } = await run({ ...precisions, model: "gd", stepSize: 0.05, momentum: 0, sweeps: 20 });
    history.forEach(({ objective }, at) => at > 0 && expect(objective).toBeLessThanOrEqual(history[at - 1].objective * (1 + 1e-6)));
  });

  test("a step too large is a typed error with a remedy", async () => {
    for (const model of ["gd", "sgd"] as const) {
      const error = await run({ model, stepSize: 50, sweeps: 60 }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(DivergedError);
      expect((error as DivergedError).remedy).toMatch(/stepSize/);
    }
  });

  test("rates of rows' own do not depend on how the objective is scaled, to the bit", async () => {
    const times = (c: number, more: FitOptions): FitOptions => {
      const own = Object.entries({ lambda: 1, ...precisions }).map(([name, value]) => [name, c * value]);
      return { model: "sgd", sweeps: 3, ...Object.fromEntries(own), ...more };
    };
    const trained = async (c: number, more: FitOptions = {}) => (await run(times(c, more))).model.parameters;
    expect(await trained(8)).toEqual(await trained(1));
    const shared: FitOptions = { model: "sgd", rate: "shared", stepSize: 0.01 };
    expect(await trained(8, shared)).not.toEqual(await trained(1, shared));
  });

  test("the same seed gives the same model, another seed another", async () => {
    const [a, b, c] = [
      await run({ model: "sgd", sweeps: 3 }),
      await run({ model: "sgd", sweeps: 3 }),
      await run({ model: "sgd", sweeps: 3, seed: 2 }),
    ];
    expect(a.model.parameters).toEqual(b.model.parameters);
    expect(a.model.parameters).not.toEqual(c.model.parameters);
  });

  test("logistic separates liked from disliked better than chance, and saves and folds in as probabilities", async () => {
    const h = { positiveThreshold: 4 };
    const { model, history } = await run({ model: "logistic", ...h, heldOut, sweeps: 25 });
    expect(history.at(-1)!.trainLogLoss!).toBeLessThan(history[0].trainLogLoss!);
    const best = Math.min(...history.map(({ heldOutLogLoss }) => heldOutLogLoss!));
    expect(best).toBeLessThan(0.98 * history[0].heldOutLogLoss!);
    expect(history[0].heldOutLogLoss!).toBeLessThan(0.75);
    const { heldOut: binary } = binaryRatings(train, heldOut, logisticHyperparameters(h), 1);
    const metrics = binaryMetrics(model, binary!);
    expect(metrics.auc).toBeGreaterThan(0.6);
    expect(metrics.logLoss).toBeCloseTo(best, 5);
    const loaded = decodeModel(encodeModel(model));
    expect(loaded.predict(1, 1)).toBe(model.predict(1, 1));
    expect(loaded.predict(1, 1)).toBeGreaterThan(0);
    expect(loaded.predict(1, 1)).toBeLessThan(1);
    const probability = (rating: number): number =>
      loaded.recommendFor(
        [
          [1, rating],
          [2, rating],
        ],
        { n: 200 },
      )[0].predicted!;
    expect(probability(5)).toBeGreaterThan(probability(1));
  });
});

test("blocks of a round share no user and no item, and an epoch visits every rating once", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 2000 }),
      fc.nat(),
      (users, items, count, seed) => {
        const { ratings: columns } = randomCase(seed, users, items, count);
        const plan = blocksOf({ ratings: columns, users, items }, seed);
        const visited: string[] = [];
        for (const round of roundsOf(plan.groups, seed, 1)) {
          const owner = new Map<string, number>();
          for (let group = 0; group < plan.groups; group++) {
            const block = group * plan.groups + ((group + round) % plan.groups);
            for (let at = plan.start[block]; at < plan.start[block + 1]; at++) {
              for (const row of [`u${plan.user[at]}`, `i${plan.item[at]}`]) {
                expect(owner.get(row) ?? group).toBe(group);
                owner.set(row, group);
              }
              visited.push(`${plan.user[at]}:${plan.item[at]}:${plan.value[at]}`);
            }
          }
        }
        expect(visited.sort()).toEqual(Array.from(columns.user, (user, at) => `${user}:${columns.item[at]}:${columns.value[at]}`).sort());
      },
    ),
    { numRuns: 40 },
  );
});

test("tasks of several rounds share no row, and have each row's ratings in the order of the rounds", () => {
  for (const [B, atOnce] of [
    [64, 4],
    [68, 2],
    [64, 1],
    [7, 1],
  ]) {
    expect(familyOf(B) % atOnce).toBe(0);
    const { ratings: columns, items } = randomCase(B, 2 * B, 3 * B, 1500);
    const itemGroup = Uint32Array.from({ length: items }, (_, item) => (5 * item + 3) % B);
    const plan = planBlocks(columns, { groups: B, users: Uint32Array.from({ length: B + 1 }, (_, group) => 2 * group), itemGroup }, 1);
    const rounds = roundsOf(B, 9, 3);
    expect([...rounds].sort((a, b) => a - b)).toEqual(Array.from({ length: B }, (_, round) => round));
    const byRow = (visits: readonly (readonly number[])[]): Map<string, number[][]> => {
      const visitsOf = new Map<string, number[][]>();
      for (const visit of visits)
        for (const row of [`u${visit[0]}`, `i${visit[1]}`]) visitsOf.set(row, [...(visitsOf.get(row) ?? []), [...visit]]);
      return visitsOf;
    };
    const inRounds: number[][] = [];
    for (const round of rounds) {
      for (let group = 0; group < B; group++) {
        const block = group * B + ((group + round) % B);
        for (let at = plan.start[block]; at < plan.start[block + 1]; at++) inRounds.push([plan.user[at], plan.item[at], plan.value[at]]);
      }
    }
    const all = { blocks: { from: 0, to: B * B }, itemGroups: { from: 0, to: B }, firstUser: 0, firstItem: 0 };
    const { first, tasks, records } = blockTasks(plan, atOnce, all);
    const values = new Float32Array(records.buffer, records.byteOffset, records.length);
    const inTasks: number[][] = [];
    for (const round of rounds.filter((_, at) => at % atOnce === 0)) {
      const owner = new Map<string, number>();
      for (let task = first[round]; task < first[round + 1]; task++) {
        const [from, count] = tasks.subarray(2 * task, 2 * task + 2);
        expect(count).toBeGreaterThan(0);
        if (task > first[round]) expect(count).toBeLessThanOrEqual(tasks[2 * task - 1]);
        for (let at = from; at < from + count; at++) {
          const [user, item] = records.subarray(4 * at, 4 * at + 2);
          for (const row of [`u${user}`, `i${item}`]) {
            expect(owner.get(row) ?? task).toBe(task);
            owner.set(row, task);
          }
          inTasks.push([user, item, values[4 * at + 2]]);
          expect(values[4 * at + 3]).toBe(1);
        }
      }
    }
    expect(byRow(inTasks)).toEqual(byRow(inRounds));
  }
});

test("rounds are taken at once while a dispatch has work for all cores", () => {
  expect([1, 2, 8].map((teams) => roundsAtOnce(64, 4, teams))).toEqual([4, 4, 2]);
  expect([1, 8].map((teams) => roundsAtOnce(224, 4, teams))).toEqual([4, 4]);
  expect(roundsAtOnce(60, 1, 1)).toBe(1);
});

test("a device goes through the blocks of a round by their length, longest first, whatever piece of them it holds", () => {
  const plan = blocksOf(randomCase(5, 90, 70, 1500), 1);
  const B = plan.groups;
  expect(B).toBeGreaterThan(5);
  for (const [firstBlock, endBlock] of [
    [0, B * B],
    [B + 2, 3 * B + 1],
  ]) {
    const [from, to] = [Math.floor(firstBlock / B), Math.ceil(endBlock / B)];
    const order = groupOrder(plan, { userShard: 0, firstBlock, endBlock });
    expect(order.length).toBe(B * (to - from));
    for (let round = 0; round < B; round++) {
      const groups = Array.from(order.subarray(round * (to - from), (round + 1) * (to - from)));
      expect([...groups].sort((a, b) => a - b)).toEqual(Array.from({ length: to - from }, (_, at) => from + at));
      const lengths = groups.map((group) => {
        const block = group * B + ((group + round) % B);
        return plan.start[block + 1] - plan.start[block];
      });
      expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    }
  }
});

test("with one rating, every step is η g / √(1 + G), and G is what has come together of |g|² / K", async () => {
  const number = fc.double({ min: -2, max: 2, noNaN: true });
  const arguments_ = [fc.array(number, { minLength: 8, maxLength: 8 }), number, fc.double({ min: 0.25, max: 3, noNaN: true })] as const;
  await fc.assert(
    fc.asyncProperty(...arguments_, async (start, rating, weight) => {
      const [K, step, lambda, tau, gamma] = [3, 0.3, 1.7, 0.4, 0.2];
      const csr = { count: 1, start: Uint32Array.of(0, 1), index: Uint32Array.of(0), value: Float32Array.of(rating) };
      const by = { ...csr, weight: Float32Array.of(weight) };
      const rows = (own: readonly number[]): Rows => ({ factors: Float32Array.from(own.slice(0, K)), biases: Float32Array.of(own[K]) });
      const session = await engines.reference.open({
        factors: K,
        globalMean: 0.5,
        byUser: by,
        byItem: by,
        spread: "squares",
        rows: { users: rows(start.slice(0, 4)), items: rows(start.slice(4)) },
        operations: { epochs: { seed: 1, link: "identity" }, sums: [] },
      });
      const [user, item] = [start.slice(0, 4), start.slice(4)].map((own) => ({ x: own.map(Math.fround), factors: 0, bias: 0 }));
      const w = Math.fround(weight);
      for (let epoch = 1; epoch <= 4; epoch++) {
        const own = { factors: tau, biases: gamma };
        await session.runEpoch({
          number: epoch,
          link: "identity",
          lambda,
          step,
          biases: true,
          precisions: { users: own, items: own },
        });
        const dot = user.x.slice(0, K).reduce((sum, value, k) => sum + value * item.x[k], 0);
        const e = lambda * (Math.fround(rating) - 0.5 - dot - user.x[K] - item.x[K]);
        const slopes = (x: readonly number[], y: readonly number[]): number[] =>
          x.map((value, k) => (k < K ? e * y[k] - (tau / w) * value : e - (gamma / w) * value));
        const both = [slopes(user.x, item.x), slopes(item.x, user.x)];
        for (const [at, row] of [user, item].entries()) {
          const g = both[at];
          const rates = [...Array<number>(K).fill(step / Math.sqrt(1 + row.factors)), step / Math.sqrt(1 + row.bias)];
          row.x = row.x.map((value, k) => value + w * rates[k] * g[k]);
          row.factors += (w * g.slice(0, K).reduce((sum, value) => sum + value ** 2, 0)) / K;
          row.bias += w * g[K] ** 2;
        }
      }
      for (const [side, { x }] of [
        ["users", user],
        ["items", item],
      ] as const) {
        const { factors, biases } = await session.readRows(side);
        [...factors, ...biases].forEach((value, k) => expect(Math.abs(value - x[k])).toBeLessThan(1e-5 * (1 + Math.abs(x[k]))));
      }
      session.destroy();
    }),
    { numRuns: 50 },
  );
});

test("probabilities and losses neither overflow nor lose their tails", () => {
  for (const x of [-1000, -50, -1, 0, 1, 50, 1000]) {
    expect(sigmoid(x) + sigmoid(-x)).toBeCloseTo(1, 12);
    expect(logLoss(1, x)).toBeCloseTo(logLoss(0, -x), 12);
    expect(Number.isFinite(logLoss(1, x))).toBe(true);
  }
  expect(logLoss(1, -1000)).toBe(1000);
  expect(logLoss(1, 50) / Math.exp(-50)).toBeCloseTo(1, 6);
});

test("negatives are pairs without a training rating, as many as asked for each positive, the same for a seed", () => {
  const h = logisticHyperparameters({ negatives: 3, positiveThreshold: 4 });
  const [a, b] = [binaryRatings(train, heldOut, h, 5), binaryRatings(train, heldOut, h, 5)];
  expect(a.train.item).toEqual(b.train.item);
  const rated = new Set(Array.from(train.user, (user, at) => `${user}:${train.item[at]}`));
  let positives = 0;
  for (let at = 0; at < a.train.count; at++) {
    if (a.train.value[at] === 1) positives++;
    else expect(rated.has(`${a.train.user[at]}:${a.train.item[at]}`)).toBe(false);
  }
  expect(positives).toBe(Array.from(train.value).filter((value) => value >= 4).length);
  expect(a.train.count).toBeGreaterThan(3.8 * positives);
});

test("data that are no 0 and 1 are refused with what to do", async () => {
  await expect(fit(train, { model: "logistic", device: "cpu" })).rejects.toThrow(RatingsError);
  await expect(fit(train, { model: "logistic", positiveThreshold: 9, device: "cpu" })).rejects.toThrow(/negative/);
  const binary = Ratings.from([
    ["a", 1, 1],
    ["a", 2, 0],
    ["b", 1, 0],
    ["b", 2, 1],
  ]);
  await expect(fit(binary, { model: "logistic", factors: 1, sweeps: 2, device: "cpu" })).resolves.toBeDefined();
  // @ts-expect-error: the types know which hyperparameters a model has.
  await expect(fit(binary, { model: "logistic", lambda: 2, device: "cpu" })).rejects.toThrow(/logistic has no hyperparameter "lambda"/);
  await expect(fit(train, { model: "gd", momentum: 1, device: "cpu" })).rejects.toThrow(OptionsError);
});

test("the AUC counts pairs, ties by half", async () => {
  const rows = Ratings.from([
    ["a", 1, 1],
    ["a", 2, 0],
    ["b", 1, 0],
    ["b", 2, 1],
    ["b", 3, 0],
  ]);
  const { model } = await fit(rows, { model: "logistic", factors: 1, sweeps: 5, device: "cpu" });
  const p = (user: string, item: number): number => model.predict(user, item);
  const positives = [p("a", 1), p("b", 2)];
  const negatives = [p("a", 2), p("b", 1), p("b", 3)];
  let pairs = 0;
  for (const x of positives) for (const y of negatives) pairs += x > y ? 1 : x === y ? 0.5 : 0;
  expect(binaryMetrics(model, rows).auc).toBeCloseTo(pairs / 6, 12);
});

test("a block's ratings come by a hash of user, item and seed, in short blocks and in long ones", () => {
  for (const [users, items, count] of [
    [400, 300, 6000],
    [40, 90, 3000],
    [5, 7, 1000],
  ] as const) {
    const given = randomCase(count, users, items, count);
    const { groups: B, start, user, item, value } = blocksOf(given, 3);
    for (let block = 0; block < B * B; block++) {
      const places = Array.from({ length: start[block + 1] - start[block] }, (_, at) => start[block] + at);
      // Of the hash's 32 bits 21 count; ratings of one pair stay in the order of the file, which values tell apart.
      const hashes = places.map((at) => mixedWords(3, user[at], item[at], 0x5bd1e995)[0] >>> 11);
      expect(hashes).toEqual([...hashes].sort((a, b) => a - b));
      for (const at of places.slice(1)) {
        if (user[at] !== user[at - 1] || item[at] !== item[at - 1]) continue;
        const [before, after] = [value[at - 1], value[at]];
        expect(before === after || comesBefore(given, user[at], item[at], before, after)).toBe(true);
      }
    }
  }
});

/** Whether a pair has one value before another in the file. */
function comesBefore({ ratings: columns }: Case, user: number, item: number, before: number, after: number): boolean {
  const values = [...columns.value].filter((_, at) => columns.user[at] === user && columns.item[at] === item);
  return values.indexOf(before) < values.lastIndexOf(after);
}
