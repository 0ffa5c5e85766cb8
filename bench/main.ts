// npm run bench -- [NAME…] [--json FILE] [--factors 10,32] [--shape ml-1m,ml-25m] [--data PATH] [--device auto]
// [--ratings 1e6,5e6] [--rows 25000000] [--precision float32,half,tensor] [--python python3] [--libmf FOLDER]
// [--engines cpu,webgpu,reference] [--kinds explicit,implicit,sgd] [--solvers cholesky,cg] [--models als,vb,gibbs]
// [--sides "none;genres"] [--splits 1,2,3,4,5] [--options JSON]: runs the benchmarks that are named on this machine's
// adapter; the half-sweep when none is.

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { version } from "../package.json";
import { requestDevice } from "../src/engine/webgpu/device/device.js";
import { DeviceError } from "../src/errors.js";
import { SYNTHETIC_SHAPES } from "../src/ratings/synthetic.js";
import { isStartedForMpi } from "../src/distributed/ranks.js";
import type { DeviceChoice } from "../src/engine/open-engine.js";
import { evaluation } from "./evaluation.js";
import { compilers } from "./compilers.js";
import { compileTimes } from "./compile-times.js";
import { float32 } from "./float32.js";
import { gpu } from "./gpu.js";
import { parityOfModels } from "./gpu-parity.js";
import { halfSweep } from "./half-sweep.js";
import { ingest } from "./ingest.js";
import { models } from "./models.js";
import { modelSweeps } from "./model-sweeps.js";
import { gpuPeers, peers } from "./peers.js";
import { ranking } from "./ranking.js";
import { ranks } from "./ranks.js";
import { roofline } from "./roofline.js";
import { type BenchOptions, PRECISIONS, type Precision } from "./options.js";
import { sides } from "./sides.js";
import { sidesRanking } from "./sides-ranking.js";
import { scale, sweep, training } from "./sweep.js";
import { tiles } from "./tiles.js";

const benches = {
  gpu,
  "gpu-parity": parityOfModels,
  "gpu-peers": gpuPeers,
  "half-sweep": halfSweep,
  models,
  "model-sweeps": modelSweeps,
  sides,
  "sides-ranking": sidesRanking,
  tiles,
  sweep,
  scale,
  training,
  /** Playwright is loaded for it alone. */
  browser: async (options: BenchOptions) => (await import("./browser.js")).browser(options),
  "first-visit": async () => (await import("./first-visit.js")).firstVisit(),
  ingest,
  peers,
  ranking,
  ranks,
  compilers,
  "compile-times": compileTimes,
  roofline,
  /** So are its server and its client. */
  serving: async (options: BenchOptions) => (await import("./serving.js")).serving(options),
  evaluation,
  float32,
};
/** Benchmarks that need no adapter. */
const WITHOUT_ADAPTER: readonly string[] = [
  "ingest",
  "first-visit",
  "serving",
  "evaluation",
  "compilers",
  "ranks",
  "sides",
  "sides-ranking",
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    factors: { type: "string", default: "10,32,64" },
    shape: { type: "string", default: "ml-1m" },
    data: { type: "string" },
    device: { type: "string", default: "auto" },
    ratings: { type: "string", default: "1e6,2e6,5e6,10e6,25e6" },
    rows: { type: "string", default: "25000000" },
    python: { type: "string", default: "python3" },
    libmf: { type: "string" },
    engines: { type: "string", default: "cpu,webgpu,reference" },
    kinds: { type: "string", default: "explicit,implicit" },
    solvers: { type: "string", default: "cholesky,cg" },
    models: { type: "string" },
    sides: { type: "string" },
    splits: { type: "string", default: "1,2,3,4,5" },
    options: { type: "string", default: "{}" },
    precision: { type: "string", default: "float32" },
  },
});
const wanted = positionals.length > 0 ? positionals : ["half-sweep"];
for (const name of wanted)
  if (!(name in benches)) throw new Error(`no benchmark is called "${name}"; there are ${Object.keys(benches).join(", ")}`);
const shapes = values.shape.split(",") as (keyof typeof SYNTHETIC_SHAPES)[];
for (const shape of shapes)
  if (!(shape in SYNTHETIC_SHAPES)) throw new Error(`no shape is called "${shape}"; there are ${Object.keys(SYNTHETIC_SHAPES).join(", ")}`);

const precisions = values.precision.split(",") as Precision[];
for (const precision of precisions)
  if (!(precision in PRECISIONS)) throw new Error(`no precision is called "${precision}"; there are ${Object.keys(PRECISIONS).join(", ")}`);

const machine = {
  tastespace: version,
  date: new Date().toISOString(),
  ...(wanted.every((name) => WITHOUT_ADAPTER.includes(name)) ? {} : await adapter()),
  processor: `${cpus()[0].model}, ${cpus().length} cores`,
  node: process.version,
};
for (const [key, value] of Object.entries(machine)) console.log(`${key.padEnd(11)} ${value}`);

async function adapter(): Promise<Record<string, unknown>> {
  try {
    const device = await requestDevice();
    const { name, software, description } = device.report;
    device.destroy();
    return { adapter: name, driver: description, software };
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== "no-adapter") throw error;
    return { adapter: `none: ${error.message}` };
  }
}

const options: BenchOptions = {
  factors: values.factors.split(",").map(Number),
  shape: shapes[0],
  shapes,
  data: values.data,
  device: values.device as DeviceChoice,
  ratings: values.ratings.split(",").map(Number),
  rows: Number(values.rows),
  precisions,
  machine,
  python: values.python,
  libmf: values.libmf,
  engines: values.engines.split(","),
  kinds: values.kinds.split(","),
  solvers: values.solvers.split(","),
  models: values.models?.split(","),
  sides: values.sides?.split(";"),
  splits: values.splits.split(",").map(Number),
  options: JSON.parse(values.options) as Record<string, number>,
};
const results: Record<string, unknown> = {};
for (const bench of wanted) {
  console.log(`\n${bench}`);
  results[bench] = await benches[bench as keyof typeof benches](options);
}
// Of several ranks the one that started them writes.
if (values.json && !isStartedForMpi())
  await writeFile(values.json, `${JSON.stringify({ machine, command: process.argv.slice(2).join(" "), results }, null, 2)}\n`);
