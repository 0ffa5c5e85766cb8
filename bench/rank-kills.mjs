// npm run kills:ranks -- [COUNT] [--data PATH] [--device cpu]: kills one rank of trainings on 2 or 4 ranks by SIGKILL
// at random moments. The job must end within seconds and name the rank; the training then goes on from its checkpoint
// on another number of ranks, and its model file must be that of one process, byte for byte. Over all models in turn.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: "string" }, device: { type: "string", default: "cpu" } },
});
const wanted = Number(positionals[0] ?? 20);
const MODELS = [
  ["als", "--momentum", "0.5", "--sweeps", "30"],
  ["vb", "--sweeps", "20"],
  ["gibbs", "--sweeps", "30"],
  ["implicit", "--sweeps", "20", "--measure-by", "loss"],
  ["gd", "--sweeps", "40"],
  ["sgd", "--sweeps", "10"],
  ["logistic", "--positive-threshold", "4", "--sweeps", "10"],
];
/** Ranks of the training that is killed, and of the one that goes on. */
const PAIRS = [
  [2, 4],
  [4, 2],
  [4, 1],
  [2, 1],
  [4, 4],
];
const MPIRUN = ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"];
/** A job whose rank has died must have ended after so long. */
const LONGEST_MS = 10_000;

const folder = mkdtempSync(join(tmpdir(), "rank-kills-"));
const digest = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
const flagsOf = ([model, ...flags]) => ["--model", model, ...flags, "--no-early-stop", "--device", values.device];

/** The processes that a process has started. */
const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

/**
 * Trains on so many ranks, 1 without MPI; kills a rank after so long.
 *
 * @returns how it ended, or undefined when it was not killed.
 */
function train(ranks, args, killAfter) {
  const command = [process.execPath, "dist/cli.js", "train", ...(values.data ? [values.data] : []), ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(...(ranks === 1 ? [command[0], command.slice(1)] : ["mpirun", [...MPIRUN, "-n", String(ranks), ...command]]), {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let told = "";
    child.stderr.on("data", (text) => (told += text));
    let killed;
    const kill = () => {
      const victims = childrenOf(child.pid);
      if (victims.length < ranks) return;
      const rank = Math.floor(Math.random() * ranks);
      killed = { rank, at: performance.now() };
      process.kill(victims[rank], "SIGKILL");
    };
    const timer = killAfter === undefined ? undefined : setTimeout(kill, killAfter);
    child.on("close", (code) => {
      clearTimeout(timer);
      if (killed && code !== 0) resolve({ ms: performance.now() - killed.at, named: told.includes(`process rank ${killed.rank} `) });
      else if (code === 0) resolve(undefined);
      else reject(new Error(`${args.join(" ")}: code ${code}: ${told}`));
    });
  });
}

if (spawnSync("mpirun", ["--version"]).status !== 0) throw new Error("mpirun is not installed: apt-get install openmpi-bin");
const whole = new Map();
let [equal, ended, slowest] = [0, 0, 0];
for (let at = 0; at < wanted; at++) {
  const model = MODELS[at % MODELS.length];
  const [ranks, others] = PAIRS[at % PAIRS.length];
  const out = join(folder, "model.safetensors");
  const args = (path) => [...flagsOf(model), "--out", out, "--checkpoint", path, "--checkpoint-every", "1", "--resume"];
  const began = performance.now();
  if (!whole.has(model)) {
    await train(1, [...flagsOf(model), "--out", out]);
    whole.set(model, { digest: digest(out), ms: {} });
  }
  const known = whole.get(model);
  const checkpoint = join(folder, `${at}.checkpoint`);
  known.ms[ranks] ??= await timed(() => train(ranks, args(join(folder, "timing"))));
  rmSync(join(folder, "timing"), { force: true });
  let died;
  while (!died) {
    rmSync(checkpoint, { force: true });
    died = await train(ranks, args(checkpoint), (0.2 + 0.8 * Math.random()) * known.ms[ranks]);
  }
  slowest = Math.max(slowest, died.ms);
  if (died.named && died.ms < LONGEST_MS) ended++;
  await train(others, args(checkpoint));
  const same = digest(out) === known.digest;
  if (same) equal++;
  const how = `${ranks} ranks, ended ${(died.ms / 1000).toFixed(1)} s after the kill${died.named ? "" : ", not naming the rank"}`;
  console.log(
    `${String(at + 1).padStart(3)}  ${model[0].padEnd(9)} ${how}; on ${others}: ${same ? "bit-equal" : "ANOTHER MODEL"} (${((performance.now() - began) / 1000).toFixed(0)} s)`,
  );
}
rmSync(folder, { recursive: true });
console.log(
  `${wanted} kills: ${ended} jobs ended in time and named the rank, at most ${(slowest / 1000).toFixed(1)} s after; ${equal} of ${wanted} bit-equal`,
);
process.exitCode = equal === wanted && ended === wanted ? 0 : 1;

async function timed(run) {
  const began = performance.now();
  await run();
  return performance.now() - began;
}
