// Figures of a trained model: a map of genres with the features in it, polarizing items, what α does,
// and how far its intervals hold.

import type { Calibration } from "../metrics/calibration.js";
import { ratingHistogram, ratingScale, ratingsOfItem } from "../ratings/popularity.js";
import type { Ratings } from "../ratings/ratings.js";
import type { AlphaEffect } from "../recommend/alpha-effect.js";
import type { GenreMap, MappedItem } from "../recommend/genre-map.js";
import type { ItemLength, PolarizingItems } from "../recommend/polarizing.js";
import type { Figure } from "./figure.js";
import { type Labelled, placeLabels } from "./labels.js";
import { colour, seriesColour } from "./palette.js";
import { figure, type LegendEntry, Plot } from "./plot.js";
import { counted, plain, shortTitle } from "./words.js";

/** Of a run: what its figures' names and titles are told apart by. */
export interface Named {
  readonly name: string;
  readonly title: string;
}

const MAP = { width: 760, height: 560, left: 50, right: 16, top: 28, bottom: 44, fontSize: 11 };
const LABEL_LETTERS = 34;

export function genreMapFigure(map: GenreMap, run: Named): Figure {
  const inner = { width: MAP.width - MAP.left - MAP.right, height: MAP.height - MAP.top - MAP.bottom };
  const all = [...map.features, ...map.items, { x: 0, y: 0 }];
  const [x, y] = [paddedRange(all.map((point) => point.x)), paddedRange(all.map((point) => point.y))];
  const scaleX = (value: number): number => ((value - x[0]) / (x[1] - x[0])) * inner.width;
  const scaleY = (value: number): number => ((y[1] - value) / (y[1] - y[0])) * inner.height;
  // Features are few and name regions: they are titled first.
  const points: Labelled[] = [
    ...map.features.map((feature) => ({ x: scaleX(feature.x), y: scaleY(feature.y), text: feature.name, bold: true })),
    ...map.items.map((item) => ({ x: scaleX(item.x), y: scaleY(item.y), text: shortTitle(item.title, LABEL_LETTERS) })),
  ];
  const labels = placeLabels(points, inner, MAP.fontSize).map((label) => ({
    ...label,
    x: x[0] + (label.x / inner.width) * (x[1] - x[0]),
    y: y[1] - (label.y / inner.height) * (y[1] - y[0]),
    text: points[label.at].text,
    feature: label.at < map.features.length,
  }));
  const ink = ({ genre }: MappedItem): string => seriesColour(map.genres.indexOf(genre));
  const legend: LegendEntry[] = map.genres.map((genre, at) => ({ label: genre, colour: seriesColour(at), kind: "dot" }));
  if (map.features.length > 0) legend.push({ label: "feature", colour: colour("ink"), kind: "cross" });
  const axis = (at: 0 | 1): string =>
    map.direct ? `factor ${at + 1}` : `principal axis ${at + 1}, ${Math.round(100 * map.shares[at])} % of the variance`;
  const texts = (anchor: "start" | "end" | "middle", feature: boolean): Plot.Markish =>
    Plot.text(
      labels.filter((label) => label.anchor === anchor && label.feature === feature),
      {
        x: "x",
        y: "y",
        text: "text",
        textAnchor: anchor,
        fontSize: MAP.fontSize,
        fill: colour(feature ? "ink" : "muted"),
        fontWeight: feature ? 700 : 400,
      },
    );
  return figure({
    name: `map-${run.name}`,
    title: `Map of ${map.genres.join(" and ")}${run.title}`,
    description: `${counted(map.items.length, "item")} by their factors${map.direct ? "" : ", along the first two principal axes"}${map.features.length > 0 ? `, with the factors of ${counted(map.features.length, "feature")}` : ""}. Items near each other please the same people; the origin pleases all alike.`,
    table: {
      head: ["item or feature", "genre", "ratings", "x", "y"],
      rows: [
        ...map.items.map((item) => [item.title, item.genre, item.ratings, item.x.toFixed(4), item.y.toFixed(4)]),
        ...map.features.map((feature) => [feature.name, "feature", "–", feature.x.toFixed(4), feature.y.toFixed(4)]),
      ],
    },
    legend,
    plot: {
      width: MAP.width,
      height: MAP.height,
      marginLeft: MAP.left,
      marginRight: MAP.right,
      marginTop: MAP.top,
      marginBottom: MAP.bottom,
      x: { domain: x, label: `${axis(0)} →`, ticks: 6 },
      y: { domain: y, label: `↑ ${axis(1)}`, ticks: 6 },
      marks: [
        Plot.ruleX([0], { stroke: colour("rule") }),
        Plot.ruleY([0], { stroke: colour("rule") }),
        Plot.dot(map.items, {
          x: "x",
          y: "y",
          r: 4,
          fill: ink,
          title: (item: MappedItem) => `${item.title}: ${counted(item.ratings, "rating")}`,
        }),
        Plot.dot(map.features, { x: "x", y: "y", r: 4.5, symbol: "times", stroke: colour("ink"), strokeWidth: 2, title: "name" }),
        ...([true, false] as const).flatMap((feature) => (["start", "end", "middle"] as const).map((anchor) => texts(anchor, feature))),
      ],
    },
  });
}

function paddedRange(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = 0.08 * (most - least || 1);
  return [least - margin, most + margin];
}

/** Rating histograms of the most and the least polarizing items, side by side. */
export function polarizingFigure({ most, least }: PolarizingItems, ratings: Ratings, run: Named, shown = 6): Figure {
  const scale = ratingScale(ratings.value);
  const label = ({ from }: { from: number }): string => plain(from);
  const columns = ["most polarizing", "least polarizing"] as const;
  const rows = [most, least].flatMap((items, column) =>
    items.slice(0, shown).flatMap((item, row) => {
      const bins = ratingHistogram(ratingsOfItem(ratings, ratings.items.indexOf(item.id)), scale);
      const total = bins.reduce((sum, { count }) => sum + count, 0);
      return bins.map((bin) => ({ column: columns[column], row, value: label(bin), share: bin.count / total, item }));
    }),
  );
  // Above the bars there is room for the title of each item.
  const HEADROOM = 1.5;
  const highest = Math.max(...rows.map(({ share }) => share));
  const heads = [most, least].flatMap((items, column) =>
    items.slice(0, shown).map((item, row) => ({ column: columns[column], row, item })),
  );
  const named = (items: readonly ItemLength[]): string =>
    items
      .slice(0, 3)
      .map(({ title }) => title)
      .join(", ");
  return figure({
    name: `polarizing-${run.name}`,
    title: `Most and least polarizing items${run.title}`,
    description: `How the ratings of the items with the longest and the shortest factors are spread. Most polarizing: ${named(most)}; least: ${named(least)}.`,
    table: {
      head: ["", "item", "|v|", "ratings"],
      rows: [most, least].flatMap((items, column) =>
        items.map(({ title, length, ratings: count }) => [columns[column], title, length.toFixed(3), count]),
      ),
    },
    plot: {
      width: 760,
      height: 92 + 92 * Math.min(shown, most.length),
      marginLeft: 44,
      marginRight: 8,
      marginTop: 40,
      marginBottom: 44,
      x: { label: "rating", domain: scale.map(label), tickSize: 0 },
      y: { label: "share of its ratings", ticks: 2, tickFormat: "%", grid: true, domain: [0, HEADROOM * highest] },
      fx: { label: null, domain: [...columns], padding: 0.08 },
      fy: { axis: null, padding: 0.1 },
      marks: [
        Plot.barY(rows, {
          x: "value",
          y: "share",
          fx: "column",
          fy: "row",
          fill: ({ column }: { column: string }) => seriesColour(columns.indexOf(column as (typeof columns)[number])),
        }),
        Plot.text(heads, {
          fx: "column",
          fy: "row",
          frameAnchor: "top-left",
          dy: 3,
          text: ({ item }: { item: ItemLength }) => `${shortTitle(item.title, 42)}  |v| ${item.length.toFixed(2)}`,
        }),
        Plot.ruleY([0]),
      ],
    },
  });
}

export function alphaFigure(effect: readonly AlphaEffect[], run: Named): Figure {
  const rows = effect.map((point) => ({ ...point, label: plain(point.alpha) }));
  const [first, last] = [effect[0], effect.at(-1)!];
  const inWords = ({ alpha, items, meanBias, medianRatings }: AlphaEffect): string =>
    `at α = ${plain(alpha)}, ${counted(items, "different item")} of mean bias ${meanBias.toFixed(2)}, half of them with ${counted(medianRatings, "rating")} or more`;
  return figure({
    name: `alpha-${run.name}`,
    title: `What α does to recommendations${run.title}`,
    description: `Ten items each for many users, ranked by u·v + α b: ${inWords(first)}; ${inWords(last)}. The larger α, the more all users are given what everybody likes. Above the bars, the mean bias of the listed items.`,
    table: {
      head: ["α", "different items", "mean bias", "median ratings", "share of the most rated tenth"],
      rows: effect.map(({ alpha, items, meanBias, medianRatings, shareOfPopular }) => [
        alpha,
        items,
        meanBias.toFixed(3),
        medianRatings,
        shareOfPopular.toFixed(3),
      ]),
    },
    plot: {
      marginLeft: 52,
      x: { label: "α, weight of the item biases", domain: rows.map(({ label }) => label), tickSize: 0 },
      y: { label: "↑ different items listed", grid: true, domain: [0, 1.12 * Math.max(...rows.map(({ items }) => items))] },
      marks: [
        Plot.barY(rows, { x: "label", y: "items", fill: colour("series-1"), insetLeft: 4, insetRight: 4 }),
        Plot.text(rows, {
          x: "label",
          y: "items",
          dy: -8,
          text: ({ meanBias }: AlphaEffect) => (meanBias < 0 ? "−" : "+") + Math.abs(meanBias).toFixed(2),
        }),
        Plot.ruleY([0]),
      ],
    },
  });
}

export function calibrationFigure({ points, ratings, meanSquare }: Calibration, run: Named): Figure {
  const at90 = points.find(({ level }) => level === 0.9);
  return figure({
    name: `calibration-${run.name}`,
    title: `Calibration of the intervals${run.title}`,
    description: `Of ${counted(ratings, "held-out rating")}${at90 ? `, ${(100 * at90.covered).toFixed(1)} % lie in their 90 % intervals` : ""}; the mean square of (r − r̂) / deviation is ${meanSquare.toFixed(3)}, where 1 is right. On the diagonal, intervals hold what they promise; above it they are too wide.`,
    table: { head: ["level", "share within"], rows: points.map(({ level, covered }) => [level, covered.toFixed(4)]) },
    plot: {
      width: 400,
      height: 380,
      marginLeft: 54,
      x: { domain: [0, 1], label: "promised share →", tickFormat: "%", grid: true, ticks: 5 },
      y: { domain: [0, 1], label: "↑ share of held-out ratings within", tickFormat: "%", grid: true, ticks: 5 },
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: colour("muted"), strokeDasharray: "4 3" },
        ),
        Plot.line(points, { x: "level", y: "covered", stroke: colour("series-1"), strokeWidth: 2 }),
        Plot.dot(points, { x: "level", y: "covered", r: 4, fill: colour("series-1") }),
      ],
    },
  });
}
