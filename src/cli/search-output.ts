// What a search prints: a line for each training as it ends, and at the end the best, vb beside it,
// and a command to copy.

import { rankedTrials, type SearchResult, type Trial } from "../training/search.js";
import type { SearchSpace } from "../training/search-space.js";
import { counted } from "../report/words.js";
import type { SearchFlags } from "./search-flags.js";
import { bold, count, countProgress, dim, print, seconds, table } from "./terminal.js";
import { typed } from "./hyperparameter-flags.js";
import { bestTrainCommand, readingFlags } from "./train-command.js";

const WIDTHS = { number: 5, cell: 10, loss: 13, time: 9 };

/** A line for each training as it ends, under a head; on a terminal a bar below them says how far the search is. */
export function liveTable(
  space: SearchSpace,
  resumed: SearchResult | undefined,
  vb: boolean,
): { show(trial: Trial, sofar: SearchResult): void; stop(): void } {
  const names = Object.keys(space);
  const widths = names.map((name) => Math.max(WIDTHS.cell, name.length));
  const line = (number: string, point: readonly string[], sweeps: string, loss: string, time: string): string =>
    [
      number.padStart(WIDTHS.number),
      ...point.map((cell, at) => cell.padStart(widths[at])),
      sweeps.padStart(7),
      loss.padStart(WIDTHS.loss),
      time.padStart(WIDTHS.time),
    ].join("  ");
  const progress = countProgress("trials");
  let begun = false;
  const done = ({ trials }: SearchResult): number =>
    trials.reduce((sum, { rungs, error }) => sum + Math.max(rungs.length, Number(error !== undefined)), 0);
  return {
    show(trial, sofar) {
      progress.clear();
      if (!begun) {
        print();
        if (resumed) print(dim(`${done(resumed)} of ${sofar.planned} trainings were done before`));
        print(bold(line("trial", names, "sweeps", `held-out ${sofar.measure}`, "seconds")));
        begun = true;
      }
      const point = names.map((name) => String(trial.point[name]));
      const rung = trial.rungs.at(-1);
      const figures =
        rung && trial.error === undefined ? [String(rung.sweeps), rung.loss.toFixed(6), rung.seconds.toFixed(2)] : ["–", "failed", "–"];
      const text = line(String(trial.number), point, figures[0], figures[1], figures[2]);
      const remark = sofar.best === trial.number ? bold("best so far") : dim(trial.error ?? "");
      print(`${text}  ${remark}`.trimEnd());
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
    table(["#", "trial", ...names, `held-out ${measure}`, "best sweep"], rows, [
      0,
      1,
      ...names.map((_, at) => at + 2),
      names.length + 2,
    ]).replace(/^\n/, ""),
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
