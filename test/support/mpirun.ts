// Runs the command line on several ranks, where Open MPI is installed.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { resolve } from "node:path";

/** Open MPI: MPICH with more ranks than cores polls, and is a hundred times slower. */
export const withMpi = /Open MPI/.test(spawnSync("mpirun", ["--version"], { encoding: "utf8" }).stdout ?? "");
if (!withMpi) console.log("Open MPI is not installed (apt-get install openmpi-bin): tests of several ranks are left out");

const ENVIRONMENT = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1", NO_COLOR: "1" };
const FLAGS = ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"];

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Group {
  readonly ranks: number;
  readonly args: readonly string[];
  /** The folder that they work in. */
  readonly cwd?: string;
  /** Another script than the command line. */
  readonly script?: string;
}

const CLI = resolve("dist/cli.js");

/** Starts commands of dist/cli.js, each on so many ranks, which together are one job. */
export function startRanks(groups: readonly Group[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const args = groups.flatMap(({ ranks, args: command, cwd, script = CLI }, at) => [
    ...(at > 0 ? [":"] : FLAGS),
    "-n",
    String(ranks),
    ...(cwd === undefined ? [] : ["-wdir", cwd]),
    process.execPath,
    script,
    ...command,
  ]);
  return spawn("mpirun", args, { env: { ...process.env, ...ENVIRONMENT, ...env }, stdio: ["ignore", "pipe", "pipe"] });
}

export function ended(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ["", ""];
  child.stdout!.on("data", (text) => (stdout += String(text)));
  child.stderr!.on("data", (text) => (stderr += String(text)));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

export const runRanks = (count: number, ...args: string[]): Promise<Ran> => ended(startRanks([{ ranks: count, args }]));
