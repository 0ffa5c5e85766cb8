// The command line as others meet it: a child process, its output and its exit code. `npm test` builds it first.

import { execFile } from "node:child_process";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command line without colours. */
export function tastespace(...args: string[]): Promise<Outcome> {
  return runNode("dist/cli.js", ...args);
}

/** Runs a program of this repository in Node. */
export function runNode(program: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...process.env, NO_COLOR: "1" } }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
