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
 * The ids nearest to one that is not known: the same number or text in another spelling first, such as "54.0" or
 * "00054" for 54, then of the same digits and few other letters. Another number is another thing, not a slip.
 */
export function nearIds(wanted: unknown, ids: readonly (number | string)[], count = MOST_NEAR): string[] {
  if ((typeof wanted !== "string" && typeof wanted !== "number") || ids.length > MOST_IDS) return [];
  const asked = String(wanted);
  const number = numeralOf(asked);
  const letters = simplified(asked);
  const digits = digitsOf(letters);
  const found: { id: string; away: number }[] = [];
  for (const id of ids) {
    const text = String(id);
    const numeral = number === undefined || typeof id === "number" ? text : numeralOf(text);
    // Of two numbers only an equal one is near.
    if (number !== undefined && numeral !== undefined) {
      if (numeral === number) found.push({ id: text, away: 0 });
      continue;
    }
    if (Math.abs(text.length - asked.length) > 2 + asked.length / 3) continue;
    const known = simplified(text);
    if (digitsOf(known) !== digits) continue;
    const away = distance(known, letters);
    if (away <= Math.max(known.length, letters.length) / 4) found.push({ id: text, away });
  }
  return found
    .sort((a, b) => a.away - b.away)
    .slice(0, count)
    .map(({ id }) => id);
}

const NUMERAL = /^\+?(-?)0*(\d+?)(?:[.,](\d*?)0*)?$/;
const IN_POWERS = /^[+-]?\d+(?:\.\d*)?e[+-]?\d+$/i;

/** A number in one spelling, whichever it is written in: 54 of "00054", "54.0", " 54" or "5.4e1"; undefined of what is none. */
function numeralOf(text: string): string | undefined {
  const trimmed = text.normalize("NFKC").trim();
  if (IN_POWERS.test(trimmed)) return Number.isSafeInteger(Number(trimmed)) ? String(Number(trimmed)) : undefined;
  const parts = NUMERAL.exec(trimmed);
  return parts ? `${parts[1]}${parts[2]}${parts[3] ? `.${parts[3]}` : ""}` : undefined;
}

/** Without case, blanks and marks, and its numbers without leading zeros. */
const simplified = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .replace(/(?<!\d)0+(?=\d)/g, "");

const digitsOf = (text: string): string => text.replace(/\D+/g, " ").trim();
