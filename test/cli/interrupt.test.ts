// Ctrl-C and SIGTERM: the sweep under way is finished, what was trained is saved, and how to go on is said.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { load, loadCheckpoint } from "../../src/node.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { type Outcome, tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-interrupt-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Sends a signal, Ctrl-C's, when so many sweeps have been told and a moment has passed; another when the first is answered. */
function interrupted(
  args: readonly string[],
  sweeps: number,
  laterMs: number,
  [signal, second]: readonly NodeJS.Signals[] = ["SIGINT"],
): Promise<Outcome> {
  const child = spawn(process.execPath, ["dist/cli.js", ...args], { env: { ...process.env, NO_COLOR: "1" } });
  let out = "";
  let err = "";
  let pressed = false;
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
    if (pressed || !new RegExp(`^ +${sweeps} `, "m").test(out)) return;
    pressed = true;
    setTimeout(() => child.kill(signal), laterMs);
  });
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
    if (second && err.includes("at once")) child.kill(second);
  });
  return new Promise((resolve) => child.once("exit", (code) => resolve({ code: code ?? -1, out, err })));
}

const data = join(folder, "ratings.csv");
function writeRatings(file: string, sizes: { users: number; items: number; ratings: number }): void {
  const { users, items, ...ratings } = syntheticRatings(sizes);
  const rows = Array.from(ratings.value, (value, at) => [users.rawAt(ratings.user[at]), items.rawAt(ratings.item[at]), value].join());
  writeFileSync(file, ["user,item,rating", ...rows].join("\n"));
}
writeRatings(data, { users: 300, items: 200, ratings: 9000 });

/** So many sweeps that no training ends by itself. */
const ENDLESS = "1000000";

test.each(["cpu", "reference"])("10 of 10 trainings on %s finish their sweep, save and say how to go on", async (device) => {
  for (let at = 0; at < 10; at++) {
    const [model, checkpoint] = [join(folder, `${device}-${at}.safetensors`), join(folder, `${device}-${at}.checkpoint`)];
    const shared = ["train", data, "--device", device, "--factors", "4", "--no-early-stop", "--sweeps", ENDLESS];
    const { code, out, err } = await interrupted([...shared, "--out", model, "--checkpoint", checkpoint], 1 + (at % 4), at * 7);
    expect(err).toContain("finishing the sweep under way");
    expect(code).toBe(130);
    const last = Number(/interrupted after sweep (\d+)/.exec(out)![1]);
    expect(out).toContain(`--resume goes on from ${checkpoint}`);
    const { history } = (await loadCheckpoint(checkpoint))!;
    expect(history.at(-1)!.sweep).toBe(last);
    expect((await load(model)).model).toBe("als");
    if (at > 0) continue;
    // Gone on with, it ends as one that nobody interrupted.
    const sweeps = String(last + 3);
    const [resumed, alone] = [join(folder, "resumed.safetensors"), join(folder, "alone.safetensors")];
    const again = ["train", data, "--device", device, "--factors", "4", "--no-early-stop", "--sweeps", sweeps];
    expect((await tastespace(...again, "--checkpoint", checkpoint, "--resume", "--out", resumed)).code).toBe(0);
    expect((await tastespace(...again, "--out", alone)).code).toBe(0);
    expect(readFileSync(resumed).equals(readFileSync(alone))).toBe(true);
  }
});

test("without a checkpoint the model is saved all the same, and the way to go on is named", async () => {
  const model = join(folder, "without.safetensors");
  const { code, out } = await interrupted(["train", "--device", "cpu", "--no-early-stop", "--sweeps", ENDLESS, "--out", model], 2, 0);
  expect(code).toBe(130);
  expect(out).toMatch(/go on {4}with --checkpoint FILE .* --resume; --init/);
  expect(existsSync(model)).toBe(true);
});

test("SIGTERM, as docker, systemd and batch systems send it, ends a training as Ctrl-C does, with a status of its own", async () => {
  const [model, checkpoint] = [join(folder, "terminated.safetensors"), join(folder, "terminated.checkpoint")];
  const args = ["train", data, "--device", "cpu", "--factors", "4", "--no-early-stop", "--sweeps", ENDLESS];
  const { code, out, err } = await interrupted([...args, "--out", model, "--checkpoint", checkpoint], 2, 0, ["SIGTERM"]);
  expect(err).toContain("finishing the sweep under way, then saving; a second signal stops it at once");
  expect(code).toBe(143);
  expect(out).toContain(`--resume goes on from ${checkpoint}`);
  const last = Number(/interrupted after sweep (\d+)/.exec(out)![1]);
  expect((await loadCheckpoint(checkpoint))!.history.at(-1)!.sweep).toBe(last);
  expect((await load(model)).model).toBe("als");
});

test.each([
  [["SIGINT", "SIGINT"], 130],
  [["SIGTERM", "SIGTERM"], 143],
  [["SIGTERM", "SIGINT"], 130],
] as const)("the second of %s ends a training at once", async (signals, status) => {
  const [many, model] = [join(folder, "many.csv"), join(folder, `${signals.join()}.safetensors`)];
  // A sweep of some seconds, so that a second signal comes before its end.
  writeRatings(many, { users: 6000, items: 2000, ratings: 30_000 });
  const args = ["train", many, "--device", "cpu", "--threads", "2", "--model", "vb", "--factors", "128", "--no-early-stop", "--out", model];
  const { code, out } = await interrupted(args, 0, 200, signals);
  expect(code).toBe(status);
  expect(out).not.toContain("interrupted after");
  expect(existsSync(model)).toBe(false);
});

test("a training that is not interrupted ends with 0, and a search that SIGTERM ends says how to go on", async () => {
  const args = ["--device", "cpu", "--factors", "4", "--sweeps", "2"];
  expect((await tastespace("train", data, ...args)).code).toBe(0);
  const file = join(folder, "search.json");
  const long = ["search", data, "--device", "cpu", "--factors", "4", "--tau", "1:100:200", "--gamma", "2", "--json", file];
  const child = spawn(process.execPath, ["dist/cli.js", ...long], { env: { ...process.env, NO_COLOR: "1" } });
  let out = "";
  let sent = false;
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    if (!sent && out.includes("best so far")) sent = child.kill("SIGTERM");
  });
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(143);
  expect(out).toContain("the same command with --resume");
});
