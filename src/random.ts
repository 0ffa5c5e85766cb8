// Seeded random numbers: the same seed gives the same stream on every platform.

import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { mixedWords } from "./random-counter.js";

/** A stream of uniform and normal numbers. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of it. */
  uniform(): number;
  /** Uniform whole number in [0, below). */
  below(below: number): number;
  /** Standard normal, by Box and Muller. */
  normal(): number;
  /** Gamma of this shape, > 0, and scale 1, by Marsaglia and Tsang. */
  gamma(shape: number): number;
}

/**
 * @param seed any safe integer. The generator's state is made of well-mixed words: one of few set bits,
 *   which small seeds themselves would be, gives extreme numbers first, and the same ones for many seeds.
 */
export function seededRandom(seed: number): Random {
  const generator = xoroshiro128plusFromState(mixedWords(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b9, 0x7f4a7c15));
  const uniform = (): number => (generator.next() >>> 0) / 2 ** 32;
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * (1 - uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return { uniform, below: (below) => Math.floor(uniform() * below), normal, gamma };
}
