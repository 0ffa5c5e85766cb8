// Figures of ratings: the histogram of the scale, how many each user and item has, and the most rated items.

import { mostRated, ratingHistogram, ratingsOfEach } from "../ratings/popularity.js";
import { expectedAtLeast, frequencies, type PowerLaw, powerLaw } from "../ratings/power-law.js";
import type { Ratings } from "../ratings/ratings.js";
import { grouped } from "../shown.js";
import type { Figure } from "./figure.js";
import { colour } from "./palette.js";
import { figure, Plot } from "./plot.js";
import { counted, plain, shortTitle } from "./words.js";

export function dataFigures(ratings: Ratings): Figure[] {
  return [histogramFigure(ratings), activityFigure(ratings, "users"), activityFigure(ratings, "items"), mostRatedFigure(ratings)];
}

function histogramFigure(ratings: Ratings): Figure {
  const bins = ratingHistogram(ratings.value);
  const label = ({ from, to }: { from: number; to: number }): string => (from === to ? plain(from) : `${plain(from)}–${plain(to)}`);
  const { mean } = ratings.statistics();
  const most = bins.reduce((best, bin) => (bin.count > best.count ? bin : best));
  return figure({
    name: "rating-histogram",
    title: "Ratings by value",
    description: `${counted(ratings.count, "rating")}, mean ${mean.toFixed(2)}; the most frequent value is ${label(most)}, given ${counted(most.count, "time")}.`,
    table: { head: ["rating", "ratings"], rows: bins.map((bin) => [label(bin), bin.count]) },
    plot: {
      marginLeft: 64,
      x: { label: "rating", domain: bins.map(label), tickSize: 0 },
      y: { label: "↑ ratings", grid: true, tickFormat: grouped },
      marks: [Plot.barY(bins, { x: label, y: "count", fill: colour("series-1"), insetLeft: 1, insetRight: 1 }), Plot.ruleY([0])],
    },
  });
}

/**
 * How many users (or items) have at least so many ratings, with the power law of the tail.
 * The numbers of exactly so many, which the law is about, scatter too much to be looked at where they are few.
 */
function activityFigure(ratings: Ratings, side: "users" | "items"): Figure {
  const counts = ratingsOfEach(ratings, side).filter((count) => count > 0);
  let left = counts.length;
  const points = frequencies(counts).map(([ratingsOfOne, exactly]) => {
    left -= exactly;
    return { ratings: ratingsOfOne, exactly, atLeast: left + exactly };
  });
  const law = powerLaw(counts);
  const one = side === "users" ? "user" : "item";
  const sorted = counts.slice().sort();
  return figure({
    name: `ratings-by-${one}`,
    title: `Ratings of each ${one}`,
    description: `How many ${side} have at least so many ratings, both axes logarithmic: from ${sorted[0]} to ${grouped(sorted.at(-1)!)}, median ${sorted[sorted.length >> 1]}. ${lawInWords(law)}`,
    table: {
      head: ["ratings", `${side} with so many`, "with at least so many"],
      rows: points.map((point) => [point.ratings, point.exactly, point.atLeast]),
    },
    legend: law && [{ label: `power law: numbers of ${side} ∝ ratings^−${law.exponent.toFixed(2)}`, colour: colour("series-2") }],
    plot: {
      marginLeft: 58,
      x: { type: "log", label: `ratings of one ${one} →`, grid: true, ...logTicks(points.map((point) => point.ratings)) },
      y: { type: "log", label: `↑ ${side} with at least as many`, grid: true, ...logTicks(points.map((point) => point.atLeast)) },
      marks: [
        Plot.dot(points, { x: "ratings", y: "atLeast", r: 2.5, fill: colour("series-1") }),
        ...(law ? [Plot.line(lawLine(law, sorted.at(-1)!), { x: "x", y: "y", stroke: colour("series-2"), strokeWidth: 2.5 })] : []),
      ],
    },
  });
}

function lawInWords(law: PowerLaw | undefined): string {
  if (!law) return "They are too few to tell a power law.";
  const { exponent, standardError, from, tail, distance } = law;
  return `From ${counted(from, "rating")} on (${grouped(tail)} in this tail), the likeliest power law has the slope −${exponent.toFixed(2)} ± ${standardError.toFixed(2)}, and its cumulative one, drawn here, one less steep; the largest distance between the two is ${distance.toFixed(3)}.`;
}

/** The law from where it begins to the largest number, or to where it expects less than half of one. */
function lawLine(law: PowerLaw, most: number): { x: number; y: number }[] {
  const STEPS = 40;
  return Array.from({ length: STEPS + 1 }, (_, step) => law.from * (most / law.from) ** (step / STEPS))
    .map((x) => ({ x, y: expectedAtLeast(law, x) }))
    .filter(({ y }) => y >= 0.5);
}

/** The powers of ten among the values, written out. */
function logTicks(values: readonly number[]): { ticks: number[]; tickFormat: (value: number) => string } {
  const [least, most] = [Math.ceil(Math.log10(Math.min(...values))), Math.floor(Math.log10(Math.max(...values)))];
  const decades = Array.from({ length: Math.max(0, most - least + 1) }, (_, at) => 10 ** (least + at));
  return { ticks: decades, tickFormat: grouped };
}

function mostRatedFigure(ratings: Ratings, n = 20): Figure {
  const items = mostRated(ratings, n);
  return figure({
    name: "most-rated",
    title: `The ${items.length} most rated items`,
    description: `${items[0].title} leads with ${counted(items[0].ratings, "rating")}. The number in a bar is the mean of the item's ratings.`,
    table: { head: ["item", "ratings", "mean"], rows: items.map((item) => [item.title, item.ratings, item.mean.toFixed(2)]) },
    plot: {
      height: 52 + 20 * items.length,
      marginLeft: 210,
      marginTop: 8,
      x: { label: "ratings →", grid: true },
      y: { label: null, domain: items.map(({ title }) => title), tickFormat: (title: string) => shortTitle(title, 30), tickSize: 0 },
      marks: [
        Plot.barX(items, { x: "ratings", y: "title", fill: colour("series-1"), insetTop: 2, insetBottom: 2 }),
        Plot.text(items, {
          x: "ratings",
          y: "title",
          text: ({ mean }: { mean: number }) => mean.toFixed(2),
          textAnchor: "end",
          dx: -5,
          fill: colour("ground"),
        }),
      ],
    },
  });
}
