// The command line: in this process, where its output is caught, and as others meet it, in a process of its own.

import { execFile } from "node:child_process";
import { runCommandLine } from "../../src/cli/command-line.js";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Stream = NodeJS.WriteStream;

let last: Promise<unknown> = Promise.resolve();

/** Runs a command here, without colours. Commands that are asked for at once run one after the other. */
export function tastespace(...args: string[]): Promise<Outcome> {
  const outcome = last.then(async () => {
    const [out, err] = [caught(process.stdout), caught(process.stderr)];
    try {
      const code = await runCommandLine(args);
      return { code, out: out.end(), err: err.end() };
    } finally {
      out.end();
      err.end();
    }
  });
  last = outcome.catch(() => {});
  return outcome;
}

/** Catches what is written to a stream until `end`, which gives it. */
function caught(stream: Stream): { end(): string } {
  const written: Uint8Array[] = [];
  const write = Reflect.get(stream, "write") as Stream["write"];
  stream.write = ((content: string | Uint8Array, ...given: unknown[]) => {
    written.push(typeof content === "string" ? Buffer.from(content) : content.slice());
    const done = given.find((each) => typeof each === "function") as (() => void) | undefined;
    if (done) queueMicrotask(done);
    return true;
  }) as Stream["write"];
  return {
    end() {
      stream.write = write;
      return Buffer.concat(written).toString();
    },
  };
}

/** Runs a program of this repository in a process of its own: the command line is `dist/cli.js`, as it was built. */
export function runNode(program: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...process.env, NO_COLOR: "1" } }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
