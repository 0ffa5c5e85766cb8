import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import type { Session, Workload } from "../../src/engine/engine.js";
import { OptionsError } from "../../src/errors.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { mixedWords } from "../../src/random-counter.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import type { Hyperparameter } from "../../src/models/hyperparameters.js";
import { MODEL_NAMES, MODELS } from "../../src/models/registry.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import { rankedTrials, search, type SearchOptions, type SearchResult } from "../../src/training/search.js";
import { gridPoints, hyperparametersAt, randomPoints } from "../../src/training/search-space.js";

const ratings = syntheticRatings({ users: 60, items: 40, ratings: 900, seed: 2 });

/** Counts what is asked of it. */
class CountingEngine extends ReferenceEngine {
  sweeps = 0;
  readonly indexes = new Set<unknown>();

  override async open(workload: Workload): Promise<Session> {
    this.indexes.add(workload.byUser).add(workload.byItem);
    const session = await super.open(workload);
    const solve = session.solve.bind(session);
    session.solve = async (side, system, slice) => {
      if (side === "users") this.sweeps++;
      await solve(side, system, slice);
    };
    return session;
  }
}

const engine = new ReferenceEngine();
const run = (options: Omit<SearchOptions, "device"> & { device?: SearchOptions["device"] }): Promise<SearchResult> =>
  search(ratings, { device: engine, alternative: false, ...options });
/** A result without what no two runs share. */
const timeless = (result: SearchResult): unknown =>
  JSON.parse(JSON.stringify(result, (key, value: unknown) => (key === "seconds" ? undefined : value)));

describe("points", () => {
  test("a grid holds every combination once, whatever its sides", () => {
    const side = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("factors", "lambda", "tau", "gamma"), side), (space) => {
        const points = gridPoints(space);
        const sizes = Object.values(space).reduce((product, values) => product * values.length, 1);
        expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(sizes);
        expect(points.length).toBe(sizes);
        for (const point of points) for (const [name, value] of Object.entries(point)) expect(space[name]).toContain(value);
      }),
    );
  });

  test("points of chance lie in their ranges, differ, and follow the seed", () => {
    const space = {
      factors: { from: 2, to: 64 },
      tau: { from: 0.1, to: 100 },
      decay: { from: 0, to: 1 },
      regularization: ["plain", "weighted"],
    };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const points = randomPoints(space, 20, seed);
        expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(20);
        expect(randomPoints(space, 20, seed)).toEqual(points);
        for (const { factors, tau, decay } of points as Record<string, number>[]) {
          expect(Number.isInteger(factors) && factors >= 2 && factors <= 64).toBe(true);
          expect(tau >= 0.1 && tau <= 100 && decay >= 0 && decay <= 1).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("a log range spends as many points on each order of magnitude", () => {
    const points = randomPoints({ tau: { from: 0.01, to: 100 } }, 4000, 1);
    for (const least of [0.01, 0.1, 1, 10]) {
      const share = points.filter(({ tau }) => Number(tau) >= least && Number(tau) < 10 * least).length / points.length;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
    }
  });

  test("settings that differ only in what does nothing are counted once, in a grid and of those drawn", () => {
    const space = { factors: [0, 2], tau: [2, 20], gamma: [1, 5] };
    const points = gridPoints(space);
    expect(points.map(({ factors, tau, gamma }) => [factors, tau, gamma].join(" "))).toEqual([
      "0 2 1",
      "0 2 5",
      "2 2 1",
      "2 2 5",
      "2 20 1",
      "2 20 5",
    ]);
    expect(gridPoints({ biases: [true, false], gammaUsers: [1, 2, 3], tauItems: [4, 5] })).toHaveLength(8);
    expect(gridPoints({ solver: ["cholesky", "cg"], cgSteps: [2, 3, 4] })).toHaveLength(4);
    expect(gridPoints({ tau: [1, 2, 3], tauUsers: [4], tauItems: [5] })).toHaveLength(1);
    expect(randomPoints(space, 10, 1)).toHaveLength(6);
  });

  test.each(MODEL_NAMES)("what the tables say does nothing does nothing: %s", async (model) => {
    const few = syntheticRatings({ users: 12, items: 9, ratings: 60, seed: 3 });
    for (const [name, { idleAt = {} }] of Object.entries<Hyperparameter>(MODELS[model].table)) {
      for (const [other, value] of Object.entries(idleAt)) {
        const { least } = { least: 0, ...(MODELS[model].table as Record<string, Hyperparameter>)[other] };
        if (!Object.hasOwn(MODELS[model].table, other) || (typeof value === "number" && value < least)) continue;
        const trained = async (own: number, given: object): Promise<unknown> => {
          const binary = model === "logistic" ? { positiveThreshold: 3 } : {};
          const { model: of } = await fit(few, { model, ...binary, ...given, [name]: own, sweeps: 2, device: engine } as FitOptions);
          return of.parameters;
        };
        expect(await trained(1, { [other]: value }), `${name} at ${other} ${value}`).toEqual(await trained(4, { [other]: value }));
        const elsewhere = other === "solver" ? { solver: "cg" } : {};
        expect(await trained(1, elsewhere), `${name} elsewhere`).not.toEqual(await trained(4, elsewhere));
      }
    }
  });

  test("a space of few values gives them all and stops", () => {
    expect(randomPoints({ factors: [1, 2], tau: [3] }, 10, 1)).toHaveLength(2);
  });

  test("tau stands for both sides, and one of a side goes before it", () => {
    expect(hyperparametersAt({ tau: 3, tauItems: 4, factors: 2 })).toEqual({ tauUsers: 3, tauItems: 4, factors: 2 });
  });
});

describe("trials", () => {
  const space = { factors: [0, 2], tau: [2, 20], gamma: [5] };

  test("a trial's loss is what training at its point would keep", async () => {
    const { trials, best, measure, complete } = await run({ space, sweeps: 6, seed: 3 });
    const { train, heldOut } = splitRatings(ratings, { share: 0.2, seed: 3 });
    for (const { point, rungs } of trials) {
      const { history, stop } = await fit(train, { ...hyperparametersAt(point), heldOut, sweeps: 6, seed: 3, device: engine });
      expect(rungs).toHaveLength(1);
      expect(rungs[0].loss).toBe(history[stop.bestSweep].heldOutRmse);
      expect(rungs[0].bestSweeps).toEqual([stop.bestSweep]);
    }
    const losses = trials.map(({ rungs }) => rungs[0].loss);
    expect(best).toBe(losses.indexOf(Math.min(...losses)));
    expect({ measure, complete, count: trials.length }).toEqual({ measure: "RMSE", complete: true, count: 3 });
  });

  test("every trial trains on the same indexes, built once a split", async () => {
    const device = new CountingEngine();
    await run({ space, sweeps: 2, device });
    expect(device.indexes.size).toBe(2);
    const folded = new CountingEngine();
    await run({ space, sweeps: 2, folds: 3, device: folded });
    expect(folded.indexes.size).toBe(6);
    const binary = new CountingEngine();
    const logistic = { factors: [1, 2], tau: [0.1, 1], positiveThreshold: [4] };
    await run({ model: "logistic", space: logistic, sweeps: 2, device: binary });
    expect(binary.indexes.size).toBe(2);
  });

  test("the loss over folds is the mean of theirs", async () => {
    const { trials } = await run({ space, sweeps: 3, folds: 3 });
    for (const { rungs } of trials) {
      expect(rungs[0].losses).toHaveLength(3);
      expect(rungs[0].loss).toBeCloseTo(rungs[0].losses.reduce((sum, loss) => sum + loss, 0) / 3, 12);
    }
  });

  test("halving trains no more than its plan, and at most all trials to the end", async () => {
    const device = new CountingEngine();
    const result = await run({ method: "halving", trials: 9, eta: 3, sweeps: 9, leastSweeps: 1, device, tolerance: 0, patience: 99, space: { factors: [1, 2, 3], tau: { from: 1, to: 50 } } }); // prettier-ignore
    expect(result.plan.rungs).toEqual([1, 3, 9]);
    expect(result.trials.map(({ rungs }) => rungs.length).sort((a, b) => a - b)).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 3]);
    expect(device.sweeps).toBe(9 * 1 + 3 * 2 + 1 * 6);
    expect(result.planned).toBe(13);
    // Those that went on had the lowest losses of their rung.
    for (const rung of [0, 1]) {
      const there = result.trials.filter(({ rungs }) => rungs.length > rung);
      const on = there.filter(({ rungs }) => rungs.length > rung + 1).map(({ rungs }) => rungs[rung].loss);
      const out = there.filter(({ rungs }) => rungs.length === rung + 1).map(({ rungs }) => rungs[rung].loss);
      expect(Math.max(...on)).toBeLessThanOrEqual(Math.min(...out));
    }
  });

  test("a survivor of halving ends where an uninterrupted training does", async () => {
    const result = await run({
      method: "halving",
      trials: 4,
      eta: 2,
      sweeps: 8,
      leastSweeps: 2,
      tolerance: 0,
      patience: 99,
      space: { factors: [2], tau: { from: 5, to: 50 } },
    });
    const best = result.trials.find(({ number }) => number === result.best)!;
    const { train, heldOut } = splitRatings(ratings, { share: 0.2 });
    const whole = await fit(train, { ...hyperparametersAt(best.point), heldOut, sweeps: 8, tolerance: 0, patience: 99, device: engine });
    expect(best.rungs.at(-1)!.loss).toBeCloseTo(Math.min(...whole.history.map(({ heldOutRmse }) => heldOutRmse!)), 6);
  });

  test("a best trial that is best untrained is noticed, as in a training", async () => {
    const noise = Ratings.from(
      Array.from(
        { length: 400 },
        (_, at) => [at % 20, (at * 7 + Math.floor(at / 20)) % 37, 1 + Math.floor(mixedWords(at, 0, 1, 2)[0] / 2 ** 30)] as const,
      ),
    );
    const notices: string[] = [];
    const onNotice = (notice: string): void => void notices.push(notice);
    const options = { device: engine, alternative: false, sweeps: 3, onNotice } as const;
    const result = await search(noise, { ...options, space: { factors: [6], tau: [1e-3] } });
    expect(result.trials[0].rungs[0].bestSweeps).toEqual([0]);
    expect(notices).toEqual([
      expect.stringMatching(/^trial 0, the best, is best at sweep 0: by held-out RMSE no sweep after it was better than random/),
    ]);
    notices.length = 0;
    await search(noise, { ...options, folds: 2, space: { factors: [6], tau: [1e-3] } });
    expect(notices).toEqual([expect.stringContaining("is best at sweep 0, on 2 of 2 splits")]);
    notices.length = 0;
    await search(ratings, { ...options, space: { factors: [2], tau: [10] } });
    expect(notices).toEqual([]);
  });

  test.each([
    { method: "grid", space },
    { method: "random", trials: 5, space: { factors: { from: 1, to: 4 }, tau: { from: 1, to: 50 } } },
    { method: "halving", trials: 6, eta: 2, space: { factors: [1, 3], tau: { from: 1, to: 50 } } },
  ] as const)("resumed after any trial it equals the uninterrupted search, and the same seed gives the same: $method", async (options) => {
    const shared = { ...options, sweeps: 6, test: 0.1, alternative: true };
    const saved: SearchResult[] = [];
    const whole = await run({ ...shared, onTrial: (_, result) => void saved.push(JSON.parse(JSON.stringify(result)) as SearchResult) });
    expect(saved).toHaveLength(whole.planned);
    for (const resume of saved) expect(timeless(await run({ ...shared, resume }))).toEqual(timeless(whole));
    const again = new CountingEngine();
    expect(timeless(await run({ ...shared, resume: JSON.parse(JSON.stringify(whole)) as SearchResult, device: again }))).toEqual(
      timeless(whole),
    );
    expect(again.sweeps).toBe(0);
  });

  test("an aborted search keeps its finished trials and goes on to the same end", async () => {
    const whole = await run({ space, sweeps: 4 });
    const controller = new AbortController();
    const part = await run({
      space,
      sweeps: 4,
      signal: controller.signal,
      onTrial: ({ number }) => {
        if (number === 1) controller.abort();
      },
    });
    expect(part.complete).toBe(false);
    expect(part.trials).toHaveLength(2);
    expect(timeless(await run({ space, sweeps: 4, resume: part }))).toEqual(timeless(whole));
  });

  test("a point at which training fails is a result with its error, and the last of the ranking", async () => {
    const { trials, best } = await run({ model: "gd", space: { factors: [2], stepSize: [1e6, 0.1] }, sweeps: 5 });
    expect(trials[0].error).toMatch(/diverges/);
    expect(trials[0].rungs).toEqual([]);
    expect(best).toBe(1);
    expect(rankedTrials(trials).map(({ number }) => number)).toEqual([1, 0]);
  });

  test("the share set aside measures the best point and vb on ratings that no trial saw", async () => {
    const { test: tested, alternative } = await run({ space, sweeps: 5, test: 0.2, alternative: true });
    const { train, heldOut } = splitRatings(ratings, { share: 0.2 });
    expect(tested!.ratings).toBe(heldOut.count);
    expect(alternative!.factors).toBe(2);
    expect(alternative!.precisions.users).toHaveLength(3);
    const { history } = await fit(train, {
      model: "vb",
      factors: 2,
      heldOut,
      sweeps: alternative!.bestSweeps[0],
      earlyStop: false,
      device: engine,
    });
    expect(tested!.alternative).toBe(history.at(-1)!.heldOutRmse);
  });

  test("logistic is searched by its log-loss", async () => {
    const { measure, trials } = await run({ model: "logistic", space: { factors: [2], positiveThreshold: [4] }, sweeps: 2 });
    expect(measure).toBe("log-loss");
    expect(trials[0].rungs[0].loss).toBeLessThan(Math.log(2));
  });
});

test.each<[Partial<SearchOptions>, RegExp]>([
  [{ space: { covariance: ["full"] } }, /als has no hyperparameter "covariance"/],
  [{ space: { factors: [513] } }, /factors is 513/],
  [{ space: { tau: { from: 1, to: 2 } } }, /a grid needs values/],
  [{ space: { tau: { from: 3, to: 2 } }, method: "random" }, /from 3 to 2/],
  [{ space: { tau: [] } }, /tau has no values/],
  [{ model: "implicit", measureBy: "loss" }, /implicit predicts no ratings/],
  [{ folds: 1 }, /folds is 1/],
  [{ trials: 0 }, /trials is 0/],
  [{ method: "best" as "grid" }, /method is "best"/],
  [{ holdout: { share: 0 } }, /share is 0/],
])("a wrong option is refused by name: %o", async (options, said) => {
  await expect(run({ space: { factors: [1] }, ...options })).rejects.toThrow(OptionsError);
  await expect(run({ space: { factors: [1] }, ...options })).rejects.toThrow(said);
});

test("a result of another plan is refused", async () => {
  const resume = await run({ space: { factors: [1] }, sweeps: 2 });
  await expect(run({ space: { factors: [1] }, sweeps: 3, resume })).rejects.toThrow(/another plan: its rungs is \[2\], now it is \[3\]/);
  // As many ratings, and as many features, but others.
  const others = syntheticRatings({ users: 60, items: 40, ratings: 900, seed: 3 });
  const same = { space: { factors: [1] }, sweeps: 2, device: engine, alternative: false, resume };
  await expect(search(others, same)).rejects.toThrow(/another plan: its data is/);
  const [genres, rated] = [FeatureTable.genres(ratings.catalogue), FeatureTable.ratedSets()];
  const featured = await run({ space: { factors: [1] }, sweeps: 1, itemFeatures: genres });
  const more = run({ space: { factors: [1] }, sweeps: 1, itemFeatures: FeatureTable.join([genres, rated]), resume: featured });
  await expect(more).rejects.toThrow(/another plan: its features is/);
});
