// Other plans of the tile kernel beside the one that is taken: both half-sweeps of `als`, milliseconds. What
// tile-plan.ts chooses by is found here.

import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import type { GramTuning } from "../src/engine/webgpu/rows/gram-kernel.js";
import { planTiles, type TileTuning } from "../src/engine/webgpu/rows/tile-plan.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import type { BenchOptions } from "./options.js";
import { problemOf } from "./problem.js";
import { openTraining } from "../src/models/registry.js";
import type { Problem } from "../src/models/registry.js";
import { SIDES, type Side } from "../src/engine/engine.js";
import { warmUp } from "./warm-up.js";

const REPEATS = 5;
const PACING = 4;
const PATCHES = [1, 2];
const STAGES = [8, 16];
const LANES = [32, 64, 128];
const SEGMENTS = [128, 256, 512, 1024];

export async function tiles({ factors, shape }: BenchOptions): Promise<object> {
  const ratings = syntheticRatings(SYNTHETIC_SHAPES[shape]);
  const rows: object[] = [];
  console.log("    K  patch  stage   team  teams     users     items   both");
  for (const K of factors) {
    const problem = problemOf(ratings, K);
    const timed: { tuning: GramTuning; both: number; line: string }[] = [];
    const segments = SEGMENTS.map((segment) => ({ segment }));
    const others: readonly GramTuning[] = [{}, { dispatchOperations: 16e9 }, { dispatchOperations: 64e9 }, ...segments, ...tunings(K)];
    for (const tuning of others) {
      const plan = planTiles(K, tuning);
      const engine = await WebGpuEngine.create({ trace: true, tuning: { kernel: "tiles", ...tuning } });
      try {
        // Between plans of a problem a card does not sleep for long.
        const { users, items } = await deviceTimes(engine, problem, timed.length === 0);
        const sizes = [`${plan.height}×${plan.width}`, plan.stage, plan.team, plan.teams].map((size) => String(size).padStart(6)).join(" ");
        const line = `${String(K).padStart(5)} ${sizes}${users.toFixed(3).padStart(10)}${items.toFixed(3).padStart(10)}${(users + items).toFixed(3).padStart(10)}${tuning.dispatchOperations ? "   large dispatches" : ""}${tuning.segment ? `   segments of ${tuning.segment}` : ""}`;
        timed.push({ tuning, both: users + items, line });
        rows.push({ factors: K, default: Object.keys(tuning).length === 0, ...tuning, team: plan.team, teams: plan.teams, users, items });
      } finally {
        engine.destroy();
      }
    }
    const [asChosen] = timed;
    console.log(`${asChosen.line}   as chosen`);
    const best = timed
      .slice(1)
      .sort((a, b) => a.both - b.both)
      .slice(0, 8);
    for (const { line, both } of best) console.log(`${line}   ${(both / asChosen.both).toFixed(2)}`);
  }
  return { shape, rows };
}

/** Milliseconds of the device that a half-sweep of each side takes, by its timestamps. */
async function deviceTimes(engine: WebGpuEngine, problem: Problem, asleep: boolean): Promise<Record<Side, number>> {
  const { trace } = engine.device;
  if (!trace) throw new Error("this adapter takes no timestamps");
  const training = await openTraining(engine, problem);
  const times = { users: 0, items: 0 };
  for (const side of SIDES) {
    // Until the engine knows the device's pace.
    for (let repeat = 0; repeat < PACING; repeat++) await training.solve(side);
    if (asleep) await warmUp(engine, () => training.solve(side));
    await engine.device.gpu.queue.onSubmittedWorkDone();
    await trace.take();
    for (let repeat = 0; repeat < REPEATS; repeat++) await training.solve(side);
    await engine.device.gpu.queue.onSubmittedWorkDone();
    times[side] = (await trace.take()).reduce((sum, { ms }) => sum + ms, 0) / REPEATS;
  }
  // Raises what went wrong on the device, if anything did: a time of failed work would be a lie.
  await training.measure();
  training.destroy();
  return times;
}

/** Plans that differ: of equal ones, one. */
function tunings(K: number): TileTuning[] {
  const known = new Set([JSON.stringify(planTiles(K))]);
  const all = PATCHES.flatMap((patch) => STAGES.flatMap((stage) => LANES.map((lanes) => ({ patch, stage, lanes }))));
  return all.filter((tuning) => {
    const plan = planTiles(K, tuning);
    const key = JSON.stringify(plan);
    if (known.has(key) || plan.team * plan.teams > 256) return false;
    known.add(key);
    return true;
  });
}
