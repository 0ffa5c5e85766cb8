// What training must satisfy on either engine.

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { DivergedError, NotPositiveDefiniteError, OptionsError, RatingsError } from "../../src/errors.js";
import { alsObjective } from "../../src/models/als.js";
import { decodeModel, encodeModel } from "../../src/model-file.js";
import type { Engine } from "../../src/engine/engine.js";
import type { FactorModel } from "../../src/models/factor-model.js";
import { Ids } from "../../src/ratings/ids.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit, type FitOptions } from "../../src/training/fit.js";
import type { HistoryEntry } from "../../src/training/history.js";
import { hotCase, problemOf } from "../parity/cases.js";
import { openTraining } from "../../src/models/registry.js";
import { ENGINE_KINDS, testEngines, withWebGpu } from "../support/engines.js";
import { checkpointAfter, expectSameTraining } from "../support/resume.js";

const ratings = syntheticRatings({ users: 120, items: 80, ratings: 2000, seed: 4 });
const { train, heldOut } = splitRatings(ratings);

const engines = await testEngines();
const best = (history: readonly HistoryEntry[]): HistoryEntry => history.reduce((a, b) => (b.heldOutRmse! < a.heldOutRmse! ? b : a));

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const engine = engines[kind];
  // float32 sums wobble in the seventh digit; float64 ones hardly at all.
  const wobble = kind === "reference" ? 1e-12 : 1e-6;
  const run = (options: FitOptions = {}) => fit(train, { factors: 4, heldOut, device: engine, ...options });

  test.each([
    { update: "joint", regularization: "plain", biases: true },
    { update: "sequential", regularization: "plain", biases: true },
    { update: "joint", regularization: "weighted", biases: true },
    { update: "joint", regularization: "plain", biases: false },
  ] as const)("the objective never rises in a half-sweep, nor in the half-sweep of a slice: %o", async (given) => {
    const problem = problemOf(hotCase(5, 60, 50, 1500), {
      factors: 4,
      tauUsers: 0.7,
      tauItems: 1.3,
      gammaUsers: 0.2,
      gammaItems: 0.4,
      lambda: 2,
      ...given,
    });
    const session = await openTraining(engine, problem);
    let before = alsObjective(problem.hyperparameters, await session.measure());
    for (let sweep = 0; sweep < 4; sweep++) {
      for (const step of [["users"], ["items", { from: 0, to: 20 }], ["items", { from: 20, to: 50 }]] as const) {
        await session.solve(step[0], step[1]);
        const after = alsObjective(problem.hyperparameters, await session.measure());
        expect(after).toBeLessThanOrEqual(before * (1 + wobble));
        before = after;
      }
    }
    session.destroy();
  });

  test("training waits for the promise of onSweep, and leaves the wait out of its seconds", async () => {
    // The clock moves on by an hour while a promise is waited for: no machine is so slow.
    const HOUR = 3600;
    const now = performance.now.bind(performance);
    let waited = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now() + 1000 * HOUR * waited);
    onTestFinished(() => void vi.restoreAllMocks());
    let waiting = 0;
    let most = 0;
    const { history } = await run({
      sweeps: 3,
      onSweep: async () => {
        most = Math.max(most, ++waiting);
        await new Promise((resolve) => setTimeout(resolve, 20));
        waited++;
        waiting--;
      },
    });
    expect([most, waiting, history.length]).toEqual([1, 0, 4]);
    const between = history.slice(2).map(({ seconds }, at) => seconds - history[at + 1].seconds);
    expect(Math.max(...between)).toBeLessThan(HOUR);
  });

  test("a half-sweep in slices is bit-equal to a whole one", async () => {
    const problem = problemOf(hotCase(6, 90, 70, 6000), { factors: 5 });
    const solved = async (slices: { from: number; to: number }[]) => {
      const session = await openTraining(engine, problem);
      for (const slice of slices) await session.solve("users", slice);
      const parameters = await session.read();
      session.destroy();
      return parameters;
    };
    expect(
      await solved([
        { from: 0, to: 1 },
        { from: 1, to: 64 },
        { from: 64, to: 90 },
      ]),
    ).toEqual(await solved([{ from: 0, to: 90 }]));
  });

  test("the bias-only optimum is the same from any start", async () => {
    const options = { factors: 0, gammaUsers: 0.1, gammaItems: 0.1, sweeps: 200, tolerance: 1e-9, heldOut: undefined };
    const first = await run(options);
    const shifted = { ...first.model.parameters, userBiases: first.model.parameters.userBiases.map((bias, user) => bias + Math.sin(user)) };
    const second = await run({
      ...options,
      init: decodeModel(encodeModel(Object.assign(Object.create(first.model), { parameters: shifted }) as FactorModel)),
    });
    const [a, b] = [first, second].map(({ history }) => history[history.length - 1].objective);
    expect(Math.abs(a - b) / a).toBeLessThan(1e-5);
    second.model.parameters.userBiases.forEach((bias, user) => expect(bias).toBeCloseTo(first.model.parameters.userBiases[user], 2));
  });

  test("the same seed gives the same model, another seed another", async () => {
    const [a, b, c] = [await run({ sweeps: 3 }), await run({ sweeps: 3 }), await run({ sweeps: 3, seed: 2 })];
    expect(a.model.parameters).toEqual(b.model.parameters);
    expect(a.history.map(({ objective }) => objective)).toEqual(b.history.map(({ objective }) => objective));
    expect(a.model.parameters).not.toEqual(c.model.parameters);
  });

  test("vb is neither stopped nor kept at a sweep before it has begun to learn; only a training that ends there is", async () => {
    // Sure of every rating, the model overfits until it learns how noisy they are.
    const options = {
      model: "vb",
      factors: 16,
      tauUsers: 0.01,
      tauItems: 0.01,
      gammaUsers: 0.01,
      gammaItems: 0.01,
      lambda: 100,
      patience: 2,
    } as const;
    const { history, stop } = await run({ ...options, warmUp: 6 });
    const error = (sweep: number): number => history[sweep].heldOutRmse!;
    expect(error(2)).toBeGreaterThan(error(1));
    expect(stop.sweep).toBeGreaterThan(6);
    expect(stop.bestSweep).toBeGreaterThan(6);
    expect(error(stop.bestSweep)).toBe(Math.min(...history.slice(7).map(({ heldOutRmse }) => heldOutRmse!)));
    const short = await run({ ...options, warmUp: 6, sweeps: 4 });
    expect(short.stop).toMatchObject({ reason: "sweeps", sweep: 4, bestSweep: short.history.indexOf(best(short.history)) });
  });

  test("early stopping keeps the best sweep, whose held-out RMSE the model reaches", async () => {
    const { history, stop, model } = await run({
      factors: 16,
      tauUsers: 0.05,
      tauItems: 0.05,
      gammaUsers: 0.05,
      gammaItems: 0.05,
      patience: 2,
    });
    expect(stop.reason).toBe("held-out");
    expect(stop.sweep).toBe(stop.bestSweep + 2);
    expect(Math.min(...history.map(({ heldOutRmse }) => heldOutRmse!))).toBe(history[stop.bestSweep].heldOutRmse);
    let squares = 0;
    for (let at = 0; at < heldOut.count; at++) {
      squares += (heldOut.value[at] - model.predict(heldOut.users.rawAt(heldOut.user[at]), heldOut.items.rawAt(heldOut.item[at]))) ** 2;
    }
    expect(Math.sqrt(squares / heldOut.count)).toBeCloseTo(history[stop.bestSweep].heldOutRmse!, 5);
  });

  test("a training resumed from a checkpoint ends where the uninterrupted one does", async () => {
    const whole = await run({ sweeps: 6, earlyStop: false });
    const resume = await checkpointAfter(4, (options) => run({ earlyStop: false, ...options }));
    const resumed = await run({ sweeps: 6, earlyStop: false, resume });
    expect(resumed.history.map(({ sweep }) => sweep)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expectSameTraining(resumed, whole);
  });

  test("an abort ends after the sweep under way and gives the model so far", async () => {
    const controller = new AbortController();
    const { stop, history } = await run({
      sweeps: 50,
      signal: controller.signal,
      onSweep: ({ sweep }) => sweep === 2 && controller.abort(),
    });
    expect(stop).toMatchObject({ reason: "aborted", sweep: 2 });
    expect(history.length).toBe(3);
  });

  test("an engine that throws the signal's reason gives its sweep up: the sweeps before it count", async () => {
    const controller = new AbortController();
    let solved = 0;
    const impatient: Engine = {
      info: engine.info,
      memory: (outline) => engine.memory(outline),
      topItems: (...given) => engine.topItems(...given),
      destroy: () => {},
      async open(workload) {
        const session = await engine.open(workload);
        const solve = session.solve.bind(session);
        // In the middle of the third sweep.
        session.solve = async (...given) => {
          if (++solved === 6) controller.abort(new Error("stop"));
          controller.signal.throwIfAborted();
          await solve(...given);
        };
        return session;
      },
    };
    const options = { factors: 3, seed: 3, heldOut, earlyStop: false } as const;
    const { stop, history, model } = await fit(train, { ...options, sweeps: 50, device: impatient, signal: controller.signal });
    expect(stop).toMatchObject({ reason: "aborted", sweep: 2 });
    expect(history.length).toBe(3);
    const whole = await fit(train, { ...options, sweeps: 2, device: engine });
    expect(model.parameters.itemFactors).toEqual(whole.model.parameters.itemFactors);
  });

  test("a precision of 0 and too few ratings name the first row without a solution", async () => {
    const few = Ratings.from([
      [1, 1, 3],
      [2, 1, 4],
      [2, 2, 5],
      [3, 2, 1],
    ]);
    const failing = fit(few, { factors: 3, tauUsers: 0, tauItems: 0, gammaUsers: 0, gammaItems: 0, device: engine });
    await expect(failing).rejects.toThrow(NotPositiveDefiniteError);
    await expect(failing).rejects.toMatchObject({ side: "users", row: 0, id: 1, sweep: 1 });
    await expect(failing).rejects.toThrow("the normal equations of user 1 are not positive definite in sweep 1");
    await expect(failing).rejects.toMatchObject({ remedy: expect.stringContaining("give tauUsers a positive value") as string });
  });

  test("weights that are too far apart are named as the cause, where no precision is 0", async () => {
    const apart = Ratings.from([
      ["a", "x", 1, null, 1e9],
      ["a", "y", 2, null, 1e-9],
      ["b", "x", 3, null, 1],
      ["b", "z", 4, null, 2],
    ]);
    const failing = fit(apart, { model: "gibbs", factors: 3, burnIn: 1, sweeps: 12, device: engine });
    await expect(failing).rejects.toMatchObject({
      code: "not-positive-definite",
      remedy: expect.stringContaining("weights of ratings") as string,
    });
  });

  const few = Array.from({ length: 120 }, (_, at): [number, number, number] => [at % 40, (at * at) % 17, 1 + (at % 5)]);
  const failure = async (weight: number | undefined, scale: number, options: FitOptions) => {
    const rows = few.map(([user, item, rating]) => [user, item, rating * scale, null, weight] as const);
    const failing = fit(Ratings.from(rows), { solver: "cholesky", ...options, factors: 16, sweeps: 8, device: engine } as FitOptions);
    return await failing.then(
      () => "none",
      ({ message, remedy }: NotPositiveDefiniteError) => `${message}: ${remedy}`,
    );
  };

  test("weights that are all large fail as a large lambda does, and each is named as what it is", async () => {
    const weights = await failure(1e9, 1, { model: "als" });
    const lambda = await failure(undefined, 1, { model: "als", lambda: 1e9 });
    // The row is the same, or none: float64 tells more.
    expect(weights.split(": ")[0]).toBe(lambda.split(": ")[0]);
    if (engine.info.kind === "reference") return;
    expect(weights).toMatch(
      /largest of the weights of ratings is 1000000000, and float32 loses tau(Users|Items), which is [\d.]+, beside it: give smaller weights, .* or a larger tau(Users|Items), or solver: "cg"$/,
    );
    expect(lambda).toMatch(/lambda is 1000000000, and float32 loses tau.* beside it: give a smaller lambda, or a larger tau/);
  });

  test("counts and confidences that are too large are named as the cause", async () => {
    const raw = await failure(undefined, 1e12, { model: "implicit", counts: "raw" });
    const confident = await failure(undefined, 1, { model: "implicit", confidence: 1e12 });
    if (engine.info.kind === "reference") return;
    expect(raw).toMatch(
      /the confidence of a rating, 1 \+ confidence × count, goes up to 5000000000000, and float32 loses tau.*: give a smaller confidence, or counts: "log" or smaller counts, or a larger tau/,
    );
    expect(confident).toMatch(/goes up to 1790000000000, .* give a smaller confidence, or a larger tau/);
    expect(confident).not.toContain("weights");
  });

  test("what is too large before anything is trained is named as the cause", async () => {
    const { model: init } = await fit(train, { factors: 2, sweeps: 1, device: "cpu" });
    init.parameters.userFactors.fill(3e38);
    init.parameters.itemFactors.fill(3e38);
    await expect(fit(train, { factors: 2, sweeps: 1, device: "cpu", init })).rejects.toMatchObject({
      code: "diverged",
      message: "the objective is Infinity before the first sweep",
      remedy: expect.stringContaining("the factors to start from are too large") as string,
    });
  });

  test("numbers beyond float32 are reported, never returned as NaN", async () => {
    const columns = { user: Uint32Array.of(0, 1, 1), item: Uint32Array.of(0, 0, 1), value: Float32Array.of(1, -1, 1) };
    const huge = new Ratings(columns, new Ids([1, 2]), new Ids([1, 2]));
    expect(() => new Ratings({ ...columns, value: Float32Array.of(3e38, -3e38, 3e38) }, huge.users, huge.items)).toThrow(RatingsError);
    // Past the check, as nobody should.
    columns.value.set([3e38, -3e38, 3e38]);
    const result = fit(huge, { factors: 1, device: engine, mean: false });
    const refused = (error: unknown): undefined => {
      expect(error instanceof DivergedError || error instanceof NotPositiveDefiniteError || error instanceof RatingsError).toBe(true);
    };
    const trained = await result.catch(refused);
    if (!trained) return;
    expect(trained.history.every(({ objective }) => Number.isFinite(objective))).toBe(true);
    const { userFactors, itemFactors, userBiases, itemBiases } = trained.model.parameters;
    for (const values of [userFactors, itemFactors, userBiases, itemBiases]) expect(values.every(Number.isFinite)).toBe(true);
  });
});

test.runIf(withWebGpu)("auto takes a hardware GPU, else the processor and says so; a foreign engine stays open", async () => {
  const notices: string[] = [];
  const { device } = await fit(train, { factors: 1, sweeps: 1, onNotice: (notice) => notices.push(notice) });
  if (engines.webgpu.info.software) {
    expect(device.kind).not.toBe("webgpu");
    expect(notices[0]).toContain("is a software one");
  } else expect(device.kind).toBe("webgpu");
  expect((await fit(train, { factors: 1, sweeps: 1, device: engines.webgpu })).device.kind).toBe("webgpu");
  expect((await fit(train, { factors: 1, sweeps: 1, device: engines.webgpu })).device.kind).toBe("webgpu");
});

test.each([
  { factors: -1 }, { factors: 513 }, { factors: 129, solver: "cholesky" }, { solver: "cg", cgSteps: 0.5 }, { factors: 1.5 }, { factors: NaN }, { lambda: 0 }, { tauUsers: -1 }, { gammaItems: Infinity }, { sweeps: -2 }, { patience: 0 },
  { seed: 0.5 }, { factors: 0, biases: false }, { device: "tpu" as "cpu" }, { model: "lda" as "als" }, { update: "both" as "joint" }, { regularization: "l1" as "plain" },
])("a wrong option is refused by name: %o", async (options) => {
  await expect(fit(train, { device: "cpu", ...options })).rejects.toThrow(OptionsError);
}); // prettier-ignore

test("no ratings, and held-out ratings of other ids, are refused", async () => {
  await expect(fit(train.select(new Uint32Array(0)), { device: "cpu" })).rejects.toThrow(RatingsError);
  await expect(fit(train, { heldOut: syntheticRatings(), device: "cpu" })).rejects.toThrow(RatingsError);
});
