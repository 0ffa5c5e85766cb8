// What a command does as one of several ranks: rank 0 speaks and writes, the others compute,
// and all stop when one fails.

import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { Alone, type Communicator, gatherTexts } from "../distributed/communicator.js";
import { isStartedForMpi, joinRanks } from "../distributed/ranks.js";
import { OptionsError, RanksError } from "../errors.js";
import type { Checkpoint } from "../training/checkpoint.js";
import { print, silence } from "./terminal.js";

/** The ranks of this command, and whether they have met. */
let ranks: Communicator = new Alone();

export const ranksHere = (): Communicator => ranks;

/** A rank's number before it has met the others. */
function toldRank(env: NodeJS.ProcessEnv = process.env): number {
  return Number(env["OMPI_COMM_WORLD_RANK"] ?? env["PMI_RANK"] ?? env["PMIX_RANK"] ?? 0);
}

/** Whether this process is another rank than 0: it says nothing. */
export const isSilentRank = (): boolean => isStartedForMpi() && toldRank() > 0;

/**
 * Joins the ranks, where mpirun has started this process.
 *
 * @throws RanksError, OptionsError for a command that none can share.
 */
export async function meetRanks(command: Command): Promise<void> {
  if (!isStartedForMpi()) return;
  if (isSilentRank()) silence();
  ranks = await joinRanks();
  if (ranks.size > 1 && command.name() !== "train")
    throw new OptionsError(`${command.name()} runs in one process, not on ${ranks.size} ranks`, { remedy: "leave mpirun away" });
}

/** Milliseconds that other ranks wait with an error which rank 0 may have too, and then says. */
const PATIENCE_MS = 1500;

/** Says an error, on rank 0 at once, and ends all ranks. */
export async function endRanks(say: (where: string) => number): Promise<number> {
  if (!isStartedForMpi()) return say("");
  if (toldRank() > 0) await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const code = say(toldRank() > 0 ? `rank ${toldRank()}: ` : "");
  if (ranks.size > 1) ranks.abort(code);
  return code;
}

/** Leaves the others when all is done. */
export const leaveRanks = async (): Promise<void> => await ranks.finish();

/** Threads of a rank where nothing is said: those of a host are shared out among its ranks. */
export function threadsOfRank(given: number | undefined): number | undefined {
  if (given !== undefined || ranks.localSize === 1) return given;
  return Math.max(1, Math.floor(availableParallelism() / ranks.localSize));
}

/**
 * Makes sure that all ranks are about to do the same.
 *
 * @param told by name, what must be the same. @throws RanksError on rank 0, naming the
 *   first rank that differs and in what.
 */
export async function agreeOn(told: Readonly<Record<string, unknown>>): Promise<void> {
  if (ranks.size === 1) return;
  const hashes = Object.entries(told).map(([name, value]) => [
    name,
    createHash("sha256")
      .update(JSON.stringify(value) ?? "")
      .digest("hex"),
  ]);
  const [first, ...others] = (await gatherTexts(ranks, JSON.stringify(hashes))).map((text) => JSON.parse(text) as [string, string][]);
  for (const [at, other] of others.entries()) {
    const different = first.find(([name, hash]) => other.find(([known]) => known === name)?.[1] !== hash);
    if (!different) continue;
    // Rank 0 tells it and ends all.
    if (ranks.rank !== 0) await ranks.barrier();
    throw new RanksError(`rank ${at + 1} has ${different[0]} that differ from those of rank 0`, {
      remedy: "start all ranks with the same command, the same installation, and the same files on every host",
    });
  }
}

/**
 * A checkpoint that rank 0 has read, on all ranks: its numbers array by array,
 * which may be larger together than one can be.
 */
export async function checkpointFromFirst(read: Checkpoint | undefined): Promise<Checkpoint | undefined> {
  const groups = read && [read.state.engine, read.state.model.arrays];
  const names = groups?.map((arrays) => Object.entries(arrays).map(([name, { constructor }]) => [name, constructor === Float64Array]));
  const text = read ? JSON.stringify({ identity: read.identity, history: read.history, values: read.state.model.values, names }) : "";
  const [told] = await gatherTexts(ranks, text);
  if (told === "") return undefined;
  const known = JSON.parse(told) as Omit<Checkpoint, "state"> & { values: unknown; names: [string, boolean][][] };
  const [engine, arrays] = [{}, {}] as Record<string, Float32Array | Float64Array>[];
  for (const [group, into] of [engine, arrays].entries()) {
    for (const [name, isDouble] of known.names[group]) {
      const own = groups?.[group][name] ?? new (isDouble ? Float64Array : Float32Array)(0);
      [into[name]] = await ranks.gather(own);
    }
  }
  const model = { values: known.values, arrays: arrays as Record<string, Float32Array> };
  return { identity: known.identity, history: known.history, state: { engine, model } };
}

/** Other ranks come to what rank 0 does first. */
export async function firstOnRank0<T>(what: () => Promise<T>): Promise<T> {
  if (ranks.size === 1) return await what();
  if (ranks.rank !== 0) await ranks.barrier();
  const made = await what();
  if (ranks.rank === 0) await ranks.barrier();
  return made;
}

/** Seconds after which a host that has vanished is given up: Open MPI's out-of-band connections are probed. */
const KEEP_ALIVE = ["--mca oob_tcp_keepalive_time 5", "--mca oob_tcp_keepalive_intvl 3", "--mca oob_tcp_keepalive_probes 3"];

export function ranksCommand(): Command {
  return new Command("ranks")
    .description("Print the command that trains on several processes, hosts or GPUs, through MPI.")
    .argument("[count]", "how many ranks", "4")
    .option("--hosts <list>", "hosts, and how many ranks each takes: node1:2,node2:2")
    .option("--mpich", "for MPICH instead of Open MPI")
    .addHelpText("after", "\nExample:\n  tastespace ranks 4 --hosts node1:2,node2:2\n\nMore: docs/scale.md")
    .action((count: string, flags: { hosts?: string; mpich?: boolean }) => {
      if (!/^[1-9]\d*$/.test(count)) throw new OptionsError(`the number of ranks is "${count}": it must be a whole number, 1 or greater`);
      const hosts = flags.hosts === undefined ? [] : [flags.mpich ? `-hosts ${flags.hosts}` : `--host ${flags.hosts}`];
      const open = [
        "mpirun",
        `-n ${count}`,
        "--bind-to none",
        ...hosts,
        ...(flags.hosts === undefined ? [] : KEEP_ALIVE),
        "--mca mpi_yield_when_idle 1",
      ];
      const parts = flags.mpich ? ["mpiexec.mpich", `-n ${count}`, "-bind-to none", ...hosts] : open;
      print([...parts, "npx tastespace train PATH --checkpoint FILE --resume --out FILE"].join(" "));
    });
}
