// The values of ratings on the device: one byte each where the scale is discrete, as stars are, else float32.

import valuesCodesText from "../../../../shaders/shared/values-codes.wgsl?raw";
import valuesFloatsText from "../../../../shaders/shared/values-floats.wgsl?raw";

/** How values lie in a buffer. Codes stand for `step` times themselves, four to a word. */
export interface ValueFormat {
  readonly kind: "codes" | "floats";
  readonly step: number;
  readonly bytes: number;
}

export const FLOATS: ValueFormat = { kind: "floats", step: 1, bytes: 4 };
/** Powers of two, by which no code is rounded; half stars first, so that most data sets have the same format. */
const STEPS = [1 / 2, 1, 1 / 16];
const MOST_CODES = 256;

const formats = new WeakMap<Float32Array, ValueFormat>();

/** The smallest format that holds the values exactly. */
export function valueFormat(values: Float32Array): ValueFormat {
  let format = formats.get(values);
  if (!format) formats.set(values, (format = smallestFormat(values)));
  return format;
}

function smallestFormat(values: Float32Array): ValueFormat {
  const step = STEPS.find((candidate) => areCodes(values, 1 / candidate));
  return step === undefined ? FLOATS : { kind: "codes", step, bytes: 1 };
}

function areCodes(values: Float32Array, perUnit: number): boolean {
  for (let at = 0; at < values.length; at++) {
    const code = values[at] * perUnit;
    if (!(code >= 0 && code < MOST_CODES && code === Math.floor(code))) return false;
  }
  return true;
}

/** Values as words of a storage buffer. */
export function packValues(values: Float32Array, { kind, step }: ValueFormat): Uint32Array | Float32Array {
  if (kind === "floats") return values;
  const codes = new Uint8Array(4 * Math.ceil(values.length / 4));
  const perUnit = 1 / step;
  for (let at = 0; at < values.length; at++) codes[at] = values[at] * perUnit;
  return new Uint32Array(codes.buffer);
}

/** The part of a kernel that reads values. */
export const valuesText = ({ kind, step }: ValueFormat): string =>
  kind === "codes" ? `const VALUE_STEP = ${step};\n${valuesCodesText}` : valuesFloatsText;
