// Live curves of a training: errors, and the objective, one point per sweep.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { HistoryEntry } from "../src/index.js";
import { colourOf } from "./theme.js";

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly width: number;
  of(entry: HistoryEntry): number | null | undefined;
}

const ERRORS: readonly Line[] = [
  { label: "training ratings", colour: "--curve-train", width: 1.5, of: ({ trainLogLoss, trainRmse }) => trainLogLoss ?? trainRmse },
  {
    label: "held-out ratings",
    colour: "--curve-held-out",
    width: 2.5,
    of: ({ heldOutLogLoss, heldOutRmse }) => heldOutLogLoss ?? heldOutRmse,
  },
];
const OBJECTIVE: readonly Line[] = [
  { label: "per sweep", colour: "--curve-objective", width: 2, of: ({ elbo, objective }) => elbo ?? objective },
];

/** After so many sweeps the start, which is far off, no longer sets the scale. */
const SETTLED = 3;

/** The charts of one training; a chart that the model has no figures for is not shown. */
export class Curves {
  readonly #host: HTMLElement;
  #charts: { chart: uPlot; lines: readonly Line[]; plot: HTMLElement; readout: HTMLElement }[] = [];
  #history: readonly HistoryEntry[] = [];

  constructor(host: HTMLElement) {
    this.#host = host;
    new ResizeObserver(() => this.#fit()).observe(host);
  }

  /** Starts anew. @param sweeps the most there can be. */
  start(first: HistoryEntry, sweeps: number): void {
    this.#charts.forEach(({ chart }) => chart.destroy());
    this.#host.replaceChildren();
    const isLoss = first.trainLogLoss !== undefined;
    this.#charts = [];
    if (isLoss || first.trainRmse !== null) {
      const about = isLoss ? "how surprised it is by likes and dislikes, by sweep" : "how far it is off, in the ratings' unit, by sweep";
      this.#add(isLoss ? "Log-loss" : "Error (RMSE)", about, ERRORS, sweeps);
    }
    if (first.elbo === undefined)
      this.#add("Objective, falling", "misfit and size of all factors, which training lowers", OBJECTIVE, sweeps);
    else this.#add("Evidence (ELBO), rising", "how well it explains the ratings, less what it had to assume", OBJECTIVE, sweeps);
    // With one chart less, the others are wider.
    this.#fit();
  }

  update(history: readonly HistoryEntry[]): void {
    this.#history = history;
    for (const { chart, lines } of this.#charts) {
      chart.setData([history.map(({ sweep }) => sweep), ...lines.map((line) => history.map((entry) => line.of(entry) ?? null))]);
    }
  }

  /** Draws again, in the colours of the theme. */
  redraw(): void {
    this.#charts.forEach(({ chart }) => chart.redraw());
  }

  #fit(): void {
    for (const { chart, plot } of this.#charts) chart.setSize({ width: plot.clientWidth, height: plot.clientHeight });
  }

  #add(title: string, about: string, lines: readonly Line[], sweeps: number): void {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const readout = document.createElement("span");
    const explained = document.createElement("small");
    explained.textContent = about;
    const plot = document.createElement("div");
    plot.className = "plot";
    plot.setAttribute("aria-hidden", "true");
    caption.append(title, explained, readout);
    figure.append(caption, plot);
    this.#host.append(figure);
    const chart = new uPlot(
      {
        width: plot.clientWidth,
        height: plot.clientHeight,
        legend: { show: false },
        cursor: { y: false, points: { size: 7 } },
        scales: { x: { time: false, range: () => [0, Math.max(sweeps, 1)] }, y: { range: () => this.#range(lines) } },
        axes: [
          { ...axis(), size: 24 },
          { ...axis(), size: 52, values: (_, ticks) => ticks.map(compact) },
        ],
        series: [
          {},
          ...lines.map((line): uPlot.Series => ({
            stroke: () => colourOf(`var(${line.colour})`),
            width: line.width,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [({ cursor }) => this.#read(readout, lines, cursor.idx)] },
      },
      [[]],
      plot,
    );
    // A GPU that is busy training may lose what a canvas holds.
    chart.ctx.canvas.addEventListener("contextrestored", () => chart.redraw());
    this.#charts.push({ chart, lines, plot, readout });
    this.#read(readout, lines, null);
  }

  /** A legend, with the figures of the sweep under the cursor. */
  #read(readout: HTMLElement, lines: readonly Line[], at: number | null | undefined): void {
    const entry = typeof at === "number" ? this.#history[at] : undefined;
    readout.replaceChildren(
      ...lines.flatMap((line) => {
        const key = document.createElement("i");
        key.style.background = `var(${line.colour})`;
        const value = entry && line.of(entry);
        return [key, typeof value === "number" ? `${line.label} ${compact(value)}` : line.label];
      }),
    );
  }

  #range(lines: readonly Line[]): [number, number] {
    const shown = this.#history.length > SETTLED ? this.#history.slice(1) : this.#history;
    const values = shown.flatMap((entry) => lines.map((line) => line.of(entry)).filter((value) => typeof value === "number"));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (!Number.isFinite(low)) return [0, 1];
    const margin = (high - low || Math.abs(high) || 1) * 0.08;
    return [low - margin, high + margin];
  }
}

/** What all axes have in common. */
export const axis = (): uPlot.Axis => ({
  stroke: () => colourOf("var(--muted)"),
  grid: { stroke: () => colourOf("var(--line)"), width: 1 },
  ticks: { show: false },
  font: "11px system-ui, sans-serif",
  gap: 4,
});

/** Four digits that matter. */
export function compact(value: number): string {
  if (Math.abs(value) >= 100_000) return Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 }).format(value);
  return Intl.NumberFormat("en", { maximumSignificantDigits: 4 }).format(value);
}
