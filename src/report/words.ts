// Numbers and titles as figures and pages write them.

export { howMany as counted } from "../shown.js";

/** With a capital letter at its start. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** At most four significant digits, or all before the point. */
export const plain = (value: number): string =>
  value.toLocaleString("en-US", Math.abs(value) < 1000 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 }).replace("-", "−");

/** A title that fits in so many letters, cut at the end; the year in brackets goes first. */
export function shortTitle(title: string, letters: number): string {
  if (title.length <= letters) return title;
  const name = title.replace(/ \(\d{4}\)$/, "");
  return name.length <= letters ? name : `${name.slice(0, letters - 1).trimEnd()}…`;
}
