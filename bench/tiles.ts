// Other plans of the tile kernel beside the one that is taken: both half-sweeps of `als`, milliseconds. What
// tile-plan.ts chooses by is found here.

import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { planTiles, type TileTuning } from "../src/engine/webgpu/rows/tile-plan.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import type { BenchOptions } from "./options.js";
import { problemOf } from "./problem.js";
import { halfSweepTimes } from "./roofline.js";

/** There are many plans. */
const SHORTEST_RUN_MS = 50;
const PATCHES = [1, 2];
const STAGES = [8, 16, 32];
const LANES = [32, 64, 128, 256];

export async function tiles({ factors, shape }: BenchOptions): Promise<object> {
  const ratings = syntheticRatings(SYNTHETIC_SHAPES[shape]);
  const rows: object[] = [];
  console.log("    K  patch  stage  team  teams     users     items   both");
  for (const K of factors) {
    const problem = problemOf(ratings, K);
    const timed: { tuning: TileTuning; both: number; line: string }[] = [];
    for (const tuning of [{}, ...tunings(K)]) {
      const plan = planTiles(K, tuning);
      const engine = await WebGpuEngine.create({ tuning: { kernel: "tiles", ...tuning } });
      try {
        const { users, items } = await halfSweepTimes(engine, problem, SHORTEST_RUN_MS);
        const sizes = [plan.patch, plan.stage, plan.team, plan.teams].map((size) => String(size).padStart(6)).join(" ");
        const line = `${String(K).padStart(5)} ${sizes}${users.toFixed(3).padStart(10)}${items.toFixed(3).padStart(10)}${(users + items).toFixed(3).padStart(10)}`;
        timed.push({ tuning, both: users + items, line });
        rows.push({ factors: K, default: Object.keys(tuning).length === 0, ...tuning, team: plan.team, teams: plan.teams, users, items });
      } finally {
        engine.destroy();
      }
    }
    const [asChosen] = timed;
    console.log(`${asChosen.line}   as chosen`);
    for (const { line, both } of timed
      .slice(1)
      .sort((a, b) => a.both - b.both)
      .slice(0, 5))
      console.log(`${line}   ${(both / asChosen.both).toFixed(2)}`);
  }
  return { shape, rows };
}

/** Plans that differ: of equal ones, one. */
function tunings(K: number): TileTuning[] {
  const known = new Set([JSON.stringify(planTiles(K))]);
  const all = PATCHES.flatMap((patch) => STAGES.flatMap((stage) => LANES.map((lanes) => ({ patch, stage, lanes }))));
  return all.filter((tuning) => {
    const plan = planTiles(K, tuning);
    const key = JSON.stringify(plan);
    if (known.has(key) || plan.team * plan.teams > 256 || plan.slice * plan.teams * 16 > 16_384) return false;
    known.add(key);
    return true;
  });
}
