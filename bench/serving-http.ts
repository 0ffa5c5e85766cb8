// Requests per second of `tastespace serve`, one process on one port, asked by autocannon from threads of another
// process, and what the change of the model under load costs.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import autocannon from "autocannon";
import type { ModelName } from "../src/models/registry.js";
import { save } from "../src/node.js";
import { inventedModel, requests } from "./invented-model.js";
import type { BenchOptions } from "./options.js";

const USERS = 10_000;
const ITEMS = [10_000, 100_000];
const MODELS: readonly ModelName[] = ["als", "implicit"];
const CONNECTIONS = 16;
const SECONDS = 4;
/** Different bodies, asked in turn. */
const BODIES = 64;

export async function servingOverHttp({ factors }: BenchOptions): Promise<object> {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "tastespace-bench-"));
  console.log(`\nover HTTP: ${CONNECTIONS} connections, ${USERS} users, lists of 10; processor ms are those of the server`);
  console.log("model         items    K  question     requests/s   median ms    p99 ms   processor ms");
  const rows: object[] = [];
  for (const items of ITEMS) {
    for (const K of factors) {
      for (const name of MODELS) {
        const path = join(folder, "model.safetensors");
        await save(inventedModel(name, items, K, USERS), path);
        const server = await started(path);
        try {
          for (const [question, asked] of Object.entries(questions(items))) {
            const figures = await measured(server, asked);
            rows.push({ model: name, items, factors: K, question, ...figures });
            console.log(
              `${name.padEnd(10)}${String(items).padStart(9)}${String(K).padStart(5)}  ${question.padEnd(11)}${figures.requestsPerSecond.toFixed(0).padStart(12)}${String(figures.medianMs).padStart(12)}${String(figures.p99Ms).padStart(10)}${(figures.processorMs?.toFixed(2) ?? "–").padStart(15)}`,
            );
          }
          if (name === MODELS[0]) {
            const change = await changedUnderLoad(server, path, items, K);
            rows.push({ model: name, items, factors: K, question: "change of the model", ...change });
            console.log(
              `  ${change.mebibytes} MiB taken up under load: ${change.failed} requests failed, the longest took ${change.longestMs} ms`,
            );
          }
        } finally {
          server.child.kill("SIGTERM");
          await once(server.child, "exit");
        }
      }
    }
  }
  rmSync(folder, { recursive: true });
  return { connections: CONNECTIONS, users: USERS, rows };
}

interface Server {
  readonly child: ReturnType<typeof spawn>;
  readonly url: string;
}

async function started(path: string): Promise<Server> {
  const child = spawn(process.execPath, ["dist/cli.js", "serve", path, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface(child.stdout)) {
    const url = /(http:\S+)/.exec(line)?.[1];
    if (url) return { child, url };
  }
  throw new Error("the server ended before it listened");
}

type Asked = autocannon.Request[];

function questions(items: number): Record<string, Asked> {
  const rated = requests(items);
  const post = (body: object): autocannon.Request => ({ method: "POST", path: "/recommend", body: JSON.stringify(body) });
  const each = (make: (at: number) => autocannon.Request): Asked => Array.from({ length: BODIES }, (_, at) => make(at));
  return {
    health: [{ path: "/health" }],
    user: each((at) => ({ path: `/recommend?user=${1 + ((at * 997) % USERS)}` })),
    rated: each(() => post({ rated: rated() })),
    similar: each((at) => ({ path: `/similar?item=${1 + ((at * 997) % items)}` })),
  };
}

interface Figures {
  readonly requestsPerSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly processorMs: number | undefined;
}

async function measured({ child, url }: Server, asked: Asked): Promise<Figures> {
  const before = processorMs(child.pid!);
  const result = await autocannon({ url, connections: CONNECTIONS, duration: SECONDS, requests: asked, workers: 1 });
  const after = processorMs(child.pid!);
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`);
  return {
    requestsPerSecond: result.requests.total / result.duration,
    medianMs: result.latency.p50,
    p99Ms: result.latency.p99,
    processorMs: before === undefined || after === undefined ? undefined : (after - before) / result.requests.total,
  };
}

async function changedUnderLoad(
  { url }: Server,
  path: string,
  items: number,
  K: number,
): Promise<{ mebibytes: number; failed: number; longestMs: number }> {
  const changed = inventedModel(MODELS[0], items, K, USERS);
  const load = autocannon({ url, connections: CONNECTIONS, duration: SECONDS, requests: questions(items)["user"], workers: 1 });
  await save(changed, path);
  const result = await load;
  return {
    mebibytes: Math.round(readFileSync(path).length / 2 ** 20),
    failed: result.non2xx + result.errors,
    longestMs: result.latency.max,
  };
}

/** Of a process, where the system tells; in ticks of 10 ms. */
function processorMs(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return undefined;
  }
}
