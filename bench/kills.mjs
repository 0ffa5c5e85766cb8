// npm run kills -- [COUNT] [--data PATH] [--device cpu]: kills trainings by SIGKILL at random moments, goes on with
// each from its checkpoint, and compares the model file that comes out with that of a training that was left alone,
// byte for byte. Over all models in turn.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: "string" }, device: { type: "string", default: "cpu" } },
});
const wanted = Number(positionals[0] ?? 50);
const MODELS = [
  ["als", "--tau", "1", "--gamma", "0.1", "--sweeps", "40"],
  ["als", "--momentum", "0.5", "--sweeps", "40"],
  ["vb", "--sweeps", "40"],
  ["vb", "--covariance", "diagonal", "--sweeps", "40"],
  ["gibbs", "--sweeps", "60"],
  ["implicit", "--sweeps", "40", "--measure-by", "loss"],
  ["gd", "--sweeps", "80"],
  ["sgd", "--sweeps", "80"],
  ["logistic", "--positive-threshold", "4", "--sweeps", "60"],
];

const folder = mkdtempSync(join(tmpdir(), "kills-"));

/** Runs a training; kills it after so many milliseconds. @returns whether it came to its end. */
function train(args, killAfter) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["dist/cli.js", "train", ...(values.data ? [values.data] : []), ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let told = "";
    child.stderr.on("data", (text) => (told += text));
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(`${args.join(" ")}: code ${code}: ${told}`));
    });
  });
}

const digest = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
const flagsOf = ([model, ...flags], out) => ["--model", model, ...flags, "--no-early-stop", "--device", values.device, "--out", out];

const whole = [];
for (const [at, model] of MODELS.entries()) {
  const started = performance.now();
  await train(flagsOf(model, join(folder, "model.safetensors")));
  whole[at] = { digest: digest(join(folder, "model.safetensors")), ms: performance.now() - started };
}
let equal = 0;
let kills = 0;
for (let at = 0; at < wanted; at++) {
  const model = MODELS[at % MODELS.length];
  const { digest: expected, ms } = whole[at % MODELS.length];
  const checkpoint = ["--checkpoint", join(folder, `${at}.checkpoint`), "--checkpoint-every", "1", "--resume"];
  const args = [...flagsOf(model, join(folder, "model.safetensors")), ...checkpoint];
  // One kill at least; where the training ends before it, it is killed again from the start.
  let killed = 0;
  while (killed === 0 || !(await train(args, killed < 3 ? Math.random() * ms * 1.2 : undefined))) {
    if (killed === 0 && (await train(args, Math.random() * ms))) {
      rmSync(join(folder, `${at}.checkpoint`), { force: true });
      continue;
    }
    killed++;
    kills++;
  }
  const same = digest(join(folder, "model.safetensors")) === expected;
  if (same) equal++;
  else console.log(`${model.join(" ")}: another model after ${killed} kills`);
}
rmSync(folder, { recursive: true });
console.log(`${wanted} trainings, killed ${kills} times: ${equal} of ${wanted} bit-equal to those left alone`);
process.exitCode = equal === wanted ? 0 : 1;
