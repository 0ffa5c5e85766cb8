// npm run bench -- [NAME] [--json FILE] [--factors 10,32] [--shape ml-1m] [--data PATH] [--device auto] [--python python3] [--libmf FOLDER]: runs the benchmarks, or one of them, on this machine's adapter.

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { version } from "../package.json";
import { requestDevice } from "../src/engine/webgpu/device.js";
import { SYNTHETIC_SHAPES } from "../src/ratings/synthetic.js";
import type { DeviceChoice } from "../src/engine/open-engine.js";
import { halfSweep } from "./half-sweep.js";
import { models } from "./models.js";
import { peers } from "./peers.js";
import { ranking } from "./ranking.js";
import { roofline } from "./roofline.js";

export interface BenchOptions {
  readonly factors: readonly number[];
  readonly shape: keyof typeof SYNTHETIC_SHAPES;
  /** Real ratings, for the benchmarks that want them. */
  readonly data: string | undefined;
  readonly device: DeviceChoice;
  /** Where `peers` finds others: a Python interpreter, and the folder of LIBMF's executables when they are not on the PATH. */
  readonly python: string;
  readonly libmf: string | undefined;
}

const benches = { "half-sweep": halfSweep, models, peers, ranking, roofline };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    factors: { type: "string", default: "10,32,64" },
    shape: { type: "string", default: "ml-1m" },
    data: { type: "string" },
    device: { type: "string", default: "auto" },
    python: { type: "string", default: "python3" },
    libmf: { type: "string" },
  },
});
const wanted = positionals.length > 0 ? positionals : ["half-sweep"];
for (const name of wanted)
  if (!(name in benches)) throw new Error(`no benchmark is called "${name}"; there are ${Object.keys(benches).join(", ")}`);
if (!(values.shape in SYNTHETIC_SHAPES))
  throw new Error(`no shape is called "${values.shape}"; there are ${Object.keys(SYNTHETIC_SHAPES).join(", ")}`);

const device = await requestDevice();
const { name, software, description } = device.report;
device.destroy();
const machine = {
  tastespace: version,
  date: new Date().toISOString(),
  adapter: name,
  driver: description,
  software,
  processor: `${cpus()[0].model}, ${cpus().length} cores`,
  node: process.version,
};
for (const [key, value] of Object.entries(machine)) console.log(`${key.padEnd(11)} ${value}`);

const options: BenchOptions = {
  factors: values.factors.split(",").map(Number),
  shape: values.shape as BenchOptions["shape"],
  data: values.data,
  device: values.device as DeviceChoice,
  python: values.python,
  libmf: values.libmf,
};
const results: Record<string, unknown> = {};
for (const bench of wanted) {
  console.log(`\n${bench}`);
  results[bench] = await benches[bench as keyof typeof benches](options);
}
if (values.json)
  await writeFile(values.json, `${JSON.stringify({ machine, command: process.argv.slice(2).join(" "), results }, null, 2)}\n`);
