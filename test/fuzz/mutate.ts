// Seeded damage: a case is its seed, so that every failure can be repeated.

import { seededRandom, type Random } from "../../src/random.js";

/** What breaks readers: numbers beyond every range, quotes, ends of lines, marks of other formats. */
const TOKENS = [
  "", "0", "-1", "-0", "1e309", "1e30", "NaN", "Infinity", "9007199254740993", "99999999999999999999999", "0x10", "1_000", "null", "true", "[]", "{}",
  '"', '""', "'", "\\", "\n", "\r", "\r\n", "\t", ",", ";", "::", "|", " ", "\0", "\u001b[2J", "\ufeff", "\ufffd", "é", "𝕏", "../../etc/passwd", "C:\\x",
  "__proto__", "constructor", "toString", "\x1f\x8b", "PK\x03\x04", "PAR1", "%%MatrixMarket", "@relation", "sep=;", "userId", "=cmd|x",
]; // prettier-ignore

/** One to a few changes of bytes: turned, put in, taken out, doubled, cut off. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(out.length + 1);
    const length = 1 + random.below(Math.min(64, out.length + 1));
    const spliced = (middle: Uint8Array, to: number): Uint8Array => {
      const whole = new Uint8Array(at + middle.length + Math.max(0, out.length - to));
      whole.set(out.subarray(0, at));
      whole.set(middle, at);
      if (to < out.length) whole.set(out.subarray(to), at + middle.length);
      return whole;
    };
    switch (random.below(7)) {
      case 0:
        if (at < out.length) out[at] ^= 1 << random.below(8);
        break;
      case 1:
        if (at < out.length) out[at] = random.below(256);
        break;
      case 2:
        out = spliced(new TextEncoder().encode(TOKENS[random.below(TOKENS.length)]), at);
        break;
      case 3:
        out = spliced(new TextEncoder().encode(TOKENS[random.below(TOKENS.length)]), at + length);
        break;
      case 4:
        out = spliced(new Uint8Array(0), at + length);
        break;
      case 5: {
        const from = random.below(out.length + 1);
        out = spliced(out.slice(from, from + length * (1 + random.below(20))), at);
        break;
      }
      default:
        if (random.below(4) === 0) out = out.slice(0, at);
    }
  }
  return out;
}

const VALUES: readonly unknown[] = [null, 0, -1, 1.5, 1e300, 2 ** 53, "", "x", "1", [], {}, true, [0], ["x"], { x: 1 }, "__proto__"];

/** A value read from JSON with one or a few of its parts replaced, taken out or doubled. */
export function mutatedJson(value: unknown, random: Random): unknown {
  const copy = structuredClone(value);
  for (let left = 1 + random.below(3); left > 0; left--) {
    let at = copy as Record<string, unknown>;
    for (;;) {
      const keys = Object.keys(at);
      if (keys.length === 0) break;
      const key = keys[random.below(keys.length)];
      const inner = at[key];
      if (typeof inner === "object" && inner !== null && random.below(4) > 0) {
        at = inner as Record<string, unknown>;
        continue;
      }
      const how = random.below(3);
      if (how === 0) delete at[key];
      else at[key] = structuredClone(how === 1 ? VALUES[random.below(VALUES.length)] : at[keys[random.below(keys.length)]]);
      break;
    }
  }
  return copy;
}

export const caseRandom = (seed: number): Random => seededRandom(seed);
