// Values as errors show them: as they would be written in a program, and short, whatever they are.

const LONGEST_SHOWN = 100;
/** Of a list or an object, as much as can be shown at all. */
const MOST_PARTS = 20;
const DEEPEST = 4;
/** Of names that are too many to be told all. */
const MOST_NAMED = 8;

/** A value as text for an error. */
export const shown = (value: unknown): string => cut(written(value, 0));

/** Text that stands in an error as it is, as much of it as is shown. */
export const cut = (text: string): string => (text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);

/** The first of some names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const first = names.slice(0, names.length > MOST_PARTS ? MOST_NAMED : MOST_PARTS).map(shown);
  return `${first.join(", ")}${names.length > first.length ? ` … and ${grouped(names.length - first.length)} more` : ""}`;
}

/** The first few of some values, and a mark where there are more: "7, 8, 9 …". */
export function firstOf<T>(values: Iterable<T>, most: number, text: (value: T) => string = String): string {
  const first: string[] = [];
  for (const value of values) {
    if (first.length === most) return `${first.join(", ")} …`;
    first.push(text(value));
  }
  return first.join(", ");
}

/** "rating" of one, "ratings" of others. */
export const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many);

/** A whole number as people write it: "20,167". */
export const grouped = (count: number): string => count.toLocaleString("en-US");

/** "1 rating", "1,234 ratings". */
export const howMany = (count: number, one: string, many?: string): string => `${grouped(count)} ${plural(count, one, many)}`;

function written(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.length > LONGEST_SHOWN ? value.slice(0, LONGEST_SHOWN + 1) : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : JSON.stringify(value);
  if (value instanceof Promise) return "a Promise";
  if (value instanceof Error) return `${value.name} {…}`;
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  if (isList) return depth === DEEPEST ? "[…]" : `[${parts(value as ArrayLike<unknown>, depth)}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype)
    return `${(value.constructor as { name?: string } | undefined)?.name || "object"} {…}`;
  if (depth === DEEPEST) return "{…}";
  const entries = Object.entries(value).slice(0, MOST_PARTS);
  return `{${entries.map(([name, part]) => `${JSON.stringify(name)}:${written(part, depth + 1)}`).join(",")}}`;
}

function parts(values: ArrayLike<unknown>, depth: number): string {
  const first = Array.from({ length: Math.min(values.length, MOST_PARTS) }, (_, at) => written(values[at], depth + 1));
  return [...first, ...(values.length > MOST_PARTS ? ["…"] : [])].join(",");
}
