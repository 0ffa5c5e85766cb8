// What a mistyped name may have meant: of titles by their words and letters, of ids by letters alone.

import { distance } from "fastest-levenshtein";

const MOST_NEAR = 3;
/** Among more ids than these, none is looked for: it would take longer than an answer may. */
const MOST_IDS = 200_000;

/** The titles nearest to a mistyped one: those that share most of its words first, then by edit distance. */
export function nearTitles(title: string, titles: Iterable<string>, count = MOST_NEAR): string[] {
  const wanted = title.trim().toLowerCase();
  const words = wordsOf(wanted);
  const scored = Array.from(titles, (known) => {
    const lower = known.toLowerCase();
    const held = new Set(wordsOf(lower));
    const shared = words.filter((word) => held.has(word)).length / Math.max(1, words.length);
    return { known, cost: distance(lower, wanted) / Math.max(lower.length, wanted.length) - shared };
  });
  return scored
    .filter(({ cost }) => cost < 0.6)
    .sort((a, b) => a.cost - b.cost)
    .slice(0, count)
    .map(({ known }) => known);
}

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");

/**
 * The ids nearest to one that is not known: spelt alike but for case, blanks and marks first, then of the same digits
 * and few other letters. Another number is another thing, not a slip.
 */
export function nearIds(wanted: unknown, ids: readonly (number | string)[], count = MOST_NEAR): string[] {
  if (typeof wanted !== "string" || ids.length > MOST_IDS) return [];
  const asked = simplified(wanted);
  const digits = digitsOf(asked);
  const found: { id: string; away: number }[] = [];
  for (const id of ids) {
    const text = String(id);
    if (Math.abs(text.length - wanted.length) > 2 + wanted.length / 3) continue;
    const known = simplified(text);
    if (digitsOf(known) !== digits) continue;
    const away = distance(known, asked);
    if (away <= Math.max(known.length, asked.length) / 4) found.push({ id: text, away });
  }
  return found
    .sort((a, b) => a.away - b.away)
    .slice(0, count)
    .map(({ id }) => id);
}

/** Without case, blanks and marks, and its numbers without leading zeros. */
const simplified = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .replace(/(?<!\d)0+(?=\d)/g, "");

const digitsOf = (text: string): string => text.replace(/\D+/g, " ").trim();
