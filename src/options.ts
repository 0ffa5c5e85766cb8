// What functions are given, checked at the edge: arguments by their kind, options by their names and kinds.
// A misspelt option would else be left to its default without a word.

import { distance } from "fastest-levenshtein";
import { OptionsError } from "./errors.js";
import { calledHere, simplified } from "./names-elsewhere.js";
import { shown } from "./shown.js";

/** What a value must be. */
export interface Kind {
  /** Behind "it must be". */
  readonly must: string;
  readonly holds: (value: unknown) => boolean;
  /** What to do with a value that is something else. */
  readonly remedy?: ((value: unknown) => string | undefined) | undefined;
}

/**
 * Whether a value is an object with parts of these names:
 * a class of ours, too, may come from another copy of this code.
 */
export const hasPart = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

export const SWITCH: Kind = { must: "true or false", holds: (value) => typeof value === "boolean" };
export const FUNCTION: Kind = { must: "a function", holds: (value) => typeof value === "function" };
export const TEXT: Kind = { must: "text", holds: (value) => typeof value === "string" };
export const PATH: Kind = { must: "a path", holds: (value) => typeof value === "string" && value !== "" };
export const BYTES: Kind = { must: "a Uint8Array", holds: (value) => value instanceof Uint8Array };
export const NUMBER: Kind = { must: "a number", holds: Number.isFinite };
export const WHOLE: Kind = { must: "a whole number", holds: Number.isSafeInteger };
export const SIGNAL: Kind = {
  must: "an AbortSignal",
  holds: (value) => hasPart(value, "aborted", "addEventListener"),
  remedy: (value) => (hasPart(value, "signal") ? "give the controller's signal" : undefined),
};
/** Anything that `for … of` goes through, but no text. */
export const LIST: Kind = {
  must: "a list",
  holds: (value) => typeof value === "object" && value !== null && Symbol.iterator in value,
  remedy: (value) => (typeof value === "string" || typeof value === "number" ? `write [${shown(value)}]` : undefined),
};

/** Numbers by place: an array, or a typed one. */
export const NUMBERS: Kind = {
  must: "a list of numbers",
  holds: (value) =>
    (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) &&
    typeof (value as ArrayLike<unknown>)[0] !== "string",
};
export const BLOB: Kind = { must: "a Blob", holds: (value) => value instanceof Blob };

export const listOf = (kind: Kind, must: string): Kind => ({
  must,
  holds: (value) => Array.isArray(value) && value.every(kind.holds),
  remedy: (value) => (kind.holds(value) ? `write [${shown(value)}]` : undefined),
});
export const wholeFrom = (least: number): Kind => ({
  must: `a whole number, ${least} or greater`,
  holds: (value) => Number.isInteger(value) && (value as number) >= least,
});
export const numberFrom = (least: number): Kind => ({
  must: `${least} or greater`,
  holds: (value) => typeof value === "number" && value >= least,
});
export const finiteFrom = (least: number): Kind => ({
  must: `a number, ${least} or greater`,
  holds: (value) => Number.isFinite(value) && (value as number) >= least,
});
export const numberAbove = (least: number): Kind => ({
  must: `greater than ${least}`,
  holds: (value) => typeof value === "number" && value > least,
});
export const oneOf = (...words: readonly string[]): Kind => ({
  must: inWords(words.map((word) => `"${word}"`)),
  holds: (value) => words.includes(value as string),
});

/** A switch that may also be set to one of these words. */
export const switchOr = (...words: readonly string[]): Kind => ({
  must: inWords(["true", "false", ...words.map((word) => `"${word}"`)]),
  holds: (value) => SWITCH.holds(value) || words.includes(value as string),
});

const inWords = (words: readonly string[]): string => [words.slice(0, -1).join(", "), ...words.slice(-1)].filter(Boolean).join(" or ");

/** @throws OptionsError when a value is of another kind. */
export function checkKind(name: string, value: unknown, kind: Kind): void {
  if (kind.holds(value)) return;
  throw new OptionsError(`${name} is ${shown(value)}: it must be ${kind.must}`, { remedy: kind.remedy?.(value) });
}

/**
 * Checks the arguments of a function, in their order.
 *
 * @throws OptionsError naming the first that is of another kind, with what to do about it.
 */
export function checkArguments(where: string, given: { readonly [name: string]: readonly [value: unknown, kind: Kind] }): void {
  const all = Object.values(given);
  for (const [name, [value, kind]] of Object.entries(given)) {
    if (kind.holds(value)) continue;
    const call = `call ${where}(${Object.keys(given).join(", ")})`;
    const isElsewhere = all.some(([other, ofOther]) => ofOther !== kind && (kind.holds(other) || ofOther.holds(value)));
    const remedy = isElsewhere || (value === undefined && all.length > 1) ? call : (kind.remedy?.(value) ?? call);
    throw new OptionsError(`${where} takes ${kind.must} as ${name}, not ${shown(value)}`, { remedy });
  }
}

/**
 * @param used whether an option has an effect as the others are.
 * @throws OptionsError for one that has none and is given.
 */
export function checkUsed(name: string, value: unknown, used: boolean, why: string, remedy: string): void {
  if (value !== undefined && !used) throw new OptionsError(`${name} is ${shown(value)} to no effect: ${why}`, { remedy });
}

/** The names of a function's options; of a Map, with the kinds that they must be of. */
export interface Names {
  has(name: string): boolean;
  keys(): Iterable<string>;
  get?(name: string): Kind | true | undefined;
}

/** The names of a type's options, all of them and no other: the compiler sees to it. `true` is checked elsewhere. */
export const namesOf = <O extends object>(names: { readonly [N in keyof Required<O>]: true | Kind }): ReadonlyMap<string, true | Kind> =>
  new Map(Object.entries<true | Kind>(names));

/** The names of several. */
export const namesTogether = (...all: readonly Names[]): Names =>
  new Map(all.flatMap((names) => Array.from(names.keys(), (name) => [name, names.get?.(name) ?? true] as const)));

/**
 * @param where what errors call the function.
 * @param elsewhere where else an option of another name is known, in words: "the model implicit".
 * @throws OptionsError when `given` is no object, holds an option of a name that is not known, with what it is called,
 *   or one of another kind than its own.
 */
export function checkOptions(
  where: string,
  given: unknown,
  names: Names,
  elsewhere: (name: string) => string | undefined = () => undefined,
): void {
  checkObject(where, given, names);
  const values = Object.entries(given).filter(([, value]) => value !== undefined);
  const unknown = values.map(([name]) => name).filter((name) => !names.has(name));
  if (unknown.length === 0) {
    for (const [name, value] of values) {
      const kind = names.get?.(name) ?? true;
      if (kind !== true) checkKind(name, value, kind);
    }
    return;
  }
  const quoted = unknown.map((name) => `"${name}"`).join(", ");
  throw new OptionsError(`${where} has no option ${quoted}`, {
    remedy: [...new Set(unknown.map((name) => nameHere(name, names, elsewhere) ?? allNames(names)))].join("; "),
  });
}

function allNames(names: Names): string {
  const all = [...names.keys()].join(", ");
  return all === "" ? "it takes none" : `the options are ${all}`;
}

/** @throws OptionsError when what is given is no object of options. */
export function checkObject(where: string, given: unknown, names: Names): asserts given is object {
  if (typeof given === "object" && given !== null && !ArrayBuffer.isView(given) && !(Symbol.iterator in given)) return;
  const [first = "name"] = names.keys();
  throw new OptionsError(`${where} takes its options by name, in an object, not ${shown(given)}`, {
    remedy: `write { ${first}: … }; the options are ${[...names.keys()].join(", ")}`,
  });
}

/**
 * What an option of another name should have been, in words; undefined when none is near.
 *
 * @param elsewhere where else a name is an option, in words: other functions, where it is left out or does not know.
 */
export function nameHere(
  name: string,
  names: Names,
  elsewhere: (name: string) => string | undefined = () => undefined,
): string | undefined {
  const asked = simplified(name);
  const sameLetters = [asked, `${asked}s`].flatMap((letters) => [...names.keys()].find((known) => simplified(known) === letters) ?? [])[0];
  if (sameLetters !== undefined) return `did you mean "${sameLetters}"?`;
  const called = calledHere(name);
  const here = called.find(({ options }) => options.length > 0 && options.every((option) => names.has(option)));
  if (here) return `"${name}" ${here.told} here`;
  const direct = elsewhere(name);
  if (direct !== undefined) return `"${name}" is an option of ${direct}`;
  for (const { options, told } of called) {
    const place = options.length === 0 ? undefined : elsewhere(options[0]);
    if (place !== undefined) return `"${name}" ${told} here, and is an option of ${place}`;
  }
  const home = called.find(({ options, of }) => of !== undefined || options.length === 0);
  if (home?.options.includes(name)) return `"${name}" is an option of ${home.of}`;
  if (home) return `"${name}" ${home.told} here${home.of === undefined ? "" : `, and is an option of ${home.of}`}`;
  const near = nearest(asked, names);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

/** The nearest by edit distance, if at most a third of its letters differ; or the shortest that begins with it. */
function nearest(asked: string, names: Names): string | undefined {
  const near = [...names.keys()]
    .map((known) => ({ known, away: distance(simplified(known), asked) }))
    .filter(({ known, away }) => away <= Math.max(known.length, asked.length) / 3)
    .sort((a, b) => a.away - b.away)[0]?.known;
  const beginning = [...names.keys()]
    .filter((known) => asked.length > 1 && simplified(known).startsWith(asked))
    .sort((a, b) => a.length - b.length)[0];
  return near ?? beginning;
}
