// Half-sweeps by conjugate gradients: the cpu and webgpu engines against their float64 twin at every size of K, and
// what must hold of all three.

import { describe, expect, test } from "vitest";
import {
  type ConfidentSystem,
  type Engine,
  otherSide,
  type PointSystem,
  type Rows,
  type Session,
  type Side,
  SIDES,
  type Workload,
} from "../../src/engine/engine.js";
import { conjugateGradients } from "../../src/engine/reference/conjugate-gradients.js";
import { gramSolve } from "../../src/engine/reference/gram-solve.js";
import { type RowState, rowState } from "../../src/engine/reference/rows.js";
import { deviceThatWritesOutLoops, ENGINE_KINDS, testEngines, withWebGpu } from "../support/engines.js";
import { WebGpuEngine } from "../../src/engine/webgpu/engine.js";
import { MOST_SEGMENT_RATINGS } from "../../src/engine/webgpu/rows/schedule.js";
import { buildCsr, rowLengths } from "../../src/ratings/csr.js";
import { type Case, hotCase, randomCase } from "./cases.js";
import { pointSystem, relativeErrorOf, type Settings, somePulls, workloadOf } from "./cpu/workloads.js";

const engines = await testEngines();
const FLOAT_KINDS = ENGINE_KINDS.filter((kind) => kind !== "reference");
const HALF_SWEEP_ERROR = 1e-4;

type Solved = PointSystem | ConfidentSystem;

const confidentSystem = (confidence: number, steps: number): ConfidentSystem => ({ kind: "confident", confidence, tau: 3, steps });

const SYSTEMS: Readonly<Record<string, (K: number, steps: number) => Solved>> = {
  joint: (K, steps) => pointSystem(K, { steps }),
  "weighted, without biases": (K, steps) => pointSystem(K, { weighted: true, biases: false, steps }),
  sequential: (K, steps) => pointSystem(K, { kind: "sequential", steps }),
  confident: (_, steps) => confidentSystem(0.7, steps),
  "confident, of the full 0/1 matrix": (_, steps) => confidentSystem(0, steps),
};

/** Rows so long that predictions keep their size at any K; no sums but those that are asked for. */
function cgWorkload(given: Case, system: Solved, settings: Partial<Settings> & { factors: number }): Workload {
  const K = settings.factors;
  const biases = system.kind !== "confident" && system.biases;
  const operations = { solve: system.kind, steps: system.steps, sums: [] };
  const workload = workloadOf(given, { biases, ...settings, operations: { ...operations, ...settings.operations } });
  const scale = Math.min(1, 2 * K ** -0.25);
  for (const side of SIDES) workload.rows[side].factors.forEach((value, at, all) => (all[at] = value * scale));
  return workload;
}

async function solved(engine: Engine, workload: Workload, run: (session: Session) => Promise<void>): Promise<Record<Side, Rows>> {
  const session = await engine.open(workload);
  try {
    await run(session);
    return { users: await session.readRows("users"), items: await session.readRows("items") };
  } finally {
    session.destroy();
  }
}

async function compare(
  engine: Engine,
  workload: Workload,
  run: (session: Session) => Promise<void>,
  twin = (): Promise<Record<Side, Rows>> => solved(engines.reference, workload, run),
): Promise<void> {
  const [actual, expected] = [await solved(engine, workload, run), await twin()];
  for (const side of SIDES) {
    for (const name of ["factors", "biases"] as const)
      expect(relativeErrorOf(actual[side][name], expected[side][name]), `${name} of ${side}`).toBeLessThanOrEqual(HALF_SWEEP_ERROR);
  }
}

/** Some rows are empty and some of one rating; a hot row has a third of all ratings, and more than a segment. */
const CASES = {
  random: (K: number) => {
    if (K > 128) return randomCase(K + 1, 25, 19, 60);
    return K > 16 ? randomCase(K + 1, 56, 44, 120) : randomCase(K + 1, 111, 87, 300);
  },
  hot: (K: number) => (K > 128 ? hotCase(K + 2, 17, 23, 3400) : hotCase(K + 2, 57, 71, 6000, K)),
} satisfies Readonly<Record<string, (K: number) => Case>>;

const EVERY_K = [1, 2, 3, 7, 10, 16, 31, 64, 128, 129, 256, 512];

test.each(EVERY_K)("the rows of the cases are empty, of one rating, and longer than a segment, K = %i", (K) => {
  for (const [name, caseOf] of Object.entries(CASES)) {
    const { users, ratings } = caseOf(K);
    const lengths = rowLengths(buildCsr(ratings, "users", users));
    expect(lengths).toContain(0);
    expect(lengths).toContain(1);
    if (name === "hot") expect(lengths[0]).toBeGreaterThan(MOST_SEGMENT_RATINGS);
  }
});

/** What the twin made of a half-sweep, which is asked of it once for all engines. */
const twins = new Map<string, Promise<Record<Side, Rows>>>();

function once(name: string, twin: () => Promise<Record<Side, Rows>>): Promise<Record<Side, Rows>> {
  let known = twins.get(name);
  if (!known) twins.set(name, (known = twin()));
  return known;
}

/** Half-sweeps of either side, of one step and of several. */
async function halfSweepsAgree(engine: Engine, K: number, name: string): Promise<void> {
  for (const [which, caseOf] of Object.entries(CASES)) {
    for (const steps of [1, 3]) {
      const system = SYSTEMS[name](K, steps);
      const workload = cgWorkload(caseOf(K), system, { factors: K });
      for (const side of SIDES) {
        const solve = (session: Session): Promise<void> => session.solve(side, system);
        const twin = (): Promise<Record<Side, Rows>> => solved(engines.reference, workload, solve);
        await compare(engine, workload, solve, () => once([K, name, which, steps, side].join(), twin));
      }
    }
  }
}

/** What cards get, and devices without subgroups; by whether loops are left to the driver. */
const teams = new Map<boolean, Engine>();
for (const loopsLeft of withWebGpu ? [false, true] : [])
  teams.set(loopsLeft, new WebGpuEngine(await deviceThatWritesOutLoops(loopsLeft), { kernel: "tiles" }));

describe.runIf(withWebGpu).each([false, true])("webgpu by teams of lanes, loops left to the driver: %s", (loopsLeft) => {
  // Rows side by side in a workgroup, a block a lane, and several.
  describe.each(loopsLeft ? [64] : [3, 31, 64, 129])("K = %i", (K) => {
    test.each(Object.keys(SYSTEMS))("a half-sweep agrees with the twin: %s", async (name) => {
      await halfSweepsAgree(teams.get(loopsLeft)!, K, name);
    });
  });

  test.each(["joint", "sequential", "confident"])("pulls of the rows' own count as in the twin: %s", async (name) => {
    const system = SYSTEMS[name](31, 3);
    const workload = cgWorkload(hotCase(7, 57, 71, 2000), system, { factors: 31, operations: { pulls: ["users"] } });
    const pulls = somePulls(57, 31).map((value, at) => (name === "confident" && at % 32 === 31 ? 0 : value));
    await compare(teams.get(loopsLeft)!, workload, async (session) => {
      await session.writePulls("users", pulls);
      await session.solve("users", system);
    });
  });
});

describe.each(FLOAT_KINDS)("%s", (kind) => {
  describe.each(EVERY_K)("K = %i", (K) => {
    test.each(Object.keys(SYSTEMS))("a half-sweep agrees with the twin: %s", (name) => halfSweepsAgree(engines[kind], K, name));
  });

  test.each([3, 31, 200])("pulls of the rows' own count as in the twin, K = %i", async (K) => {
    for (const solved of ["joint", "sequential"] as const) {
      const system = pointSystem(K, { kind: solved, steps: 3 });
      const workload = cgWorkload(randomCase(4, 60, 47, 400), system, { factors: K, operations: { pulls: SIDES } });
      await compare(engines[kind], workload, async (session) => {
        for (const side of SIDES) {
          await session.writePulls(side, somePulls(workload.rows[side].biases.length, K));
          await session.solve(side, system);
        }
        await session.solve("users", system);
      });
    }
  });

  test.each([3, 31, 200])("pulls of systems over all pairs count, of rows without ratings too, K = %i", async (K) => {
    const system = confidentSystem(0.7, 3);
    const workload = cgWorkload(hotCase(7, 57, 71, 2000), system, { factors: K, operations: { pulls: SIDES } });
    const pulls = (side: Side): Float64Array =>
      somePulls(workload.rows[side].biases.length, K).map((value, at) => (at % (K + 1) === K ? 0 : value));
    const solveOne =
      (side: Side) =>
      async (session: Session): Promise<void> => {
        await session.writePulls(side, pulls(side));
        await session.solve(side, system);
      };
    // One side alone: what the first solve errs by, the second one multiplies.
    for (const side of SIDES) await compare(engines[kind], workload, solveOne(side));
    const { start } = workload.byUser;
    const empty = Array.from({ length: 57 }, (_, row) => row).find((row) => start[row] === start[row + 1])!;
    const { users } = await solved(engines[kind], workload, solveOne("users"));
    expect(users.factors.subarray(empty * K, (empty + 1) * K).some((value) => Math.abs(value) > 1e-3)).toBe(true);
  });

  test("sums, moments among them, agree with the twin at K = 512", async () => {
    const system = confidentSystem(0.7, 2);
    const operations = { sums: ["confidentErrors", "squaredErrors", "squaredNorms", "moments"] } as const;
    const workload = cgWorkload(randomCase(9, 300, 90, 900), system, { factors: 512, operations });
    const read = async (engine: Engine) => {
      const session = await engine.open(workload);
      const sums = await session.sums({
        seen: { of: "confidentErrors", confidence: 0.7 },
        errors: { of: "squaredErrors", over: "training" },
        norms: { of: "squaredNorms", side: "users", weighted: true },
        users: { of: "moments", side: "users" },
      });
      session.destroy();
      return { ...sums, gram: Array.from(sums.users.gram).filter((_, at) => at % 513 <= Math.floor(at / 513)) };
    };
    const [actual, expected] = [await read(engines[kind]), await read(engines.reference)];
    for (const name of ["seen", "errors"] as const) expect(relativeErrorOf([actual[name]], [expected[name]]), name).toBeLessThan(1e-5);
    expect(relativeErrorOf([actual.norms.factors], [expected.norms.factors])).toBeLessThan(1e-5);
    expect(relativeErrorOf(actual.gram, expected.gram)).toBeLessThan(1e-5);
    expect(
      relativeErrorOf(actual.users.sums, expected.users.sums, Math.sqrt(expected.gram.reduce((most, value) => Math.max(most, value), 0))),
    ).toBeLessThan(1e-5);
  });
});

/** What a row's step lowers: xᵀA x − 2 hᵀx and the prior's constant, of all rows of a side together, in float64. */
function quadratic(system: Solved, side: Side, workload: Workload, own: RowState, fixed: RowState): number {
  const K = workload.factors;
  const rows = side === "users" ? workload.byUser : workload.byItem;
  let sum = 0;
  for (let row = 0; row < rows.count; row++) {
    const count = rows.start[row + 1] - rows.start[row];
    const x = own.factors.subarray(row * K, (row + 1) * K);
    const weight = system.kind !== "confident" && system.weighted ? count : 1;
    const precision = (k: number): number => (system.kind === "confident" ? system.tau : system.precisions[k] * weight);
    for (let k = 0; k < K; k++) sum += precision(k) * x[k] ** 2;
    if (system.kind !== "confident" && system.biases) sum += precision(K) * own.biases[row] ** 2;
    const product = (other: number): number => {
      let score = 0;
      for (let k = 0; k < K; k++) score += x[k] * fixed.factors[other * K + k];
      return score;
    };
    if (system.kind === "confident") for (let other = 0; other < fixed.biases.length; other++) sum += product(other) ** 2;
    for (let at = rows.start[row]; at < rows.start[row + 1]; at++) {
      const [other, value] = [rows.index[at], rows.value[at]];
      if (system.kind === "confident") {
        const excess = system.confidence * Math.abs(value);
        sum += (1 + excess) * (Number(value > 0) - product(other)) ** 2 - product(other) ** 2;
      } else sum += system.lambda * (value - workload.globalMean - fixed.biases[other] - own.biases[row] - product(other)) ** 2;
    }
  }
  return sum;
}

const statesOf = (workload: Workload, rows: Record<Side, Rows>): Record<Side, RowState> => ({
  users: rowState(rows.users, workload.factors, "none"),
  items: rowState(rows.items, workload.factors, "none"),
});

describe.each(ENGINE_KINDS)("%s", (kind) => {
  const engine = engines[kind];

  test.each(Object.keys(SYSTEMS))("no half-sweep raises the objective, however many steps: %s", async (name) => {
    for (const K of [1, 8, 40]) {
      for (const steps of [1, 2, 7]) {
        const system = SYSTEMS[name](K, steps);
        const workload = cgWorkload(hotCase(K + steps, 37, 45, 1500), system, { factors: K });
        const session = await engine.open(workload);
        let before = Infinity;
        for (let half = 0; half < 8; half++) {
          const side = SIDES[half % 2];
          await session.solve(side, system);
          const states = statesOf(workload, { users: await session.readRows("users"), items: await session.readRows("items") });
          // The other side's prior does not move: its terms are left out until the side is the one that is solved.
          const after =
            quadratic(system, side, workload, states[side], states[otherSide(side)]) +
            priorOf(system, states[otherSide(side)], otherSide(side), workload);
          expect(after, `K = ${K}, ${steps} steps, half-sweep ${half}`).toBeLessThanOrEqual(before + 2e-6 * Math.abs(before));
          before = after;
        }
        session.destroy();
      }
    }
  });

  test.each(["joint", "sequential", "confident"])("many steps come to the exact solution: %s", async (name) => {
    for (const K of [4, 24]) {
      const system = SYSTEMS[name](K, 4 * K);
      const workload = cgWorkload(randomCase(K, 70, 50, 600), system, { factors: K });
      const rows = await solved(engine, workload, (session) => session.solve("users", system));
      const exact = statesOf(workload, workload.rows);
      gramSolve({ ...system, steps: undefined }, "users", workload.byUser, workload.globalMean, exact.users, exact.items);
      const [reached, least] = [statesOf(workload, rows).users, exact.users].map((own) =>
        quadratic(system, "users", workload, own, exact.items),
      );
      expect(Math.abs(reached - least) / Math.abs(least)).toBeLessThan(kind === "reference" ? 1e-7 : 1e-5);
    }
  });

  test("a row whose residual is a millionth of its first is left where it is", async () => {
    // One unknown: the first step is the last that moves anything.
    const [once, often] = await Promise.all(
      [1, 50].map((steps) => {
        const system = pointSystem(0, { steps });
        return solved(engine, cgWorkload(randomCase(3, 40, 30, 300), system, { factors: 0 }), (session) => session.solve("users", system));
      }),
    );
    expect(relativeErrorOf(often.users.biases, once.users.biases)).toBeLessThan(kind === "reference" ? 1e-14 : 1e-6);
    expect(Array.from(often.users.biases).every(Number.isFinite)).toBe(true);
  });

  test("rows without ratings become 0, where the precisions are 0, too", async () => {
    for (const system of [pointSystem(5, { precisions: Array<number>(6).fill(0), steps: 3 }), confidentSystem(2, 3)]) {
      const workload = cgWorkload(hotCase(8, 61, 20, 300), system, { factors: 5 });
      const { users } = await solved(engine, workload, (session) => session.solve("users", system));
      const { start } = workload.byUser;
      const empty = Array.from({ length: 61 }, (_, row) => row).filter((row) => start[row] === start[row + 1]);
      expect(empty.length).toBeGreaterThan(3);
      for (const row of empty) expect([...users.factors.subarray(5 * row, 5 * row + 5), users.biases[row]]).toEqual(Array(6).fill(0));
      expect([...users.factors, ...users.biases].every(Number.isFinite)).toBe(true);
    }
  });

  test("slices one by one are all rows, and a state goes on bit for bit", async () => {
    for (const system of [pointSystem(9, { steps: 3 }), confidentSystem(0.5, 3)]) {
      const workload = cgWorkload(hotCase(6, 57, 131, 6000), system, { factors: 9 });
      const run = async (session: Session): Promise<void> => {
        for (const side of SIDES) await session.solve(side, system);
      };
      const whole = await solved(engine, workload, async (session) => {
        await run(session);
        await run(session);
      });
      const cut = await solved(engine, workload, async (session) => {
        await run(session);
        const state = await session.readState();
        await session.solve("items", system);
        await session.writeState(state);
        for (const [from, to] of [
          [0, 1],
          [1, 30],
          [30, 57],
        ])
          await session.solve("users", system, { from, to });
        await session.solve("items", system);
      });
      for (const side of SIDES) for (const name of ["factors", "biases"] as const) expect(cut[side][name]).toEqual(whole[side][name]);
    }
  });
});

/** The prior's terms of a side that stands still. */
function priorOf(system: Solved, rows: RowState, side: Side, { factors: K, byUser, byItem }: Workload): number {
  const { start } = side === "users" ? byUser : byItem;
  let sum = 0;
  for (let row = 0; row < rows.biases.length; row++) {
    const weight = system.kind !== "confident" && system.weighted ? start[row + 1] - start[row] : 1;
    for (let k = 0; k < K; k++)
      sum += (system.kind === "confident" ? system.tau : system.precisions[k] * weight) * rows.factors[row * K + k] ** 2;
    if (system.kind !== "confident" && system.biases) sum += system.precisions[K] * weight * rows.biases[row] ** 2;
  }
  return sum;
}

test("the twin's first step is steepest descent with an exact line search", () => {
  const system = pointSystem(2, { precisions: [2, 3, 4], steps: 1, lambda: 1.5 });
  const workload = cgWorkload(randomCase(2, 1, 6, 9), system, { factors: 2 });
  const { users, items } = statesOf(workload, workload.rows);
  const before = { factors: users.factors.slice(), biases: users.biases.slice() };
  conjugateGradients(system, 1, workload.byUser, workload.globalMean, users, items);
  const at = (share: number): number => {
    const own = statesOf(workload, workload.rows).users;
    for (const name of ["factors", "biases"] as const)
      own[name].forEach((_, k) => (own[name][k] = before[name][k] + share * (users[name][k] - before[name][k])));
    return quadratic(system, "users", workload, own, items);
  };
  expect(at(1)).toBeLessThan(at(0));
  expect(at(1)).toBeLessThan(at(0.99));
  expect(at(1)).toBeLessThan(at(1.01));
});
