// What float32 costs the objective of `als` and the ELBO of `vb`: both as an engine measures them after some sweeps,
// against the float64 reference at the very same parameters.

import { openEngine } from "../src/engine/open-engine.js";
import type { Engine } from "../src/engine/engine.js";
import { ReferenceEngine } from "../src/engine/reference/engine.js";
import { MODELS, openTraining, type Problem } from "../src/models/registry.js";
import { csrOf } from "../src/ratings/csr.js";
import type { Ratings } from "../src/ratings/ratings.js";
import { splitRatings } from "../src/ratings/split.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { randomParameters } from "../src/training/start.js";
import { scaleOf, standardColumns, standardCsr, unitOf } from "../src/training/units.js";
import type { BenchOptions } from "./options.js";

const SWEEPS = 2;
const COMPARED = ["als", "vb"] as const;
type Compared = (typeof COMPARED)[number];

export interface Float32Error {
  readonly model: Compared;
  readonly engine: string;
  readonly factors: number;
  readonly ratings: number;
  readonly objective: number;
  /** |objective − that of float64| / |that of float64|, and the differences of the RMSEs. */
  readonly relative: number;
  readonly trainRmse: number;
  readonly heldOutRmse: number;
}

/** Of `--rows` ratings between the users and items of `--shape`, on both engines, or on `--device`. */
export async function float32({ factors: [K], shapes: [shape], rows: count, device }: BenchOptions): Promise<object> {
  const all = syntheticRatings({ ...SYNTHETIC_SHAPES[shape], ratings: count });
  const { train, heldOut } = splitRatings(all, { share: 0.05, seed: 1 });
  console.log(`${train.count.toLocaleString("en-US")} ratings, K = ${K}, ${SWEEPS} sweeps`);
  const errors: Float32Error[] = [];
  for (const kind of device === "auto" ? (["cpu", "webgpu"] as const) : [device]) {
    const engine = await openEngine(kind);
    for (const model of COMPARED) {
      const error = await errorOf(model, engine, train, heldOut, K);
      errors.push(error);
      const { objective, relative, trainRmse, heldOutRmse } = error;
      console.log(
        `${model.padEnd(4)} ${engine.info.name}: objective ${objective.toFixed(1)}, relative error ${relative.toExponential(1)}; of RMSE ${trainRmse.toExponential(1)} (train), ${heldOutRmse.toExponential(1)} (held out)`,
      );
    }
    engine.destroy();
  }
  return { errors };
}

async function errorOf<M extends Compared>(model: M, engine: Engine, train: Ratings, heldOut: Ratings, K: number): Promise<Float32Error> {
  const s = unitOf(train);
  const hyperparameters = MODELS[model].complete({ factors: K } as never);
  const problem = {
    model,
    hyperparameters,
    byUser: standardCsr(csrOf(train, "users"), s),
    byItem: standardCsr(csrOf(train, "items"), s),
    heldOut: standardColumns(heldOut, s),
    scale: scaleOf(train, s),
    initial: { ...randomParameters(train, hyperparameters, 1), globalMean: Math.fround(train.statistics().mean / s) },
    seed: 1,
  } as Problem<M>;
  const counts = { ratings: train.count, heldOut: heldOut.count };
  const figures = (sums: unknown) => MODELS[model].figures(hyperparameters, sums as never, counts);
  const training = await openTraining(engine, problem);
  for (let sweep = 1; sweep <= SWEEPS; sweep++) await training.sweep(sweep);
  const measured = figures(await training.measure());
  const initial = await training.read();
  training.destroy();
  const reference = await openTraining(new ReferenceEngine(), { ...problem, initial });
  const exact = figures(await reference.measure());
  return {
    model,
    engine: engine.info.name,
    factors: K,
    ratings: train.count,
    objective: measured.objective,
    relative: Math.abs(measured.objective - exact.objective) / Math.abs(exact.objective),
    trainRmse: Math.abs(measured.trainRmse! - exact.trainRmse!),
    heldOutRmse: Math.abs(measured.heldOutRmse! - exact.heldOutRmse!),
  };
}
