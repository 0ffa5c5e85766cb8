// JSON whose whole numbers keep all their digits. JSON.parse rounds those beyond 2⁵³, so that ids run together.

const TEXT = String.raw`"[^"\\]*(?:\\.[^"\\]*)*"`;
/** A text, which is passed over, or a whole number of 16 digits or more: no part of a fraction, and no name. */
const LONG = new RegExp(String.raw`${TEXT}|(?<=^|[:[,\s])-?[1-9]\d{15,}(?![\d.eE]|\s*:)`, "gs");
/** A text, or what Python writes for numbers that JSON does not have. */
const NO_NUMBER = new RegExp(String.raw`${TEXT}|(?<=[:[,\s])(?:NaN|-?Infinity)(?=\s*[,}\]])`, "gs");

/** As `JSON.parse` does, but a whole number that is not a safe integer becomes the text of its digits. @throws SyntaxError */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Hardly any text holds one: to look at its values costs less than to look for digits in it.
  return holdsUnsafe(value) ? JSON.parse(text.replaceAll(LONG, (part) => (isUnsafe(part) ? `"${part}"` : part))) : value;
}

function holdsUnsafe(value: unknown): boolean {
  if (typeof value === "number") return Math.abs(value) > Number.MAX_SAFE_INTEGER;
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsUnsafe);
  for (const name in value) if (holdsUnsafe((value as Record<string, unknown>)[name])) return true;
  return false;
}

const isUnsafe = (part: string): boolean => !part.startsWith('"') && !Number.isSafeInteger(Number(part));

/** The same, where NaN, as Python writes it, stands for null, and Infinity for a text. @throws SyntaxError */
export function parseFromPython(text: string): unknown {
  try {
    return parseExactly(text);
  } catch (cause) {
    if (!/NaN|Infinity/.test(text)) throw cause;
    return parseExactly(text.replaceAll(NO_NUMBER, (part) => (part === "NaN" ? "null" : part.startsWith('"') ? part : `"${part}"`)));
  }
}

/** A text with the colon that makes it a name, or a bracket. */
const NAME_OR_BRACKET = new RegExp(String.raw`(${TEXT})(\s*:)?|[{}[\]]`, "gs");

/** Names of an object that its JSON gives more than once, and how often: of their values JSON.parse keeps the last. */
export function repeatedNames(json: string): [name: string, times: number][] {
  const times = new Map<string, number>();
  let depth = 0;
  for (const [part, text, colon] of json.matchAll(NAME_OR_BRACKET)) {
    if (part === "{" || part === "[") depth++;
    else if (part === "}" || part === "]") depth--;
    else if (depth === 1 && colon !== undefined) {
      const name = JSON.parse(text) as string;
      times.set(name, (times.get(name) ?? 0) + 1);
    }
  }
  return [...times].filter(([, count]) => count > 1);
}

/** Blanks and one token of JSON. */
const TOKEN = new RegExp(
  String.raw`[ \t\r\n]*(?:("[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\x00-\x1f]*)*"|` +
    String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w."'+-])|[{}[\],:]|$)`,
  "y",
);
const UNENDED = /^"[^"\\]*(?:\\.?[^"\\]*)*$/s;
const SHOWN_LETTERS = 20;

/** What is wrong with a text that is no JSON, the same words on every engine. */
export function faultOfJson(text: string): string {
  let depth = 0;
  for (TOKEN.lastIndex = 0; ;) {
    const from = TOKEN.lastIndex;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) {
      const at = from + /^\s*/.exec(text.slice(from, from + SHOWN_LETTERS))![0].length;
      const rest = text.slice(at, at + SHOWN_LETTERS);
      if (UNENDED.test(text.slice(at))) return "it ends within a text";
      return `${JSON.stringify(rest)}${text.length > at + SHOWN_LETTERS ? "…" : ""} at character ${at + 1} is no value`;
    }
    const mark = token.trim();
    if (mark === "") return depth > 0 ? "it ends too early" : "a bracket, a comma or a colon is out of place";
    if (mark === "{" || mark === "[") depth++;
    else if (mark === "}" || mark === "]") depth--;
  }
}
