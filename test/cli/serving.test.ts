// `tastespace serve` as a process: where it listens, the change of its model under load, and how it stops.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { encodeModel } from "../../src/model-file.js";
import type { FactorModel } from "../../src/models/factor-model.js";
import { load, save } from "../../src/node.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-serving-"));
const inFolder = (name: string): string => join(folder, name);
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
let first: FactorModel;
let second: FactorModel;

beforeAll(async () => {
  for (const factors of ["3", "5"]) {
    const trained = await tastespace("train", "--device", "cpu", "--factors", factors, "--sweeps", "4", "--out", inFolder(factors));
    expect(trained).toMatchObject({ code: 0, err: "" });
  }
  [first, second] = [await load(inFolder("3")), await load(inFolder("5"))];
});

interface Serving {
  readonly child: ChildProcess;
  readonly url: string;
  readonly path: string;
  readonly said: () => string;
}

/** Starts the server on a free port. */
async function serving(...flags: string[]): Promise<Serving> {
  const path = inFolder(`served-${Math.random()}.safetensors`);
  await save(first, path);
  const child = spawn(process.execPath, ["dist/cli.js", "serve", path, "--port", "0", ...flags], {
    env: { ...process.env, NO_COLOR: "1" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
  const url = await vi.waitFor(() => /serving {2}(\S+)/.exec(said)![1], 20_000);
  return { child, url, path, said: () => said };
}

test("it listens on loopback alone, and says so when it is told otherwise", async () => {
  const { url, said } = await serving();
  expect(new URL(url).hostname).toBe("127.0.0.1");
  expect(said()).not.toMatch(/network/);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((face) => face && !face.internal && face.family === "IPv4");
  if (outside) await expect(fetch(`http://${outside.address}:${new URL(url).port}/health`)).rejects.toThrow("fetch failed");
  const open = await serving("--host", "0.0.0.0");
  await vi.waitFor(() => expect(open.said()).toMatch(/open to the network/), 20_000);
});

test("a user's explanation comes from the ratings that the model was trained on", async () => {
  const { url } = await serving();
  const { contributions, remainder } = (await (await fetch(`${url}/explain?user=7&item=20`)).json()) as {
    contributions: object[];
    remainder: number;
  };
  expect(contributions.length).toBe(first.seen!.start[first.users.indexOf(7) + 1] - first.seen!.start[first.users.indexOf(7)]);
  expect(Math.abs(remainder)).toBeLessThan(0.05);
});

test("a new model is taken up under load without a request that fails, and each answer is of one of the two", async () => {
  const { url, path, said } = await serving();
  const models = [first, second];
  const wanted = models.map((model) => JSON.stringify({ items: asJson(model.recommend(5, { n: 3 })) }));
  const answers = [0, 0];
  let done = false;
  const client = async (): Promise<void> => {
    while (!done) {
      const answer = await fetch(`${url}/recommend?user=5&n=3&clip=false`);
      expect(answer.status).toBe(200);
      const which = wanted.indexOf(await answer.text());
      expect(which).toBeGreaterThanOrEqual(0);
      answers[which]++;
    }
  };
  const clients = Promise.all([client(), client(), client(), client()]);
  await vi.waitFor(() => expect(answers[0]).toBeGreaterThan(50), 10_000);
  await save(second, path);
  await vi.waitFor(() => expect(answers[1]).toBeGreaterThan(50), 10_000);
  const before = answers[0];
  const whole = encodeModel(first);
  writeFileSync(path, whole.subarray(0, whole.length - 100));
  await vi.waitFor(() => expect(said()).toMatch(/the model from before stays/), 10_000);
  expect(answers[0]).toBe(before);
  await save(first, path);
  await vi.waitFor(() => expect(answers[0]).toBeGreaterThan(before), 10_000);
  done = true;
  await clients;
});

test.each(["SIGTERM", "SIGINT"] as const)("at %s it answers what is under way, takes nothing new, and ends with 0", async (signal) => {
  const { child, url } = await serving();
  const body = JSON.stringify({ user: 5, n: 3, clip: false });
  const ended = once(child, "exit");
  // A client that means to ask again on the same connection, which it is told to give up.
  const agent = new Agent({ keepAlive: true });
  const slow = request(`${url}/recommend`, { method: "POST", headers: { "Content-Length": body.length }, agent });
  const answered = once(slow, "response");
  slow.write(body.slice(0, 5));
  await after(200);
  child.kill(signal);
  await vi.waitFor(async () => await expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed"), 5000);
  slow.end(body.slice(5));
  const [response] = (await answered) as [IncomingMessage];
  let text = "";
  for await (const part of response as AsyncIterable<Buffer>) text += part.toString();
  expect(response.statusCode).toBe(200);
  expect(response.headers.connection).toBe("close");
  expect(JSON.parse(text)).toEqual({ items: asJson(first.recommend(5, { n: 3 })) });
  expect(await ended).toEqual([0, null]);
});

test("a reader of its words that goes away ends nothing", async () => {
  const { child, url, path } = await serving();
  child.stdout!.destroy();
  await save(second, path);
  const factors = async (): Promise<unknown> =>
    ((await (await fetch(`${url}/health`)).json()) as { model: { factors: number } }).model.factors;
  await vi.waitFor(async () => expect(await factors()).toBe(5), 10_000);
  await after(100);
  expect(await factors()).toBe(5);
  expect(child.exitCode).toBeNull();
});

test("what cannot be served is told before anything is opened", async () => {
  const { url } = await serving();
  const { port } = new URL(url);
  expect(await tastespace("serve", inFolder("3"), "--port", port)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/another program has it/),
  });
  expect(await tastespace("serve", inFolder("3"), "--port", "70000")).toMatchObject({ code: 2, err: expect.stringMatching(/0 to 65535/) });
  expect(await tastespace("serve", inFolder("3"), "--port", "0", "--host", "192.0.2.1")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/no such address/),
  });
  expect(await tastespace("serve", inFolder("nothing"))).toMatchObject({ code: 1, err: expect.stringMatching(/cannot be read/) });
});
