// Half-precision numbers, IEEE 754 binary16: 11 significant bits, up to 65504.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the half that is nearest to a number of at most 65504; of two equally near, the even one. */
function halfOf(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const exponent = ((bits[0] >>> 23) & 0xff) - 127 + 15;
  // Below 2^-14 halves have no leading 1: their last bit is 2^-24.
  if (exponent <= 0) return sign | nearestEven(Math.abs(float[0]) * 2 ** 24);
  return sign | nearestEven((exponent - 1) * 1024 + ((bits[0] & 0x7fffff) | 0x800000) / 2 ** 13);
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

/** What every half stands for. */
let table: Float32Array | undefined;

/** Numbers of halves. */
export function fromHalves(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 1 << 16 }, (_, half) => numberOf(half));
  const values = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) values[at] = table[halves[at]];
  return values;
}

const LARGEST = 65504;

/** Halves nearest to numbers; undefined where one is beyond what a half holds. */
export function toHalves(values: Float32Array): Uint16Array | undefined {
  const halves = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) {
    if (!(Math.abs(values[at]) <= LARGEST)) return undefined;
    halves[at] = halfOf(values[at]);
  }
  return halves;
}

/** Numbers rounded to halves; as they are where one is beyond what a half holds. */
export function roundedToHalves(values: Float32Array): Float32Array {
  const halves = toHalves(values);
  return halves ? fromHalves(halves) : values;
}

/** Halves of numbers that are halves all, so that nothing is lost; else undefined. */
export function exactHalves(values: Float32Array): Uint16Array | undefined {
  const halves = toHalves(values);
  if (!halves) return undefined;
  return fromHalves(halves).every((value, at) => value === values[at]) ? halves : undefined;
}
