// Figures of a search: held-out loss over each hyperparameter that was varied,
// with the best trial and what `vb` reaches without a search.

import { BOTH_SIDES } from "../models/hyperparameters.js";
import { entriesOf } from "../models/registry.js";
import { rankedTrials, type SearchResult, type Trial } from "../training/search.js";
import type { Figure } from "./figure.js";
import { colour } from "./palette.js";
import { figure, type LegendEntry, Plot } from "./plot.js";
import { capital, counted, plain } from "./words.js";

/** A hyperparameter as the formulas write it, and what it is: "τ, precision of the factors". */
function labelOf(name: string): string {
  const said = Object.hasOwn(BOTH_SIDES, name) ? BOTH_SIDES[name] : entriesOf(name)[0]?.entry;
  return said ? `${said.symbol ?? name}, ${said.about}` : name;
}

/** A figure for every hyperparameter of which at least two numbers were tried. */
export function searchFigures(result: SearchResult): Figure[] {
  const done = result.trials.filter(({ rungs, error }) => rungs.length > 0 && error === undefined);
  const varied = Object.keys(result.plan.space).filter((name) => {
    const values = new Set(done.map(({ point }) => point[name]));
    return values.size > 1 && [...values].every((value) => typeof value === "number");
  });
  return varied.map((name) => overHyperparameter(result, done, name));
}

interface Dot {
  readonly value: number;
  readonly loss: number;
  readonly trial: Trial;
}

const UNITS: Readonly<Record<string, string>> = { RMSE: ", rating units", "log-loss": ", nats" };

const lossOf = (trial: Trial): number => trial.rungs.at(-1)!.loss;

function overHyperparameter(result: SearchResult, trials: readonly Trial[], name: string): Figure {
  const dots: Dot[] = trials.map((trial) => ({ value: Number(trial.point[name]), loss: lossOf(trial), trial }));
  const [best] = rankedTrials(trials);
  const rungs = best.rungs.length;
  const whole = dots.filter(({ trial }) => trial.rungs.length === rungs);
  const dropped = dots.filter(({ trial }) => trial.rungs.length < rungs);
  const values = dots.map(({ value }) => value);
  const log = Math.min(...values) > 0 && Math.max(...values) >= 8 * Math.min(...values);
  const [bottom, top] = lossRange(dots, result.alternative?.loss);
  const symbol = labelOf(name);
  const measure = `held-out ${result.measure}`;
  const joined = bestByValue(whole);
  const legend: LegendEntry[] = [
    { label: "trial", colour: colour("series-1"), kind: "dot" },
    ...(dropped.length > 0 ? [{ label: "dropped early", colour: colour("muted"), kind: "dot" as const }] : []),
    ...(joined.length > 0 ? [{ label: "best at a value", colour: colour("series-1") }] : []),
    { label: "best", colour: colour("series-2"), kind: "dot" },
    ...(result.alternative ? [{ label: "vb, learned", colour: colour("series-3"), kind: "dashed" as const }] : []),
  ];
  const said = ({ trial, loss }: Dot): string => `${pointInWords(trial)}: ${loss.toFixed(4)}`;
  return figure({
    name: `search-${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    title: `${capital(measure)} over ${symbol.replace(/,.*/, "")}`,
    description: `${counted(dots.length, "trial")}; the best, ${lossOf(best).toFixed(4)}, is at ${pointInWords(best)}.${result.alternative ? ` vb, which learns its precisions, reaches ${result.alternative.loss.toFixed(4)}.` : ""} Dots on the upper edge lie above it.`,
    table: { head: [name, measure, "trial"], rows: dots.map(({ value, loss, trial }) => [value, loss.toFixed(6), pointInWords(trial)]) },
    legend,
    plot: {
      marginLeft: 58,
      x: { type: log ? "log" : "linear", label: `${symbol} →`, grid: true, nice: !log, ...ticksOf(values, log) },
      y: {
        label: `↑ ${measure}${UNITS[result.measure] ?? ""}`,
        grid: true,
        domain: [bottom, top],
        clamp: true,
      },
      marks: [
        ...(result.alternative
          ? [Plot.ruleY([result.alternative.loss], { stroke: colour("series-3"), strokeWidth: 2, strokeDasharray: "5 4" })]
          : []),
        Plot.line(joined, { x: "value", y: "loss", stroke: colour("series-1"), strokeOpacity: 0.5, strokeWidth: 2 }),
        Plot.dot(dropped, { x: "value", y: "loss", r: 3, stroke: colour("muted"), title: said }),
        Plot.dot(whole, { x: "value", y: "loss", r: 3.5, fill: colour("series-1"), fillOpacity: 0.8, title: said }),
        Plot.dot([dots.find(({ trial }) => trial === best)!], { x: "value", y: "loss", r: 6, fill: colour("series-2"), title: said }),
      ],
    },
  });
}

const pointInWords = ({ point }: Pick<Trial, "point">): string =>
  Object.entries(point)
    .map(([name, value]) => `${name} ${typeof value === "number" ? plain(value) : value}`)
    .join(", ");

/** The lowest loss at each of a few values; of as many values as trials a line would only join chance. */
function bestByValue(dots: readonly Dot[]): Dot[] {
  const best = new Map<number, Dot>();
  for (const dot of dots) if (dot.loss < (best.get(dot.value)?.loss ?? Infinity)) best.set(dot.value, dot);
  return best.size <= dots.length / 2 ? [...best.values()].sort((a, b) => a.value - b.value) : [];
}

/** From the best loss up to the middle one and as far again twice over: bad trials do not press the good ones flat. */
function lossRange(dots: readonly Dot[], alternative: number | undefined): [number, number] {
  const losses = dots.map(({ loss }) => loss).sort((a, b) => a - b);
  const [least, middle, most] = [losses[0], losses[losses.length >> 1], losses.at(-1)!];
  const bottom = Math.min(least, alternative ?? Infinity);
  const top = Math.max(Math.min(most, least + 3 * (middle - least)), alternative ?? 0, least * 1.001);
  return [bottom - 0.06 * (top - bottom), top + 0.03 * (top - bottom)];
}

function ticksOf(values: readonly number[], log: boolean): object {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  if (distinct.length <= 10) return { ticks: distinct, tickFormat: plain };
  return log ? { tickFormat: plain, ticks: 5 } : {};
}
