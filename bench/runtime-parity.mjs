// Every model on WebGPU and on the CPU, by the built browser bundle, in any runtime that has `navigator.gpu`:
// a check of the kernels under another implementation of WebGPU than Dawn. Deno's is wgpu, which Firefox has too:
//
//     npm run build && deno run -A --unstable-webgpu bench/runtime-parity.mjs

import { fit, openEngine, recommendAll, reportOf, requestAdapter, splitRatings, syntheticRatings } from "../dist/index.js";

const TOLERANCE = 1e-6;
const MODELS = [
  ...[0, 1, 3, 10, 32, 64, 128].map((factors) => ({ model: "als", factors, solver: "cholesky" })),
  { model: "als", factors: 10, update: "sequential", regularization: "weighted" },
  { model: "als", factors: 10, momentum: 0.3 },
  { model: "als", factors: 200, solver: "cg" },
  { model: "implicit", factors: 512, solver: "cg" },
  { model: "vb", factors: 8, covariance: "full" },
  { model: "vb", factors: 31, covariance: "diagonal" },
  { model: "gibbs", factors: 6, burnIn: 1 },
  { model: "implicit", factors: 10 },
  { model: "gd", factors: 10 },
  { model: "sgd", factors: 10 },
  { model: "logistic", factors: 10, positiveThreshold: 3.5 },
];

const ratings = syntheticRatings({ users: 400, items: 300, ratings: 20_000, seed: 3 });
const { train, heldOut } = splitRatings(ratings, { share: 0.2, seed: 1 });
console.log(reportOf(await requestAdapter()).name);
let worst = 0;
for (const { model, factors, ...rest } of MODELS) {
  const last = async (device) => {
    const { history } = await fit(train, { heldOut, sweeps: 4, earlyStop: false, model, factors, ...rest, device });
    const { objective, heldOutRmse, heldOutLogLoss } = history.at(-1);
    return [objective, heldOutRmse ?? heldOutLogLoss].filter((figure) => typeof figure === "number");
  };
  const [gpu, cpu] = [await last("webgpu"), await last("cpu")];
  const apart = Math.max(...gpu.map((figure, at) => Math.abs(figure / cpu[at] - 1)));
  worst = Math.max(worst, apart);
  const variant = Object.entries(rest)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
  console.log(`${[model, `K=${factors}`, variant].filter(Boolean).join(" ").padEnd(52)} relative difference ${apart.toExponential(1)}`);
}

const { model } = await fit(train, { factors: 10, sweeps: 4, device: "cpu" });
const lists = async (device) => {
  const engine = await openEngine(device);
  const rows = (await Array.fromAsync(recommendAll(engine, model, { n: 20 }))).flat();
  engine.destroy();
  return rows;
};
const [listed, expected] = [await lists("webgpu"), await lists("cpu")];
const moved = listed.filter(({ item }, at) => item !== expected[at].item).length;
console.log(`${listed.length} places in the lists of all users, ${moved} of them differ`);
// Near-equals may change places.
if (listed.length !== expected.length || moved > 0.01 * listed.length) throw new Error("the lists differ");
if (!(worst <= TOLERANCE)) throw new Error(`objective or held-out error differ by ${worst}, beyond ${TOLERANCE}`);
