// The command line: finds the command, runs it, and turns errors into sentences and exit codes (0 done,
// 1 failed, 2 wrong usage).

import { Command, CommanderError, InvalidArgumentError } from "commander";
import colours from "picocolors";
import { version } from "../../package.json";
import { OptionsError, TastespaceError, UnknownIdError } from "../errors.js";
import { isFileTrouble, reasonOf } from "../file-trouble.js";
import { beginInvocation, invocation } from "./invocation.js";
import { checkOutputs } from "./output.js";
import { endRanks, isSilentRank, leaveRanks, meetRanks, ranksHere } from "./ranks.js";
import { shown } from "./terminal.js";
import { asTyped, withNameHere } from "./typed-names.js";

const FAILED = 1;
const WRONG_USAGE = 2;

/** What makes each command, loaded when it is wanted. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  train: async () => (await import("./train.js")).trainCommand(),
  search: async () => (await import("./search.js")).searchCommand(),
  evaluate: async () => (await import("./evaluate.js")).evaluateCommand(),
  predict: async () => (await import("./predict.js")).predictCommand(),
  recommend: async () => (await import("./recommend.js")).recommendCommand(),
  "recommend-all": async () => (await import("./recommend-all.js")).recommendAllCommand(),
  explain: async () => (await import("./explain.js")).explainCommand(),
  similar: async () => (await import("./similar.js")).similarCommand(),
  features: async () => (await import("./features.js")).featuresCommand(),
  "partial-fit": async () => (await import("./partial-fit.js")).partialFitCommand(),
  serve: async () => (await import("./serve.js")).serveCommand(),
  export: async () => (await import("./export.js")).exportCommand(),
  analyse: async () => (await import("./analyse.js")).analyseCommand(),
  report: async () => (await import("./report.js")).reportCommand(),
  info: async () => (await import("./info.js")).infoCommand(),
  ranks: async () => (await import("./ranks.js")).ranksCommand(),
};

/**
 * Runs one command to its end. A process runs one at a time.
 *
 * @param typed the words after the program's name. @returns the exit code.
 */
export async function runCommandLine(typed: readonly string[]): Promise<number> {
  beginInvocation(typed);
  try {
    await (await programFor(typed)).parseAsync(typed, { from: "user" });
    await leaveRanks();
    return invocation.exitCode;
  } catch (error) {
    return await endRanks((where) => report(error, where));
  }
}

/**
 * @param typed whose first word is the command that is wanted, if there is one of that name; else all are there, to be
 *   listed.
 */
async function programFor([name, ...words]: readonly string[]): Promise<Command> {
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

  const wanted = name !== undefined && Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS);
  const commands = await Promise.all(wanted.map((make) => make()));
  // Where a flag is none of this command's, what is said of it names the commands that have it.
  const flags = new Set(commands.flatMap(({ options }) => options.flatMap(({ long, short }) => [long, short])));
  const isUnknown = words.some((word) => /^-{1,2}[a-z]/i.test(word) && !flags.has(word.split("=")[0]));
  const all = isUnknown ? await Promise.all(Object.values(COMMANDS).map((make) => make())) : commands;
  for (const command of commands) {
    command.exitOverride().showHelpAfterError("(add --help to see the options)").showSuggestionAfterError();
    command.configureOutput({ outputError: (text, write) => write(withNameHere(command, all, text)) });
    program.addCommand(command);
  }

  program.hook("preAction", async (_program, command) => {
    invocation.command = command;
    await meetRanks(command);
    if (ranksHere().rank === 0) await checkOutputs(command);
  });
  // What is wrong with the arguments is wrong on every rank: the first says it.
  if (isSilentRank()) program.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  return program.exitOverride();
}

/** Says an error. @param where which of several ranks says it. @returns the exit code. */
export function report(error: unknown, where = ""): number {
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
