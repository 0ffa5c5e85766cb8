// The long run: npm run fuzz -- 100000 [first seed]. Each target runs in a process of its own, which is watched:
// one that hangs is ended, and the case that it hung in is told; so is one that dies, or grows beyond its bound.

import { fork } from "node:child_process";
import { type Counts, noCounts, runCases } from "./cases.js";
import { allTargets } from "./targets.js";

/** Without a sign, after which a process hangs. */
const SILENCE_MS = 60_000;
/** Of a process's memory: inputs have kilobytes, and bombs are refused at 64 MiB. */
const MOST_MEBIBYTES = 1024;
const AT_A_TIME = 500;

const tell = (line: string): void => void process.stdout.write(`${line}\n`);

interface Message {
  readonly counts: Counts;
  readonly next: number;
  readonly mebibytes: number;
}

if (process.send) await child();
else process.exitCode = await parent();

async function child(): Promise<void> {
  const [name, from, to] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
  const target = (await allTargets()).find((known) => known.name === name)!;
  for (let next = from; next < to;) {
    const counts = noCounts();
    const end = Math.min(to, next + AT_A_TIME);
    let told = performance.now();
    await runCases(target, next, end, counts, (seed) => {
      if (performance.now() - told < 1000) return;
      told = performance.now();
      process.send!({ counts: noCounts(), next: seed, mebibytes: 0 } satisfies Message);
    });
    next = end;
    await new Promise((resolve) =>
      process.send!({ counts, next, mebibytes: process.resourceUsage().maxRSS / 2 ** 10 } satisfies Message, resolve),
    );
  }
  process.disconnect();
}

async function parent(): Promise<number> {
  const [cases, first] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 0)];
  const targets = await allTargets();
  const each = Math.ceil(cases / targets.length);
  let failed = 0;
  let total = 0;
  for (const { name } of targets) {
    const counts = noCounts();
    let [next, most] = [first, 0];
    while (next < first + each) {
      const ended = await watch(name, next, first + each, (message) => {
        next = message.next;
        most = Math.max(most, message.mebibytes);
        counts.taken += message.counts.taken;
        counts.refused += message.counts.refused;
        counts.failures.push(...message.counts.failures);
        counts.longestMs = Math.max(counts.longestMs, message.counts.longestMs);
      });
      if (ended === undefined) break;
      counts.failures.push({ seed: next, what: `${ended} in this case, or within ${AT_A_TIME} of it` });
      next += AT_A_TIME;
    }
    if (most > MOST_MEBIBYTES) counts.failures.push({ seed: first, what: `the process grew to ${Math.round(most)} MiB` });
    failed += counts.failures.length;
    total += counts.taken + counts.refused;
    const { taken, refused, failures, longestMs } = counts;
    tell(
      `${name.padEnd(22)} ${String(taken).padStart(7)} taken ${String(refused).padStart(7)} refused ${String(failures.length).padStart(4)} failed  longest ${Math.round(longestMs)} ms, ${Math.round(most)} MiB`,
    );
    const kinds = new Map(failures.map((failure) => [failure.what.split("\n").slice(0, 2).join(" "), failure]));
    for (const { seed, what } of [...kinds.values()].slice(0, 10)) tell(`  seed ${seed}: ${what.split("\n").slice(0, 4).join("\n    ")}`);
  }
  tell(`${total} cases, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

/** @returns how a process ended that did not end well. */
function watch(name: string, from: number, to: number, onMessage: (message: Message) => void): Promise<string | undefined> {
  return new Promise((resolve) => {
    const process_ = fork(process.argv[1], [name, String(from), String(to)], { execArgv: [`--max-old-space-size=${MOST_MEBIBYTES}`] });
    let hangs = false;
    let timer: NodeJS.Timeout;
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        hangs = true;
        process_.kill("SIGKILL");
      }, SILENCE_MS);
    };
    alive();
    process_.on("message", (message) => {
      alive();
      onMessage(message as Message);
    });
    process_.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve(hangs ? "it hangs" : code === 0 ? undefined : `it ended with ${signal ?? code}`);
    });
  });
}
