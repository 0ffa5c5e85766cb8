// Checks that the hyperparameters of every model share:
// a default where nothing is given, an error that names the value where it is wrong.

import { OptionsError } from "../errors.js";

/** The largest number of factors that the kernels solve. */
export const MAX_FACTORS = 128;

/** A value as an error shows it; what comes out of a file may be anything. */
export function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? typeof value);
}

/** The defaults, overwritten by what is given and not undefined; names that the defaults do not have are left out. */
export function completed<H extends object>(defaults: H, given: Partial<H>): H {
  const names = Object.keys(defaults) as (keyof H)[];
  return Object.fromEntries(names.map((name) => [name, given[name] ?? defaults[name]])) as H;
}

/** Which numbers of factors there may be, and what an error says of it beside. */
interface FactorLimits {
  readonly least?: number;
  readonly most?: number;
  /** Where the limits hold, with a space behind it. */
  readonly where?: string;
  readonly remedy?: string | undefined;
}

/** @throws OptionsError when `factors` is no whole number from `least`, 0, to `most`, 128. */
export function checkFactors(factors: number, { least = 0, most = MAX_FACTORS, where = "", remedy }: FactorLimits = {}): void {
  if (Number.isInteger(factors) && factors >= least && factors <= most) return;
  throw new OptionsError(`factors is ${shown(factors)}: ${where}it must be a whole number from ${least} to ${most}`, {
    remedy: remedy ?? (least === 0 ? "0 trains the bias-only model; 10 to 64 suit most data" : "10 to 64 suit most data"),
  });
}

/** @throws OptionsError naming the first of these that is not finite and greater than 0. */
export function checkPositive<H extends object>(h: H, ...names: (keyof H & string)[]): void {
  for (const name of names) {
    const value = h[name] as number;
    if (!(value > 0) || !Number.isFinite(value)) throw new OptionsError(`${name} is ${shown(value)}: it must be greater than 0`);
  }
}

/** @throws OptionsError naming the first of these that is not finite or below 0. */
export function checkNotNegative<H extends object>(h: H, ...names: (keyof H & string)[]): void {
  for (const name of names) {
    const value = h[name] as number;
    if (!(value >= 0) || !Number.isFinite(value)) throw new OptionsError(`${name} is ${shown(value)}: it must be 0 or greater`);
  }
}

/** @throws OptionsError naming the first of these that is no whole number of at least `least`. */
export function checkWhole<H extends object>(h: H, least: number, ...names: (keyof H & string)[]): void {
  for (const name of names) {
    const value = h[name] as number;
    if (!Number.isSafeInteger(value) || value < least)
      throw new OptionsError(`${name} is ${shown(value)}: it must be a whole number, ${least} or greater`);
  }
}

/** @throws OptionsError when the value is none of the choices. */
export function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) {
    const list = choices.map((choice) => `"${choice}"`).join(" or ");
    throw new OptionsError(`${name} is ${shown(value)}: it must be ${list}`);
  }
}
