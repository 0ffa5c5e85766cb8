// Sweeps on 1, 2 and 4 ranks of this machine: seconds of a sweep and its measurement, of which in calls of MPI, bytes
// that a rank receives, and its memory; bytes a second of a gather. Each is a job of its own under mpirun, whose ranks
// run this same file. Of halves on the wire: what making them takes, and what they do to a training.

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { Alone, type Communicator } from "../src/distributed/communicator.js";
import { isStartedForMpi, joinRanks } from "../src/distributed/ranks.js";
import { RanksEngine } from "../src/distributed/ranks-engine.js";
import { rowsFromHalves, rowsToHalves } from "../src/distributed/wire.js";
import type { Engine } from "../src/engine/engine.js";
import { openEngine } from "../src/engine/open-engine.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import { splitRatings } from "../src/ratings/split.js";
import { fit, type FitOptions } from "../src/training/fit.js";
import { rankingMetrics } from "../src/metrics/ranking.js";
import type { FactorModel } from "../src/models/factor-model.js";
import type { BenchOptions } from "./options.js";

const COUNTS = [1, 2, 4];
const SWEEPS = 4;
/** Bytes of the gather that is measured. */
const GATHERED = 1e8;
const MODELS: Readonly<Record<string, FitOptions>> = {
  als: { model: "als" },
  "als, halves": { model: "als" },
  vb: { model: "vb" },
  gibbs: { model: "gibbs", burnIn: 1 },
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
  console.log(
    `${options.shape}, ${availableParallelism()} cores: seconds of a sweep, of which in calls; bytes received by rank 0; its peak memory`,
  );
  const rows: Row[] = [];
  const gathers: Gather[] = [];
  for (const count of COUNTS) {
    const args = ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "-n", String(count)];
    const { status, stdout, stderr } = spawnSync("mpirun", [...args, process.execPath, ...process.argv.slice(1)], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
      env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
    });
    if (status !== 0) throw new Error(`mpirun ended with ${status}: ${stderr}`);
    for (const line of stdout.split("\n").filter((text) => text.startsWith("GATHER "))) {
      const gather = JSON.parse(line.slice(7)) as Gather;
      gathers.push(gather);
      console.log(`gather of ${GATHERED / 1e6} MB on ${count} ranks: ${(gather.seconds * 1000).toFixed(0)} ms`);
    }
    for (const line of stdout.split("\n").filter((text) => text.startsWith("ROW "))) {
      const row = JSON.parse(line.slice(4)) as Row;
      rows.push(row);
      const { model, factors, sweepSeconds, waitedSeconds, receivedBytes, peakMegabytes } = row;
      console.log(
        `${model.padEnd(11)} K = ${String(factors).padEnd(3)} ${count} ranks  ${sweepSeconds.toFixed(3)} s  ${waitedSeconds.toFixed(3)} s  ` +
          `${(receivedBytes / 1e6).toFixed(2)} MB  ${peakMegabytes} MB`,
      );
    }
  }
  return { shape: options.shape, cores: availableParallelism(), rows, gathers, halves: await halves(options) };
}

interface Gather {
  readonly ranks: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** The fastest of five gathers into which every rank puts as much. */
async function gather(here: Communicator): Promise<Gather> {
  const counts = Array<number>(here.size).fill(Math.floor(GATHERED / 4 / here.size));
  const all = new Float32Array(counts.reduce((sum, count) => sum + count, 0)).fill(1);
  let seconds = Infinity;
  for (let run = 0; run < 5; run++) {
    await here.barrier();
    const began = performance.now();
    await here.gatherRows(all, 1, counts);
    seconds = Math.min(seconds, (performance.now() - began) / 1000);
  }
  return { ranks: here.size, bytes: all.byteLength, seconds };
}

/** Nanoseconds that a factor takes to be made a half and back, and trainings with rows rounded so beside exact ones. */
async function halves({ factors, shape, device }: BenchOptions): Promise<object[]> {
  const { train, heldOut } = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  const own = await openEngine(device, () => {});
  const rounded = new RanksEngine(own, new Alone(), { wire: "halves" });
  const results: object[] = [];
  for (const K of factors) {
    for (const options of [{ model: "als" }, { model: "implicit", measureBy: "loss" }] as const) {
      const run = async (engine: Engine): Promise<{ objective: number; heldOutRmse: number | null; ndcg: number; model: FactorModel }> => {
        const given = { ...options, factors: K, heldOut, earlyStop: false, keeps: "last", device: engine } as const;
        const { model, history } = await fit(train, given as FitOptions);
        const { objective, heldOutRmse } = history.at(-1)!;
        return { objective, heldOutRmse, ndcg: rankingMetrics(model, train, heldOut).ndcg, model };
      };
      const [full, { model, ...half }] = [await run(own), await run(rounded)];
      const { userFactors, userBiases } = model.parameters;
      const rows = { factors: userFactors, biases: userBiases };
      const words = rowsToHalves(rows, K);
      const each = (work: () => unknown): number => (Math.min(...Array.from({ length: 15 }, () => timed(work))) * 1e6) / userFactors.length;
      const nanoseconds = { to: each(() => rowsToHalves(rows, K)), from: each(() => rowsFromHalves(words, K)) };
      const relative = half.objective / full.objective - 1;
      console.log(
        `${options.model} K = ${K}, halves on the wire: objective ${relative.toExponential(1)}, held-out RMSE ${full.heldOutRmse?.toFixed(6)} → ` +
          `${half.heldOutRmse?.toFixed(6)}, nDCG@10 ${full.ndcg.toFixed(4)} → ${half.ndcg.toFixed(4)}; ` +
          `${nanoseconds.to.toFixed(1)} and ${nanoseconds.from.toFixed(1)} ns a factor`,
      );
      const { model: _, ...exact } = full;
      results.push({ model: options.model, factors: K, full: exact, halves: half, nanoseconds });
    }
  }
  own.destroy();
  return results;
}

/** Milliseconds. */
function timed(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** What a rank does. */
async function one({ factors, shape, device }: BenchOptions): Promise<object> {
  const here = await joinRanks();
  const { train, heldOut } = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  const own = await openEngine(device, () => {}, { threads: Math.max(1, Math.floor(availableParallelism() / here.localSize)) });
  const measured = await gather(here);
  if (here.rank === 0 && here.size > 1) console.log(`GATHER ${JSON.stringify(measured)}`);
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
        device: new RanksEngine(own, here, { wire: model.endsWith("halves") ? "halves" : "full" }),
        keepSeen: false,
        onSweep,
      } as FitOptions);
      const sweeps = marks.slice(2).map((mark, at) => ({
        seconds: mark.seconds - marks[at + 1].seconds,
        bytes: mark.bytes - marks[at + 1].bytes,
        ms: mark.ms - marks[at + 1].ms,
      }));
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
  own.destroy();
  await here.finish();
  return {};
}
