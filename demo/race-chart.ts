// The curves of a race: the error of every engine over its own seconds, on one axis of time.

import uPlot from "uplot";
import type { Course } from "./comparison.js";
import { axis, compact } from "./curves.js";
import { nameOf } from "./device-text.js";
import { colourOf } from "./theme.js";

/** Of the entrants in the order in which they run. Dashes tell the lines apart without colours. */
const LINES = [
  { colour: "--curve-held-out", dash: [] },
  { colour: "--curve-train", dash: [8, 4] },
  { colour: "--curve-objective", dash: [2, 4] },
] as const;
/** An engine's start has no place on a logarithmic axis: its first sweep has. */
const LEAST_SECONDS = 1e-4;

export class RaceChart {
  readonly #host: HTMLElement;
  #chart: uPlot | undefined;
  #courses: readonly Course[] = [];

  constructor(host: HTMLElement) {
    this.#host = host;
    new ResizeObserver(() => this.#chart?.setSize(this.#size())).observe(host);
  }

  show(courses: readonly Course[]): void {
    const isNew =
      courses.length !== this.#courses.length || courses.some(({ device }, at) => device.name !== this.#courses[at].device.name);
    this.#courses = courses;
    if (isNew) this.#build();
    this.#chart!.setData(this.#data());
  }

  redraw(): void {
    this.#chart?.redraw();
  }

  #size = (): { width: number; height: number } => ({ width: this.#host.clientWidth, height: 190 });

  #data(): uPlot.AlignedData {
    const tables = this.#courses.map(({ seconds, errors }): uPlot.AlignedData => {
      const from = seconds.findIndex((value) => value > LEAST_SECONDS);
      return from < 0 ? [[], []] : [seconds.slice(from), errors.slice(from)];
    });
    return tables.length === 1 ? tables[0] : uPlot.join(tables);
  }

  #build(): void {
    this.#chart?.destroy();
    const key = document.createElement("p");
    key.className = "race-key";
    key.append(
      ...this.#courses.flatMap(({ device }, at) => {
        const line = document.createElement("i");
        line.style.borderTop = `3px ${at === 0 ? "solid" : at === 1 ? "dashed" : "dotted"} var(${LINES[at].colour})`;
        const name = document.createElement("span");
        name.append(line, nameOf(device));
        return name;
      }),
    );
    const plot = document.createElement("div");
    plot.setAttribute("aria-hidden", "true");
    this.#host.replaceChildren(key, plot);
    const seconds = (value: number): string => (value >= 1 ? `${value} s` : `${Math.round(value * 1000)} ms`);
    this.#chart = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, distr: 3 } },
        axes: [
          {
            ...axis(),
            size: 26,
            values: (_, ticks) => ticks.map((tick) => (/^[15]0*$/.test(String(Math.round(tick * 1e4))) ? seconds(tick) : "")),
          },
          { ...axis(), size: 52, values: (_, ticks) => ticks.map(compact) },
        ],
        series: [
          {},
          ...this.#courses.map((_, at): uPlot.Series => ({
            stroke: () => colourOf(`var(${LINES[at].colour})`),
            width: 2.5,
            dash: [...LINES[at].dash],
            spanGaps: true,
            points: { show: true, size: 7 },
          })),
        ],
      },
      [[]],
      plot,
    );
  }
}
