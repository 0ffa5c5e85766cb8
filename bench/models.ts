// Every model on one data set, side by side: held-out RMSE and log density over several seeded splits (or a folder's
// ready-made ones), ranking metrics, seconds. No model sees the held-out ratings: each trains for a fixed number of
// sweeps and is measured after the last.

import { basename } from "node:path";
import { binaryMetrics } from "../src/metrics/binary.js";
import { rankingMetrics } from "../src/metrics/ranking.js";
import { binaryRatings } from "../src/models/binary-ratings.js";
import { logisticHyperparameters } from "../src/models/logistic.js";
import { FeatureTable } from "../src/ratings/features.js";
import type { Split } from "../src/ratings/split.js";
import { fit, type FitOptions } from "../src/training/fit.js";
import type { HistoryEntry } from "../src/training/history.js";
import type { BenchOptions } from "./options.js";
import { splitsOf } from "./sides.js";

const FACTORS = 10;
/** Found by hand on ml-latest-small; the Bayesian models start from their defaults. */
const TUNED = { factors: FACTORS, lambda: 1, tauUsers: 20, tauItems: 20, gammaUsers: 5, gammaItems: 5 } as const;
const POSITIVE = 4;
const NEAR = 0.001;

interface Entry {
  readonly name: string;
  readonly options: FitOptions;
  readonly genres?: boolean;
}

const ENTRIES: readonly Entry[] = [
  { name: "als, biases only", options: { model: "als", factors: 0, sweeps: 20 } },
  { name: "als", options: { model: "als", ...TUNED, sweeps: 20 } },
  { name: "als with genres", options: { model: "als", ...TUNED, tauFeatures: 1, sweeps: 20 }, genres: true },
  { name: "gd", options: { model: "gd", ...TUNED, sweeps: 60 } },
  { name: "sgd", options: { model: "sgd", ...TUNED, sweeps: 40 } },
  { name: "vb diagonal", options: { model: "vb", factors: FACTORS, covariance: "diagonal", sweeps: 20 } },
  { name: "vb full", options: { model: "vb", factors: FACTORS, covariance: "full", sweeps: 20 } },
  { name: "gibbs", options: { model: "gibbs", factors: FACTORS, sweeps: 100 } },
  { name: "logistic", options: { model: "logistic", factors: FACTORS, positiveThreshold: POSITIVE, sweeps: 6 } },
  { name: "implicit", options: { model: "implicit", factors: FACTORS, sweeps: 20, measureBy: "loss" } },
];

interface Result {
  readonly rmse: number | null;
  /** With predictions within the scale of the ratings. */
  readonly clipped: number | null;
  readonly logDensity: number | null;
  readonly auc: number | null;
  readonly ndcg: number;
  readonly recall: number;
  readonly seconds: number;
  /** Seconds of training, with its measurements, until the held-out RMSE was within `NEAR` of its lowest. */
  readonly secondsToBest: number | null;
}

/** Means that stand behind the RMSE of every split, with their digits. */
const MEANS: readonly (readonly [head: string, digits: number, of: (result: Result) => number | null])[] = [
  ["mean", 4, ({ rmse }) => rmse],
  ["clipped", 4, ({ clipped }) => clipped],
  ["log dens.", 4, ({ logDensity }) => logDensity],
  ["AUC", 3, ({ auc }) => auc],
  ["nDCG@10", 4, ({ ndcg }) => ndcg],
  ["recall@10", 4, ({ recall }) => recall],
  ["seconds", 1, ({ seconds }) => seconds],
  [`to best + ${NEAR}`, 2, ({ secondsToBest }) => secondsToBest],
];

export async function models({ data, device, models: asked }: BenchOptions): Promise<object> {
  if (!data) throw new Error("say which data: --data PATH, for example a MovieLens folder");
  const splits = await splitsOf(data);
  const { train } = splits[0];
  console.log(
    `${train.users.size} users, ${train.items.size} items, K = ${FACTORS}, ${splits.length} splits, held-out RMSE after the last sweep`,
  );
  const heads = [...splits.map((_, at) => `split ${at + 1}`), "spread", ...MEANS.map(([head]) => head)];
  const widths = heads.map((head) => Math.max(9, head.length + 2));
  const line = (name: string, cells: readonly string[]): string =>
    name.padEnd(18) + cells.map((text, at) => text.padStart(widths[at])).join("");
  console.log(line("model", heads));
  const rows: object[] = [];
  for (const { name, options, genres } of ENTRIES) {
    if (asked && !asked.includes(name)) continue;
    if (genres && ![...splits[0].train.catalogue.entries()].some(({ genres: of }) => of.length > 0)) {
      console.log(`${name.padEnd(18)}  left out: the data name no genres`);
      continue;
    }
    const results: Result[] = [];
    for (const [at, split] of splits.entries()) results.push(await measured(split, { ...options, seed: at + 1, device }, genres));
    const mean = (of: (result: Result) => number | null): number =>
      results.reduce((sum, result) => sum + (of(result) ?? NaN), 0) / results.length;
    const rmse = mean((result) => result.rmse);
    const spread = Math.sqrt(results.reduce((sum, result) => sum + ((result.rmse ?? NaN) - rmse) ** 2, 0) / (results.length - 1));
    const cell = (value: number | null, digits: number): string => (value === null || Number.isNaN(value) ? "–" : value.toFixed(digits));
    const means = MEANS.map(([, digits, of]) => cell(mean(of), digits));
    console.log(line(name, [...results.map((result) => cell(result.rmse, 4)), cell(spread, 4), ...means]));
    rows.push({ name, options, results });
  }
  return { data: basename(data), device, splits: splits.length, factors: FACTORS, rows };
}

async function measured(split: Split, options: FitOptions, genres = false): Promise<Result> {
  const { train, heldOut } = split;
  const itemFeatures = genres ? FeatureTable.genres(train.catalogue) : undefined;
  const { model, history, seconds } = await fit(train, { ...options, itemFeatures, heldOut, earlyStop: false, keeps: "last" });
  const last = history[history.length - 1];
  const ranking = rankingMetrics(model, train, heldOut, { k: 10, relevanceThreshold: POSITIVE });
  const binary =
    model.model === "logistic" ? binaryRatings(train, heldOut, logisticHyperparameters({ positiveThreshold: POSITIVE }), 1) : undefined;
  return {
    rmse: last.heldOutRmse,
    clipped: last.heldOutRmseClipped ?? null,
    logDensity: last.heldOutLogDensity ?? null,
    auc: binary ? binaryMetrics(model, binary.heldOut!).auc : null,
    ndcg: ranking.ndcg,
    recall: ranking.recall,
    seconds: seconds.train,
    secondsToBest: secondsToBest(history),
  };
}

function secondsToBest(history: readonly HistoryEntry[]): number | null {
  const errors = history.map(({ heldOutRmse }) => heldOutRmse ?? NaN);
  const lowest = Math.min(...errors);
  return history.find((_, at) => errors[at] <= lowest + NEAR)?.seconds ?? null;
}
