// The library's errors name options as programs write them; here they are named as they are typed.

import type { Command } from "commander";
import { calledHere, simplified } from "../names-elsewhere.js";
import { nameHere } from "../options.js";
import { BOTH_SIDES } from "../models/hyperparameters.js";
import { entriesOf, HYPERPARAMETER_NAMES } from "../models/registry.js";
import type { Column } from "../ratings/columns.js";
import { flagOf, typed as flagNamed } from "./hyperparameter-flags.js";
import { COLUMN_FLAGS } from "./options.js";
import { invocation } from "./invocation.js";
import { notice } from "./terminal.js";

/** The flags of a command by the names of their options. */
const flagsOf = (command: Command): Map<string, string> =>
  new Map(command.options.map((option) => [option.attributeName(), option.long ?? option.short!]));

const wasTyped = (long: string): boolean => invocation.typed.some((word) => word === long || word.startsWith(`${long}=`));

/** The flag that was typed for a hyperparameter of one side: that of both, unless its own was. */
function flagTyped(name: string, flags: ReadonlyMap<string, string>): string | undefined {
  const own = flagOf(name);
  const flag = wasTyped(own) ? own : flags.get(name);
  const both = Object.entries(BOTH_SIDES).find(([, { sides }]) => sides.includes(name))?.[0];
  return flag && both && flags.has(both) && !wasTyped(flag) && wasTyped(flags.get(both)!) ? flags.get(both) : flag;
}

/** What programs write and what is typed for it, where the two are not alike or belong to another command. */
const OTHERWISE: Readonly<Record<string, string>> = {
  "with keepSeen: true": "without --no-seen",
  "filterSeen: false": "--include-seen",
  "header: true": "--header",
  "header: false": "--no-header",
  memoryBytes: "--device-memory",
  itemFeatures: "--item-features",
  userFeatures: "--user-features",
  "given as catalogue": "given by --items",
  "as splitRatings does with init": "as --holdout does",
  "save(model, path)": "tastespace train … --out FILE",
  "Ratings.from(rows) makes them of rows, readPath(path) reads a file": "give a file with rows of user, item and rating",
  thompsonSeed: "--thompson",
  // Whatever is typed for an item may be its title.
  "; findItem(title) gives the id of a title": "",
};

/** Options of a split, and what the flags of commands that split call them. */
const OF_SPLITS: ReadonlyMap<string, string> = new Map([
  ["share", "holdout"],
  ["by", "holdoutBy"],
  ["last", "holdoutLast"],
]);

const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const VALUE = String.raw`(?:${TEXT}|\d+|true|false|\[(?:${TEXT}(?:, ${TEXT})*)?\])`;
/** An option with its value, or with several to choose from: `missing: ["0"]`, `layout: "table" or "matrix"`. */
const SETTING = new RegExp(String.raw`(?<![\w".]|\{ )([a-z][A-Za-z]*): (${VALUE}(?:(?:, | or )${VALUE})*)(?!\w)`, "g");
const COLUMN = String.raw`(\w+): (${TEXT}|\d+)`;
/** `columns: { user: "who", rating: 2 }` */
const COLUMNS = new RegExp(String.raw`\bcolumns: \{ (${COLUMN}(?:, ${COLUMN})*) \}`, "g");

/** `scale: [1, 5]` */
const SCALE = /\bscale: \[(-?[\d.]+), (-?[\d.]+)\]/g;

/** What the library says of a model that is given in the place of ratings, and what takes it, by command. */
const MODEL_GIVEN = new RegExp(String.raw`; load\((${TEXT})\) reads the model$`);
const MODEL_TAKEN: { readonly [command: string]: (file: string) => string } = {
  analyse: (file) => `, or look at the model: tastespace analyse --model ${file}`,
  train: (file) => `, and start from the model with --init ${file}`,
};

const isColumn = (held: string): held is Column => Object.hasOwn(COLUMN_FLAGS, held);

/** A value as it is typed: texts without quotes where they need none. */
function typedValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : typedValue(value.join(","));
  const text = String(value);
  return /^[\w.,-]+$/.test(text) ? text : JSON.stringify(text);
}

/** Columns as they are typed, where they are counted from 1. */
const typedColumns = (columns: string, typed: (name: string) => string): string =>
  Array.from(columns.matchAll(new RegExp(COLUMN, "g")), ([all, held, text]) => {
    const column = JSON.parse(text) as string | number;
    return isColumn(held) ? `${typed(COLUMN_FLAGS[held])} ${typedValue(typeof column === "number" ? column + 1 : column)}` : all;
  }).join(" ");

/** The values of a flag, as they are typed; a switch has none. */
const typedValues = (values: string): string =>
  values === "true" || values === "false" ? "" : ` ${values.replaceAll(new RegExp(VALUE, "g"), (value) => typedValue(JSON.parse(value)))}`;

/**
 * A sentence of the library with the flags of this command in the place of options: of one with its value, of a
 * column's, of a name that something "is" at its start or that is to be left out, and of one that no word of English
 * is, having a capital letter within.
 */
export function asTyped(sentence: string): string {
  if (!invocation.command) return sentence;
  const flags = flagsOf(invocation.command);
  const keyOf = (name: string): string => (flags.has(name) ? name : (OF_SPLITS.get(name) ?? name));
  // A hyperparameter that this command has no flag for is one of train.
  const elsewhere = (name: string): string => (/[A-Z]/.test(name) && HYPERPARAMETER_NAMES.has(name) ? flagOf(name) : name);
  const typed = (name: string): string => flagTyped(keyOf(name), flags) ?? elsewhere(name);
  // One whose own name is that of another flag has a flag of another name.
  const ofModel = (name: string): string => (flagOf(name) === flagNamed(name) ? typed(name) : flagOf(name));
  const command = invocation.command.name();
  const known = Object.entries(OTHERWISE).reduce((text, [written, typed]) => text.replaceAll(written, typed), sentence);
  return known
    .replace(MODEL_GIVEN, (_, file: string) => MODEL_TAKEN[command]?.(typedValue(JSON.parse(file))) ?? "")
    .replaceAll(COLUMNS, (_, columns: string) => typedColumns(columns, typed))
    .replaceAll(SCALE, (_, least: string, most: string) => `${typed("scale")} ${least}:${most}`)
    .replaceAll(SETTING, (all, name: string, values: string) => (flags.has(keyOf(name)) ? `${typed(name)}${typedValues(values)}` : all))
    .replaceAll(/\bcolumns\.([a-z]+)/g, (all, held: string) => (isColumn(held) ? typed(COLUMN_FLAGS[held]) : all))
    .replaceAll(/^[a-z][A-Za-z]*(?= is )|(?<=leave )[a-z]+(?= out)/g, typed)
    .replace(/(?<=hyperparameter )"(\w+)"/, (_, name: string) => ofModel(name))
    .replaceAll(/(?<=^it has (?:\w+, )*)[a-z]\w*(?=,|$)/g, ofModel)
    .replaceAll(/(?<![\w"-])[a-z]+(?:[A-Z][a-z]*)+(?![\w"])/g, typed);
}

/** A notice of the library. */
export const noticeAsTyped = (text: string): void => notice(asTyped(text));

/** What is typed for what is no option of the library, but a call. */
const TYPED_CALLS: Readonly<Record<string, string>> = {
  "Ratings.from(rows)": "the argument PATH",
  "model.recommendFor(rated)": "recommend MODEL --rated TITLE=RATING",
  "model.recommend(user)": "recommend MODEL --user ID",
  "model.similarItems(item)": "similar MODEL ITEM",
  "accuracy(model, heldOut)": "evaluate MODEL",
  "partialFit(model, ratings)": "partial-fit MODEL PATH",
  'is called "filterSeen" here': "is what is done here, unless --include-seen is given",
};

/**
 * What commander says of an unknown option, with what another library's name for something is here: that goes before
 * commander's guess by letters. Of a hyperparameter's word that it may not be, with the remedy.
 *
 * @param others every command, where an option is unknown.
 */
export function withNameHere(command: Command, others: readonly Command[], text: string): string {
  const refused = /option '[^']*?--([\w-]+)[^']*' argument '.*' is invalid/.exec(text)?.[1];
  if (refused !== undefined) return withRemedy(command, refused, text);
  const asked = /unknown option '--?([\w-]+)'/.exec(text)?.[1];
  if (asked === undefined || (text.includes("Did you mean") && calledHere(asked).length === 0)) return text;
  const flags = flagsOf(command);
  const names = new Set(flags.keys());
  if (names.has("includeSeen")) names.add("filterSeen");
  const hint = nameHere(asked, names, (name) => commandsWith(name === "filterSeen" ? "includeSeen" : name, others));
  if (hint === undefined) return text;
  const all = new Map([...others.flatMap((other) => [...flagsOf(other)]), ...flags]);
  const typed = Object.entries(TYPED_CALLS)
    .reduce((told, [call, words]) => told.replace(call, words), hint)
    .replaceAll(/\b(\w+): "(\w+)"/g, (setting, name: string, value: string) => (all.has(name) ? `${all.get(name)} ${value}` : setting))
    .replaceAll(/"(\w+)"/g, (quoted, name: string) => (name === asked ? quoted : (all.get(name) ?? quoted)))
    .replaceAll(`"${asked}"`, asked.length === 1 ? `-${asked}` : `--${asked}`);
  return `${text.split("\n")[0]}\n(${typed})\n`;
}

/** The commands that have a flag of this name, in words; undefined where none has. */
function commandsWith(name: string, commands: readonly Command[]): string | undefined {
  const having = commands.filter((command) => [...flagsOf(command).keys()].some((key) => simplified(key) === simplified(name)));
  return having.length === 0 ? undefined : having.map((command) => command.name()).join(", ");
}

/** @param flag without dashes. */
function withRemedy(command: Command, flag: string, text: string): string {
  const name = command.options.find(({ long }) => long === `--${flag}`)?.attributeName();
  const remedies = name === undefined ? [] : entriesOf(name).flatMap(({ entry }) => ("remedy" in entry ? (entry.remedy ?? []) : []));
  if (remedies.length === 0) return text;
  const flags = flagsOf(command);
  return `${text.trimEnd()}\n(${remedies[0].replaceAll(/\b[a-z]+[A-Z]\w*/g, (key) => flags.get(key) ?? key)})\n`;
}
