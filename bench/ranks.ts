// Sweeps on 1, 2 and 4 ranks of this machine: seconds of a sweep and its measurement, of which in calls of MPI, bytes that
// a rank receives, and its memory. Each is a job of its own under mpirun, whose ranks run this same file.

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { isStartedForMpi, joinRanks } from "../src/distributed/ranks.js";
import { RanksEngine } from "../src/distributed/ranks-engine.js";
import { openEngine } from "../src/engine/open-engine.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { splitRatings } from "../src/ratings/split.js";
import { fit, type FitOptions } from "../src/training/fit.js";
import type { BenchOptions } from "./options.js";

const COUNTS = [1, 2, 4];
const SWEEPS = 4;
const MODELS: Readonly<Record<string, FitOptions>> = {
  als: { model: "als" },
  vb: { model: "vb" },
  gibbs: { model: "gibbs" },
  implicit: { model: "implicit", measureBy: "loss" },
  gd: { model: "gd" },
  sgd: { model: "sgd" },
};

interface Row {
  readonly model: string;
  readonly factors: number;
  readonly ranks: number;
  /** The fastest sweep after the first, with its measurement. */
  readonly sweepSeconds: number;
  readonly waitedSeconds: number;
  readonly receivedBytes: number;
  readonly peakMegabytes: number;
}

export async function ranks(options: BenchOptions): Promise<object> {
  if (isStartedForMpi()) return await one(options);
  console.log(`${options.shape}, ${availableParallelism()} cores: seconds of a sweep, of which in calls; bytes received by rank 0; its peak memory`); // prettier-ignore
  const rows: Row[] = [];
  for (const count of COUNTS) {
    const args = ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "-n", String(count)];
    const { status, stdout, stderr } = spawnSync("mpirun", [...args, process.execPath, ...process.argv.slice(1)], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
      env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
    });
    if (status !== 0) throw new Error(`mpirun ended with ${status}: ${stderr}`);
    for (const line of stdout.split("\n").filter((text) => text.startsWith("ROW "))) {
      const row = JSON.parse(line.slice(4)) as Row;
      rows.push(row);
      const { model, factors, sweepSeconds, waitedSeconds, receivedBytes, peakMegabytes } = row;
      console.log(
        `${model.padEnd(9)} K = ${String(factors).padEnd(3)} ${count} ranks  ${sweepSeconds.toFixed(3)} s  ${waitedSeconds.toFixed(3)} s  ` +
          `${(receivedBytes / 1e6).toFixed(2)} MB  ${peakMegabytes} MB`,
      );
    }
  }
  return { shape: options.shape, cores: availableParallelism(), rows };
}

/** What a rank does. */
async function one({ factors, shape, device }: BenchOptions): Promise<object> {
  const here = await joinRanks();
  const { train, heldOut } = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  const own = await openEngine(device, () => {}, { threads: Math.max(1, Math.floor(availableParallelism() / here.localSize)) });
  const engine = new RanksEngine(own, here);
  for (const K of factors) {
    for (const [model, options] of Object.entries(MODELS)) {
      const marks: { seconds: number; bytes: number; ms: number }[] = [];
      const onSweep = ({ seconds }: { seconds: number }): void => void marks.push({ seconds, ...here.traffic });
      await fit(train, {
        ...options,
        factors: K,
        heldOut,
        sweeps: SWEEPS,
        earlyStop: false,
        device: engine,
        keepSeen: false,
        onSweep,
      } as FitOptions);
      const sweeps = marks.slice(2).map((mark, at) => ({ seconds: mark.seconds - marks[at + 1].seconds, bytes: mark.bytes - marks[at + 1].bytes, ms: mark.ms - marks[at + 1].ms })); // prettier-ignore
      const best = sweeps.reduce((a, b) => (b.seconds < a.seconds ? b : a));
      const row: Row = {
        model,
        factors: K,
        ranks: here.size,
        sweepSeconds: best.seconds,
        waitedSeconds: best.ms / 1000,
        receivedBytes: best.bytes,
        peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
      };
      if (here.rank === 0) console.log(`ROW ${JSON.stringify(row)}`);
    }
  }
  engine.destroy();
  await here.finish();
  return {};
}
