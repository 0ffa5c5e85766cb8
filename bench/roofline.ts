// The half-sweeps of `als` against what the device can do at best, both measured in one run: operations and bytes by
// the formulas of docs/performance.md, as shares of the ceilings, and the time they could not go below.

import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { blocksOf } from "../src/engine/webgpu/rows/tile-plan.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import type { Side } from "../src/engine/engine.js";
import type { Problem } from "../src/models/registry.js";
import { type Ceilings, measureCeilings } from "./ceilings.js";
import { problemOf } from "./problem.js";
import type { BenchOptions } from "./options.js";
import { median } from "./median.js";
import { openTraining } from "../src/models/registry.js";
import { warmUp } from "./warm-up.js";

/** Half-sweeps are queued one after the other for at least this long, milliseconds; the median of the runs counts. */
const SHORTEST_RUN_MS = 200;
const RUNS = 3;
const MOST_REPEATS = 256;

interface Work {
  readonly flops: number;
  readonly bytes: number;
}

export async function roofline({ factors, shape }: BenchOptions): Promise<object> {
  const size = SYNTHETIC_SHAPES[shape];
  const ceilings = await measureCeilings(factors, Math.max(size.users, size.items), blocksOf);
  printCeilings(ceilings);
  const ratings = syntheticRatings(size);
  const shapeText = `${size.ratings.toLocaleString("en-US")} ratings, ${size.users.toLocaleString("en-US")} × ${size.items.toLocaleString("en-US")}`;
  console.log(`\n${shapeText}; a half-sweep: Gram matrices and solves`);
  console.log("    K   side        ms   GFLOP/s   of peak   gathered GB/s   of gathers   of streams   floor, ms   of floor");
  const engine = await WebGpuEngine.create();
  const rows: object[] = [];
  for (const K of factors) {
    const problem = problemOf(ratings, K);
    const times = await halfSweepTimes(engine, problem);
    for (const side of ["users", "items"] as const) {
      const row = { factors: K, side, ...against(ceilings, K, workOf(problem, side), times[side]) };
      rows.push(row);
      const cell = (value: number, width: number, digits = 1): string => value.toFixed(digits).padStart(width);
      const share = (value: number, width: number): string => `${(100 * value).toFixed(1)} %`.padStart(width);
      console.log(
        `${cell(K, 5, 0)}   ${side}${cell(row.ms, 10, 2)}${cell(row.gflops, 10)}${share(row.ofPeak, 10)}${cell(row.gigabytes, 16)}` +
          `${share(row.ofGathers, 13)}${share(row.ofStreams, 13)}${cell(row.floorMs, 12, 3)}${share(row.ofFloor, 11)}`,
      );
    }
  }
  engine.destroy();
  return { shape: { name: shape, ...size }, ceilings, rows };
}

/** Operations and bytes that every half-sweep needs when nothing is cached. See docs/performance.md, "The floor". */
function workOf(problem: Problem, side: Side): Work {
  const K = problem.initial.factors;
  const { count, index } = side === "users" ? problem.byUser : problem.byItem;
  const L = index.length;
  return {
    flops: L * (K + 2) * (K + 3) + (count * (K + 1) ** 3) / 3,
    bytes: L * (4 + 4 + 4 * (K + 2)) + count * 4 * (K + 2),
  };
}

function against({ flopsPerSecond, streamBytesPerSecond, gathers }: Ceilings, K: number, { flops, bytes }: Work, ms: number) {
  const { bytesPerSecond } = gathers.find((gather) => gather.factors === K)!;
  const floorMs = 1000 * Math.max(flops / flopsPerSecond, bytes / bytesPerSecond);
  const [flopRate, byteRate] = [flops / (ms / 1000), bytes / (ms / 1000)];
  return {
    ms,
    gflops: flopRate / 1e9,
    ofPeak: flopRate / flopsPerSecond,
    gigabytes: byteRate / 1e9,
    ofGathers: byteRate / bytesPerSecond,
    ofStreams: byteRate / streamBytesPerSecond,
    floorMs,
    ofFloor: floorMs / ms,
  };
}

/** Milliseconds a half-sweep of each side. */
async function halfSweepTimes(engine: WebGpuEngine, problem: Problem): Promise<Record<Side, number>> {
  const session = await openTraining(engine, problem);
  const run = async (side: Side, repeats: number): Promise<number> => {
    const started = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) await session.solve(side);
    await engine.device.gpu.queue.onSubmittedWorkDone();
    return performance.now() - started;
  };
  const time = async (side: Side): Promise<number> => {
    await warmUp(engine, () => session.solve(side));
    let repeats = 1;
    while ((await run(side, repeats)) < SHORTEST_RUN_MS && repeats < MOST_REPEATS) repeats *= 2;
    const times: number[] = [];
    for (let at = 0; at < RUNS; at++) times.push((await run(side, repeats)) / repeats);
    return median(times);
  };
  const times = { users: await time("users"), items: await time("items") };
  // Raises what went wrong on the device, if anything did: a time of failed work would be a lie.
  await session.measure();
  session.destroy();
  return times;
}

function printCeilings(ceilings: Ceilings): void {
  const line = (what: string, value: number, unit: string): void =>
    console.log(`${what.padEnd(44)}${value.toFixed(value < 10 ? 3 : 1).padStart(12)} ${unit}`);
  console.log(`ceilings, by ${ceilings.clock}`);
  line("multiply-adds in registers", ceilings.flopsPerSecond / 1e9, "GFLOP/s");
  line(`streaming reads of ${ceilings.streamBytes / 2 ** 20} MiB`, ceilings.streamBytesPerSecond / 1e9, "GB/s");
  line("workgroup memory", ceilings.workgroupBytesPerSecond / 1e9, "GB/s");
  for (const { factors, rows, bytesPerSecond } of ceilings.gathers) {
    line(`gathers of rows, K = ${factors}, out of ${rows.toLocaleString("en-US")}`, bytesPerSecond / 1e9, "GB/s");
  }
  line("a dispatch among many", 1000 * ceilings.dispatchMs, "µs");
  line("a submission and its end", 1000 * ceilings.roundTripMs, "µs");
}
