// Runs the built command line as a child process.

import { execFile } from "node:child_process";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export function tastespace(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["dist/cli.js", ...args], { env: { ...process.env, NO_COLOR: "1" } }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
