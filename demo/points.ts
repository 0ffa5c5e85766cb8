// What a map draws: points with a colour and a mark each, seen through a matrix.
// Painted on the GPU, or on a 2-D canvas where there is none.

import type { mat4 } from "gl-matrix";
import type { Rgb } from "./theme.js";

export interface Points {
  /** x, y, z, [count, 3]. */
  readonly places: Float32Array;
  /** Radius in map units, [count]. */
  readonly radii: Float32Array;
  /** Index into the palette, [count]. */
  readonly colours: Uint8Array;
}

/** How a point stands out. */
export const MARK = { none: 0, dimmed: 1, ringed: 2, rated: 3, chosen: 4 } as const;

export interface Palette {
  readonly points: readonly Rgb[];
  readonly background: Rgb;
  /** Rings around marked points; those that the visitor rated have one of their own. */
  readonly ring: Rgb;
  readonly ratedRing: Rgb;
}

export interface View {
  readonly matrix: mat4;
  /** From the eye to what it looks at: farther points fade. */
  readonly distance: number;
  /** Pixels of the canvas. */
  readonly width: number;
  readonly height: number;
}

export interface Painter {
  readonly canvas: HTMLCanvasElement;
  setPoints(points: Points): void;
  /** One of `MARK` a point. */
  setMarks(marks: Uint8Array): void;
  setPalette(palette: Palette): void;
  /** Resolves when the frame is done: drawing waits for no more than one. */
  draw(view: View): Promise<void>;
  /** The frame as it would be drawn, RGBA by rows from the top. */
  pixels(view: View): Promise<Uint8ClampedArray<ArrayBuffer>>;
  destroy(): void;
}

/** Radius of a point on the screen: at least so many pixels, at most this share of the height. */
export const RADIUS = { least: 1.1, most: 0.016 } as const;
/** Marked points are drawn so many times larger, and at least this large, pixels. */
export const MARKED = { times: 1.5, least: 4 } as const;
/** Share of its colour that the farthest point loses to the background, and what a dimmed one loses. */
export const FADE = { far: 0.75, dimmed: 0.86 } as const;
