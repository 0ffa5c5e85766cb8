// The colours of figures and of the report: told apart by colour-blind readers, light and dark.
// Series are Okabe and Ito's, darkened or lightened until they stand out from the ground by 3 to 1.

interface Colour {
  readonly light: string;
  readonly dark: string;
}

/** Each becomes a CSS custom property of its name. */
export const COLOURS = {
  ground: { light: "#ffffff", dark: "#14171b" },
  panel: { light: "#f6f7f9", dark: "#1c2026" },
  ink: { light: "#1b1f24", dark: "#e8ebef" },
  muted: { light: "#5a6370", dark: "#a2abb8" },
  rule: { light: "#d8dde4", dark: "#363d47" },
  "series-1": { light: "#0072b2", dark: "#56b4e9" },
  "series-2": { light: "#d55e00", dark: "#f28c4f" },
  "series-3": { light: "#00805e", dark: "#2fc79a" },
  "series-4": { light: "#b0528f", dark: "#e39ccb" },
  "series-5": { light: "#8a6d00", dark: "#e6c229" },
  "series-6": { light: "#4b5563", dark: "#c3c9d1" },
} as const satisfies Record<string, Colour>;

type ColourName = keyof typeof COLOURS;

const SERIES = 6;

/** The colour as CSS says it. */
export const colour = (name: ColourName): string => `var(--${name})`;

/** The colour of the series numbered `at` from 0; after six they come again, with chained lines to tell them apart. */
export const seriesColour = (at: number): string => `var(--series-${(at % SERIES) + 1})`;

export const isChained = (at: number): boolean => Math.floor(at / SERIES) % 2 === 1;

/** Dashes and gaps, pixels. */
export const DASHES = { dashed: "4 3", chained: "9 3 2 3" };

/**
 * Colours as literals of the light theme, for figures that stand alone:
 * not every program that shows SVG knows custom properties.
 */
export const withLiteralColours = (svg: string): string =>
  svg.replaceAll(/var\(--([\w-]+)\)/g, (text, name: string) => (COLOURS as Record<string, Colour>)[name]?.light ?? text);
