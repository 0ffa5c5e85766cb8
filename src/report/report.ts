// What a report holds: its sections and figures, from runs, their models and ratings, and searches.

import type { DeviceInfo } from "../engine/engine.js";
import { TastespaceError } from "../errors.js";
import { calibration } from "../metrics/calibration.js";
import { heldOutFigure } from "../models/figures.js";
import type { FactorModel, ListedItem } from "../models/factor-model.js";
import type { RawId } from "../ratings/ids.js";
import type { Ratings } from "../ratings/ratings.js";
import { alphaEffect } from "../recommend/alpha-effect.js";
import { genreMap } from "../recommend/genre-map.js";
import { polarizingItems } from "../recommend/polarizing.js";
import type { HistoryEntry, Stop } from "../training/history.js";
import { rankedTrials, type SearchResult } from "../training/search.js";
import { grouped } from "../shown.js";
import { dataFigures } from "./data-figures.js";
import type { Figure } from "./figure.js";
import { alphaFigure, calibrationFigure, genreMapFigure, type Named, polarizingFigure } from "./model-figures.js";
import type { Page, Section, TitledTable } from "./page.js";
import { searchFigures } from "./search-figures.js";
import { trainingFigures } from "./training-figures.js";
import { counted, plain } from "./words.js";

/** A training as its run file tells it, with what else of it could be found. */
export interface ReportRun {
  readonly name: string;
  readonly device: DeviceInfo;
  readonly data: { readonly users: number; readonly items: number; readonly ratings: number; readonly heldOut: number };
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly history: readonly HistoryEntry[];
  readonly stop: Stop;
  readonly biasOnly?: { readonly heldOutRmse: number; readonly heldOutRmseClipped: number } | null | undefined;
  readonly seconds: { readonly train: number };
  readonly model?: FactorModel | undefined;
  /** The ratings that it was measured by. */
  readonly heldOut?: Ratings | undefined;
}

interface ReportInput {
  readonly title: string;
  readonly runs: readonly ReportRun[];
  readonly searches: readonly { readonly name: string; readonly result: SearchResult; readonly command?: string | undefined }[];
  /** All ratings, training and held out. */
  readonly ratings?: Ratings | undefined;
  readonly options: AnalysisOptions;
  readonly footer: string;
}

/** What the figures of a model are made with. */
export interface AnalysisOptions {
  /** Genres on the map. Default: the two farthest apart. */
  readonly genres?: readonly string[] | undefined;
  /** Fewest ratings of an item on the map and among the polarizing. */
  readonly minimumRatings: number;
  /** Ratings of a new user, for whom lists are made. */
  readonly rated: readonly { readonly title: string; readonly value: number }[];
  /** Titles to which similar ones are listed. */
  readonly similar: readonly string[];
  /** α of the lists. */
  readonly alpha: number;
  /** Length of the lists. */
  readonly listed: number;
}

export function reportPage(input: ReportInput): Page {
  const { title, runs, searches, ratings, options, footer } = input;
  const sections: (Section | undefined)[] = [
    runs.length > 0 ? runsSection(runs) : undefined,
    ...searches.map(({ name, result, command }) => searchSection(result, command, searches.length > 1 ? `Search: ${name}` : "Search")),
    ratings && {
      title: "Ratings",
      introduction: `${counted(ratings.count, "rating")} by ${counted(ratings.users.size, "user")} of ${counted(ratings.items.size, "item")}.`,
      figures: dataFigures(ratings),
    },
    ...runs.map((run) => modelSection(run, ratings, options, runs.length > 1)),
  ];
  const kept = sections.filter((section) => section !== undefined);
  const names = [...runs.map((run) => run.name), ...searches.map((search) => search.name)];
  return { title, subtitle: names.join(", "), sections: kept, footer };
}

function runsSection(runs: readonly ReportRun[]): Section {
  const rows = runs.map(({ name, hyperparameters: h, history, stop, biasOnly, device, data, seconds }) => {
    const best = history.find(({ sweep }) => sweep === stop.bestSweep)!;
    const { name: measure, value } = heldOutFigure(best);
    return [
      name,
      String(h["model"]),
      ...["factors", "lambda"].map((key) => (typeof h[key] === "number" ? plain(h[key]) : "–")),
      ...["tau", "gamma"].map((key) => bothSides(h, key)),
      best.trainRmse === null ? "–" : best.trainRmse.toFixed(4),
      value === null ? "–" : `${value.toFixed(4)}${measure === "RMSE" ? "" : ` ${measure}`}`,
      best.heldOutRmseClipped?.toFixed(4) ?? "–",
      biasOnly?.heldOutRmse.toFixed(4) ?? "–",
      `${stop.bestSweep} of ${stop.sweep}`,
      `${grouped(data.ratings)} + ${grouped(data.heldOut)}`,
      // Of a training that was gone on with, the history knows of the sweeps before.
      Math.max(seconds.train, history.at(-1)?.seconds ?? 0).toFixed(2),
      device.kind,
    ];
  });
  const devices = [
    ...new Set(runs.map(({ device: { kind, name, software } }) => (kind === "webgpu" && software ? `${name}, a software driver` : name))),
  ];
  return {
    title: "Training",
    introduction: `Runs side by side. Objectives compare only between runs of the same model on the same ratings; held-out errors only on the same split. Trained on ${devices.join(" and on ")}.`,
    tables: [
      { head: ["run", "model", "K", "λ", "τ", "γ", "train RMSE", "held-out RMSE", "clipped to the scale", "biases alone", "sweep kept", "ratings + held out", "seconds", "device"], rows }, // prettier-ignore
    ],
    figures: trainingFigures(runs.map(({ name, history, stop }) => ({ name, history, bestSweep: stop.bestSweep }))),
  };
}

/** τ or γ: one number when both sides have the same. */
function bothSides(h: Readonly<Record<string, unknown>>, name: string): string {
  const [users, items] = [h[`${name}Users`], h[`${name}Items`]];
  if (typeof users !== "number" || typeof items !== "number") return "–";
  return users === items ? plain(users) : `${plain(users)} / ${plain(items)}`;
}

/** How many of the best trials a table shows. */
const SHOWN_TRIALS = 10;

function searchSection(result: SearchResult, command: string | undefined, title: string): Section {
  const { trials, test, alternative, biasOnly, plan, measure } = result;
  const ranked = rankedTrials(trials);
  const names = Object.keys(plan.space);
  const { by, share, last } = plan.holdout;
  const ofUsers = `the ${share === undefined ? `last ${last}` : `latest share of ${share}`} of every user`;
  const held = by === "last" ? ofUsers : `a held-out share of ${share}`;
  const split = plan.folds > 0 ? `${plan.folds} folds` : held;
  const honest = test
    ? `On the ${counted(test.ratings, "rating")} that no trial saw the best has ${test.best.toFixed(4)}${test.alternative === undefined ? "" : `, vb ${test.alternative.toFixed(4)}`}${typeof test.biasOnly === "number" ? `, the biases alone ${test.biasOnly.toFixed(4)}` : ""}: these are the figures to quote.`
    : "The best of many trials is optimistic on the ratings it was chosen by; a test share that no trial sees would tell by how much.";
  return {
    title,
    introduction: `${counted(trials.length, "trial")} of ${plan.model} (${plan.method}), compared by ${measure} over ${split}. ${honest}${result.complete ? "" : " This search has not ended."}`,
    command,
    tables: [
      {
        head: ["#", ...names, `held-out ${measure}`, "sweeps", "seconds"],
        rows: [
          ...ranked
            .slice(0, SHOWN_TRIALS)
            .map(({ number, point, rungs, error }) => [
              String(number),
              ...names.map((name) => (typeof point[name] === "number" ? plain(point[name]) : String(point[name]))),
              error ?? rungs.at(-1)!.loss.toFixed(4),
              rungs.at(-1)?.sweeps ?? "–",
              rungs.at(-1)?.seconds.toFixed(2) ?? "–",
            ]),
          ...(alternative
            ? [
                [
                  "vb",
                  ...names.map((name) => learned(name, alternative)),
                  alternative.loss.toFixed(4),
                  alternative.sweeps,
                  alternative.seconds.toFixed(2),
                ],
              ]
            : []),
          ...(typeof biasOnly === "number"
            ? [["biases alone", ...names.map((name) => (name === "factors" ? "0" : "–")), biasOnly.toFixed(4), "–", "–"]]
            : []),
        ],
      },
    ],
    figures: searchFigures(result),
  };
}

/** The hyperparameter of `vb` beside a searched one: K, or what it has learned. */
function learned(name: string, { factors, precisions: { lambda, users, items } }: NonNullable<SearchResult["alternative"]>): string {
  const K = users.length - 1;
  const range = (values: readonly number[]): string => {
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => String(Number(value.toPrecision(3))));
    return least === most ? least : `${least}…${most}`;
  };
  if (name === "factors") return String(factors);
  if (name === "lambda") return range([lambda]);
  if (name === "tau" || name === "tauUsers") return K > 0 ? range(users.slice(0, K)) : "–";
  if (name === "gamma") return `${range([users[K]])} / ${range([items[K]])}`;
  if (name === "gammaUsers") return range([users[K]]);
  return name === "gammaItems" ? range([items[K]]) : "–";
}

function modelSection(run: ReportRun, ratings: Ratings | undefined, options: AnalysisOptions, several: boolean): Section | undefined {
  if (!run.model) return undefined;
  const figures = modelFigures(run.model, run.heldOut, ratings, options, { name: run.name, title: several ? `: ${run.name}` : "" });
  const { lists, failure } = listsOf(run.model, options);
  if (failure && !several) throw failure;
  if (figures.length === 0 && lists.length === 0) return undefined;
  const said = `${run.model.model} with K = ${String(run.hyperparameters["factors"])}.`;
  return {
    title: several ? `Model ${run.name}` : "Model",
    introduction: failure ? `${said} Lists cannot be made: ${failure.message}.` : said,
    figures,
    lists,
  };
}

/** Of several models one may not know an item, or not take new users: the others are listed nevertheless. */
function listsOf(model: FactorModel, options: AnalysisOptions): { lists: TitledTable[]; failure?: TastespaceError } {
  try {
    return { lists: modelLists(model, options) };
  } catch (error) {
    if (error instanceof TastespaceError) return { lists: [], failure: error };
    throw error;
  }
}

/** The figures that a model and its ratings suffice for. */
export function modelFigures(
  model: FactorModel,
  heldOut: Ratings | undefined,
  ratings: Ratings | undefined,
  { genres, minimumRatings }: AnalysisOptions,
  named: Named,
): Figure[] {
  const K = model.parameters.factors;
  const enough = model.itemCounts.reduce((sum, count) => sum + Number(count >= minimumRatings), 0);
  const hasGenres = [...model.catalogue.entries()].some((entry) => entry.genres.length > 0);
  const figures: Figure[] = [];
  if (K >= 2 && enough > 2 && hasGenres) figures.push(genreMapFigure(genreMap(model, { genres, minimumRatings }), named));
  if (K > 0 && enough > 2 && ratings) figures.push(polarizingFigure(polarizingItems(model, { minimumRatings }), ratings, named));
  if (K > 0 && model.hasItemBiases) figures.push(alphaFigure(alphaEffect(model), named));
  if (model.knowsSpread && heldOut && heldOut.count > 0) figures.push(calibrationFigure(calibration(model, heldOut), named));
  return figures;
}

/** Items with fewer ratings stand in a list by chance. */
const LISTED_RATINGS = 10;

/** Lists for someone who gave one rating, with α and with the full biases where there are some; and similar items. */
export function modelLists(model: FactorModel, { rated, similar, alpha, listed }: AnalysisOptions): TitledTable[] {
  if (model.parameters.factors === 0) return [];
  const popular = (id: RawId): boolean => model.itemCounts[model.items.indexOf(id)] >= LISTED_RATINGS;
  const titled = (title: string, list: readonly ListedItem[]): TitledTable => {
    const hasGenres = list.some(({ genres }) => genres.length > 0);
    const named = ({ title: name, genres }: ListedItem): string[] => (hasGenres ? [name, genres.join(", ")] : [name]);
    return {
      title,
      head: ["#", "title", ...(hasGenres ? ["genres"] : []), "ratings"],
      rows: list.map((item, at) => [String(at + 1), ...named(item), grouped(item.ratings)]),
    };
  };
  return [
    ...rated.flatMap(({ title, value }) =>
      [...new Set(model.hasItemBiases ? [alpha, 1] : [1])].map((weight) =>
        titled(
          `For someone who gave ${title} ${plain(value)}${model.hasItemBiases ? `, α = ${plain(weight)}` : ""}`,
          model.recommendFor([[model.findItem(title), value]], { n: listed, alpha: weight, filter: popular }),
        ),
      ),
    ),
    ...similar.map((title) => titled(`Most like ${title}`, model.similarItems(model.findItem(title), { n: listed, filter: popular }))),
  ];
}
