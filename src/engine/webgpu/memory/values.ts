// The values of ratings on the device: one byte each where the scale is discrete, as stars are, else float32; with
// their weights, where they have some.

import valuesCodesText from "../../../../shaders/shared/values-codes.wgsl?raw";
import valuesFloatsText from "../../../../shaders/shared/values-floats.wgsl?raw";
import valuesPairsText from "../../../../shaders/shared/values-pairs.wgsl?raw";
import type { RatingColumns } from "../../../ratings/rating-columns.js";

/**
 * How values lie in a buffer. Codes stand for `step` times themselves, four to a word, behind one that is the step; in
 * pairs each value has its weight behind it.
 */
export interface ValueFormat {
  readonly kind: "codes" | "floats" | "pairs";
  readonly step: number;
}

export const FLOATS: ValueFormat = { kind: "floats", step: 1 };
export const PAIRS: ValueFormat = { kind: "pairs", step: 1 };
/** Powers of two, by which no code is rounded; half stars first, since most scales are made of them. */
const STEPS = [1 / 2, 1, 1 / 16];
const MOST_CODES = 256;
const WORD = 4;

const formats = new WeakMap<Float32Array, ValueFormat>();

/**
 * The smallest format that holds the values exactly.
 *
 * @param unit what they were divided by: a step of a scale is then the step over the unit.
 */
export function valueFormat(values: Float32Array, unit = 1): ValueFormat {
  let format = formats.get(values);
  if (!format) formats.set(values, (format = smallestFormat(values, unit)));
  return format;
}

/** The format of ratings: in pairs, where they have weights. */
export const formatOf = ({ value, weight, unit }: Pick<RatingColumns, "value" | "weight" | "unit">): ValueFormat =>
  weight ? PAIRS : valueFormat(value, unit);

/** Ratings in two orders that need not be the same ones: both in one format, which kernels are compiled for. */
export function alignFormats(a: Float32Array, b: Float32Array, unit = 1): void {
  const [one, other] = [valueFormat(a, unit), valueFormat(b, unit)];
  if (one.kind !== other.kind || one.step !== other.step) for (const values of [a, b]) formats.set(values, FLOATS);
}

function smallestFormat(values: Float32Array, unit: number): ValueFormat {
  const step = STEPS.map((candidate) => candidate * Math.fround(1 / unit)).find((candidate) => areCodes(values, candidate));
  return step === undefined ? FLOATS : { kind: "codes", step };
}

function areCodes(values: Float32Array, step: number): boolean {
  for (let at = 0; at < values.length; at++) {
    const code = Math.round(values[at] / step);
    if (!(code >= 0 && code < MOST_CODES && Math.fround(code * step) === values[at])) return false;
  }
  return true;
}

/** Bytes that so many values take. */
export const valueBytes = ({ kind }: ValueFormat, count: number): number =>
  ({ floats: WORD * count, pairs: 2 * WORD * count, codes: WORD + count })[kind];

/** Values as words of a storage buffer, in pairs with their weights. */
export function packValues(values: Float32Array, { kind, step }: ValueFormat, weights?: Float32Array): Uint32Array | Float32Array {
  if (kind === "floats") return values;
  if (kind === "pairs") {
    const pairs = new Float32Array(2 * values.length);
    for (let at = 0; at < values.length; at++) {
      pairs[2 * at] = values[at];
      pairs[2 * at + 1] = weights![at];
    }
    return pairs;
  }
  const words = new Uint32Array(1 + Math.ceil(values.length / WORD));
  new Float32Array(words.buffer, 0, 1)[0] = step;
  const codes = new Uint8Array(words.buffer, WORD);
  for (let at = 0; at < values.length; at++) codes[at] = Math.round(values[at] / step);
  return words;
}

/** The part of a kernel that reads values. */
export const valuesText = ({ kind }: ValueFormat): string =>
  ({ codes: valuesCodesText, floats: valuesFloatsText, pairs: valuesPairsText })[kind];
