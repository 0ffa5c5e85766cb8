// What a search prints: a line for each training as it ends, and at the end the best, vb beside it,
// and a command to copy.

import { rankedTrials, type SearchResult, type Trial } from "../training/search.js";
import { type Choices, DRAWN_DIGITS, type SearchSpace } from "../training/search-space.js";
import { counted } from "../report/words.js";
import type { SearchFlags } from "./search-flags.js";
import { bold, count, countProgress, dim, lineOf, print, seconds, table, terminalWidth, widthOf } from "./terminal.js";
import { typed } from "./hyperparameter-flags.js";
import { bestTrainCommand, readingFlags } from "./train-command.js";

const [BEST, BEST_IN_SHORT] = ["best so far", "best"];

interface Column {
  head: string;
  width: number;
}

/** The columns of the live table, whose rows are not known when its head is printed. */
interface Columns {
  readonly heads: readonly string[];
  readonly widths: readonly number[];
}

/** Columns that fit into so many letters: the padding of the points gives way first, then whatever tells least. */
function liveColumns(space: SearchSpace, measure: string, most: number): Columns {
  const column = (head: string, width: number): Column => ({ head, width: Math.max(width, head.length) });
  const points = Object.keys(space).map((name) => column(name, 10));
  const [trial, sweeps, loss, seconds, remark] = [
    column("trial", 5),
    column("sweeps", 7),
    column(`held-out ${measure}`, 13),
    column("seconds", 9),
    column("", BEST.length),
  ];
  const columns = [trial, ...points, sweeps, loss, seconds, remark];
  const widths = (): number[] => columns.map(({ width }) => width);
  const narrower: [Column, Partial<Column>][][] = [
    Object.values(space).map((choices, at) => [points[at], column(points[at].head, longestOf(choices))]),
    [[seconds, column("seconds", 7)]],
    [[remark, column("", BEST_IN_SHORT.length)]],
    [[seconds, { width: 0 }]],
    [[loss, column(measure, 9)]],
    [[sweeps, { width: 0 }]],
    [[trial, { width: 0 }]],
  ];
  for (const step of narrower) if (widthOf(widths()) > most) for (const [wide, narrow] of step) Object.assign(wide, narrow);
  return { heads: columns.map(({ head }) => head), widths: widths() };
}

/** Letters of the longest value, as far as that can be told of a range. */
function longestOf(choices: Choices): number {
  const texts = "from" in choices ? [choices.from, choices.to].map((end) => end.toPrecision(DRAWN_DIGITS)) : choices.map(String);
  return Math.max(...texts.map(({ length }) => length));
}

/** A line for each training as it ends, under a head; on a terminal a bar below them says how far the search is. */
export function liveTable(
  space: SearchSpace,
  resumed: SearchResult | undefined,
  vb: boolean,
): { show(trial: Trial, sofar: SearchResult): void; stop(): void } {
  const names = Object.keys(space);
  const progress = countProgress("trials");
  let columns: Columns | undefined;
  const numbers = [...Array(names.length + 4).keys()];
  const line = (cells: readonly string[], { widths }: Columns): string => lineOf(cells, widths, numbers);
  const done = ({ trials }: SearchResult): number =>
    trials.reduce((sum, { rungs, error }) => sum + Math.max(rungs.length, Number(error !== undefined)), 0);
  return {
    show(trial, sofar) {
      progress.clear();
      if (!columns) {
        columns = liveColumns(space, sofar.measure, terminalWidth());
        print();
        if (resumed) print(dim(`${done(resumed)} of ${sofar.planned} trainings were done before`));
        print(bold(line(columns.heads, columns)));
      }
      const point = names.map((name) => String(trial.point[name]));
      const rung = trial.rungs.at(-1);
      const figures =
        rung && trial.error === undefined ? [String(rung.sweeps), rung.loss.toFixed(6), rung.seconds.toFixed(2)] : ["–", "failed", "–"];
      const best = columns.widths.at(-1)! < BEST.length ? BEST_IN_SHORT : BEST;
      const text = line([String(trial.number), ...point, ...figures, sofar.best === trial.number ? bold(best) : ""], columns);
      // A sentence is no cell, and stands whole.
      print(trial.error === undefined ? text : `${text}  ${dim(trial.error)}`);
      if (done(sofar) < sofar.planned) progress.update(done(sofar), sofar.planned);
      else if (vb) print(dim("and vb, on the same ratings …"));
    },
    stop: progress.clear,
  };
}

/** How many of the best trials are listed again at the end. */
const LISTED = 5;

export function tell(result: SearchResult, path: string | undefined, flags: SearchFlags): void {
  const { trials, measure, alternative, biasOnly, test, plan } = result;
  const failed = trials.filter(({ error }) => error !== undefined).length;
  print();
  if (!result.complete) {
    print(`interrupted after ${counted(trials.length, "trial")}`);
    print(flags.json ? `${dim("resume")}   the same command with --resume` : dim("with --json FILE, --resume could go on from here"));
  }
  const best = rankedTrials(trials).find(({ error }) => error === undefined);
  if (!best) return print(failed === 1 ? "the one trial failed" : `all ${count(failed)} trials failed`);
  const names = Object.keys(plan.space);
  const spreadOf = (losses: readonly number[]): string =>
    losses.length > 1 ? ` (${Math.min(...losses).toFixed(4)} to ${Math.max(...losses).toFixed(4)})` : "";
  const rows = rankedTrials(trials)
    .slice(0, LISTED)
    .filter(({ error }) => error === undefined)
    .map(({ number: at, point, rungs }, rank) => [
      String(rank + 1),
      String(at),
      ...names.map((name) => String(point[name])),
      rungs.at(-1)!.loss.toFixed(4) + spreadOf(rungs.at(-1)!.losses),
      rungs.at(-1)!.bestSweeps.join(", "),
    ]);
  print(
    table(
      ["#", "trial", ...names, `held-out ${measure}`, "best sweep"],
      rows,
      [...Array(names.length + 3).keys()],
      [names.length + 3, 0, 1],
    ),
  );
  if (failed > 0) print(dim(`${count(failed)} of ${counted(trials.length, "trial")} failed`));
  print();
  const [loss, time] = [best.rungs.at(-1)!.loss, trials.reduce((sum, trial) => sum + (trial.rungs.at(-1)?.seconds ?? 0), 0)];
  print(
    `${dim("best")}     held-out ${measure} ${bold(loss.toFixed(4))} of ${counted(trials.length, "trial")}, searched in ${seconds(time)}`,
  );
  if (biasOnly !== undefined) {
    const verdict = loss < biasOnly ? "" : ": no trial is better";
    print(`${dim("biases")}   alone: held-out ${measure} ${bold(biasOnly.toFixed(4))}${verdict}`);
  }
  if (alternative) {
    const { lambda, users } = alternative.precisions;
    const K = users.length - 1;
    const taus = users.slice(0, K);
    const tau = K > 0 ? `, τ ${Math.min(...taus).toPrecision(3)} to ${Math.max(...taus).toPrecision(3)}` : "";
    print(
      `${dim("vb")}       held-out ${measure} ${bold(alternative.loss.toFixed(4))} with K = ${alternative.factors}, no search: it learned λ ${lambda.toPrecision(3)}${tau}, in ${seconds(alternative.seconds)}`,
    );
  }
  if (test) {
    const other = test.alternative === undefined ? "" : `, vb ${bold(test.alternative.toFixed(4))}`;
    const biases = typeof test.biasOnly === "number" ? `, biases alone ${test.biasOnly.toFixed(4)}` : "";
    print(
      `${dim("test")}     on ${counted(test.ratings, "rating")} that no trial saw: best ${bold(test.best.toFixed(4))}${other}${biases}`,
    );
  } else {
    print(
      dim(`         The best of ${count(trials.length)} is optimistic on the ratings it was chosen by; --test 0.1 measures it on others.`),
    );
  }
  print(`${dim("train")}    ${trainCommand(result, path, flags)}`);
}

/** Flags that mean the same to train. */
const SHARED = [
  "holdout",
  "holdoutBy",
  "holdoutLast",
  "sweeps",
  "tolerance",
  "patience",
  "measureBy",
  "measureEvery",
  "relevanceThreshold",
] as const;

/** The best as a command line, with what every trial shared. */
function trainCommand(result: SearchResult, path: string | undefined, flags: SearchFlags): string {
  const shared = [
    ...(flags.itemFeatures ? [`--item-features ${flags.itemFeatures}`] : []),
    ...(flags.userFeatures ? [`--user-features ${flags.userFeatures}`] : []),
    ...SHARED.flatMap((name) => (flags[name] === undefined ? [] : [`${typed(name)} ${flags[name]}`])),
  ];
  return bestTrainCommand(result, path, [...readingFlags(flags), ...shared, "--out model.safetensors"])!;
}

export function trialRows({ trials, plan, measure, alternative, biasOnly }: SearchResult): (string | number)[][] {
  const names = Object.keys(plan.space);
  const rows = trials.map(({ number: at, point, rungs, error }) => {
    const rung = rungs.at(-1);
    return [
      at,
      ...names.map((name) => String(point[name])),
      rung?.loss ?? "",
      rung?.bestSweeps.join(" ") ?? "",
      rung?.sweeps ?? "",
      rung?.seconds ?? "",
      error ?? "",
    ];
  });
  const vb = alternative && [
    "vb",
    ...names.map((name) => (name === "factors" ? alternative.factors : "")),
    alternative.loss,
    alternative.bestSweeps.join(" "),
    alternative.sweeps,
    alternative.seconds,
    "",
  ];
  const biases = typeof biasOnly === "number" && [
    "biases alone",
    ...names.map((name) => (name === "factors" ? 0 : "")),
    biasOnly,
    "",
    "",
    "",
    "",
  ];
  const loss = `held-out ${measure}`;
  return [
    ["trial", ...names, loss, "best sweeps", "sweeps", "seconds", "error"],
    ...rows,
    ...(vb ? [vb] : []),
    ...(biases ? [biases] : []),
  ];
}
