// The library's errors name options as programs write them; here they are named as they are typed.

import type { Command } from "commander";
import { nameHere } from "../options.js";
import { BOTH_SIDES } from "../models/hyperparameters.js";
import { flagOf } from "./hyperparameter-flags.js";

/** The flags of a command by the names of their options. */
const flagsOf = (command: Command): Map<string, string> =>
  new Map(command.options.map((option) => [option.attributeName(), option.long ?? option.short!]));

const wasTyped = (long: string): boolean => process.argv.some((word) => word === long || word.startsWith(`${long}=`));

/** The flag that was typed for a hyperparameter of one side: that of both, unless its own was. */
function flagTyped(name: string, flags: ReadonlyMap<string, string>): string | undefined {
  const own = flagOf(name);
  const flag = wasTyped(own) ? own : flags.get(name);
  const both = Object.entries(BOTH_SIDES).find(([, { sides }]) => sides.includes(name))?.[0];
  return flag && both && flags.has(both) && !wasTyped(flag) && wasTyped(flags.get(both)!) ? flags.get(both) : flag;
}

/**
 * A sentence of the library with flags in the place of options' names: of a name at its start that something "is", and
 * of one that no word of English is, having a capital letter within.
 */
export function asTyped(command: Command | undefined, sentence: string): string {
  if (!command) return sentence;
  const flags = flagsOf(command);
  const typed = (name: string): string => flagTyped(name, flags) ?? name;
  return sentence.replace(/^([a-z][A-Za-z]*)(?= is )/, typed).replaceAll(/(?<![\w"-])[a-z]+(?:[A-Z][a-z]*)+(?![\w"])/g, typed);
}

/** What commander says of an unknown option, with what another library's name for something is here. */
export function withNameHere(command: Command, text: string): string {
  const asked = /unknown option '--?([\w-]+)'/.exec(text)?.[1];
  if (asked === undefined || text.includes("Did you mean")) return text;
  const flags = flagsOf(command);
  const hint = nameHere(asked, new Set(flags.keys()));
  if (hint === undefined) return text;
  return text.replace("\n", `\n(${hint.replaceAll(/"(\w+)"/g, (quoted, name: string) => flags.get(name) ?? quoted)})\n`);
}
