// The command line that trains at a point: what a search tells its user to copy.

import type { Point } from "../training/search-space.js";
import type { SearchResult } from "../training/search.js";
import { flagOf, typed } from "./hyperparameter-flags.js";
import type { DataFlags } from "./options.js";

/** The flags by which ratings were read, as they were typed. */
export function readingFlags(flags: DataFlags): string[] {
  const { delimiter, header, userColumn, itemColumn, ratingColumn, timeColumn, weightColumn } = flags;
  const { layout, missing, scale, duplicates, encoding, items } = flags;
  const given = { delimiter, userColumn, itemColumn, ratingColumn, timeColumn, weightColumn, layout, missing, scale: scale?.join(":"), duplicates, encoding, items }; // prettier-ignore
  const switches = [
    ...(header === undefined ? [] : [header ? "--header" : "--no-header"]),
    ...(flags.skipBadRows ? ["--skip-bad-rows"] : []),
    ...(flags.sort ? ["--sort"] : []),
  ];
  const quoted = (text: string): string => (/[^\w./:~-]/.test(text) ? `"${text}"` : text);
  return [
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`${typed(name)} ${quoted(value)}`])),
    ...switches,
  ];
}

function trainCommandAt(
  point: Point,
  { model, seed }: Pick<SearchResult["plan"], "model" | "seed">,
  path: string | undefined,
  more: readonly string[] = [],
): string {
  const flags = Object.entries(point).flatMap(([name, value]) => {
    if (typeof value !== "boolean") return [`${flagOf(name)} ${value}`];
    return value ? [] : [typed(`no-${name}`)];
  });
  const place = path === undefined ? [] : [/[^\w./~-]/.test(path) ? `"${path}"` : path];
  return ["tastespace train", ...place, `--model ${model}`, ...flags, `--seed ${seed}`, ...more].join(" ");
}

/** That of a search's best trial; undefined while there is none. */
export function bestTrainCommand(result: SearchResult, path: string | undefined, more?: readonly string[]): string | undefined {
  const best = result.trials.find(({ number }) => number === result.best);
  return best && trainCommandAt(best.point, result.plan, path, more);
}
