// Lists of the k best items for all users: the WebGPU engine against the float64 reference, in one run, on invented factors.

import type { Engine } from "../src/engine/engine.js";
import { ReferenceEngine } from "../src/engine/reference/engine.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import type { Parameters } from "../src/models/parameters.js";
import { seededRandom } from "../src/random.js";
import type { SeenItems } from "../src/ratings/seen.js";
import type { BenchOptions } from "./main.js";

/** The first is ml-1m's. Seen items: about as many a user as in MovieLens. */
const SHAPES = [
  { users: 6040, items: 3706, seen: 165 },
  { users: 20_000, items: 60_000, seen: 150 },
] as const;
const LENGTHS = [10, 100];
const REPEATS = 3;
/** The reference takes a share of the users, and its time is scaled: it is linear in them. */
const REFERENCE_USERS = 500;

export async function ranking({ factors }: BenchOptions): Promise<object> {
  console.log("    users    items    K     k    reference, ms    webgpu, ms    ratio    GFLOP/s    same lists");
  const engines = { cpu: new ReferenceEngine(), webgpu: await WebGpuEngine.create() };
  const rows: object[] = [];
  for (const shape of SHAPES) {
    for (const K of factors) {
      const parameters = inventedParameters(shape.users, shape.items, K);
      const seen = inventedSeen(shape);
      const few = firstUsers(parameters, seen, Math.min(REFERENCE_USERS, shape.users));
      for (const k of LENGTHS) {
        const cpu = await time(engines.cpu, few.parameters, few.seen, k, 1);
        const webgpu = await time(engines.webgpu, parameters, seen, k, REPEATS);
        const cpuMs = (cpu.ms * shape.users) / few.parameters.userBiases.length;
        const same = cpu.lists.reduce((sum, item, at) => sum + Number(item === webgpu.lists[at]), 0) / cpu.lists.length;
        const row = {
          ...shape,
          factors: K,
          k,
          cpuMs,
          webgpuMs: webgpu.ms,
          ratio: cpuMs / webgpu.ms,
          gflops: (2e-6 * K * shape.users * shape.items) / webgpu.ms,
          same,
        };
        rows.push(row);
        const cell = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width);
        console.log(
          `${cell(row.users, 9)}${cell(row.items, 9)}${cell(K, 5)}${cell(k, 6)}${cell(cpuMs, 17)}${cell(webgpu.ms, 14)}${cell(row.ratio, 9, 2)}${cell(row.gflops, 11, 1)}${cell(100 * same, 12, 2)} %`,
        );
      }
    }
  }
  engines.webgpu.destroy();
  return { rows };
}

/** The median after one run that does not count; a single run where only one is asked for. */
async function time(
  engine: Engine,
  parameters: Parameters,
  seen: SeenItems,
  k: number,
  repeats: number,
): Promise<{ ms: number; lists: Uint32Array }> {
  const times: number[] = [];
  let lists = new Uint32Array();
  if (repeats > 1) await engine.topItems(parameters, seen, k, 1);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const started = performance.now();
    lists = (await engine.topItems(parameters, seen, k, 1)) as Uint32Array<ArrayBuffer>;
    times.push(performance.now() - started);
  }
  return { ms: times.sort((a, b) => a - b)[Math.floor(repeats / 2)], lists };
}

function inventedParameters(M: number, N: number, K: number): Parameters {
  const random = seededRandom(1);
  const normals = (count: number, deviation: number): Float32Array =>
    Float32Array.from({ length: count }, () => deviation * random.normal());
  return {
    factors: K,
    userFactors: normals(M * K, 0.3),
    itemFactors: normals(N * K, 0.3),
    userBiases: normals(M, 0.3),
    itemBiases: normals(N, 0.4),
    globalMean: 3.5,
  };
}

function inventedSeen({ users, items, seen }: (typeof SHAPES)[number]): SeenItems {
  const random = seededRandom(2);
  const start = Uint32Array.from({ length: users + 1 }, (_, user) => user * seen);
  const rows = new Uint32Array(users * seen);
  for (let user = 0; user < users; user++) {
    for (let at = 0; at < seen; at++) rows[user * seen + at] = random.below(items);
    rows.subarray(user * seen, (user + 1) * seen).sort();
  }
  return { start, items: rows };
}

function firstUsers(parameters: Parameters, { start, items }: SeenItems, count: number): { parameters: Parameters; seen: SeenItems } {
  return {
    parameters: {
      ...parameters,
      userFactors: parameters.userFactors.subarray(0, count * parameters.factors),
      userBiases: parameters.userBiases.subarray(0, count),
    },
    seen: { start: start.subarray(0, count + 1), items: items.subarray(0, start[count]) },
  };
}
