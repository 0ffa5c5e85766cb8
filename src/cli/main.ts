#!/usr/bin/env node
// The command line: finds the command, runs it, and turns errors into sentences and exit codes (0 done,
// 1 failed, 2 wrong usage).

import { Command, CommanderError, InvalidArgumentError } from "commander";
import colours from "picocolors";
import { version } from "../../package.json";
import { OptionsError, TastespaceError, UnknownIdError } from "../errors.js";
import { isFileTrouble, reasonOf } from "../file-trouble.js";
import { analyseCommand } from "./analyse.js";
import { evaluateCommand } from "./evaluate.js";
import { explainCommand } from "./explain.js";
import { exportCommand } from "./export.js";
import { featuresCommand } from "./features.js";
import { infoCommand } from "./info.js";
import { checkOutputs, outputs, standardOutputFails } from "./output.js";
import { partialFitCommand } from "./partial-fit.js";
import { predictCommand } from "./predict.js";
import { endRanks, isSilentRank, leaveRanks, meetRanks, ranksCommand, ranksHere } from "./ranks.js";
import { recommendAllCommand } from "./recommend-all.js";
import { recommendCommand } from "./recommend.js";
import { reportCommand } from "./report.js";
import { searchCommand } from "./search.js";
import { serveCommand } from "./serve.js";
import { similarCommand } from "./similar.js";
import { shown, wordsToStandardError } from "./terminal.js";
import { trainCommand } from "./train.js";
import { asTyped, nameFlagsOf, withNameHere } from "./typed-names.js";

const program = new Command("tastespace")
  .description("Recommender models trained on your own GPU, through WebGPU, or on your processor.")
  .version(version)
  .showHelpAfterError("(tastespace --help, or tastespace COMMAND --help, lists what there is)")
  .showSuggestionAfterError()
  .addHelpText(
    "after",
    `
Examples:
  tastespace train                                          train on invented ratings of real films
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
  serveCommand,
  exportCommand,
  analyseCommand,
  reportCommand,
  infoCommand,
  ranksCommand,
];
for (const make of commands) {
  const command = make().exitOverride().showHelpAfterError("(add --help to see the options)").showSuggestionAfterError();
  command.configureOutput({ outputError: (text, write) => write(withNameHere(command, text)) });
  program.addCommand(command);
}

program.hook("preAction", async (_program, command) => {
  nameFlagsOf(command);
  await meetRanks(command);
  if (ranksHere().rank === 0) await checkOutputs(command);
});
// What is wrong with the arguments is wrong on every rank: the first says it.
if (isSilentRank()) program.configureOutput({ writeOut: () => {}, writeErr: () => {} });

const FAILED = 1;
const WRONG_USAGE = 2;

// A full disk, or a reader that has gone, ends the words but no work whose result goes to a file.
// A reader of words that has had enough, such as head, is no failure; what holds data is told by whoever wrote them.
process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  if (outputs.onStandardOutput) return;
  wordsToStandardError(false);
  if (cause.code !== "EPIPE") process.exitCode = report(standardOutputFails(cause));
  if (!outputs.inFiles) process.exit();
});
process.stderr.on("error", () => process.exit(FAILED));

try {
  await program.exitOverride().parseAsync();
  await leaveRanks();
} catch (error) {
  process.exitCode = await endRanks((where) => report(error, where));
}

/** @param where which of several ranks says it. */
function report(error: unknown, where = ""): number {
  // What commander throws it has told already, but for what a command finds out about an argument itself.
  if (error instanceof CommanderError && !(error instanceof InvalidArgumentError)) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  process.stderr.write(`${colours.red("error")} ${where}${shown(asTyped(messageOf(error)))}\n`);
  if (error instanceof TastespaceError) {
    if (error.remedy) process.stderr.write(`${colours.dim("      ")}${shown(asTyped(error.remedy))}\n`);
  } else if (error instanceof Error && process.env["TASTESPACE_DEBUG"]) {
    process.stderr.write(`${error.stack}\n`);
  }
  const isWrong = error instanceof OptionsError || error instanceof UnknownIdError || error instanceof InvalidArgumentError;
  return isWrong ? WRONG_USAGE : FAILED;
}

function messageOf(error: unknown): string {
  if (isFileTrouble(error) && !(error instanceof TastespaceError)) return `${error.path ?? "a file"}: ${reasonOf(error)}`;
  return error instanceof Error ? error.message : String(error);
}
