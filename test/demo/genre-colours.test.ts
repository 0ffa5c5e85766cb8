// The colours of genres, as people with and without all cones see them.

import { expect, test } from "vitest";
import { GENRE_COLOURS, MOST_COLOURS } from "../../demo/genre-colours.js";

type Triple = readonly [number, number, number];

/** Machado, Oliveira & Fernandes 2009, full severity, on linear RGB. */
const EYES = {
  "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  "no green cones (deuteranopia)": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  "no red cones (protanopia)": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
} satisfies Record<string, readonly Triple[]>; // prettier-ignore

/** The grey of all other genres, and the map behind the points: --other and --sky of the page's styles, in OKLab. */
const OTHER = { light: oklab(0.66, 0.015, 330), dark: oklab(0.6, 0.02, 330) };
const SKY = { light: oklab(0.962, 0.01, 80), dark: oklab(0.165, 0.022, 320) };
const LEAST_DISTANCE = 0.075;

function oklab(L: number, C: number, h: number): Triple {
  return [L, C * Math.cos((h * Math.PI) / 180), C * Math.sin((h * Math.PI) / 180)];
}

const linearOf = (hex: string): Triple =>
  [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as unknown as Triple;

const times = (matrix: readonly (readonly number[])[], [x, y, z]: Triple): Triple =>
  matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Triple;

const clipped = (rgb: Triple): Triple => rgb.map((value) => Math.min(1, Math.max(0, value))) as unknown as Triple;

/** Ottosson 2020. */
function labOf(rgb: Triple): Triple {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  );
  const roots = cones.map(Math.cbrt) as unknown as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    roots,
  );
}

function linearOfLab(lab: Triple): Triple {
  const roots = times(
    [
      [1, 0.3963377774, 0.2158037573],
      [1, -0.1055613458, -0.0638541728],
      [1, -0.0894841775, -1.291485548],
    ],
    lab,
  );
  return times(
    [
      [4.0767416621, -3.3077115913, 0.2309699292],
      [-1.2684380046, 2.6097574011, -0.3413193965],
      [-0.0041960863, -0.7034186147, 1.707614701],
    ],
    roots.map((root) => root ** 3) as unknown as Triple,
  );
}

const luminance = ([r, g, b]: Triple): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

const themes = ["light", "dark"] as const;
test.each(themes.flatMap((theme) => Object.entries(EYES).map(([eyes, matrix]) => ({ theme, eyes, matrix }))))(
  "in the $theme theme any two genres are told apart with $eyes",
  ({ theme, matrix }) => {
    const colours = [...GENRE_COLOURS[theme].map(linearOf), linearOfLab(OTHER[theme])];
    expect(colours.length).toBe(MOST_COLOURS + 1);
    const seen = colours.map((rgb) => labOf(clipped(times(matrix, rgb))));
    const distances = seen.flatMap((a, at) => seen.slice(0, at).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])));
    expect(Math.min(...distances)).toBeGreaterThan(LEAST_DISTANCE);
  },
);

test.each(themes)("in the %s theme every genre stands out from the map, 3 to 1", (theme) => {
  const behind = luminance(linearOfLab(SKY[theme]));
  for (const colour of GENRE_COLOURS[theme]) {
    const own = luminance(linearOf(colour));
    expect((Math.max(own, behind) + 0.05) / (Math.min(own, behind) + 0.05)).toBeGreaterThan(2.95);
  }
});
