// The map's points on a 2-D canvas, for browsers without WebGPU: drawn from back to front.

import { projected } from "./projection.js";
import { FADE, MARK, MARKED, type Painter, type Palette, type Points, RADIUS, type View } from "./points.js";
import type { Rgb } from "./theme.js";

/** Steps into which fading is cut, so that points of one colour are filled with few changes of style. */
const FADES = 8;

export class PointCanvas implements Painter {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #points: Points = { places: new Float32Array(0), radii: new Float32Array(0), colours: new Uint8Array(0) };
  #marks: Uint8Array = new Uint8Array(0);
  #palette: Palette | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d")!;
  }

  setPoints(points: Points): void {
    this.#points = points;
    this.#marks = new Uint8Array(points.radii.length);
  }

  setMarks(marks: Uint8Array): void {
    this.#marks = marks;
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
  }

  draw(view: View): void {
    this.#paint(this.#context, view);
  }

  async pixels(view: View): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [view.width, view.height];
    const context = canvas.getContext("2d")!;
    this.#paint(context, view);
    return context.getImageData(0, 0, view.width, view.height).data as Uint8ClampedArray<ArrayBuffer>;
  }

  destroy(): void {}

  #paint(context: CanvasRenderingContext2D, view: View): void {
    const { points: colours, background, ink } = this.#palette!;
    context.fillStyle = cssOf(background);
    context.fillRect(0, 0, view.width, view.height);
    const { matrix, height } = view;
    const scale = (Math.hypot(matrix[1], matrix[5], matrix[9]) * height) / 2;
    const places = projected(this.#points.places, view);
    // The chosen point comes last, before all others.
    const depthOf = (point: number): number => (this.#marks[point] === MARK.chosen ? 0 : places[point * 3 + 2]);
    const order = Uint32Array.from(this.#points.radii.keys())
      .filter((point) => places[point * 3 + 2] > 0)
      .sort((a, b) => depthOf(b) - depthOf(a));
    const styles = colours.map((rgb) => Array.from({ length: FADES + 1 }, (_, fade) => cssOf(mixed(rgb, background, fade / FADES))));
    for (const point of order) {
      const depth = places[point * 3 + 2];
      const mark = this.#marks[point];
      const marked = mark >= MARK.ringed;
      let radius = Math.max(Math.min((this.#points.radii[point] * scale) / depth, RADIUS.most * height), RADIUS.least);
      if (marked) radius = Math.max(radius * MARKED.times, MARKED.least);
      if (mark === MARK.chosen) radius *= 1.5;
      const far = Math.min(1, Math.max(0, (depth / view.distance - 0.6) / 1.1)) * FADE.far;
      const lost = mark === MARK.dimmed ? FADE.dimmed : marked ? 0 : far;
      context.fillStyle = styles[this.#points.colours[point]][Math.round(lost * FADES)];
      context.beginPath();
      context.arc(places[point * 3], places[point * 3 + 1], radius, 0, 2 * Math.PI);
      context.fill();
      if (!marked) continue;
      context.strokeStyle = cssOf(ink);
      context.lineWidth = radius / 3;
      context.stroke();
    }
  }
}

const mixed = (from: Rgb, to: Rgb, share: number): Rgb => from.map((value, at) => value + (to[at] - value) * share) as unknown as Rgb;

const cssOf = ([red, green, blue]: Rgb): string => `rgb(${red * 255} ${green * 255} ${blue * 255})`;
