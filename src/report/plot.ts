// The one door to Observable Plot, and to the document it draws in where there is no browser:
// options and marks in, markup out.

import domino from "@mixmark-io/domino";
import * as Plot from "@observablehq/plot";
import { escaped, type Figure, type FigureTable } from "./figure.js";
import { colour, DASHES } from "./palette.js";

export { Plot };

const document = domino.createDocument("", true);

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  /** Default: a line. */
  readonly kind?: "line" | "dashed" | "chained" | "dot" | "cross" | undefined;
}

interface FigureParts {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly table: FigureTable;
  readonly legend?: readonly LegendEntry[] | undefined;
  readonly plot: Plot.PlotOptions;
}

const WIDTH = 480;
const HEIGHT = 320;
const FONT_SIZE = 12;
/** Mean width of a letter, em. Text cannot be measured without a browser. */
const LETTER_EM = 0.58;
const LEGEND_LINE = 18;

export const textWidth = (text: string, size = FONT_SIZE): number => text.length * size * LETTER_EM;

/** Draws a figure: a legend, the plot below it, and title and description for screen readers. */
export function figure({ name, title, description, table, legend = [], plot }: FigureParts): Figure {
  const width = plot.width ?? WIDTH;
  const plotHeight = plot.height ?? HEIGHT;
  const rows = legendRows(legend, width);
  const legendHeight = rows.length === 0 ? 0 : rows.length * LEGEND_LINE + 6;
  const height = plotHeight + legendHeight;
  const drawn = Plot.plot({ marginTop: 30, marginBottom: 44, ...plot, width, height: plotHeight, document });
  const id = `figure-${name}`;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${id}-title ${id}-description" class="figure" width="${width}" height="${height}"`,
    ` viewBox="0 0 ${width} ${height}" fill="currentColor" font-family="system-ui, sans-serif" font-size="${FONT_SIZE}" text-anchor="middle" color="${colour("ink")}">`,
    `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-description">${escaped(description)}</desc>`,
    `${legendMarkup(rows)}<g transform="translate(0,${legendHeight})">`,
    shortened(
      Array.from(drawn.children)
        .filter(({ tagName }) => tagName !== "style")
        .map((child) => child.outerHTML)
        .join(""),
    ),
    "</g></svg>",
  ].join("");
  return { name, title, description, svg, width, height, table };
}

/** Coordinates in hundredths of a pixel: the rest is bytes. */
const shortened = (svg: string): string => svg.replaceAll(/<[^>]+>/g, (tag) => tag.replaceAll(/(\.\d\d)\d+/g, "$1"));

interface PlacedEntry extends LegendEntry {
  readonly x: number;
}

const SWATCH = 18;
const GAP = 14;

function legendRows(legend: readonly LegendEntry[], width: number): PlacedEntry[][] {
  const rows: PlacedEntry[][] = [];
  let x = Infinity;
  for (const entry of legend) {
    const needed = SWATCH + 6 + textWidth(entry.label) + GAP;
    if (x + needed > width) {
      rows.push([]);
      x = 8;
    }
    rows.at(-1)!.push({ ...entry, x });
    x += needed;
  }
  return rows;
}

function legendMarkup(rows: readonly (readonly PlacedEntry[])[]): string {
  const entries = rows.flatMap((row, line) => {
    const y = LEGEND_LINE * (line + 0.6);
    return row.map(({ x, label, colour: ink, kind = "line" }) => {
      const [middle, end] = [x + SWATCH / 2, x + SWATCH];
      const line = (dashes: string): string =>
        `<line x1="${x}" x2="${end}" y1="${y}" y2="${y}" stroke="${ink}" stroke-width="2"${dashes}/>`;
      const swatch = {
        line: line(""),
        dashed: line(` stroke-dasharray="${DASHES.dashed}"`),
        chained: line(` stroke-dasharray="${DASHES.chained}"`),
        dot: `<circle cx="${middle}" cy="${y}" r="4" fill="${ink}"/>`,
        cross: `<path d="M${middle - 4},${y - 4}l8,8m0,-8l-8,8" stroke="${ink}" stroke-width="2" fill="none"/>`,
      }[kind];
      return `${swatch}<text x="${x + SWATCH + 6}" y="${y}" dy="0.32em" text-anchor="start">${escaped(label)}</text>`;
    });
  });
  return entries.length > 0 ? `<g aria-hidden="true" class="legend">${entries.join("")}</g>` : "";
}
