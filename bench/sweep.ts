// Whole sweeps of `als` on the WebGPU engine: over K at the shape of a real set, against the number of ratings,
// against a hot row, and a training from ratings to model.

import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { DeviceError } from "../src/errors.js";
import type { GramTuning } from "../src/engine/webgpu/rows/gram-kernel.js";
import { seededRandom } from "../src/random.js";
import { Ids } from "../src/ratings/ids.js";
import { Ratings } from "../src/ratings/ratings.js";
import { splitRatings } from "../src/ratings/split.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { fit } from "../src/training/fit.js";
import { problemOf } from "./problem.js";
import { type BenchOptions, PRECISIONS, type Precision } from "./options.js";
import { medianTime } from "./median.js";
import { openTraining } from "../src/models/registry.js";

/** Sweeps are repeated for about this long, at least `FEWEST` and at most `MOST` times. */
const LONG_ENOUGH_MS = 2000;
const FEWEST = 3;
const MOST = 15;

const thousands = (value: number): string => value.toLocaleString("en-US");

export interface SweepTime {
  readonly factors: number;
  readonly usersMs: number;
  readonly itemsMs: number;
  readonly measureMs: number;
  readonly sweepMs: number;
  readonly nsPerRating: number;
}

/** Both half-sweeps and a measurement of train and held-out RMSE, for every K. */
export async function sweep({ factors, shapes, precisions }: BenchOptions): Promise<object> {
  const results: object[] = [];
  for (const shape of shapes)
    for (const precision of precisions) results.push(await sweepsOf(shape, factors, precision).catch(notOffered(precision)));
  return { shapes: results };
}

/** A device without subgroup matrices is a result, too: the other benchmarks of the run go on. */
const notOffered =
  (precision: Precision) =>
  (error: unknown): object => {
    if (!(error instanceof DeviceError) || precision !== "tensor") throw error;
    console.log(`${precision}: ${error.message}`);
    return { precision, error: error.message };
  };

async function sweepsOf(shape: keyof typeof SYNTHETIC_SHAPES, factors: readonly number[], precision: Precision): Promise<object> {
  const { train, heldOut } = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  console.log(`${shape}, ${precision}: ${thousands(train.count)} ratings to train on, ${thousands(heldOut.count)} held out; medians, ms`);
  console.log("    K     users     items   measure     sweep   ns a rating");
  const rows: SweepTime[] = [];
  for (const K of factors) {
    const row = await timeSweep(train, K, heldOut, PRECISIONS[precision]);
    rows.push(row);
    const cells = [row.usersMs, row.itemsMs, row.measureMs, row.sweepMs].map((value) => value.toFixed(1).padStart(10)).join("");
    console.log(`${String(K).padStart(5)}${cells}${row.nsPerRating.toFixed(2).padStart(14)}`);
  }
  return { shape, precision, ratings: train.count, heldOut: heldOut.count, rows };
}

/** Sweep time against the number of ratings, at the proportions of ml-25m; and a row of a tenth of all ratings. */
export async function scale({ factors, ratings: counts }: BenchOptions): Promise<object> {
  const K = factors[0];
  console.log(`K = ${K}; users and items grow with the ratings`);
  console.log("       ratings     sweep, ms   ns a rating");
  const rows: { ratings: number; sweepMs: number; nsPerRating: number }[] = [];
  for (const count of counts) {
    const share = count / SYNTHETIC_SHAPES["ml-25m"].ratings;
    const { users, items } = SYNTHETIC_SHAPES["ml-25m"];
    const ratings = syntheticRatings({ users: Math.ceil(users * share), items: Math.ceil(items * share), ratings: count });
    const { sweepMs, nsPerRating } = await timeSweep(ratings, K);
    rows.push({ ratings: count, sweepMs, nsPerRating });
    console.log(`${thousands(count).padStart(14)}${sweepMs.toFixed(1).padStart(14)}${nsPerRating.toFixed(2).padStart(14)}`);
  }
  const exponent = slope(rows.map(({ ratings, sweepMs }) => [Math.log(ratings), Math.log(sweepMs)]));
  console.log(`time ∝ ratings^${exponent.toFixed(3)}`);

  const [even, hot] = [false, true].map((withHotRow) => flatRatings(counts[0], withHotRow));
  const balanced = await timeSweep(even, K);
  const skewed = await timeSweep(hot, K);
  const ratio = skewed.usersMs / balanced.usersMs;
  console.log(
    `users' half-sweep of ${thousands(counts[0])} ratings: balanced ${balanced.usersMs.toFixed(1)} ms, with a tenth of them in one row ${skewed.usersMs.toFixed(1)} ms: ${ratio.toFixed(2)} times`,
  );
  return { factors: K, rows, exponent, hotRow: { balancedMs: balanced.usersMs, hotMs: skewed.usersMs, ratio } };
}

const TRAINING_SWEEPS = 20;

/** From ratings in memory to a model: indexing, upload, compilation, 20 sweeps measured on held-out ratings. */
export async function training({ factors, shape }: BenchOptions): Promise<object> {
  const { train, heldOut } = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  const rows: object[] = [];
  console.log(`${shape}, ${TRAINING_SWEEPS} sweeps: seconds of indexing, upload and compilation, sweeps; held-out RMSE`);
  for (const K of factors) {
    const { seconds, history } = await fit(train, {
      heldOut,
      factors: K,
      tauUsers: 5,
      tauItems: 5,
      sweeps: TRAINING_SWEEPS,
      earlyStop: false,
      device: "webgpu",
    });
    const { heldOutRmse } = history[history.length - 1];
    rows.push({ factors: K, seconds, heldOutRmse });
    console.log(
      `K = ${K}: ${[seconds.index, seconds.upload, seconds.train].map((s) => s.toFixed(2)).join("  ")}  RMSE ${heldOutRmse?.toFixed(4)}`,
    );
  }
  return { shape, sweeps: TRAINING_SWEEPS, rows };
}

/** Medians of both half-sweeps, a measurement, and all three as in a training. */
export async function timeSweep(train: Ratings, K: number, heldOut?: Ratings, tuning?: GramTuning): Promise<SweepTime> {
  const engine = await WebGpuEngine.create({ tuning });
  const session = await openTraining(engine, problemOf(train, K, heldOut));
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const run = async (): Promise<void> => {
      await work();
      await engine.device.gpu.queue.onSubmittedWorkDone();
    };
    await run();
    const started = performance.now();
    await run();
    const repeats = Math.min(MOST, Math.max(FEWEST, Math.round(LONG_ENOUGH_MS / (performance.now() - started))));
    return await medianTime(repeats, run);
  };
  const usersMs = await timed(() => session.solve("users"));
  const itemsMs = await timed(() => session.solve("items"));
  const measureMs = await timed(() => session.measure());
  // Together, as in a training: the parts overlap on the host.
  const sweepMs = await timed(async () => {
    await session.sweep(1);
    await session.measure();
  });
  session.destroy();
  engine.destroy();
  return { factors: K, usersMs, itemsMs, measureMs, sweepMs, nsPerRating: (sweepMs * 1e6) / train.count };
}

/** Ratings of users who have equally many; with a hot row, user 0 has a tenth of all, and the others share the rest. */
function flatRatings(count: number, withHotRow: boolean): Ratings {
  const users = Math.ceil(count / 150);
  const tenth = Math.floor(count / 10);
  const hottest = withHotRow ? tenth : 0;
  const items = tenth;
  const random = seededRandom(1);
  const user = Uint32Array.from({ length: count }, (_, at) => (at < hottest ? 0 : at % users));
  // The hot user's items are all different; both cases have the same number of items.
  const item = Uint32Array.from({ length: count }, (_, at) => (at < hottest ? at : random.below(items)));
  const value = Float32Array.from({ length: count }, () => 0.5 * (1 + random.below(10)));
  const ids = (size: number): Ids => new Ids(Array.from({ length: size }, (_, id) => id + 1));
  return new Ratings({ user, item, value }, ids(users), ids(items));
}

/** Slope of the least-squares line. */
function slope(points: readonly (readonly number[])[]): number {
  const mean = (axis: number): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
