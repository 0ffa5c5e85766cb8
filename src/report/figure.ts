// A figure: a picture with a name, what it shows in words, and the numbers behind it.

import { COLOURS, withLiteralColours } from "./palette.js";

export interface Figure {
  /** Of its file, and of its anchor in the report. */
  readonly name: string;
  readonly title: string;
  /** What is to be seen, for those who do not see it and as its caption. */
  readonly description: string;
  /** Markup whose colours are custom properties. */
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  /** The numbers shown, a row per point or bar. */
  readonly table: FigureTable;
}

export interface FigureTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The figure as a file of its own: light colours, on a ground. */
export function standaloneSvg({ svg, width, height }: Pick<Figure, "svg" | "width" | "height">): string {
  const ground = `<rect width="${width}" height="${height}" fill="${COLOURS.ground.light}"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${withLiteralColours(svg).replace(/(<svg[^>]*>)/, (open) => open + ground)}\n`;
}

/** Several figures in one picture, by rows. */
export function inGrid(figures: readonly Figure[], columns: number): Pick<Figure, "svg" | "width" | "height"> {
  const [cellWidth, cellHeight] = [Math.max(...figures.map(({ width }) => width)), Math.max(...figures.map(({ height }) => height))];
  const [width, height] = [cellWidth * Math.min(columns, figures.length), cellHeight * Math.ceil(figures.length / columns)];
  const cells = figures.map(({ svg }, at) =>
    svg.replace("<svg ", `<svg x="${(at % columns) * cellWidth}" y="${Math.floor(at / columns) * cellHeight}" `),
  );
  return {
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${cells.join("")}</svg>`,
    width,
    height,
  };
}

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
