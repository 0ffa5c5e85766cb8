// The table of a model's hyperparameters: each with its default, the values that it may have, and its words. Defaults,
// checks, units, flags, what can be searched for and the fields of the demo's form come out of it.

import { OptionsError } from "../errors.js";
import { shown } from "../shown.js";

/** The largest number of factors that the kernels solve. */
export const MAX_FACTORS = 128;

/** The largest hyperparameter, in whatever unit: with ratings of any unit, squared, float32 still holds what comes of it. */
export const LARGEST = 1e30;

/** What is said of a hyperparameter where people choose it. */
interface Described {
  /** As the formulas write it. */
  readonly symbol?: string;
  /** What stands for its value behind its flag, where formulas do not write it. */
  readonly placeholder?: string;
  /** What it is, in a line; of a switch, what turning it off does. */
  readonly about: string;
  /** What more a person should know who chooses it. */
  readonly hint?: string;
  /** The name of its flag, where its own is that of something else. */
  readonly flag?: string;
  /** What is taken by default, where that depends on the training. */
  readonly taken?: string;
  /** The value of another hyperparameter at which it does nothing. */
  readonly idleAt?: Readonly<Record<string, number | string | boolean>>;
}

/** A number; nothing may be given for it where the default is null. */
export interface NumberOf extends Described {
  readonly kind: "number";
  readonly default: number | null;
  readonly whole?: boolean;
  /** The least it may be, or what it must be greater than. */
  readonly least?: number;
  readonly above?: number;
  /** The greatest it may be, or what it must be below. */
  readonly most?: number;
  readonly below?: number;
  /** The power of the unit of ratings that it is in. */
  readonly unit?: 1 | 2;
  /** What to do about a value that it may not have. */
  readonly remedy?: string;
}

/** One of several words. */
export interface ChoiceOf<V extends string = string> extends Described {
  readonly kind: "choice";
  readonly default: V;
  readonly choices: readonly V[];
  /** What to do about a value that it may not have. */
  readonly remedy?: string;
}

/** On or off. */
export interface SwitchOf extends Described {
  readonly kind: "switch";
  readonly default: boolean;
}

/** A hyperparameter of any kind. */
export type Hyperparameter = NumberOf | ChoiceOf | SwitchOf;

/** The hyperparameters of a model, all of them and no other: the compiler sees to it. */
export type TableOf<H> = {
  readonly [N in keyof H]-?: [H[N]] extends [boolean] ? SwitchOf : [H[N]] extends [string] ? ChoiceOf<H[N]> : NumberOf;
};

type About<E extends Hyperparameter> = Described & Partial<Omit<E, "kind" | "default">>;

export const numeric = (value: number | null, about: About<NumberOf>): NumberOf => ({ kind: "number", default: value, ...about });
export const positive = (value: number, about: About<NumberOf>): NumberOf => numeric(value, { above: 0, ...about });
export const notNegative = (value: number, about: About<NumberOf>): NumberOf => numeric(value, { least: 0, ...about });
export const whole = (value: number, about: About<NumberOf>): NumberOf => numeric(value, { whole: true, ...about });
export const choice = <V extends string>(value: V, choices: readonly V[], about: About<ChoiceOf<V>>): ChoiceOf<V> => ({
  kind: "choice",
  default: value,
  ...about,
  choices,
});
export const onOff = (value: boolean, about: Described): SwitchOf => ({ kind: "switch", default: value, ...about });

const SUIT = "10 to 64 suit most data";
/** K, of which 0 are the biases alone. */
export const FACTORS = whole(10, {
  symbol: "K",
  about: "factors",
  hint: "0 trains the bias-only model",
  least: 0,
  most: MAX_FACTORS,
  remedy: `0 trains the bias-only model; ${SUIT}`,
});
/** K of models without biases. */
export const FACTORS_ALONE = whole(10, { symbol: "K", about: "factors", least: 1, most: MAX_FACTORS, remedy: SUIT });
export const LAMBDA = positive(1, { symbol: "λ", about: "precision of the noise", hint: "vb starts from it", unit: 2 });
/** @param of what else than 0 or greater they must be. */
export const factorPrecisions = (tau: number, of = notNegative, more: Pick<Described, "taken"> = {}) => ({
  tauUsers: of(tau, { symbol: "τ", about: "precision of the user factors", unit: 1, idleAt: { factors: 0 }, ...more }),
  tauItems: of(tau, { symbol: "τ", about: "precision of the item factors", unit: 1, idleAt: { factors: 0 }, ...more }),
});
/** @param of as in `factorPrecisions`. */
export const biasPrecisions = (gamma: number, of = notNegative) => ({
  gammaUsers: of(gamma, { symbol: "γ", about: "precision of the user biases", unit: 2, idleAt: { biases: false } }),
  gammaItems: of(gamma, { symbol: "γ", about: "precision of the item biases", unit: 2, idleAt: { biases: false } }),
});
export const MEAN = onOff(true, { symbol: "μ", about: "leave the global mean out (μ = 0)" });
export const BIASES = onOff(true, { symbol: "b", about: "leave the biases out" });

const BOTH = "of both sides, unless that of one is given";
/** Names that stand for a hyperparameter of each side. */
export const BOTH_SIDES: Readonly<Record<string, Described & { readonly sides: readonly [users: string, items: string] }>> = {
  tau: { sides: ["tauUsers", "tauItems"], symbol: "τ", about: "precision of the factors", hint: BOTH },
  gamma: { sides: ["gammaUsers", "gammaItems"], symbol: "γ", about: "precision of the biases", hint: BOTH },
};

const entriesOf = (table: object): [string, Hyperparameter][] => Object.entries(table) as [string, Hyperparameter][];

export const defaultsOf = <H extends object>(table: TableOf<H>): H => filled(table, {});

/** Powers of the unit of ratings that hyperparameters are in; those that are in none are left out. */
export type UnitPowers<H> = { readonly [name in keyof H]?: 1 | 2 };

export const unitsOf = <H extends object>(table: TableOf<H>): UnitPowers<H> =>
  Object.fromEntries(
    entriesOf(table).flatMap(([name, entry]) => (entry.kind === "number" && entry.unit ? [[name, entry.unit]] : [])),
  ) as UnitPowers<H>;

/** The defaults, overwritten by what is given and not undefined; names that the table does not have are left out. */
const filled = <H extends object>(table: TableOf<H>, given: Partial<H>): H =>
  Object.fromEntries(entriesOf(table).map(([name, entry]) => [name, given[name as keyof H] ?? entry.default])) as H;

/** The same, checked. @throws OptionsError naming the first hyperparameter that has a value which it may not have. */
export function completed<H extends object>(table: TableOf<H>, given: Partial<H>): H {
  const h = filled(table, given);
  for (const [name, entry] of entriesOf(table)) checkValue(name, entry, h[name as keyof H]);
  return h;
}

/** @throws OptionsError when it may not have the value. @param where where that holds, with a space behind it. */
export function checkValue(name: string, entry: Hyperparameter, value: unknown, where = ""): void {
  const must = entry.kind === "number" ? mustBe(entry, value) : mustBeOneOf(entry, value);
  if (must === undefined) return;
  const { remedy } = { remedy: undefined, ...entry };
  throw new OptionsError(`${name} is ${shown(value)}: ${where}it must be ${must}`, { remedy });
}

/** What a number must be and is not; undefined where it is. */
function mustBe(entry: NumberOf, value: unknown): string | undefined {
  const { whole: isWhole, least = -Infinity, above = -Infinity, most = Infinity, below = Infinity } = entry;
  if (value === null && entry.default === null) return undefined;
  const isTooLarge = typeof value === "number" && Number.isFinite(value) && Math.abs(value) > LARGEST;
  if (isTooLarge && !isWhole && most === Infinity && below === Infinity) return value < 0 ? `${-LARGEST} or greater` : `${LARGEST} or less`;
  const isNumber = typeof value === "number" && (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value));
  if (isNumber && value >= least && value > above && value <= most && value < below) return undefined;
  if (isWhole) return most === Infinity ? `a whole number, ${least} or greater` : `a whole number from ${least} to ${most}`;
  if (isNumber && value >= below) return `below ${below}`;
  if (above > -Infinity) return `greater than ${above}`;
  return least > -Infinity ? `${least} or greater` : "a number";
}

function mustBeOneOf(entry: ChoiceOf | SwitchOf, value: unknown): string | undefined {
  if (entry.kind === "switch") return typeof value === "boolean" ? undefined : "true or false";
  return entry.choices.includes(value as string) ? undefined : entry.choices.map((word) => `"${word}"`).join(" or ");
}
