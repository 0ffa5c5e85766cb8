// The command line that trains at a point: what a search tells its user to copy.

import type { Point } from "../training/search-space.js";
import type { SearchResult } from "../training/search.js";

/** A hyperparameter's flag: tauUsers is --tau-users. */
export const flagOf = (hyperparameter: string): string =>
  `--${hyperparameter.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export function trainCommandAt(
  point: Point,
  { model, seed }: Pick<SearchResult["plan"], "model" | "seed">,
  path: string | undefined,
  more: readonly string[] = [],
): string {
  const flags = Object.entries(point).flatMap(([name, value]) => {
    if (typeof value !== "boolean") return [`${flagOf(name)} ${value}`];
    return value ? [] : [flagOf(`no-${name}`)];
  });
  const place = path === undefined ? [] : [/[^\w./~-]/.test(path) ? `"${path}"` : path];
  return ["tastespace train", ...place, `--model ${model}`, ...flags, `--seed ${seed}`, ...more].join(" ");
}

/** That of a search's best trial; undefined while there is none. */
export function bestTrainCommand(result: SearchResult, path: string | undefined, more?: readonly string[]): string | undefined {
  const best = result.trials.find(({ number }) => number === result.best);
  return best && trainCommandAt(best.point, result.plan, path, more);
}
