// Runs cases and counts: how many were taken, how many refused, and what neither took nor refused as it should.

import { TastespaceError } from "../../src/errors.js";
import { caseRandom } from "./mutate.js";
import type { Target } from "./targets.js";

export interface Counts {
  taken: number;
  refused: number;
  /** The case, and what it did. */
  readonly failures: { readonly seed: number; readonly what: string }[];
  /** Of the longest case. */
  longestMs: number;
}

export const noCounts = (): Counts => ({ taken: 0, refused: 0, failures: [], longestMs: 0 });

/** A case may take this long, whatever it holds: the bombs are the longest. */
const LONGEST_MS = 10_000;

/** The cases from one seed to another. @param onCase is told of each before it runs. */
export async function runCases(
  target: Target,
  from: number,
  to: number,
  counts: Counts,
  onCase: (seed: number) => void = () => {},
): Promise<void> {
  for (let seed = from; seed < to; seed++) {
    onCase(seed);
    const began = performance.now();
    try {
      await target.run(caseRandom(seed));
      counts.taken++;
    } catch (error) {
      if (error instanceof TastespaceError) counts.refused++;
      else counts.failures.push({ seed, what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
    const ms = performance.now() - began;
    counts.longestMs = Math.max(counts.longestMs, ms);
    if (ms > LONGEST_MS) counts.failures.push({ seed, what: `it took ${Math.round(ms)} ms` });
  }
}
