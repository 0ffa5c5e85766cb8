// Lists of the k best items for all users: the WebGPU engine against the float64 reference, in one run,
// on invented factors.

import type { Engine } from "../src/engine/engine.js";
import { ReferenceEngine } from "../src/engine/reference/engine.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import type { Parameters } from "../src/models/parameters.js";
import { seededRandom } from "../src/random.js";
import type { SeenItems } from "../src/ratings/seen.js";
import type { BenchOptions } from "./options.js";
import { warmUp } from "./warm-up.js";

/** The first is ml-1m's. Seen items: about as many per user as in MovieLens. */
const SHAPES = [
  { users: 6040, items: 3706, seen: 165 },
  { users: 20_000, items: 60_000, seen: 150 },
] as const;
const LENGTHS = [10, 100];
/** Runs whose median counts, after one that does not; a software driver takes so long that one run must do. */
const REPEATS = 5;
/** The reference ranks for a share of the users, and its time is scaled: it is linear in them. */
const REFERENCE_USERS = 500;

interface Timed {
  /** Milliseconds by the clock, and of all the processor's cores. */
  readonly ms: number;
  readonly processorMs: number;
  readonly lists: Uint32Array;
}

export async function ranking({ factors }: BenchOptions): Promise<object> {
  const engines = { cpu: new ReferenceEngine(), webgpu: await WebGpuEngine.create() };
  const repeats = engines.webgpu.info.software ? 1 : REPEATS;
  console.log(
    "                               reference, ms           webgpu, ms                       webgpu      same\n" +
      "    users    items    K    k      clock  processor      clock  processor     ratio     GFLOP/s     lists",
  );
  const rows: object[] = [];
  for (const shape of SHAPES) {
    for (const K of factors) {
      const parameters = inventedParameters(shape.users, shape.items, K);
      const seen = inventedSeen(shape);
      const few = firstUsers(parameters, seen, Math.min(REFERENCE_USERS, shape.users));
      const scale = shape.users / few.parameters.userBiases.length;
      for (const k of LENGTHS) {
        const cpu = await time(engines.cpu, few.parameters, few.seen, k, 1);
        const webgpu = await time(engines.webgpu, parameters, seen, k, repeats);
        const row = {
          ...shape,
          factors: K,
          k,
          cpuMs: cpu.ms * scale,
          cpuProcessorMs: cpu.processorMs * scale,
          webgpuMs: webgpu.ms,
          webgpuProcessorMs: webgpu.processorMs,
          ratio: (cpu.ms * scale) / webgpu.ms,
          gflops: (2e-6 * K * shape.users * shape.items) / webgpu.ms,
          same: cpu.lists.reduce((sum, item, at) => sum + Number(item === webgpu.lists[at]), 0) / cpu.lists.length,
        };
        rows.push(row);
        const cell = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width);
        console.log(
          `${cell(row.users, 9)}${cell(row.items, 9)}${cell(K, 5)}${cell(k, 5)}${cell(row.cpuMs, 11)}${cell(row.cpuProcessorMs, 11)}` +
            `${cell(row.webgpuMs, 11)}${cell(row.webgpuProcessorMs, 11)}${cell(row.ratio, 10, 2)}${cell(row.gflops, 12, 1)}${cell(100 * row.same, 9, 2)} %`,
        );
      }
    }
  }
  engines.webgpu.destroy();
  return { repeats, rows };
}

/** Medians; the first of several runs does not count. */
async function time(engine: Engine, parameters: Parameters, seen: SeenItems, k: number, repeats: number): Promise<Timed> {
  if (repeats > 1) await warmUp(engine, () => engine.topItems(parameters, seen, k, 1));
  const runs: Timed[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    const lists = await engine.topItems(parameters, seen, k, 1);
    const { user, system } = process.cpuUsage(used);
    runs.push({ ms: performance.now() - started, processorMs: (user + system) / 1000, lists });
  }
  return runs.sort((a, b) => a.ms - b.ms)[Math.floor(repeats / 2)];
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
