// Ranked lists with and without side information, over five splits of each data set: nDCG@10 and AUC of `implicit`, and
// the AUC of titles that are held out whole. Every kind has its own best precision of the factors, of those tried.

import { basename } from "node:path";
import { aucOfScores } from "../src/metrics/ranked-list.js";
import { rankingMetrics } from "../src/metrics/ranking.js";
import type { FactorModel } from "../src/models/factor-model.js";
import { type Csr, csrOf } from "../src/ratings/csr.js";
import { FeatureTable } from "../src/ratings/features.js";
import { heldOutCount, randomMarks, type Split } from "../src/ratings/split.js";
import { priorMeans } from "../src/recommend/prior-means.js";
import { scoreItems } from "../src/recommend/score.js";
import { fit, type FitOptions } from "../src/training/fit.js";
import { openEngine } from "../src/engine/open-engine.js";
import type { BenchOptions } from "./options.js";
import { splitsOf } from "./sides.js";

const RELEVANT = 4;
const TAUS = [10, 20, 40, 80];
const KINDS = ["none", "genres", "users rated", "genres, users rated", "genres, both rated"] as const;
type Kind = (typeof KINDS)[number];
/** Of the titles, those that no training rating is left of. */
const COLD_SHARE = 0.1;

interface Row {
  readonly kind: Kind;
  readonly tau: number;
  readonly ndcg: readonly number[];
  readonly auc: readonly number[];
  readonly seconds: number;
}

export async function sidesRanking({ data, device, splits: wanted, options }: BenchOptions): Promise<object> {
  if (!data) throw new Error("say which data: --data FOLDER,FOLDER, MovieLens folders");
  const engine = await openEngine(device);
  const all: object[] = [];
  for (const folder of data.split(",")) {
    const splits = await splitsOf(folder);
    const trained = async (
      train: Split["train"],
      kind: Kind,
      tau: number,
      seed: number,
    ): Promise<{ model: FactorModel; seconds: number }> => {
      const given = { factors: 10, tauUsers: tau, tauItems: tau, tauFeatures: 20, sweeps: 20, ...options };
      const fitted = await fit(train, {
        model: "implicit",
        ...given,
        ...tablesOf(train, kind),
        measureBy: "loss",
        earlyStop: false,
        seed,
        device: engine,
      } as FitOptions);
      return { model: fitted.model, seconds: fitted.seconds.train };
    };
    console.log(`\n${basename(folder)}, splits ${wanted.join(", ")}: means, K = 10, relevant from ${RELEVANT} stars on`);
    console.log("side information         τ   nDCG@10   spread     AUC  seconds");
    const rows: Row[] = [];
    for (const kind of KINDS) {
      for (const tau of TAUS) {
        const [ndcg, auc]: number[][] = [[], []];
        let seconds = 0;
        for (const number of wanted) {
          const { train, heldOut } = splits[number - 1];
          const { model, seconds: took } = await trained(train, kind, tau, number);
          const metrics = rankingMetrics(model, train, heldOut, { k: 10, relevanceThreshold: RELEVANT });
          ndcg.push(metrics.ndcg);
          auc.push(metrics.auc);
          seconds += took / wanted.length;
        }
        rows.push({ kind, tau, ndcg, auc, seconds });
        console.log(
          `${kind.padEnd(20)}${String(tau).padStart(6)}${mean(ndcg).toFixed(4).padStart(10)}${spread(ndcg).toFixed(4).padStart(9)}${mean(auc).toFixed(4).padStart(8)}${seconds.toFixed(2).padStart(9)}`,
        );
      }
    }
    console.log(`titles without a training rating, ${COLD_SHARE * 100} % of all: AUC among them, 0.5 by chance`);
    const cold: object[] = [];
    for (const kind of ["genres", "genres, users rated"] as const) {
      const best = rows.filter((row) => row.kind === kind).reduce((a, b) => (mean(b.ndcg) > mean(a.ndcg) ? b : a));
      const auc: number[] = [];
      for (const number of wanted) {
        const { train, heldOut } = splits[number - 1];
        const marks = randomMarks(train.items.size, heldOutCount(train.items.size, COLD_SHARE), number);
        const rest = train.select(Uint32Array.from(train.item.keys()).filter((at) => marks[train.item[at]] === 0));
        const { model } = await trained(rest, kind, best.tau, number);
        auc.push(coldAuc(model, marks, [csrOf(train, "users"), csrOf(heldOut, "users")]));
      }
      cold.push({ kind, tau: best.tau, auc });
      console.log(
        `${kind.padEnd(20)}${String(best.tau).padStart(6)}${mean(auc).toFixed(4).padStart(10)}${spread(auc).toFixed(4).padStart(9)}`,
      );
    }
    all.push({ data: basename(folder), splits: wanted, rows, cold });
  }
  const { info } = engine;
  engine.destroy();
  return { engine: info, data: all };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function spread(values: readonly number[]): number {
  const average = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / Math.max(1, values.length - 1));
}

function tablesOf({ catalogue }: Split["train"], kind: Kind): Pick<FitOptions, "itemFeatures" | "userFeatures"> {
  const rated = FeatureTable.ratedSets();
  const ofItems = [...(kind.startsWith("genres") ? [FeatureTable.genres(catalogue)] : []), ...(kind.endsWith("both rated") ? [rated] : [])];
  return {
    ...(ofItems.length > 0 && { itemFeatures: FeatureTable.join(ofItems) }),
    ...(kind.endsWith("rated") && { userFeatures: rated }),
  };
}

/** Mean over users of the AUC of what they like among the marked titles, scored by the prior means of these. */
function coldAuc({ parameters, features, items }: FactorModel, marks: Uint8Array, ratings: readonly Csr[]): number {
  const { factors: K, userFactors } = parameters;
  const [means] = priorMeans(
    parameters,
    features,
    "items",
    items.raw.map((id) => ({ id })),
  )!;
  const cold = {
    factors: K,
    userFactors,
    userBiases: parameters.userBiases,
    itemFactors: new Float32Array(items.size * K),
    itemBiases: new Float32Array(items.size),
  };
  for (let n = 0; n < items.size; n++) cold.itemFactors.set(means.subarray(n * (K + 1), n * (K + 1) + K), n * K);
  const each: number[] = [];
  for (let m = 0; m < ratings[0].count; m++) {
    const liked = ratings.flatMap(({ start, index, value }) =>
      Array.from(index.subarray(start[m], start[m + 1])).filter((n, at) => marks[n] === 1 && value[start[m] + at] >= RELEVANT),
    );
    if (liked.length === 0) continue;
    const scores = scoreItems(userFactors.subarray(m * K, (m + 1) * K), cold, 0);
    each.push(aucOfScores(scores, new Set(liked), (n) => marks[n] === 1));
  }
  return mean(each.filter((value) => !Number.isNaN(value)));
}
