// Half-precision numbers, IEEE 754 binary16: 11 significant bits, up to 65504.

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The bits of 2^-14, below which halves have no leading 1: their last bit is 2^-24 there. */
const LEAST_NORMAL = 0x38800000;

/** The bits of the half that is nearest to a number of at most 65504; of two equally near, the even one. */
export function halfOf(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = bits[0] & 0x7fffffff;
  if (magnitude < LEAST_NORMAL) return sign | nearestEven(Math.abs(float[0]) * 2 ** 24);
  // The exponent counts from another number, 13 bits fewer follow it, and a carry goes up into it.
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function nearestEven(value: number): number {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}

function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The half nearest to a float32 of at most 65504, as a number. */
export const nearestHalf = (value: number): number => numberOf(halfOf(value));

let table: Float32Array | undefined;

/** The number that each half stands for, [65536]. */
export const numbersOfHalves = (): Float32Array => (table ??= Float32Array.from({ length: 1 << 16 }, (_, half) => numberOf(half)));

/** Halves that stand for numbers times 2^exponent, by which the largest of them lies below what a half holds. */
interface Halves {
  readonly halves: Uint16Array;
  readonly exponent: number;
}

/** The largest power of two that a half holds. */
const LARGEST_EXPONENT = 15;

/** Halves nearest to numbers: each keeps 11 significant bits, but for those less than a 2²⁹th of the largest. */
export function toHalves(values: Float32Array): Halves {
  let largest = 0;
  for (let at = 0; at < values.length; at++) largest = Math.max(largest, Math.abs(values[at]));
  // A number below 2^15 may be rounded up to it, and no farther.
  const exponent = largest > 0 ? LARGEST_EXPONENT - 1 - Math.floor(Math.log2(largest)) : 0;
  const scale = 2 ** exponent;
  const halves = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) halves[at] = halfOf(values[at] * scale);
  return { halves, exponent };
}

/** The numbers that halves stand for. */
export function fromHalves({ halves, exponent }: Halves): Float32Array {
  const numbers = numbersOfHalves();
  const scale = 2 ** -exponent;
  const values = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) values[at] = scale * numbers[halves[at]];
  return values;
}

/** Numbers rounded to halves. */
export const roundedToHalves = (values: Float32Array): Float32Array => fromHalves(toHalves(values));

/** Halves of numbers that are halves all, so that nothing is lost; else undefined. */
export function exactHalves(values: Float32Array): Halves | undefined {
  // Most numbers are told by digits that no half has, before anything is made.
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < words.length; at++) if ((words[at] & 0x1fff) !== 0) return undefined;
  const given = toHalves(values);
  return fromHalves(given).every((value, at) => value === values[at]) ? given : undefined;
}
