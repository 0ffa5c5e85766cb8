// Processor seconds until each entry point of each kernel has run once, on nothing: Dawn's translation and the driver's
// compiler. Each is compiled in a process of its own, as a training's first kernels are: after a hundred others llvmpipe
// takes up to a quarter longer. It compiles at the first dispatch. Run it with MESA_SHADER_CACHE_DISABLE=true, or Mesa's
// disk cache answers.

import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dispatch } from "../src/engine/webgpu/device/bindings.js";
import { type Device, requestDevice } from "../src/engine/webgpu/device/device.js";
import type { Kernel } from "../src/engine/webgpu/device/kernel.js";
import { everyDescentKernel, everyKernel } from "../src/engine/webgpu/every-kernel.js";
import { MAX_FACTORS } from "../src/models/hyperparameters.js";
import type { BenchOptions } from "./options.js";

/** More than any kernel's uniforms and first rows take. */
const BYTES = 65_536;
const BINDING = /@group\((\d)\) @binding\((\d+)\) var<(uniform|storage, read|storage, read_write)> (\w+)/g;
const ENTRY = /@compute[^{]*fn (\w+)\(/g;

interface Row {
  readonly factors: number;
  readonly kernel: string;
  readonly entryPoint: string;
  readonly seconds: number;
}

/** One kernel of all, and one entry point of it. */
type Which = Pick<Row, "kernel" | "entryPoint" | "factors">;

export async function compileTimes(options: BenchOptions): Promise<Row[]> {
  if (!process.send) return await ofAll(options);
  const [{ factors, kernel, entryPoint }] = (await once(process, "message")) as [Which];
  const device = await requestDevice({ defaultLimits: true });
  process.send(
    await firstRun(
      device,
      kernelsOf(factors, device).find(({ name }) => name === kernel)!,
      entryPoint,
    ),
  );
  process.disconnect();
  device.destroy();
  return [];
}

const kernelsOf = (K: number, { subgroups }: Device): Kernel[] => [
  ...(K <= MAX_FACTORS ? everyKernel(K, subgroups) : []),
  ...everyDescentKernel(K, subgroups),
];

/** The seconds of one, in a process of its own. */
async function alone(which: Which): Promise<number> {
  const child = fork(process.argv[1]!, process.argv.slice(2), { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  // Dawn's warnings about a driver are not told once for each kernel.
  let said = "";
  child.stderr!.on("data", (text) => (said += String(text)));
  child.send(which);
  const ended = once(child, "exit").then(() => undefined);
  const answer = (await Promise.race([once(child, "message"), ended])) as [number] | undefined;
  if (!answer) throw new Error(`${which.kernel} ${which.entryPoint} did not compile: ${said}`);
  await ended;
  return answer[0];
}

async function ofAll({ factors, models }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const device = await requestDevice({ defaultLimits: true });
  for (const K of factors) {
    const all = kernelsOf(K, device);
    // Of kernels that have a variant for some drivers, the one that this device takes.
    const { software, writesOutLoops } = device.report;
    const variants = Object.entries({ " for software": software, " loops left": writesOutLoops });
    const replaced = new Set(
      variants.flatMap(([variant, takes]) =>
        all.filter(({ name }) => takes && name.includes(variant)).map(({ name }) => name.replace(variant, "")),
      ),
    );
    const taken = (name: string): boolean => !replaced.has(name) && variants.every(([variant, takes]) => takes || !name.includes(variant));
    const wanted = [...new Map(all.map((kernel) => [kernel.code, kernel])).values()].filter(
      ({ name }) => taken(name) && (models?.some((words) => name.includes(words)) ?? !/codes|pairs|pulled|halves/.test(name)),
    );
    for (const kernel of wanted) {
      for (const [, entryPoint] of kernel.code.matchAll(ENTRY)) {
        const which = { factors: K, kernel: kernel.name, entryPoint: entryPoint! };
        const seconds = await alone(which);
        rows.push({ ...which, seconds });
        console.log(`${seconds.toFixed(2).padStart(7)}  ${kernel.name} ${entryPoint}`);
      }
    }
  }
  device.destroy();
  const longest = Math.max(...rows.map(({ seconds }) => seconds));
  const total = rows.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`${rows.length} entry points, ${total.toFixed(1)} s in all, the longest ${longest.toFixed(2)} s`);
  return rows;
}

async function firstRun({ gpu }: Device, { name, code }: Kernel, entryPoint: string): Promise<number> {
  const groups: GPUBindGroupLayoutEntry[][] = [];
  for (const [, group, binding, space, variable] of code.matchAll(BINDING)) {
    // What is declared alone leaves its place to another.
    if (code.match(new RegExp(`\\b${variable}\\b`, "g"))!.length === 1) continue;
    // Entry points may name one binding differently.
    if (groups[Number(group)]?.some((known) => known.binding === Number(binding))) continue;
    const type = ({ uniform: "uniform", "storage, read": "read-only-storage", "storage, read_write": "storage" } as const)[space]!;
    (groups[Number(group)] ??= []).push({ binding: Number(binding), visibility: GPUShaderStage.COMPUTE, buffer: { type } });
  }
  const bindGroupLayouts = groups.map((entries) => gpu.createBindGroupLayout({ entries }));
  const buffers: GPUBuffer[] = [];
  const bindGroups = groups.map((entries, group) =>
    gpu.createBindGroup({
      layout: bindGroupLayouts[group],
      entries: entries.map(({ binding }) => {
        const buffer = gpu.createBuffer({ size: BYTES, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE });
        buffers.push(buffer);
        return { binding, resource: { buffer } };
      }),
    }),
  );
  const run = async (pipeline: GPUComputePipeline): Promise<void> => {
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    bindGroups.forEach((group, at) => pass.setBindGroup(at, group));
    dispatch(pass, 1);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
  };
  gpu.pushErrorScope("validation");
  const before = driverSeconds();
  const module = gpu.createShaderModule({ label: name, code });
  const pipeline = await gpu.createComputePipelineAsync({
    layout: gpu.createPipelineLayout({ bindGroupLayouts }),
    compute: { module, entryPoint },
  });
  await run(pipeline);
  const seconds = driverSeconds() - before;
  buffers.forEach((buffer) => buffer.destroy());
  const error = await gpu.popErrorScope();
  if (error) throw new Error(`${name} ${entryPoint}: ${error.message}`);
  return seconds;
}

/** Of all threads but Node's own, which asks over and over whether the device has answered. */
function driverSeconds(): number {
  const { user, system } = process.cpuUsage();
  const [own] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ");
  return (user + system) / 1e6 - Number(own) / 1e9;
}
