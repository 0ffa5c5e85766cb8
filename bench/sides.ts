// Models with and without side information, over five splits of each data set: held-out RMSE, clipped to the scale and
// not, and seconds. No model sees the held-out ratings: each trains for its own number of sweeps and is measured after
// the last, as it would be saved.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { FeatureTable } from "../src/ratings/features.js";
import { fileSource, readPath } from "../src/ratings/files.js";
import { readFeatures } from "../src/ratings/read-features.js";
import { type Split, splitRatings } from "../src/ratings/split.js";
import { calibration } from "../src/metrics/calibration.js";
import { fit, type FitOptions } from "../src/training/fit.js";
import { openEngine } from "../src/engine/open-engine.js";
import type { BenchOptions } from "./options.js";

const SEEDS = [1, 2, 3, 4, 5];
const PRESET_SPLITS = ["u1", "u2", "u3", "u4", "u5"];

/** Kinds of side information, by what they are called in the tables. */
const SIDES = ["none", "genres", "genres, users rated", "genres, both rated", "all"] as const;
type Sides = (typeof SIDES)[number];

const MODELS: Readonly<Record<string, FitOptions>> = {
  als: { model: "als", factors: 10, tauUsers: 20, tauItems: 20, tauFeatures: 40, gammaUsers: 5, gammaItems: 5, sweeps: 15 },
  vb: { model: "vb", factors: 10, sweeps: 20 },
  gibbs: { model: "gibbs", factors: 10, sweeps: 80 },
};

interface Result {
  readonly rmse: number;
  readonly clipped: number;
  /** Of predictions averaged over all draws, of `gibbs`; else the model's own. */
  readonly averaged: number | null;
  readonly logDensity: number | null;
  /** Shares of held-out ratings in their intervals, of models that have some. */
  readonly within50: number | null;
  readonly within90: number | null;
  readonly seconds: number;
  /** Of all threads: what `seconds` would be on one core that nobody else uses. */
  readonly processorSeconds: number;
}

export async function sides({ data, device, models, sides: wantedSides, splits: wanted, options }: BenchOptions): Promise<object> {
  if (!data) throw new Error("say which data: --data FOLDER,FOLDER, MovieLens folders");
  const engine = await openEngine(device);
  const all: object[] = [];
  for (const folder of data.split(",")) {
    const splits = await splitsOf(folder);
    const users = await userTable(folder);
    const [{ train }] = splits;
    console.log(`\n${basename(folder)}: ${train.users.size} users, ${train.items.size} items, splits ${wanted.join(", ")}`);
    console.log("held-out RMSE clipped to the scale, after the last sweep, as saved");
    console.log(
      `${"model".padEnd(8)}${"side information".padEnd(22)}${wanted.map((number) => `split ${number}`.padStart(9)).join("")}     mean  spread  unclipped  all draws  in 50 %  in 90 %  seconds  processor s`,
    );
    for (const [name, given] of Object.entries(MODELS)) {
      if (models && !models.includes(name)) continue;
      for (const kind of SIDES) {
        if (wantedSides && !wantedSides.includes(kind)) continue;
        if (kind === "all" && !users) continue;
        const results: Result[] = [];
        for (const number of wanted) {
          const result = await measured(
            splits[number - 1],
            { ...given, ...options, seed: number, device: engine } as FitOptions,
            kind,
            users,
          );
          process.stderr.write(`${basename(folder)} ${name} ${kind} split ${number}: ${result.clipped.toFixed(4)}\n`);
          results.push(result);
        }
        const row = { data: basename(folder), model: name, kinds: kind, options: { ...given, ...options }, splits: wanted, results };
        all.push(row);
        print(name, kind, results);
      }
    }
  }
  const { info } = engine;
  engine.destroy();
  return { engine: info, rows: all };
}

function print(name: string, kind: string, results: readonly Result[]): void {
  const mean = (of: (result: Result) => number | null): number =>
    results.reduce((sum, result) => sum + (of(result) ?? NaN), 0) / results.length;
  const clipped = mean((result) => result.clipped);
  const spread = Math.sqrt(results.reduce((sum, result) => sum + (result.clipped - clipped) ** 2, 0) / Math.max(1, results.length - 1));
  const values = [
    clipped,
    spread,
    mean(({ rmse }) => rmse),
    mean(({ averaged }) => averaged),
    mean(({ within50 }) => within50),
    mean(({ within90 }) => within90),
  ];
  const cells = values.map((value, at) => (Number.isNaN(value) ? "–" : value.toFixed(at < 4 ? 4 : 3)).padStart([9, 8, 11, 11, 9, 9][at]));
  console.log(
    `${name.padEnd(8)}${kind.padEnd(22)}${results.map((result) => result.clipped.toFixed(4).padStart(9)).join("")}${cells.join("")}${mean(
      ({ seconds }) => seconds,
    )
      .toFixed(2)
      .padStart(9)}${mean(({ processorSeconds }) => processorSeconds)
      .toFixed(2)
      .padStart(13)}`,
  );
}

async function measured({ train, heldOut }: Split, options: FitOptions, kind: Sides, users: FeatureTable | undefined): Promise<Result> {
  const rated = FeatureTable.ratedSets();
  const genres = kind === "none" ? [] : [FeatureTable.genres(train.catalogue)];
  const ofItems = kind === "genres, both rated" || kind === "all" ? [...genres, rated] : genres;
  const ofUsers = kind === "none" || kind === "genres" ? [] : kind === "all" ? [users!, rated] : [rated];
  const before = process.cpuUsage();
  const { model, history, seconds } = await fit(train, {
    ...options,
    ...(ofItems.length > 0 && { itemFeatures: FeatureTable.join(ofItems) }),
    ...(ofUsers.length > 0 && { userFeatures: FeatureTable.join(ofUsers) }),
    heldOut,
    earlyStop: false,
    keeps: "last",
  } as FitOptions);
  const { user, system } = process.cpuUsage(before);
  let [squares, clipped] = [0, 0];
  for (let at = 0; at < heldOut.count; at++) {
    const predicted = model.predictAt(heldOut.user[at], heldOut.item[at]);
    squares += (predicted - heldOut.value[at]) ** 2;
    clipped += (model.clipped(predicted) - heldOut.value[at]) ** 2;
  }
  const last = history[history.length - 1];
  const points = model.knowsSpread ? calibration(model, heldOut, [0.5, 0.9]).points : [];
  return {
    rmse: Math.sqrt(squares / heldOut.count),
    clipped: Math.sqrt(clipped / heldOut.count),
    averaged: last.heldOutRmse,
    logDensity: last.heldOutLogDensity ?? null,
    within50: points[0]?.covered ?? null,
    within90: points[1]?.covered ?? null,
    seconds: seconds.upload + seconds.train,
    processorSeconds: (user + system) / 1e6,
  };
}

/** The folder's table of users, when it has one. */
async function userTable(folder: string): Promise<FeatureTable | undefined> {
  const path = ["u.user", `${basename(folder)}.user`].map((name) => join(folder, name)).find(existsSync);
  return path === undefined ? undefined : await readFeatures(await fileSource(path));
}

/** The folder's ready-made splits when it has them, else one random split per seed. */
export async function splitsOf(folder: string): Promise<Split[]> {
  const ready: Split[] = [];
  for (const split of PRESET_SPLITS) {
    const read = await readPath(folder, { split }).catch(() => undefined);
    if (read?.heldOut) ready.push({ train: read.ratings, heldOut: read.heldOut });
  }
  if (ready.length === PRESET_SPLITS.length) return ready;
  const { ratings } = await readPath(folder);
  return SEEDS.map((seed) => splitRatings(ratings, { share: 0.2, seed }));
}
