// What a request asks: parameters from the address or from a JSON body, each checked by its name and its shape.

import { OptionsError } from "../errors.js";
import { repeatedNames } from "../exact-json.js";
import { checkOptions } from "../options.js";
import type { RawId } from "../ratings/ids.js";
import { either, isFlag, isNumber, isText, listOf, type Shape } from "../shapes.js";
import { cut, shown } from "../shown.js";
import { parseRated } from "./analysis-options.js";

/** Every parameter that a request may have. */
export interface Asked {
  readonly user?: RawId;
  readonly item?: RawId;
  readonly rated?: readonly (readonly [item: RawId, rating: number])[];
  readonly n?: number;
  readonly alpha?: number;
  readonly filterSeen?: boolean;
  readonly coldItems?: boolean;
  readonly thompsonSeed?: number;
  readonly clip?: boolean;
  readonly genres?: readonly string[];
  readonly fromYear?: number;
  readonly toYear?: number;
  readonly minimumRatings?: number;
  readonly include?: readonly RawId[];
  readonly exclude?: readonly RawId[];
}

export type Name = keyof Asked;

/** Ids and titles are no longer: looking for the nearest title takes as long as both of them together. */
const LONGEST_TEXT = 500;

/** What a parameter may be: in JSON by its shape, in an address by its text. */
interface Kind {
  readonly what: string;
  readonly shape: Shape;
  readonly ofText: (text: string) => unknown;
  /** In an address it may be given more than once. */
  readonly many?: true;
}

const isId: Shape = (value) => Number.isSafeInteger(value) || (isText(value) && (value as string).length <= LONGEST_TEXT);
const isPair: Shape = (value) => Array.isArray(value) && value.length === 2 && isId(value[0]) && isNumber(value[1]);
const same = (text: string): string => text;
/** What is no number stays text, so that an error can show it. */
const numberOf = (text: string): unknown => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text));
const pairOf = (text: string): unknown => {
  const { title, value } = parseRated(text, "rated");
  return [title, value];
};

const ID: Kind = { what: `an id or a title, at most ${LONGEST_TEXT} letters`, shape: isId, ofText: same };
const NUMBER: Kind = { what: "a number", shape: isNumber, ofText: numberOf };
const WHOLE: Kind = { what: "a whole number", shape: Number.isSafeInteger, ofText: numberOf };
const FLAG: Kind = { what: "true or false", shape: isFlag, ofText: (text) => (text === "true" ? true : text === "false" ? false : text) };
const IDS: Kind = { what: "a list of ids or titles", shape: listOf(isId), ofText: same, many: true };
const PAIRS: Kind = {
  what: "a list of pairs of an item and a rating, such as [[1, 5], [50, 2]]",
  shape: listOf(isPair),
  ofText: pairOf,
  many: true,
};

const KINDS: { readonly [N in Name]-?: Kind } = {
  user: ID,
  item: ID,
  rated: PAIRS,
  n: WHOLE,
  alpha: NUMBER,
  filterSeen: FLAG,
  coldItems: FLAG,
  thompsonSeed: WHOLE,
  clip: FLAG,
  genres: { ...IDS, what: "a list of genres", shape: listOf(either(isText)) },
  fromYear: WHOLE,
  toYear: WHOLE,
  minimumRatings: WHOLE,
  include: IDS,
  exclude: IDS,
};

/**
 * @param where the path, for errors.
 * @throws OptionsError for a name that the path does not know, and for a value of another shape.
 */
export function askedInAddress(where: string, query: URLSearchParams, names: ReadonlySet<string>): Asked {
  checkOptions(where, Object.fromEntries(query), names);
  const given = [...new Set(query.keys())].map((name) => {
    const { ofText, many } = KINDS[name as Name];
    const texts = query.getAll(name);
    if (texts.length > 1 && !many) throw givenOften(where, name, texts.length);
    return [name, many ? texts.map(ofText) : ofText(texts[0])] as const;
  });
  return checked(where, Object.fromEntries(given), names, (name) => query.getAll(name)[0]);
}

/** The same of a body, which must be a JSON object. */
export function askedInBody(where: string, body: string, names: ReadonlySet<string>): Asked {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch (cause) {
    throw new OptionsError(`${where}: the body is no JSON: ${(cause as Error).message}`, {
      remedy: 'send an object, such as {"user": 42}',
    });
  }
  for (const [name, times] of repeatedNames(body)) if (names.has(name)) throw givenOften(where, name, times);
  return checked(where, given, names, (name) => new RegExp(`"${name}"\\s*:\\s*(-?\\d[\\d.eE+-]*)`).exec(body)?.[1]);
}

const givenOften = (where: string, name: string, times: number): OptionsError =>
  new OptionsError(`${where}: ${name} is given ${times} times`, { remedy: "give it once" });

/** @param written a number as it stands in the request, whose digits JavaScript's numbers may not hold. */
function checked(where: string, given: unknown, names: ReadonlySet<string>, written: (name: string) => string | undefined): Asked {
  checkOptions(where, given, names);
  for (const [name, value] of Object.entries(given as Record<Name, unknown>)) {
    const kind = KINDS[name as Name];
    if (kind.shape(value)) continue;
    const told = (typeof value === "number" && !Number.isSafeInteger(value) ? written(name) : undefined) ?? shown(value);
    throw new OptionsError(`${where}: ${name} is ${cut(told)}, and must be ${kind.what}`, {
      remedy: holdIds(kind) && isRounded(value) ? "give ids beyond 2⁵³ as text: JSON's numbers lose their last digits" : undefined,
    });
  }
  return given as Asked;
}

const holdIds = (kind: Kind): boolean => kind === ID || kind === IDS || kind === PAIRS;

/** Whether a whole number in it is too large for its digits to be those that were sent. */
const isRounded = (value: unknown): boolean =>
  Array.isArray(value) ? value.some(isRounded) : Number.isInteger(value) && !Number.isSafeInteger(value);
