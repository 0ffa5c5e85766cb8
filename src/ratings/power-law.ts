// The power law behind numbers of ratings: its slope on log-log axes by maximum likelihood, and from where on it holds.

import { checkArguments, NUMBERS } from "../options.js";

/** p(x) ∝ x^−exponent for whole x ≥ `from`: a line of slope −exponent on log-log axes. */
export interface PowerLaw {
  readonly exponent: number;
  /** (exponent − 1) / √tail. */
  readonly standardError: number;
  readonly from: number;
  /** How many of the numbers are at least `from`. */
  readonly tail: number;
  /** Largest distance between the cumulative distributions of the tail and of the law: 0 for a perfect fit. */
  readonly distance: number;
}

/** Fewer numbers than this tell no law. */
const LEAST_TAIL = 50;
/** Starts that are tried, spread evenly over the different numbers. */
const MOST_STARTS = 100;
const EXPONENTS = { from: 1.01, to: 10 };

/**
 * Fits a discrete power law to whole numbers by maximum likelihood, starting where the law fits the tail best by
 * Kolmogorov and Smirnov's distance. A straight line through a log-log plot, fitted by least squares, is off by far
 * more. Clauset, Shalizi and Newman, "Power-law distributions in empirical data", SIAM Review 51, 2009, equations 3.5,
 * 3.7 and 3.9. It says how steep the tail is, not that it is a power law.
 *
 * @param numbers zeros are left out.
 * @returns undefined when fewer than 50 numbers, or no two different ones, are above 0.
 */
export function powerLaw(numbers: ArrayLike<number>): PowerLaw | undefined {
  checkArguments("powerLaw", { numbers: [numbers, NUMBERS] });
  const table = frequencies(numbers).filter(([value]) => value > 0);
  // Σ n and Σ n log x of each value and all above it.
  const tail: { count: number; logs: number }[] = [];
  let above = { count: 0, logs: 0 };
  for (let at = table.length - 1; at >= 0; at--) {
    const [value, count] = table[at];
    tail[at] = above = { count: above.count + count, logs: above.logs + count * Math.log(value) };
  }
  const starts = table.length - 1 - [...tail].reverse().findIndex(({ count }) => count >= LEAST_TAIL);
  if (table.length < 2 || tail[0].count < LEAST_TAIL) return undefined;
  let best: PowerLaw | undefined;
  const step = Math.max(1, Math.min(starts + 1, table.length - 1) / MOST_STARTS);
  for (let start = 0; Math.floor(start) <= Math.min(starts, table.length - 2); start += step) {
    const at = Math.floor(start);
    const { count, logs } = tail[at];
    const exponent = likeliestExponent(table[at][0], count, logs);
    const distance = distanceOf(table.slice(at), count, exponent);
    if (!best || distance < best.distance)
      best = { exponent, standardError: (exponent - 1) / Math.sqrt(count), from: table[at][0], tail: count, distance };
  }
  return best;
}

/** How many of the numbers have each value, by rising value. */
export function frequencies(numbers: ArrayLike<number>): [value: number, count: number][] {
  const counts = new Map<number, number>();
  for (let at = 0; at < numbers.length; at++) counts.set(numbers[at], (counts.get(numbers[at]) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
}

/**
 * How many numbers of at least x a law expects, for x ≥ from:
 * n ζ(α, x) / ζ(α, from), on log-log axes nearly a line of slope 1 − α.
 */
export const expectedAtLeast = ({ exponent, from, tail }: PowerLaw, x: number): number =>
  (tail * hurwitzZeta(exponent, x)) / hurwitzZeta(exponent, from);

/** Where −n log ζ(α, from) − α Σ log x is largest: it has one maximum, which golden sections close in on. */
function likeliestExponent(from: number, count: number, logs: number): number {
  const likelihood = (exponent: number): number => -count * Math.log(hurwitzZeta(exponent, from)) - exponent * logs;
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [EXPONENTS.from, EXPONENTS.to];
  while (high - low > 1e-7) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)];
    if (likelihood(left) < likelihood(right)) low = left;
    else high = right;
  }
  return (low + high) / 2;
}

function distanceOf(table: readonly (readonly [number, number])[], count: number, exponent: number): number {
  const whole = hurwitzZeta(exponent, table[0][0]);
  let seen = 0;
  let distance = 0;
  for (const [value, times] of table) {
    seen += times;
    const law = 1 - hurwitzZeta(exponent, value + 1) / whole;
    distance = Math.max(distance, Math.abs(seen / count - law));
  }
  return distance;
}

/** ζ(s, q) = Σ (q + k)^−s over k ≥ 0, for s > 1 and q ≥ 1, by Euler and Maclaurin's sum after ten terms. */
function hurwitzZeta(s: number, q: number): number {
  const TERMS = 10;
  let sum = 0;
  for (let k = 0; k < TERMS; k++) sum += (q + k) ** -s;
  const x = q + TERMS;
  const power = x ** -s;
  return sum + (x * power) / (s - 1) + power / 2 + (s * power) / (12 * x) - (s * (s + 1) * (s + 2) * power) / (720 * x ** 3);
}
