// What the compilers of real cards say of the kernels, without a card: Dawn's translation of every
// Gram-and-solve kernel goes to Mesa's RADV, which compiles for AMD cards that need not exist. Needs Debian's
// packages mesa-vulkan-drivers, libvulkan-dev, spirv-tools and gcc; for Intel's and NVIDIA's cards a Debian in a
// folder each besides, which bench/compilers/intel.sh and nvidia.sh make. `--data FOLDER` judges kernels that
// `npm run kernels` wrote, of another version, say. It also says where the instructions of a row go: phases.ts.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { readAmd } from "./compilers/amd.js";
import { readIntel } from "./compilers/intel.js";
import type { MachineCode } from "./compilers/machine-code.js";
import { readNvidia } from "./compilers/nvidia.js";
import { type PhaseCounts, phasesOf, PHASES } from "./compilers/phases.js";
import { everyKernel } from "../src/engine/webgpu/every-kernel.js";
import type { BenchOptions } from "./options.js";

const run = promisify(execFile);
const DRIVERS = "/usr/share/vulkan/icd.d";
/** Benchmarks and tests run in the repository's root. */
const HERE = join(process.cwd(), "bench/compilers");
/** What must be there to compile for cards that are not. */
const NEEDED = [
  "/usr/bin/gcc",
  "/usr/bin/spirv-as",
  "/usr/include/vulkan/vulkan.h",
  join(DRIVERS, "radeon_icd.json"),
  join(DRIVERS, "lvp_icd.json"),
];

type Counts = Omit<CompilerCounts, "family" | "kernel" | "entryPoint">;

/** Mesa's compiler for a maker's cards, and how what it says is read. */
interface Maker {
  /** The Debian in a folder that has it, if not this one, and the library in there that says that there is a card. */
  readonly apart?: { readonly root: string; readonly shim: string };
  readonly driver: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly countsOf: (said: Readonly<Record<string, number>>) => Counts;
  readonly read: (text: string) => MachineCode;
}

const AMD: Omit<Maker, "settings"> = {
  driver: "radeon_icd.json",
  countsOf: (said) => ({
    registers: said["VGPRs"],
    spilled: said["Spilled VGPRs"] + said["Spilled SGPRs"],
    waves: said["Subgroups per SIMD"],
    instructions: said["Instructions"],
    vectorInstructions: said["VALU"],
    workgroupBytes: said["LDS size"],
    inverseThroughput: said["Inverse Throughput"],
  }),
  read: readAmd,
};
const INTEL: Omit<Maker, "settings"> = {
  apart: {
    root: process.env["TASTESPACE_INTEL_COMPILER"] ?? "/var/tmp/intel-compiler",
    shim: "/work/libintel_noop_drm_shim.so",
  },
  driver: "intel_icd.json",
  countsOf: (said) => ({
    registers: said["Max live registers"],
    spilled: said["Spill Count"],
    // Lanes that a thread goes through side by side; how many threads there are does not depend on the registers.
    waves: said["Max dispatch width"],
    instructions: said["Instruction Count"],
    vectorInstructions: said["Instruction Count"] - said["SEND Count"],
    workgroupBytes: said["Workgroup Memory Size"],
    inverseThroughput: said["Cycle Count"],
  }),
  read: readIntel,
};
const NVIDIA: Omit<Maker, "settings"> = {
  apart: {
    root: process.env["TASTESPACE_NVIDIA_COMPILER"] ?? "/var/tmp/nvidia-compiler",
    shim: "/work/libnouveau_noop_drm_shim.so",
  },
  driver: "nouveau_icd.json",
  countsOf: (said) => ({
    registers: said["Number of GPRs"],
    spilled: said["Spills to memory"],
    waves: said["Max warps/SM"],
    instructions: said["Instruction count"],
    vectorInstructions: said["Instruction count"],
    workgroupBytes: undefined,
    inverseThroughput: said["Static cycle count"],
  }),
  read: readNvidia,
};
const nvidia = (chipset: string): Maker => ({
  ...NVIDIA,
  settings: { NOUVEAU_CHIPSET: chipset, NVK_I_WANT_A_BROKEN_VULKAN_DRIVER: "1" },
});
/** Cards of several generations: RX 7900 XTX, RX 6800, Vega 64, Arc A770, Arc B580, RTX 3090, H100. */
const FAMILIES: Readonly<Record<string, Maker>> = {
  navi31: { ...AMD, settings: { RADV_FORCE_FAMILY: "navi31" } },
  navi21: { ...AMD, settings: { RADV_FORCE_FAMILY: "navi21" } },
  vega10: { ...AMD, settings: { RADV_FORCE_FAMILY: "vega10" } },
  "intel-dg2": { ...INTEL, settings: { INTEL_STUB_GPU_PLATFORM: "dg2" } },
  "intel-bmg": { ...INTEL, settings: { INTEL_STUB_GPU_PLATFORM: "bmg" } },
  "nvidia-ampere": nvidia("172"),
  "nvidia-hopper": nvidia("180"),
};

/** The files of a family's compiler that are not installed. */
export function missingCompilers(family = "navi31"): string[] {
  const { apart } = FAMILIES[family];
  return [...NEEDED, ...(apart ? [join(apart.root, apart.shim)] : [])].filter((path) => !existsSync(path));
}
const MOST_OUTPUT = 2 ** 28;

/** Of one entry point on one card, as its compiler counts. */
export interface CompilerCounts {
  readonly family: string;
  readonly kernel: string;
  readonly entryPoint: string;
  readonly registers: number;
  readonly spilled: number;
  /** Waves that a SIMD holds at once, warps that a multiprocessor holds; of Intel's cards the lanes of a thread. */
  readonly waves: number;
  readonly instructions: number;
  readonly vectorInstructions: number;
  /** NVIDIA's compiler does not say. */
  readonly workgroupBytes: number | undefined;
  /** Cycles between two waves' ends at best, in the compiler's model. */
  readonly inverseThroughput: number;
}

/** What is asked of compilers, and the phases of whole rows. */
export interface Judged {
  readonly rows: CompilerCounts[];
  readonly phases: PhaseCounts[];
}

export async function compilers({ factors, data }: BenchOptions): Promise<Judged> {
  const { rows, phases } = await judge(
    data === undefined ? gramKernelsOf(factors) : await kernelsIn(data),
    Object.keys(FAMILIES).filter((family) => missingCompilers(family).length === 0),
    hasPhases,
  );
  console.log(
    "card          kernel                                        part          registers  spilled  waves  instructions  cycles a wave",
  );
  for (const { family, kernel, entryPoint, registers, spilled, waves, instructions, inverseThroughput } of rows) {
    console.log(
      `${family.padEnd(14)}${kernel.padEnd(46)}${entryPoint.padEnd(14)}${[registers, spilled, waves, instructions, inverseThroughput]
        .map((value, at) => String(Math.round(value)).padStart([9, 9, 7, 14, 15][at]))
        .join("")}`,
    );
  }
  printPhases(phases);
  return { rows, phases };
}

/** Kernels whose phases are counted: one of each model, without what some users add; not those of older versions. */
export const hasPhases = ({ name, code }: Text): boolean => !/pulled|sequential|moments/.test(name) && code.includes("const HEIGHT");

function printPhases(phases: readonly PhaseCounts[]): void {
  console.log("\nInstructions of a row by phase, all its waves together; rows of 5000 ratings counted as if not cut.");
  console.log(`card          kernel                            ratings${PHASES.map((phase) => phase.padStart(14)).join("")}  useful share`);
  for (const { family, kernel, ratings, instructions, usefulShare } of phases) {
    const counts = PHASES.map((phase) => instructions[phase].toFixed(0).padStart(14)).join("");
    console.log(
      `${family.padEnd(14)}${kernel.padEnd(34)}${String(ratings).padStart(7)}${counts}${(100 * usefulShare).toFixed(1).padStart(12)} %`,
    );
  }
}

interface Text {
  readonly name: string;
  readonly code: string;
}

export const gramKernelsOf = (factors: readonly number[]): Text[] =>
  factors.flatMap((K) => everyKernel(K)).filter(({ name }) => /^gram-solve K(?!.* loops left).*floats$/.test(name));

async function kernelsIn(folder: string): Promise<Text[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".wgsl") && file.includes("gram-solve_K"));
  return await Promise.all(
    files.map(async (file) => ({ name: basename(file, ".wgsl"), code: await readFile(join(folder, file), "utf8") })),
  );
}

/**
 * @param inPhases the kernels whose phases are counted.
 * @throws Error naming what is not installed, or the kernel whose machine code is not as expected.
 */
export async function judge(
  kernels: readonly Text[],
  families: readonly string[],
  inPhases: (kernel: Text) => boolean = () => false,
): Promise<Judged> {
  const missing = missingCompilers();
  if (missing.length > 0)
    throw new Error(`${missing.join(", ")} are missing: apt-get install gcc spirv-tools libvulkan-dev mesa-vulkan-drivers`);
  const folder = await mkdtemp(join(tmpdir(), "tastespace-compilers-"));
  try {
    const program = join(folder, "statistics");
    await run("gcc", ["-O1", "-o", program, join(HERE, "statistics.c"), "-lvulkan"]);
    const translated: { path: string; kernel: Text; entryPoint: string }[] = [];
    for (const [number, kernel] of kernels.entries()) {
      const file = join(folder, `${number}.wgsl`);
      await writeFile(file, kernel.code);
      for (const [, entryPoint] of kernel.code.matchAll(/@compute[\s\S]*?fn\s+(\w+)/g)) {
        translated.push({ path: await translate(file, entryPoint), kernel, entryPoint });
      }
    }
    const [rows, phases]: [CompilerCounts[], PhaseCounts[]] = [[], []];
    const paths = translated.map(({ path }) => path);
    for (const family of families) {
      const maker = FAMILIES[family];
      const [said, codes] = await (maker.apart ? compileApart(maker, maker.apart, program, paths) : compileHere(maker, program, paths));
      translated.forEach(({ kernel, entryPoint }, at) => {
        rows.push({ family, kernel: kernel.name, entryPoint, ...maker.countsOf(said[at]) });
        if (entryPoint === "whole_rows" && inPhases(kernel))
          phases.push(...phasesOf(family, kernel.name, kernel.code, maker.read(codes[at])));
      });
    }
    return { rows, phases };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the program printed, a file a line, and the machine code that it left beside each. */
type Compiled = readonly [readonly Record<string, number>[], readonly string[]];

async function compiled(stdout: string, paths: readonly string[]): Promise<Compiled> {
  const lines = stdout.trim().split("\n");
  return [
    lines.map((line) => JSON.parse(line) as Record<string, number>),
    await Promise.all(paths.map(async (path) => await readFile(`${path}.code`, "utf8"))),
  ];
}

const settingsOf = ({ driver, settings }: Maker): Record<string, string> => ({
  ...settings,
  MACHINE_CODE: "1",
  MESA_SHADER_CACHE_DISABLE: "1",
  VK_DRIVER_FILES: join(DRIVERS, driver),
});

async function compileHere(maker: Maker, program: string, paths: readonly string[]): Promise<Compiled> {
  const { stdout } = await run(program, paths, { env: { ...process.env, ...settingsOf(maker) }, maxBuffer: MOST_OUTPUT });
  return await compiled(stdout, paths);
}

async function compileApart(
  maker: Maker,
  { root, shim }: NonNullable<Maker["apart"]>,
  program: string,
  paths: readonly string[],
): Promise<Compiled> {
  const inside = await mkdtemp(join(root, "work/kernels-"));
  const at = (path: string): string => `/work/${basename(inside)}/${basename(path)}`;
  try {
    await copyFile(program, join(inside, "statistics"));
    for (const path of paths) for (const end of ["", ".bind"]) await copyFile(`${path}${end}`, join(inside, `${basename(path)}${end}`));
    const settings = Object.entries({ ...settingsOf(maker), LD_PRELOAD: shim, HOME: "/root" }).map(([name, value]) => `${name}=${value}`);
    const command = [root, "/usr/bin/env", "-i", ...settings, at("statistics"), ...paths.map(at)];
    const { stdout } = await run("chroot", command, { maxBuffer: MOST_OUTPUT });
    return await compiled(
      stdout,
      paths.map((path) => join(inside, basename(path))),
    );
  } finally {
    await rm(inside, { recursive: true, force: true });
  }
}

/** Writes FILE.ENTRY.spv and its bindings beside the file. */
async function translate(file: string, entryPoint: string): Promise<string> {
  const env = { ...process.env, VK_DRIVER_FILES: join(DRIVERS, "lvp_icd.json") };
  // Dawn may fall as its process ends, when all has been printed.
  const { stdout } = await run(process.execPath, [join(HERE, "spirv.mjs"), file, entryPoint], { env, maxBuffer: MOST_OUTPUT }).catch(
    (error: { stdout: string }) => error,
  );
  const found = /\/\* Dumped SPIRV disassembly \*\/\n([\s\S]*?)(?=\n(?:info|warning|error):|$(?![\s\S]))/.exec(stdout);
  if (!found) throw new Error(`Dawn printed no translation of ${entryPoint} in ${file}`);
  // Debian's assembler does not know this extension, which changes no instruction.
  const lines = found[1].split("\n").filter((line) => !/maximal_reconvergence|MaximallyReconverges/.test(line));
  const text = lines.join("\n");
  const path = `${file}.${entryPoint}.spv`;
  await writeFile(`${path}asm`, text);
  await run("spirv-as", ["--target-env", "vulkan1.3", "-o", path, `${path}asm`]);
  const places = new Map<string, Record<string, string>>();
  for (const [, id, kind, number] of text.matchAll(/OpDecorate (%\S+) (DescriptorSet|Binding) (\d+)/g))
    places.set(id, { ...places.get(id), [kind]: number });
  const uniform = new Set([...text.matchAll(/(%\S+) = OpVariable \S+ Uniform\b/g)].map(([, id]) => id));
  const name = /OpEntryPoint GLCompute \S+ "([^"]+)"/.exec(text)![1];
  const bindings = [...places].map(([id, at]) => `${at["DescriptorSet"]}:${at["Binding"]}:${uniform.has(id) ? "u" : "s"}`);
  await writeFile(`${path}.bind`, `${[name, ...bindings].join("\n")}\n`);
  return path;
}
