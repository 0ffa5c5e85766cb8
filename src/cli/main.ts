#!/usr/bin/env node
// The command line as a process.

import { report, runCommandLine } from "./command-line.js";
import { invocation } from "./invocation.js";
import { standardOutputFails } from "./output.js";
import { wordsToStandardError } from "./terminal.js";

// A full disk, or a reader that has gone, ends the words but no work whose result goes to a file.
// A reader of words that has had enough, such as head, is no failure; what holds data is told by whoever wrote them.
process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  if (invocation.outputs.onStandardOutput) return;
  wordsToStandardError(false);
  if (cause.code !== "EPIPE") process.exitCode = report(standardOutputFails(cause));
  if (!invocation.outputs.inFiles) process.exit();
});
process.stderr.on("error", () => process.exit(1));

const code = await runCommandLine(process.argv.slice(2));
if (code !== 0) process.exitCode = code;
