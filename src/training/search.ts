// Search over hyperparameters by held-out loss: grid, chance, or successive halving,
// all on one engine and the same ratings.

import type { Engine } from "../engine/engine.js";
import { openEngine } from "../engine/open-engine.js";
import { DeviceError, DivergedError, NotPositiveDefiniteError, OptionsError, RatingsError } from "../errors.js";
import {
  checkArguments,
  checkOptions,
  checkUsed,
  FUNCTION,
  hasPart,
  type Kind,
  LIST,
  namesOf,
  oneOf,
  SWITCH,
  wholeFrom,
} from "../options.js";
import { FACTORS } from "../models/hyperparameters.js";
import { heldOutLoss, lossName, type RankingMeasure } from "../models/figures.js";
import { checkModel, definitionOf, HYPERPARAMETER_NAMES, type ModelName, MODELS } from "../models/registry.js";
import type { Precisions } from "../models/parameters.js";
import { type Fingerprint, fingerprintOf } from "../ratings/fingerprint.js";
import { type Ratings, RATINGS_KIND } from "../ratings/ratings.js";
import {
  checkLastUsed,
  HELD_OUT_SHARE,
  kFolds,
  SHARE_KIND,
  type Split,
  SPLIT_KINDS,
  type SplitKind,
  type SplitOptions,
  splitRatings,
} from "../ratings/split.js";
import { howMany, shown } from "../shown.js";
import { biasOnlyAccuracy, comparesToBiases } from "./bias-only.js";
import { type Checkpoint, featureNames, type TrainingIdentity } from "./checkpoint.js";
import { fit, type FitOptions, type FitResult, SHARED_KINDS, type TrainingOptions } from "./fit.js";
import { checkMeasureUsed } from "./ranking-measure.js";
import {
  checkedSpace,
  gridPoints,
  hyperparametersAt,
  type Point,
  randomPoints,
  type SearchSpace,
  type SearchSpaceOf,
} from "./search-space.js";
import { bestSweep, DEFAULT_SWEEPS } from "./stopping.js";

/** How points of the space are chosen, and how long each is trained. */
export type SearchMethod = "grid" | "random" | "halving";

type Shared =
  | "sweeps"
  | "tolerance"
  | "measureBy"
  | "measureEvery"
  | "relevanceThreshold"
  | "patience"
  | "itemFeatures"
  | "userFeatures"
  | "seed"
  | "device"
  | "onNotice"
  | "signal";

/** How to search, whichever model, and what to compare by. */
export interface AnySearchOptions extends Pick<TrainingOptions, Shared> {
  /**
   * "grid" trains at all combinations of values, "random" at `trials` drawn ones. "halving" draws too, trains all for a
   * few sweeps, and only the best share 1/η of them on, for η times as many, from where they stand: Jamieson and
   * Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016. Default "grid".
   */
  readonly method?: SearchMethod | undefined;
  /** Points that "random" and "halving" draw. Default 20. */
  readonly trials?: number | undefined;
  /** η of "halving", a whole number of 2 or more. Default 3. */
  readonly eta?: number | undefined;
  /**
   * Fewest sweeps of the first rung of "halving". Default 4: after fewer, models of few factors lead and are overtaken.
   */
  readonly leastSweeps?: number | undefined;
  /** How many folds to hold out in turn; 0 holds one share out. Default 0. */
  readonly folds?: number | undefined;
  /** What is held out without folds. Default: a random 0.2. */
  readonly holdout?: Pick<SplitOptions, "by" | "share" | "last"> | undefined;
  /**
   * Share set aside first, chosen as `holdout.by` says, which no trial sees: the best point is trained once more on all
   * the rest and measured on it. Default 0.
   */
  readonly test?: number | undefined;
  /**
   * Whether `vb`, which learns its precisions, and the biases alone are trained on the same splits for comparison.
   * Default true, where ratings are predicted.
   */
  readonly alternative?: boolean | undefined;
  /** Called after each training of a trial with the result so far, from which a search can be resumed; awaited. */
  readonly onTrial?: ((trial: Trial, result: SearchResult) => void | Promise<void>) | undefined;
  /** A result so far, of a search with the same plan: its trials are not trained again. */
  readonly resume?: SearchResult | undefined;
}

/** What to search of one model: the values to try of its own hyperparameters and no others. */
export type SearchOptionsOf<M extends ModelName> = AnySearchOptions & { readonly space: SearchSpaceOf<M> } & (M extends "als"
    ? { readonly model?: M | undefined }
    : { readonly model: M });

/** What to search of the model that is named. Default "als". */
export type SearchOptions = { readonly [M in ModelName]: SearchOptionsOf<M> }[ModelName];

const FOLDS_KIND: Kind = {
  must: "0, or 2 or greater",
  holds: (value) => Number.isInteger(value) && (value === 0 || (value as number) >= 2),
};
const RESULT_KIND: Kind = { must: "the result of a search", holds: (value) => hasPart(value, "plan", "trials") };
const SEARCH_NAMES = namesOf<AnySearchOptions & Pick<SearchOptions, "space" | "model">>({
  space: true,
  model: true,
  method: oneOf("grid", "random", "halving"),
  trials: wholeFrom(1),
  eta: wholeFrom(2),
  leastSweeps: wholeFrom(1),
  folds: FOLDS_KIND,
  holdout: true,
  test: SHARE_KIND,
  alternative: SWITCH,
  onTrial: FUNCTION,
  resume: RESULT_KIND,
  ...SHARED_KINDS,
  sweeps: wholeFrom(1),
});
const HOLDOUT_NAMES = namesOf<NonNullable<AnySearchOptions["holdout"]>>({
  by: oneOf(...SPLIT_KINDS),
  share: SHARE_KIND,
  last: wholeFrom(1),
});

/** What decides a search's outcome: two searches with equal plans on equal ratings give equal trials. */
export interface SearchPlan {
  readonly model: ModelName;
  readonly method: SearchMethod;
  readonly space: SearchSpace;
  /** Most sweeps that a trial has had by the end of each rung; a grid and a random search have one rung. */
  readonly rungs: readonly number[];
  readonly eta: number;
  /** Points drawn; null for a grid. */
  readonly trials: number | null;
  readonly folds: number;
  /** Of "last" either a share or a number. */
  readonly holdout: { readonly by: SplitKind; readonly share?: number | undefined; readonly last?: number | undefined };
  readonly test: number;
  readonly seed: number;
  /** Of ranked lists; null where losses are compared. */
  readonly measure: { readonly by: RankingMeasure; readonly every: number; readonly relevanceThreshold: number | null } | null;
  readonly stopping: { readonly tolerance: number | null; readonly patience: number | null };
  /** Names of the features of each side. */
  readonly features: TrainingIdentity["features"];
  readonly data: { readonly users: number; readonly items: number; readonly ratings: number; readonly fingerprint: Fingerprint };
}

/** A trial's training up to the end of a rung. */
export interface Rung {
  /** Mean over the splits of the lowest held-out loss so far: RMSE, log-loss for `logistic`, 1 − a ranking measure. */
  readonly loss: number;
  /** By split: that loss, and the sweep it was measured after. */
  readonly losses: readonly number[];
  readonly bestSweeps: readonly number[];
  /** Sweeps trained so far, over all splits. */
  readonly sweeps: number;
  /** Seconds of these, measuring included. */
  readonly seconds: number;
}

/** A point of the space and what training there came to. */
export interface Trial {
  /** From 0, in the order of the points. */
  readonly number: number;
  readonly point: Point;
  readonly rungs: readonly Rung[];
  /** Why training failed here: it diverged, a system was singular, or it did not fit the device. */
  readonly error?: string | undefined;
}

/** A search so far: whole, it is what it was resumed from too. */
export interface SearchResult {
  readonly plan: SearchPlan;
  /** What the losses are: "RMSE", "log-loss", "1 − nDCG@10" … */
  readonly measure: string;
  readonly trials: readonly Trial[];
  /** Trainings that the plan takes, a trial counting once per rung. */
  readonly planned: number;
  /** Number of the best trial; null while there is none, and when all failed. */
  readonly best: number | null;
  /** `vb` on the same splits: nothing was searched for, its precisions are learned (here those of the first split). */
  readonly alternative?: (Rung & { readonly factors: number; readonly precisions: Precisions }) | undefined;
  /** RMSE of the biases alone on the same splits, mean over them, where trials are compared by RMSE. */
  readonly biasOnly?: number | undefined;
  /** Losses on the share set aside, of trainings on all the rest. */
  readonly test?:
    | {
        readonly ratings: number;
        readonly best: number;
        readonly alternative?: number | undefined;
        readonly biasOnly?: number | undefined;
      }
    | undefined;
  readonly complete: boolean;
}

/**
 * Trains at the points of a space and compares them by held-out loss.
 * The ratings are indexed once per split and uploaded once per engine.
 *
 * The best of many trials looks better on the ratings it was chosen by than it is: `test` tells by how much.
 *
 * @throws OptionsError for a space, plan or result to resume that does not fit;
 *   what `fit` throws, except for failures of single points.
 */
export async function search(ratings: Ratings, given: SearchOptions): Promise<SearchResult> {
  checkArguments("search", { ratings: [ratings, RATINGS_KIND] });
  const { points, ...choices } = searchPlan(given);
  const options = { ...given, onNotice: onceEach(given.onNotice) };
  const { users, items, count } = ratings;
  const plan = { ...choices, data: { users: users.size, items: items.size, ratings: count, fingerprint: fingerprintOf(ratings) } };
  if (options.resume) checkSamePlan(options.resume.plan, plan);
  const { train: rest, heldOut: test } =
    plan.test > 0
      ? splitRatings(ratings, { by: plan.holdout.by, share: plan.test, seed: plan.seed })
      : { train: ratings, heldOut: undefined };
  const splits = plan.folds > 0 ? [...kFolds(rest, plan.folds, plan.seed)] : [splitRatings(rest, { ...plan.holdout, seed: plan.seed })];
  if (splits.some(({ heldOut }) => heldOut.count === 0) || test?.count === 0)
    throw new RatingsError("no rating is held out to search by", { remedy: "hold out a larger share" });
  const { device = "auto" } = options;
  const engine = typeof device === "string" ? await openEngine(device, options.onNotice) : device;
  try {
    return await new Search(plan, points, splits, { rest, test }, engine, options).run();
  } finally {
    if (typeof device === "string") engine.destroy();
  }
}

/** What every training would say is said once. */
function onceEach(notice: SearchOptions["onNotice"]): SearchOptions["onNotice"] {
  const said = new Set<string>();
  return (
    notice &&
    ((text) => {
      if (!said.has(text)) notice(text);
      said.add(text);
    })
  );
}

/** Trials best first: those of more rungs, then by loss, then by number; failed ones last. */
export function rankedTrials(trials: readonly Trial[]): Trial[] {
  checkArguments("rankedTrials", { trials: [trials, LIST] });
  const loss = (trial: Trial): number => trial.rungs.at(-1)?.loss ?? Infinity;
  const rungs = (trial: Trial): number => (trial.error === undefined ? trial.rungs.length : -1);
  return [...trials].sort((a, b) => rungs(b) - rungs(a) || loss(a) - loss(b) || a.number - b.number);
}

/** @throws OptionsError naming the first thing in which a search differs from the one to resume. */
function checkSamePlan(before: SearchPlan, now: SearchPlan): void {
  for (const name of Object.keys(now) as (keyof SearchPlan)[]) {
    if (JSON.stringify(before[name]) === JSON.stringify(now[name])) continue;
    throw new OptionsError(`the search to resume has another plan: its ${name} is ${shown(before[name])}, now it is ${shown(now[name])}`, {
      remedy: "give the same options and ratings, or start a new search",
    });
  }
}

/** @throws OptionsError for an option that has no effect as others are. */
function checkEffects({ method = "grid", folds = 0, ...options }: SearchOptions): void {
  checkUsed("trials", options.trials, method !== "grid", "a grid trains at all its points", 'give method: "random" or "halving"');
  for (const name of ["eta", "leastSweeps"] as const)
    checkUsed(name, options[name], method === "halving", `the method is "${method}"`, 'give method: "halving"');
  for (const name of ["share", "by", "last"] as const)
    checkUsed(name, options.holdout?.[name], folds === 0, "folds are held out", "give folds, or what is held out without them");
}

/**
 * What is planned whatever the ratings are, and the points: so that it can be checked before any are read.
 *
 * @throws OptionsError naming the option and its value, also for a point that the model refuses.
 */
export function searchPlan(options: SearchOptions): Omit<SearchPlan, "data"> & { readonly points: Point[] } {
  checkOptions("search", options, SEARCH_NAMES, (name) =>
    HYPERPARAMETER_NAMES.has(name) ? `"space", where hyperparameters stand with the values to try` : undefined,
  );
  checkOptions("search's holdout", options.holdout === undefined ? {} : options.holdout, HOLDOUT_NAMES);
  const { method = "grid", trials = 20, eta = 3, leastSweeps = 4, folds = 0, holdout = {}, test = 0, seed = 1 } = options;
  const model = checkModel(options.model ?? "als");
  const { measureBy = MODELS[model].measureBy ?? "loss", measureEvery = 1, relevanceThreshold } = options;
  if (MODELS[model].measureBy && measureBy === "loss")
    throw new OptionsError(`${model} predicts no ratings: it has no held-out loss to search by`, {
      remedy: "measure by ndcg, recall or auc",
    });
  const sweeps = options.sweeps ?? MODELS[model].sweeps ?? DEFAULT_SWEEPS;
  checkEffects(options);
  checkMeasureUsed(options, measureBy);
  checkLastUsed(holdout);
  const { by = "random", share = by === "last" ? undefined : HELD_OUT_SHARE, last = 1 } = holdout;
  if (folds === 0 && share !== undefined && !(share > 0 && share < 1))
    throw new OptionsError(`the held-out share is ${share}: it must be above 0 and below 1`);
  const space = checkedSpace(model, options.space);
  const points = method === "grid" ? gridPoints(space) : randomPoints(space, trials, seed);
  const rungs = method === "halving" ? rungsOf(sweeps, leastSweeps, eta, trials) : [sweeps];
  for (const point of points) checkRung(model, point, rungs);
  return {
    points,
    model,
    method,
    space,
    rungs,
    eta,
    trials: method === "grid" ? null : trials,
    folds,
    holdout: share === undefined ? { by, last } : { by, share },
    test,
    seed,
    measure: measureBy === "loss" ? null : { by: measureBy, every: measureEvery, relevanceThreshold: relevanceThreshold ?? null },
    stopping: { tolerance: options.tolerance ?? null, patience: options.patience ?? null },
    features: { users: featureNames(options.userFeatures), items: featureNames(options.itemFeatures) },
  };
}

/** @throws OptionsError where the model refuses a point, or the first rung ends before a sweep that leaves something in it. */
function checkRung(model: ModelName, point: Point, [sweeps, ...later]: readonly number[]): void {
  const h = definitionOf(model).complete(hyperparametersAt(point) as never);
  const first = definitionOf(model).keepsFrom?.(h) ?? 0;
  if (sweeps === 0 || sweeps >= first) return;
  const told = `${later.length > 0 ? "the first round has" : "a trial has"} ${howMany(sweeps, "sweep")} and burnIn is ${first - 1}`;
  throw new OptionsError(`${told}: the models would keep no sample`, {
    remedy:
      later.length > 0 ? `give leastSweeps: ${first} or more, or a shorter burnIn` : `give sweeps: ${first} or more, or a shorter burnIn`,
  });
}

/** Sweeps by the end of each rung: the most, and ever a share 1/η of it, as long as sweeps and trials allow. */
function rungsOf(sweeps: number, leastSweeps: number, eta: number, trials: number): number[] {
  const rungs = [sweeps];
  for (let left = trials; left > 1; left = Math.ceil(left / eta)) {
    const fewer = Math.ceil(rungs[0] / eta);
    if (fewer < leastSweeps || fewer === rungs[0]) break;
    rungs.unshift(fewer);
  }
  return rungs;
}

/** How many trials train in each rung. */
function trialsByRung({ rungs, eta }: SearchPlan, trials: number): number[] {
  let alive = trials;
  return rungs.map((_, rung) => (rung === 0 ? alive : (alive = Math.ceil(alive / eta))));
}

/** A training to the end of a rung, and where it can be gone on from. */
interface Trained {
  readonly result: FitResult;
  readonly checkpoint: Checkpoint | undefined;
}

/** A trial under way: what is recorded of it, and its trainings, by split, where they stand. */
interface Candidate {
  readonly number: number;
  readonly point: Point;
  readonly rungs: Rung[];
  error?: string | undefined;
  /** Absent of a trial that was trained before this search was resumed. */
  trained?: { readonly rung: number; readonly fits: readonly Trained[] } | undefined;
}

class Search {
  readonly #candidates: readonly Candidate[];
  #alternative: SearchResult["alternative"];
  #biasOnly: number | undefined;
  #test: SearchResult["test"];

  constructor(
    readonly plan: SearchPlan,
    points: readonly Point[],
    readonly splits: readonly Split[],
    readonly whole: { readonly rest: Ratings; readonly test: Ratings | undefined },
    readonly engine: Engine,
    readonly options: SearchOptions,
  ) {
    const before = options.resume?.trials ?? [];
    this.#candidates = points.map((point, number) => {
      const known = before.find((trial) => trial.number === number);
      return { number, point, rungs: [...(known?.rungs ?? [])], error: known?.error };
    });
    this.#alternative = options.resume?.alternative;
    this.#biasOnly = options.resume?.biasOnly;
    this.#test = options.resume?.test;
  }

  async run(): Promise<SearchResult> {
    const kept = trialsByRung(this.plan, this.#candidates.length);
    if (this.options.alternative !== false) this.#biasOnly ??= await this.#measureBiases(this.splits);
    let alive = this.#candidates;
    for (let rung = 0; rung < kept.length; rung++) {
      if (rung > 0) alive = this.#survivors(alive, rung - 1, kept[rung]);
      for (const candidate of alive) {
        if (candidate.rungs.length > rung || candidate.error !== undefined) continue;
        await this.#train(candidate, rung);
        if (this.#aborted) return this.#result(false);
        await this.options.onTrial?.(recordOf(candidate), this.#result(false));
      }
    }
    if (this.options.alternative !== false && hasAlternative(this.plan.model)) this.#alternative ??= await this.#trainAlternative();
    if (this.whole.test && !this.#aborted) this.#test ??= await this.#measureTest(this.whole.test);
    const result = this.#result(!this.#aborted);
    this.#noticeUntrained(result);
    return result;
  }

  /** As a training does whose best sweep is the one before the first. */
  #noticeUntrained({ best, trials, measure }: SearchResult): void {
    const sweeps = trials.find(({ number }) => number === best)?.rungs.at(-1)?.bestSweeps ?? [];
    const untrained = sweeps.filter((sweep) => sweep === 0).length;
    if (untrained === 0) return;
    const where = sweeps.length > 1 ? `, on ${untrained} of ${sweeps.length} splits` : "";
    this.options.onNotice?.(
      `trial ${best}, the best, is best at sweep 0${where}: by held-out ${measure} no sweep after it was better than random factors; ` +
        "hold out more, or search other hyperparameters",
    );
  }

  get #aborted(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** The best of a rung; the trainings of the others are let go of. */
  #survivors(alive: readonly Candidate[], rung: number, count: number): Candidate[] {
    const ranked = alive
      .filter(({ error }) => error === undefined)
      .sort((a, b) => a.rungs[rung].loss - b.rungs[rung].loss || a.number - b.number);
    for (const dropped of ranked.splice(count)) dropped.trained = undefined;
    return ranked.sort((a, b) => a.number - b.number);
  }

  /** Trains a candidate to the end of a rung and records it. One of a resumed search repeats the rungs before. */
  async #train(candidate: Candidate, rung: number): Promise<void> {
    try {
      for (let next = (candidate.trained?.rung ?? -1) + 1; next <= rung; next++) {
        const fits: Trained[] = [];
        for (const [at, split] of this.splits.entries()) {
          fits.push(await this.#fitTo(this.plan.rungs[next], split, candidate.point, candidate.trained?.fits[at]));
          if (this.#aborted) return;
        }
        candidate.trained = { rung: next, fits };
      }
      candidate.rungs[rung] = rungOf(
        this.plan.model,
        candidate.trained!.fits.map(({ result }) => result),
      );
    } catch (error) {
      if (!isFailure(error)) throw error;
      candidate.error = error.message;
      candidate.trained = undefined;
    }
    if (this.plan.rungs.length === rung + 1) candidate.trained = undefined;
  }

  async #fitTo(sweeps: number, { train, heldOut }: Split, point: Point, before: Trained | undefined): Promise<Trained> {
    if (before && before.result.stop.reason !== "sweeps") return before;
    let checkpoint: Checkpoint | undefined;
    const result = await fit(train, {
      ...this.#fitOptions(),
      ...hyperparametersAt(point),
      heldOut,
      sweeps,
      // Training goes on from the last sweep; the best one is told from the history.
      keeps: "last",
      resume: before?.checkpoint,
      // Only the last one: of the end of the rung.
      checkpointEvery: Number.MAX_SAFE_INTEGER,
      onCheckpoint: (taken) => void (checkpoint = taken),
    });
    return { result, checkpoint };
  }

  #fitOptions(): FitOptions {
    const { tolerance, patience, measureBy, measureEvery, relevanceThreshold, itemFeatures, userFeatures, signal, onNotice } = this.options;
    const { model, seed } = this.plan;
    const measured = { measureBy, measureEvery, relevanceThreshold };
    return {
      model,
      seed,
      tolerance,
      patience,
      ...measured,
      itemFeatures,
      userFeatures,
      signal,
      onNotice,
      device: this.engine,
      keepSeen: false,
    };
  }

  /** The biases' RMSE, mean over the splits; undefined where trials are compared by something else. */
  async #measureBiases(splits: readonly Split[]): Promise<number | undefined> {
    if (this.plan.measure || !comparesToBiases(this.plan.model)) return undefined;
    const errors: number[] = [];
    for (const { train, heldOut } of splits) {
      if (this.#aborted) return undefined;
      errors.push((await biasOnlyAccuracy(train, heldOut, { device: this.engine })).rmse);
    }
    return mean(errors);
  }

  /** `vb` with the most factors of the space: it prunes those that explain nothing. */
  async #trainAlternative(): Promise<SearchResult["alternative"]> {
    const most = Math.max(...this.#candidates.map(({ point }) => Number(point["factors"] ?? FACTORS.default)));
    const { measureBy, measureEvery, relevanceThreshold } = this.options;
    const measured = { measureBy, measureEvery, relevanceThreshold };
    const shared = { model: ALTERNATIVE, ...measured, factors: most, seed: this.plan.seed, device: this.engine, keepSeen: false } as const;
    const fits: FitResult[] = [];
    for (const { train, heldOut } of this.splits) {
      fits.push(await fit(train, { ...shared, heldOut, signal: this.options.signal }));
      if (this.#aborted) return undefined;
    }
    return { ...rungOf(ALTERNATIVE, fits), factors: most, precisions: fits[0].model.parameters.posterior!.precisions };
  }

  /**
   * Trains on everything but the test share, for as many sweeps as were best in the search:
   * nothing is chosen by the test ratings.
   */
  async #measureTest(heldOut: Ratings): Promise<SearchResult["test"]> {
    const best = this.#best();
    if (!best) return undefined;
    const shared: FitOptions = { ...this.#fitOptions(), heldOut, keeps: "last", earlyStop: false };
    const lossOf = async (rung: Rung, options: FitOptions): Promise<number> => {
      const sweeps = Math.round(mean(rung.bestSweeps));
      const { history } = await fit(this.whole.rest, { ...shared, ...options, sweeps });
      return heldOutLoss(history.at(-1)!)!;
    };
    const alternative = this.#alternative;
    const tested = {
      ratings: heldOut.count,
      biasOnly: this.#biasOnly === undefined ? undefined : await this.#measureBiases([{ train: this.whole.rest, heldOut }]),
      best: await lossOf(best.rungs.at(-1)!, hyperparametersAt(best.point)),
      alternative:
        alternative &&
        (await lossOf(alternative, { model: ALTERNATIVE, factors: alternative.factors, itemFeatures: undefined, userFeatures: undefined })),
    };
    return this.#aborted ? undefined : tested;
  }

  #best(): Trial | undefined {
    const [best] = rankedTrials(this.#candidates);
    return best && best.error === undefined && best.rungs.length > 0 ? best : undefined;
  }

  #result(complete: boolean): SearchResult {
    return {
      plan: this.plan,
      measure: this.plan.measure ? lossName(this.plan.measure.by) : MODELS[this.plan.model].predicts.loss,
      trials: this.#candidates.filter(({ rungs, error }) => rungs.length > 0 || error !== undefined).map(recordOf),
      planned: trialsByRung(this.plan, this.#candidates.length).reduce((sum, count) => sum + count, 0),
      best: this.#best()?.number ?? null,
      alternative: this.#alternative,
      biasOnly: this.#biasOnly,
      test: this.#test,
      complete,
    };
  }
}

/** The model that learns what others are searched for. */
const ALTERNATIVE = "vb";

/** Whether it compares on the same ratings: with other models that predict ratings. */
export const hasAlternative = (model: ModelName): boolean => model !== ALTERNATIVE && comparesToBiases(model);

const recordOf = ({ number, point, rungs, error }: Candidate): Trial =>
  error === undefined ? { number, point, rungs: [...rungs] } : { number, point, rungs: [...rungs], error };

/** A model that is of its last sweep, such as `gibbs`, is compared by that; others by their best. */
function rungOf(model: ModelName, fits: readonly FitResult[]): Rung {
  const bestSweeps = fits.map(({ history, model: { hyperparameters } }) =>
    MODELS[model].keeps === "last" ? history.at(-1)!.sweep : bestSweep(history, MODELS[model].settling?.(hyperparameters as never)),
  );
  const losses = fits.map(({ history }, at) => heldOutLoss(history.find(({ sweep }) => sweep === bestSweeps[at])!)!);
  return {
    loss: mean(losses),
    losses,
    bestSweeps,
    sweeps: fits.reduce((sum, { history }) => sum + history.at(-1)!.sweep, 0),
    seconds: fits.reduce((sum, { history }) => sum + history.at(-1)!.seconds, 0),
  };
}

/** Failures of a point, not of the search. */
function isFailure(error: unknown): error is Error {
  if (error instanceof DeviceError) return error.code === "out-of-memory" || error.code === "device-limit";
  return error instanceof DivergedError || error instanceof NotPositiveDefiniteError;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
