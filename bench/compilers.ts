// What the compilers of real cards say of the kernels, without a card: Dawn's translation of every
// Gram-and-solve kernel goes to Mesa's RADV, which compiles for AMD cards that need not exist. Needs Debian's
// packages mesa-vulkan-drivers, libvulkan-dev, spirv-tools and gcc; for Intel's cards a Debian in a folder besides, which
// bench/compilers/intel.sh makes. `--data FOLDER` judges kernels that `npm run kernels` wrote, of another version, say.
// Of AMD's cards it also says where the instructions of a row go: compilers/phases.ts.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { type PhaseCounts, phasesOf, PHASES } from "./compilers/phases.js";
import { everyKernel } from "../src/engine/webgpu/every-kernel.js";
import type { BenchOptions } from "./options.js";

const run = promisify(execFile);
const DRIVERS = "/usr/share/vulkan/icd.d";
/** Cards of three generations, by Mesa's names. */
const FAMILIES = { navi31: "RX 7900 XTX", navi21: "RX 6800", vega10: "Vega 64" };
/** Of Intel's. */
const INTEL_FAMILIES = { "intel-dg2": "Arc A770", "intel-bmg": "Arc B580" };
/** The Debian that bench/compilers/intel.sh makes. */
const INTEL_ROOT = process.env["TASTESPACE_INTEL_COMPILER"] ?? "/var/tmp/intel-compiler";
const INTEL_SHIM = "/work/libintel_noop_drm_shim.so";
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

/** The files of compilers that are not installed. */
export const missingCompilers = (): string[] => NEEDED.filter((path) => !existsSync(path));
/** What Intel's compiler lacks beyond those: the folder of its Debian. */
export const missingIntelCompiler = (): string[] => [
  ...missingCompilers(),
  ...[join(INTEL_ROOT, INTEL_SHIM)].filter((path) => !existsSync(path)),
];
const MOST_OUTPUT = 2 ** 28;

/** Of one entry point on one card, as its compiler counts. */
export interface CompilerCounts {
  readonly family: string;
  readonly kernel: string;
  readonly entryPoint: string;
  readonly registers: number;
  readonly spilled: number;
  /** Waves that a SIMD holds at once; of Intel's cards the lanes of a thread. */
  readonly waves: number;
  readonly instructions: number;
  readonly vectorInstructions: number;
  readonly workgroupBytes: number;
  /** Cycles between two waves' ends at best, in the compiler's model. */
  readonly inverseThroughput: number;
}

/** What is asked of compilers; the phases of whole rows on AMD's cards. */
export interface Judged {
  readonly rows: CompilerCounts[];
  readonly phases: PhaseCounts[];
}

export async function compilers({ factors, data }: BenchOptions): Promise<Judged> {
  const { rows, phases } = await judge(data === undefined ? gramKernelsOf(factors) : await kernelsIn(data), allFamilies(), hasPhases);
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
  console.log(`card     kernel                            ratings${PHASES.map((phase) => phase.padStart(14)).join("")}  useful share`);
  for (const { family, kernel, ratings, instructions, usefulShare } of phases) {
    const counts = PHASES.map((phase) => instructions[phase].toFixed(0).padStart(14)).join("");
    console.log(
      `${family.padEnd(9)}${kernel.padEnd(34)}${String(ratings).padStart(7)}${counts}${(100 * usefulShare).toFixed(1).padStart(12)} %`,
    );
  }
}

interface Text {
  readonly name: string;
  readonly code: string;
}

export const gramKernelsOf = (factors: readonly number[]): Text[] =>
  factors.flatMap((K) => everyKernel(K)).filter(({ name }) => /^gram-solve K(?!.* for software).*floats$/.test(name));

async function kernelsIn(folder: string): Promise<Text[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".wgsl") && file.includes("gram-solve_K"));
  return await Promise.all(
    files.map(async (file) => ({ name: basename(file, ".wgsl"), code: await readFile(join(folder, file), "utf8") })),
  );
}

/**
 * @param inPhases the kernels whose phases are counted, on AMD's cards.
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
      const said = await (family in INTEL_FAMILIES ? intelStatistics(family, program, paths) : amdStatistics(family, program, paths));
      said.forEach((counts, at) =>
        rows.push({ family, kernel: translated[at].kernel.name, entryPoint: translated[at].entryPoint, ...counts }),
      );
      if (family in INTEL_FAMILIES) continue;
      for (const { path, kernel, entryPoint } of translated)
        if (entryPoint === "whole_rows" && inPhases(kernel))
          phases.push(...phasesOf(family, kernel.name, kernel.code, await readFile(`${path}.code`, "utf8")));
    }
    return { rows, phases };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Counts = Omit<CompilerCounts, "family" | "kernel" | "entryPoint">;

/** Cards that can be asked here. */
const allFamilies = (): string[] => [...Object.keys(FAMILIES), ...(missingIntelCompiler().length > 0 ? [] : Object.keys(INTEL_FAMILIES))];

/** What the program printed, a file a line. */
const linesOf = (stdout: string): Record<string, number>[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);

async function amdStatistics(family: string, program: string, paths: readonly string[]): Promise<Counts[]> {
  const env = { ...process.env, MACHINE_CODE: "1", RADV_FORCE_FAMILY: family, VK_DRIVER_FILES: join(DRIVERS, "radeon_icd.json") };
  const { stdout } = await run(program, paths, { env, maxBuffer: MOST_OUTPUT });
  return linesOf(stdout).map((said) => ({
    registers: said["VGPRs"],
    spilled: said["Spilled VGPRs"] + said["Spilled SGPRs"],
    waves: said["Subgroups per SIMD"],
    instructions: said["Instructions"],
    vectorInstructions: said["VALU"],
    workgroupBytes: said["LDS size"],
    inverseThroughput: said["Inverse Throughput"],
  }));
}

/** Its Vulkan driver, in a Debian of its own, is told by a library before it that there is a card. */
async function intelStatistics(family: string, program: string, paths: readonly string[]): Promise<Counts[]> {
  const inside = await mkdtemp(join(INTEL_ROOT, "work/kernels-"));
  const at = (path: string): string => `/work/${basename(inside)}/${basename(path)}`;
  try {
    await copyFile(program, join(inside, "statistics"));
    for (const path of paths) for (const end of ["", ".bind"]) await copyFile(`${path}${end}`, join(inside, `${basename(path)}${end}`));
    const told = {
      INTEL_STUB_GPU_PLATFORM: family.replace("intel-", ""),
      LD_PRELOAD: INTEL_SHIM,
      VK_DRIVER_FILES: "/usr/share/vulkan/icd.d/intel_icd.json",
      MESA_SHADER_CACHE_DISABLE: "1",
      HOME: "/root",
    };
    const settings = Object.entries(told).map(([name, value]) => `${name}=${value}`);
    const command = [INTEL_ROOT, "/usr/bin/env", "-i", ...settings, at("statistics"), ...paths.map(at)];
    const { stdout } = await run("chroot", command, { maxBuffer: MOST_OUTPUT });
    return linesOf(stdout).map((said) => ({
      registers: said["Max live registers"],
      spilled: said["Spill Count"],
      // Lanes that a thread goes through side by side; how many threads there are does not depend on the registers.
      waves: said["Max dispatch width"],
      instructions: said["Instruction Count"],
      vectorInstructions: said["Instruction Count"] - said["SEND Count"],
      workgroupBytes: said["Workgroup Memory Size"],
      inverseThroughput: said["Cycle Count"],
    }));
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
