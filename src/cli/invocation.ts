// What one run of the command line has found out so far and several rooms ask for. A process runs one at a time.

import type { Command } from "commander";

interface Invocation {
  /** The words that were typed. */
  readonly typed: readonly string[];
  /** The command that they name, once it is known. */
  command?: Command;
  /** Where words to people go. "nowhere": nothing is said but errors, and no bar is drawn. */
  wordsTo: "stdout" | "stderr" | "nowhere";
  /** Another rank says everything. */
  silent: boolean;
  /** Where the command writes beside its words. */
  readonly outputs: { inFiles: boolean; onStandardOutput: boolean };
  /** The exit code, where the command ends without an error and yet not as it was asked to. */
  exitCode: number;
}

const begun = (typed: readonly string[]): Invocation => ({
  typed,
  wordsTo: "stdout",
  silent: false,
  outputs: { inFiles: false, onStandardOutput: false },
  exitCode: 0,
});

export let invocation = begun([]);

export function beginInvocation(typed: readonly string[]): void {
  invocation = begun(typed);
}
