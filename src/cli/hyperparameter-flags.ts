// Flags of hyperparameters, made of what models say of them: one a name, whichever models have it.

import { type Command, Option } from "commander";
import { BOTH_SIDES, type Hyperparameter } from "../models/hyperparameters.js";
import { entriesOf, HYPERPARAMETER_NAMES, MODEL_NAMES, type ModelName } from "../models/registry.js";
import { valuesText } from "./model-defaults.js";
import { number, wholeNumber } from "./options.js";

/** A hyperparameter of some models, or the name that stands for those of both sides. */
interface Flag {
  readonly name: string;
  /** What commander calls it. */
  readonly key: string;
  readonly placeholder: string;
  readonly kind: Hyperparameter["kind"];
  readonly whole: boolean;
  readonly choices: readonly string[] | undefined;
  readonly help: string;
}

type Told = readonly { readonly model: ModelName; readonly entry: Hyperparameter }[];

function flagOfName(name: string): Flag {
  const both = Object.hasOwn(BOTH_SIDES, name) ? BOTH_SIDES[name] : undefined;
  const told = entriesOf(both?.sides[0] ?? name).map(({ model, entry }) => ({ model, entry: { ...entry, ...both } }));
  const [{ entry: first }] = told;
  return {
    name,
    key: first.flag ?? name,
    placeholder: first.symbol ?? first.placeholder ?? name,
    kind: first.kind,
    whole: first.kind === "number" && first.whole === true,
    choices: first.kind === "choice" ? first.choices : undefined,
    help: helpOf(told),
  };
}

const FLAGS: readonly Flag[] = [...HYPERPARAMETER_NAMES].flatMap((name) => {
  const before = Object.entries(BOTH_SIDES).find(([, { sides }]) => sides[0] === name);
  return [...(before ? [flagOfName(before[0])] : []), flagOfName(name)];
});

/** Which models have it unless all do, what it is and its default: once, where the models say the same. */
function helpOf(told: Told): string {
  const texts = new Map<string, (typeof told)[number][]>();
  for (const one of told) {
    const { about } = one.entry;
    texts.set(about, [...(texts.get(about) ?? []), one]);
  }
  const parts = [...texts].map(([about, own]) => {
    const whose = own.length === MODEL_NAMES.length ? "" : `${own.map(({ model }) => model).join(", ")}: `;
    const hints = new Set(own.flatMap(({ entry: { hint } }) => hint ?? []));
    const defaults = defaultsText(own);
    return `${whose}${[about, ...hints].join("; ")}${defaults && ` (default: ${defaults})`}`;
  });
  return parts.join("; ");
}

function defaultsText(told: Told): string {
  return valuesText(
    told.flatMap(({ model, entry }): [ModelName, string][] => {
      if (entry.kind === "switch" || entry.default === null) return [];
      return [[model, String(entry.taken ?? entry.default)]];
    }),
  );
}

const kebab = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The flag of an option, as it is typed: userColumn is --user-column. */
export const typed = (key: string): string => `--${kebab(key)}`;

/** The flag of a hyperparameter, as it is typed: tauUsers is --tau-users. */
export const flagOf = (name: string): string => typed(FLAGS.find((flag) => flag.name === name)?.key ?? name);

/** A flag for every hyperparameter. */
export function addHyperparameterFlags(command: Command): Command {
  for (const { key, placeholder, kind, whole, choices, help } of FLAGS) {
    const option = new Option(kind === "switch" ? typed(`no-${key}`) : `${typed(key)} <${placeholder}>`, help);
    if (choices) option.choices(choices);
    else if (kind === "number") option.argParser(whole ? wholeNumber : number);
    command.addOption(option);
  }
  return command;
}

/** What was given for hyperparameters, whichever models have them; that of a side goes before that of both. */
export function hyperparametersGiven(flags: object): Record<string, unknown> {
  const given = new Map(Object.entries(flags));
  // A switch is true when its flag, which turns it off, is not given.
  const own = FLAGS.flatMap(({ name, key, kind }) => {
    const value: unknown = given.get(key);
    return value === undefined || (kind === "switch" && value === true) ? [] : [[name, value] as const];
  });
  const both = own.flatMap(([name, value]) => (Object.hasOwn(BOTH_SIDES, name) ? BOTH_SIDES[name].sides.map((side) => [side, value]) : []));
  return Object.fromEntries([...both, ...own.filter(([name]) => !Object.hasOwn(BOTH_SIDES, name))]) as Record<string, unknown>;
}

/** A flag for the values of every hyperparameter that can be searched for. */
export function addSearchFlags(command: Command, group: string, parse: (text: string, whole: boolean) => unknown): Command {
  for (const { key, placeholder, kind, whole, choices, help } of FLAGS) {
    if (kind === "switch") continue;
    const words = choices ? `${help}: ${choices.join(", ")}` : help;
    command.addOption(new Option(`${typed(key)} <${placeholder}…>`, words).argParser((text) => parse(text, whole)).helpGroup(group));
  }
  return command;
}

/** The values that were given to search, by hyperparameter. */
export const searched = (flags: object): Record<string, unknown> =>
  Object.fromEntries(
    FLAGS.flatMap(({ name, key, kind }) => {
      const value: unknown = kind === "switch" ? undefined : new Map(Object.entries(flags)).get(key);
      return value === undefined ? [] : [[name, value]];
    }),
  );
