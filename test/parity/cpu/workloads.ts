// Workloads for the cpu engine's tests, and courses of operations to run on them:
// every operation an engine has, in a few lines each.

import { expect } from "vitest";
import type { Engine, PointSystem, Rows, Session, Side, Spread, SumRequest, System, Workload } from "../../../src/engine/engine.js";
import { SIDES } from "../../../src/engine/engine.js";
import { seededRandom } from "../../../src/random.js";
import { buildCsr } from "../../../src/ratings/csr.js";
import type { Case } from "../cases.js";

export const EVERY_K = [0, 1, 2, 3, 7, 8, 10, 16, 31, 32, 50, 64, 100, 128];

const EVERY_SUM = ["squaredErrors", "squaredNorms", "moments", "logLosses", "confidentErrors"] as const;

export interface Settings {
  readonly factors: number;
  readonly spread?: Spread;
  readonly biases?: boolean;
  readonly operations?: Partial<Workload["operations"]>;
}

const rowsMade = new Map<string, Record<Side, Rows>>();

const copyOf = ({ factors, biases, covariances }: Rows): Rows => ({
  factors: factors.slice(),
  biases: biases.slice(),
  covariances: covariances?.slice(),
});

/** Random rows like those of a trained model, with what they carry: made once, for drawing them takes long. */
function randomRows(counts: Readonly<Record<Side, number>>, K: number, spread: Spread, biases: boolean): Record<Side, Rows> {
  const key = [counts.users, counts.items, K, spread, biases].join();
  let made = rowsMade.get(key);
  if (!made) rowsMade.set(key, (made = drawnRows(counts, K, spread, biases)));
  return { users: copyOf(made.users), items: copyOf(made.items) };
}

function drawnRows(counts: Readonly<Record<Side, number>>, K: number, spread: Spread, biases: boolean): Record<Side, Rows> {
  const random = seededRandom(7);
  const D = K + 1;
  const normals = (count: number, deviation: number): Float32Array => {
    const values = new Float32Array(count);
    for (let at = 0; at < count; at++) values[at] = deviation * random.normal();
    return values;
  };
  const spreads = (count: number): Float32Array | undefined => {
    if (spread === "diagonal") return Float32Array.from({ length: count * D }, () => 0.02 + 0.1 * random.uniform());
    if (spread !== "full") return undefined;
    const values = new Float32Array((count * D * (D + 1)) / 2);
    for (let row = 0, at = 0; row < count; row++) {
      // a aᵀ plus a diagonal.
      const a = normals(D, 0.1);
      for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) values[at++] = a[i] * a[j] + (i === j ? 0.02 + 0.1 * random.uniform() : 0);
    }
    return values;
  };
  const side = (count: number): Rows => ({
    factors: normals(count * K, 0.5),
    biases: biases ? normals(count, 0.4) : new Float32Array(count),
    covariances: spreads(count),
  });
  return { users: side(counts.users), items: side(counts.items) };
}

export function workloadOf({ users, items, ratings }: Case, settings: Settings): Workload {
  const { factors: K, spread = "none", biases = true, operations } = settings;
  const half = Math.ceil(ratings.value.length / 3);
  return {
    factors: K,
    globalMean: 2.75,
    byUser: buildCsr(ratings, "users", users),
    byItem: buildCsr(ratings, "items", items),
    heldOut: {
      user: ratings.user.slice(0, half),
      item: ratings.item.slice(0, half),
      value: ratings.value.slice(0, half),
      weight: ratings.weight?.slice(0, half),
    },
    spread,
    rows: randomRows({ users, items }, K, spread, biases),
    operations: { sums: [...EVERY_SUM], ...operations },
  };
}

/** Pulls of the rows of a side. */
export function somePulls(count: number, K: number): Float64Array {
  const random = seededRandom(count);
  return Float64Array.from({ length: count * (K + 1) }, () => 0.8 * random.normal());
}

const withoutBiases = (pulls: Float64Array, K: number): Float64Array => pulls.map((value, at) => (at % (K + 1) === K ? 0 : value));

const countOf = async (session: Session, side: Side): Promise<number> => (await session.readRows(side)).biases.length;

export const pointSystem = (K: number, given: Partial<PointSystem> = {}): PointSystem => ({
  kind: "joint",
  lambda: 1.3,
  precisions: Array.from({ length: K + 1 }, (_, k) => 2 + 0.1 * (k % 5)),
  weighted: false,
  biases: true,
  ...given,
});

export function drawnSystem(K: number, noise: boolean): System {
  const D = K + 1;
  const random = seededRandom(5);
  const a = Array.from({ length: D }, () => 0.5 * random.normal());
  const precision: number[] = [];
  for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) precision.push(a[i] * a[j] + (i === j ? 2 : 0));
  const mean = a.map((value) => 0.3 * value);
  return { kind: "drawn", lambda: 1.7, prior: { mean, precision }, noise: noise ? { seed: 11, draw: 3 } : undefined };
}

/** What is seen of a session: rows, sums. */
export type Seen = Readonly<Record<string, ArrayLike<number>>>;

export async function see(session: Session, sums: Readonly<Record<string, SumRequest>>): Promise<Seen> {
  const seen: Record<string, ArrayLike<number>> = {};
  for (const [name, given] of Object.entries(await session.sums(sums))) {
    if (typeof given === "number") seen[name] = [given];
    else for (const [part, value] of Object.entries(given)) seen[`${name} ${part}`] = typeof value === "number" ? [value] : value;
  }
  for (const side of SIDES) {
    for (const which of ["current", "kept"] as const) {
      const { factors, biases, covariances } = await session.readRows(side, which);
      seen[`${which} ${side} factors`] = factors;
      seen[`${which} ${side} biases`] = biases;
      if (covariances) seen[`${which} ${side} covariances`] = covariances;
    }
  }
  return seen;
}

/** A course of operations, and the sums at its end. */
export interface Course {
  readonly settings: Settings;
  readonly run: (session: Session) => Promise<void>;
  readonly sums: Readonly<Record<string, SumRequest>>;
  /** Whether the ratings are 0 and 1. */
  readonly binary?: boolean;
}

const ofSides = (of: "moments" | "posteriorSums") =>
  Object.fromEntries(SIDES.map((side) => [`${of} ${side}`, { of, side }])) as Record<string, SumRequest>;

/** Sums over point estimates. */
export const POINT_SUMS: Readonly<Record<string, SumRequest>> = {
  train: { of: "squaredErrors", over: "training" },
  heldOut: { of: "squaredErrors", over: "heldOut" },
  clipped: { of: "squaredErrors", over: "heldOut", clip: { least: 2.5, most: 3.5 } },
  norms: { of: "squaredNorms", side: "users", weighted: false },
  weightedNorms: { of: "squaredNorms", side: "items", weighted: true },
};
const USUAL: typeof POINT_SUMS = {
  ...POINT_SUMS,
  confident: { of: "confidentErrors", confidence: 3 },
  logLosses: { of: "logLosses", over: "training" },
  ...ofSides("moments"),
};

const bothSides =
  (system: (side: Side) => System) =>
  async (session: Session): Promise<void> => {
    for (const side of SIDES) await session.solve(side, system(side));
  };

/** Every operation, at K factors. */
export function coursesOf(K: number): Readonly<Record<string, Course>> {
  const solved = (settings: Partial<Settings>, system: System, sums = USUAL): Course => ({
    settings: { factors: K, ...settings, operations: { solve: system.kind, ...settings.operations } },
    run: bothSides(() => system),
    sums,
  });
  const pulled = (settings: Partial<Settings>, system: System, sums = USUAL, biases = 1): Course => ({
    settings: { factors: K, ...settings, operations: { solve: system.kind, pulls: SIDES, ...settings.operations } },
    run: async (session) => {
      for (const side of SIDES) {
        const pulls = somePulls(await countOf(session, side), K);
        await session.writePulls(side, biases === 0 ? withoutBiases(pulls, K) : pulls);
        await session.solve(side, system);
      }
    },
    sums,
  });
  // One side alone: what the first solve errs by, the second one multiplies by the condition of its systems.
  const confident = (side: Side, confidence: number): Course => ({
    settings: { factors: K, biases: false, operations: { solve: "confident" } },
    run: (session) => session.solve(side, { kind: "confident", confidence, tau: 3 }),
    sums: USUAL,
  });
  const uncertain = {
    ...USUAL,
    ...ofSides("posteriorSums"),
    expected: { of: "expectedErrors", over: "training", lambda: 1.1 },
    expectedHeldOut: { of: "expectedErrors", over: "heldOut", lambda: 0.7 },
  } as const;
  const precisions = { users: { factors: 2, biases: 1 }, items: { factors: 3, biases: 0.5 } };
  const epochs = (link: "identity" | "logistic", biases: boolean, spread: Spread = "none"): Course => ({
    settings: { factors: K, biases, spread, operations: { epochs: { seed: 4, link } } },
    binary: link === "logistic",
    run: async (session) => {
      const step = spread === "squares" ? 0.1 : 0.02;
      for (const number of [1, 2]) await session.runEpoch({ number, link, lambda: 1.2, precisions, biases, step });
    },
    sums: USUAL,
  });
  const batch = (biases: boolean): Course => ({
    settings: { factors: K, biases, spread: "velocity", operations: { batchStep: true } },
    run: async (session) => {
      const own = (tau: number, gamma: number): number[] => [...Array<number>(K).fill(tau), gamma];
      const step = { lambda: 1.2, precisions: { users: own(2, 1), items: own(3, 0) }, biases, step: 0.3, momentum: 0.5 };
      for (let at = 0; at < 3; at++) await session.batchStep(step);
    },
    sums: USUAL,
  });
  return {
    joint: solved({}, pointSystem(K)),
    weighted: solved({}, pointSystem(K, { weighted: true, lambda: 1 })),
    "without biases": solved({ biases: false }, pointSystem(K, { biases: false })),
    sequential: solved({}, pointSystem(K, { kind: "sequential" })),
    "confident users": confident("users", 0.7),
    "confident items": confident("items", 0.7),
    "confident users of confidence 0": confident("users", 0),
    drawn: solved({}, drawnSystem(K, true)),
    "drawn means": solved({}, drawnSystem(K, false)),
    diagonal: solved({ spread: "diagonal" }, pointSystem(K), uncertain),
    full: solved({ spread: "full" }, pointSystem(K), uncertain),
    "full without biases": solved({ spread: "full", biases: false }, pointSystem(K, { biases: false }), uncertain),
    pulled: pulled({}, pointSystem(K)),
    "pulled in turn": pulled({}, pointSystem(K, { kind: "sequential" })),
    "pulled without biases": pulled({ biases: false }, pointSystem(K, { biases: false }), USUAL, 0),
    "pulled draws": pulled({}, drawnSystem(K, true)),
    "pulled diagonal": pulled({ spread: "diagonal" }, pointSystem(K), uncertain),
    "pulled full": pulled({ spread: "full" }, pointSystem(K), uncertain),
    "pulled confident": {
      ...pulled({ biases: false }, { kind: "confident", confidence: 0.7, tau: 3 }, USUAL, 0),
      run: async (session) => {
        await session.writePulls("users", withoutBiases(somePulls(await countOf(session, "users"), K), K));
        await session.solve("users", { kind: "confident", confidence: 0.7, tau: 3 });
      },
    },
    "heavy ball": {
      settings: { factors: K, operations: { solve: "joint", extrapolate: ["items"] } },
      run: async (session) => {
        await session.extrapolate("items", 0);
        await session.solve("items", pointSystem(K));
        await session.extrapolate("items", 0.4);
        await session.solve("users", pointSystem(K));
        session.keep();
        await session.extrapolate("items", 0.4);
      },
      sums: USUAL,
    },
    "averaged draws": {
      settings: { factors: K, operations: { solve: "drawn", sums: ["averagedErrors"] } },
      run: async (session) => {
        await bothSides(() => drawnSystem(K, true))(session);
        await session.sums({ first: { of: "averagedErrors", lambda: 1.3, draws: 1 } });
        await bothSides(() => drawnSystem(K, false))(session);
      },
      sums: { second: { of: "averagedErrors", lambda: 1.3, draws: 2, clip: { least: 2.5, most: 3.5 } } },
    },
    "batch steps": batch(true),
    "batch steps without biases": batch(false),
    epochs: epochs("identity", true),
    "epochs without biases": epochs("identity", false),
    "logistic epochs": epochs("logistic", true),
    "epochs by rates of rows' own": epochs("identity", true, "squares"),
    "logistic epochs by rates of rows' own, without biases": epochs("logistic", false, "squares"),
  };
}

/** Half-sweeps by conjugate gradients, of every system that has them. */
export function descentCoursesOf(K: number): Readonly<Record<string, Course>> {
  const steps = 3;
  const course = (system: System, settings: Partial<Settings> = {}): Course => ({
    settings: { factors: K, ...settings, operations: { solve: system.kind, steps } },
    run: bothSides(() => system),
    sums: USUAL,
  });
  return {
    "conjugate gradients": course(pointSystem(K, { steps })),
    "conjugate gradients without biases, weighted": course(pointSystem(K, { biases: false, weighted: true, steps }), { biases: false }),
    "conjugate gradients in turn": course(pointSystem(K, { kind: "sequential", steps })),
    "conjugate gradients over all pairs": course({ kind: "confident", confidence: 0.7, tau: 3, steps }, { biases: false }),
    "conjugate gradients over all pairs with pulls": {
      settings: { factors: K, biases: false, operations: { solve: "confident", steps, pulls: SIDES } },
      async run(session) {
        for (const side of SIDES) await session.writePulls(side, withoutBiases(somePulls(await countOf(session, side), K), K));
        await bothSides(() => ({ kind: "confident", confidence: 0.7, tau: 3, steps }))(session);
      },
      sums: USUAL,
    },
    "conjugate gradients with pulls": {
      settings: { factors: K, operations: { solve: "joint", steps, pulls: SIDES } },
      async run(session) {
        for (const side of SIDES) await session.writePulls(side, somePulls(await countOf(session, side), K));
        await bothSides(() => pointSystem(K, { steps }))(session);
      },
      sums: USUAL,
    },
  };
}

/** What a course begins with. An engine leaves it as it is, so that several may be given the same. */
export function startOf({ ratings, ...sizes }: Case, { settings, binary }: Course): Workload {
  const values = binary ? { ...ratings, value: ratings.value.map((value) => (value > 2.5 ? 1 : 0)) } : ratings;
  return workloadOf({ ...sizes, ratings: values }, settings);
}

/** Runs a course on an engine. */
export async function follow(engine: Engine, start: Case | Workload, course: Course): Promise<Seen> {
  const session = await engine.open("byUser" in start ? start : startOf(start, course));
  try {
    await course.run(session);
    return await see(session, course.sums);
  } finally {
    session.destroy();
  }
}

/** Largest difference over the largest expected magnitude, or over `size` where that is larger. */
export function relativeErrorOf(actual: ArrayLike<number>, expected: ArrayLike<number>, size = 0): number {
  let [difference, scale] = [0, size];
  for (let at = 0; at < expected.length; at++) {
    const apart = Math.abs(actual[at] - expected[at]);
    if (!(apart <= difference)) difference = apart;
    scale = Math.max(scale, Math.abs(expected[at]));
  }
  return scale === 0 ? difference : difference / scale;
}

/** The upper triangle of a Gram matrix is nobody's. */
function lowerTriangle(values: ArrayLike<number>): number[] {
  const D = Math.round(Math.sqrt(values.length));
  const lower: number[] = [];
  for (let row = 0; row < D; row++) for (let column = 0; column <= row; column++) lower.push(values[row * D + column]);
  return lower;
}

export function expectClose(actual: Seen, expected: Seen, tolerance: number): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    expect(actual[name].length, name).toBe(values.length);
    const part = name.endsWith(" gram") ? lowerTriangle : (all: ArrayLike<number>) => all;
    // Sums of numbers of either sign may all but cancel: they are judged by the size of what is summed.
    const squares = expected[name.replace(/ sums$/, " gram")];
    const size = name.endsWith(" sums") ? Math.sqrt(Array.from(squares).reduce((most, square) => Math.max(most, Math.abs(square)), 0)) : 0;
    expect(relativeErrorOf(part(actual[name]), part(values), size), name).toBeLessThanOrEqual(tolerance);
  }
}

export function expectSame(actual: Seen, expected: Seen): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    const given = actual[name];
    expect(given.length, name).toBe(values.length);
    let at = 0;
    while (at < values.length && Object.is(given[at], values[at])) at++;
    expect(at === values.length ? undefined : `${name}, number ${at}: ${given[at]} instead of ${values[at]}`).toBe(undefined);
  }
}
