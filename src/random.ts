// Seeded random numbers: the same seed gives the same stream on every platform.

import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of uniform and normal numbers. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of it. */
  uniform(): number;
  /** Uniform whole number in [0, below). */
  below(below: number): number;
  /** Standard normal, by Box and Muller. */
  normal(): number;
}

export function seededRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const uniform = (): number => (generator.next() >>> 0) / 2 ** 32;
  let spare: number | undefined;
  return {
    uniform,
    below: (below) => Math.floor(uniform() * below),
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}
