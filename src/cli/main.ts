#!/usr/bin/env node
// The command line: finds the command, runs it, and turns errors into sentences and exit codes (0 done,
// 1 failed, 2 wrong usage).

import { Command, CommanderError } from "commander";
import colours from "picocolors";
import { version } from "../../package.json";
import { OptionsError, TastespaceError, UnknownIdError } from "../errors.js";
import { analyseCommand } from "./analyse.js";
import { evaluateCommand } from "./evaluate.js";
import { explainCommand } from "./explain.js";
import { exportCommand } from "./export.js";
import { featuresCommand } from "./features.js";
import { infoCommand } from "./info.js";
import { partialFitCommand } from "./partial-fit.js";
import { predictCommand } from "./predict.js";
import { recommendAllCommand } from "./recommend-all.js";
import { recommendCommand } from "./recommend.js";
import { reportCommand } from "./report.js";
import { searchCommand } from "./search.js";
import { similarCommand } from "./similar.js";
import { trainCommand } from "./train.js";

const program = new Command("tastespace")
  .description("Recommender models trained on your own GPU, through WebGPU.")
  .version(version)
  .showHelpAfterError("(tastespace --help, or tastespace COMMAND --help, lists what there is)")
  .showSuggestionAfterError()
  .addHelpText(
    "after",
    `
Examples:
  tastespace train                                          train on built-in invented ratings
  tastespace train ml-latest-small --out model.safetensors  fetch MovieLens and train
  tastespace recommend model.safetensors --rated "Toy Story (1995)=5"
  tastespace similar model.safetensors "Toy Story (1995)"`,
  );

const commands = [
  trainCommand,
  searchCommand,
  evaluateCommand,
  predictCommand,
  recommendCommand,
  recommendAllCommand,
  explainCommand,
  similarCommand,
  featuresCommand,
  partialFitCommand,
  exportCommand,
  analyseCommand,
  reportCommand,
  infoCommand,
];
for (const make of commands) {
  program.addCommand(make().exitOverride().showHelpAfterError("(add --help to see the options)").showSuggestionAfterError());
}

// A reader that has had enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const FAILED = 1;
const WRONG_USAGE = 2;

try {
  await program.exitOverride().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  const said = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${colours.red("error")} ${said}\n`);
  if (error instanceof TastespaceError) {
    if (error.remedy) process.stderr.write(`${colours.dim("      ")}${error.remedy}\n`);
  } else if (error instanceof Error && process.env["TASTESPACE_DEBUG"]) {
    process.stderr.write(`${error.stack}\n`);
  }
  return error instanceof OptionsError || error instanceof UnknownIdError ? WRONG_USAGE : FAILED;
}
