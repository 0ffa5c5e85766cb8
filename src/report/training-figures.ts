// Figures of trainings, several runs overlaid: errors, objectives and bounds against sweeps and seconds.

import type { HistoryEntry } from "../training/history.js";
import type { Figure } from "./figure.js";
import { colour, DASHES, isChained, seriesColour } from "./palette.js";
import { figure, type LegendEntry, Plot } from "./plot.js";
import { plain } from "./words.js";

/** A run, as much as its curves need. */
interface TrainingCurve {
  readonly name: string;
  readonly history: readonly HistoryEntry[];
  /** The sweep that the model is of. */
  readonly bestSweep: number;
}

interface CurvePoint {
  readonly run: string;
  readonly sweep: number;
  readonly seconds: number;
  readonly value: number;
  readonly part: string;
}

type Measure = (entry: HistoryEntry) => number | null | undefined;

/** One line of each run in a figure. */
interface Part {
  readonly part: string;
  readonly measure: Measure;
  readonly dashed?: boolean;
}

const RMSE: readonly Part[] = [
  { part: "train", measure: ({ trainRmse }) => trainRmse, dashed: true },
  { part: "held-out", measure: ({ heldOutRmse }) => heldOutRmse },
];
const LOG_LOSS: readonly Part[] = [
  { part: "train", measure: ({ trainLogLoss }) => trainLogLoss, dashed: true },
  { part: "held-out", measure: ({ heldOutLogLoss }) => heldOutLogLoss },
];
const LISTS: readonly Part[] = [
  { part: "nDCG@10", measure: ({ heldOutNdcg }) => heldOutNdcg },
  { part: "recall@10", measure: ({ heldOutRecall }) => heldOutRecall, dashed: true },
];
const AUC: readonly Part[] = [{ part: "AUC", measure: ({ heldOutAuc }) => heldOutAuc }];
const OBJECTIVE: readonly Part[] = [{ part: "objective", measure: (entry) => (entry.elbo === undefined ? entry.objective : null) }];
const ELBO: readonly Part[] = [{ part: "ELBO", measure: ({ elbo }) => elbo }];
const DENSITY: readonly Part[] = [{ part: "held-out log density", measure: ({ heldOutLogDensity }) => heldOutLogDensity }];

/** Every figure that at least one of the runs has numbers for. */
export function trainingFigures(runs: readonly TrainingCurve[]): Figure[] {
  const figures = [
    { parts: RMSE, name: "rmse", title: "RMSE", y: "RMSE, rating units" },
    { parts: LOG_LOSS, name: "log-loss", title: "Log-loss", y: "log-loss, nats" },
    { parts: LISTS, name: "lists", title: "Held-out lists", y: "nDCG@10 and recall@10" },
    { parts: AUC, name: "auc", title: "Held-out AUC", y: "AUC of unseen items" },
    { parts: OBJECTIVE, name: "objective", title: "Objective", y: "objective" },
    { parts: ELBO, name: "elbo", title: "ELBO", y: "ELBO, nats" },
    { parts: DENSITY, name: "log-density", title: "Held-out log density", y: "log density, nats a rating" },
  ];
  return figures
    .flatMap(({ parts, name, title, y }) => [
      curves(runs, parts, { name: `${name}-by-sweep`, title: `${title} by sweep`, x: "sweep", y }),
      curves(runs, parts, { name: `${name}-by-seconds`, title: `${title} by time`, x: "seconds", y }),
    ])
    .filter((made) => made !== undefined);
}

interface Axes {
  readonly name: string;
  readonly title: string;
  readonly x: "sweep" | "seconds";
  readonly y: string;
}

function curves(runs: readonly TrainingCurve[], parts: readonly Part[], { name, title, x, y }: Axes): Figure | undefined {
  const pointsOf = (run: TrainingCurve, { part, measure }: Part): CurvePoint[] =>
    run.history.flatMap((entry) => {
      const value = measure(entry);
      return typeof value === "number" ? [{ run: run.name, sweep: entry.sweep, seconds: entry.seconds, value, part }] : [];
    });
  const lines = runs.flatMap((run, at) =>
    parts.map((part) => ({ run, part, ink: seriesColour(at), points: pointsOf(run, part) })).filter(({ points }) => points.length > 0),
  );
  if (lines.length === 0) return undefined;
  const shown = runs.filter((run) => lines.some((line) => line.run === run));
  // The first sweeps from random factors are far off: they would press the rest flat.
  const [bottom, top] = shownRange(lines.map(({ points }) => points.map(({ value }) => value)));
  const kept = lines.flatMap(({ run, part, ink, points }) =>
    part.dashed ? [] : points.filter(({ sweep }) => sweep === run.bestSweep).map((point) => ({ ...point, ink })),
  );
  const dash = lines.some(({ part }) => part.dashed);
  const legend: LegendEntry[] = shown.map((run) => ({
    label: run.name,
    colour: seriesColour(runs.indexOf(run)),
    kind: isChained(runs.indexOf(run)) ? "chained" : "line",
  }));
  if (dash) legend.push({ label: "train (solid: held out)", colour: colour("muted"), kind: "dashed" });
  return figure({
    name,
    title,
    description: `${inWords(kept, shown.length, y)}The dot is the sweep whose parameters the model has.`,
    table: {
      head: ["run", x, ...parts.map(({ part }) => part)],
      rows: shown.flatMap((run) =>
        run.history.map((entry) => [
          run.name,
          x === "sweep" ? entry.sweep : entry.seconds.toFixed(3),
          ...parts.map(({ measure }) => numberOr(measure(entry))),
        ]),
      ),
    },
    legend,
    plot: {
      marginLeft: 76,
      x: { label: x === "sweep" ? "sweep →" : "seconds of training →", grid: true, ...(x === "sweep" && { interval: 1, ticks: 8 }) },
      y: { label: `↑ ${y}`, grid: true, domain: [bottom, top], clamp: true },
      marks: [
        ...lines.map(({ run, points, part, ink }) => {
          const dashes = part.dashed ? DASHES.dashed : isChained(runs.indexOf(run)) ? DASHES.chained : undefined;
          return Plot.line(points, { x, y: "value", stroke: ink, strokeWidth: part.dashed ? 1.5 : 2, strokeDasharray: dashes });
        }),
        Plot.dot(kept, {
          x,
          y: "value",
          r: 4,
          fill: "ink",
          stroke: colour("ground"),
          strokeWidth: 1.5,
          title: ({ run, value }: CurvePoint) => `${run}: ${plain(value)}`,
        }),
      ],
    },
  });
}

/** From the least to the greatest value, that before the first sweep left out where sweeps follow; with a margin. */
function shownRange(lines: readonly (readonly number[])[]): [number, number] {
  const values = lines.flatMap((line) => (line.length > 2 ? line.slice(1) : line));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = (most - least || Math.abs(most) || 1) * 0.05;
  return [least - margin, most + margin];
}

function inWords(kept: readonly CurvePoint[], runs: number, y: string): string {
  if (kept.length === 0) return "";
  const best = kept.map(({ run, value, sweep }) => `${run} ${plain(value)} at sweep ${sweep}`);
  return `${runs === 1 ? "One run" : `${runs} runs`}; ${y.replace(/,.*/, "")}: ${best.join("; ")}. `;
}

const numberOr = (value: number | null | undefined): number | string => (typeof value === "number" ? Number(value.toPrecision(7)) : "–");
