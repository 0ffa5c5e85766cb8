// The map's points on a 2-D canvas, for browsers without WebGPU: drawn from back to front in layers.

import { projected } from "./projection.js";
import { FADE, MARK, MARKED, type Painter, type Palette, type Points, RADIUS, type View } from "./points.js";
import type { Rgb } from "./theme.js";

/** Steps of faintness, from full colour to background. */
const LAYERS = 16;
/** Pixels. */
const SQUARE_BELOW = 2.2;

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

  async draw(view: View): Promise<void> {
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
    const { points: colours, background } = this.#palette!;
    context.fillStyle = cssOf(background);
    context.fillRect(0, 0, view.width, view.height);
    const places = projected(this.#points.places, view);
    const marked: number[] = [];
    const layers = Array.from({ length: (LAYERS + 1) * colours.length }, (): number[] => []);
    for (let point = 0; point < this.#points.radii.length; point++) {
      const depth = places[point * 3 + 2];
      if (depth <= 0) continue;
      if (this.#marks[point] >= MARK.ringed) marked.push(point);
      else layers[this.#layerOf(point, depth, view) * colours.length + this.#points.colours[point]].push(point);
    }
    for (let at = layers.length - 1; at >= 0; at--) {
      const lost = Math.floor(at / colours.length) / LAYERS;
      context.fillStyle = cssOf(mixed(colours[at % colours.length], background, lost));
      context.beginPath();
      for (const point of layers[at]) this.#outline(context, places, point, this.#radiusOf(point, places[point * 3 + 2], view));
      context.fill();
    }
    this.#paintMarked(context, view, places, marked);
  }

  /** A layer is of one faintness, and so, unless points are dimmed, of about one depth: the farthest come first. */
  #layerOf(point: number, depth: number, view: View): number {
    const far = Math.min(1, Math.max(0, (depth / view.distance - 0.6) / 1.1)) * FADE.far;
    return Math.round((this.#marks[point] === MARK.dimmed ? FADE.dimmed : far) * LAYERS);
  }

  #radiusOf(point: number, depth: number, { matrix, height }: View): number {
    const scale = (Math.hypot(matrix[1], matrix[5], matrix[9]) * height) / 2;
    return Math.max(Math.min((this.#points.radii[point] * scale) / depth, RADIUS.most * height), RADIUS.least);
  }

  /** Small points are squares, which nobody sees and which are drawn much faster. */
  #outline(context: CanvasRenderingContext2D, places: Float32Array, point: number, radius: number): void {
    const [x, y] = [places[point * 3], places[point * 3 + 1]];
    if (radius < SQUARE_BELOW) {
      context.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
      return;
    }
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }

  /** With rings, before all others, from back to front, the chosen one last. */
  #paintMarked(context: CanvasRenderingContext2D, view: View, places: Float32Array, marked: readonly number[]): void {
    const { points: colours, ring, ratedRing } = this.#palette!;
    const depthOf = (point: number): number => (this.#marks[point] === MARK.chosen ? 0 : places[point * 3 + 2]);
    for (const point of [...marked].sort((a, b) => depthOf(b) - depthOf(a))) {
      const plain = this.#radiusOf(point, places[point * 3 + 2], view);
      const radius = Math.max(plain * MARKED.times, MARKED.least) * (this.#marks[point] === MARK.chosen ? 1.5 : 1);
      context.fillStyle = cssOf(colours[this.#points.colours[point]]);
      context.strokeStyle = cssOf(this.#marks[point] === MARK.rated ? ratedRing : ring);
      context.lineWidth = radius / 3;
      context.beginPath();
      context.arc(places[point * 3], places[point * 3 + 1], radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }
}

const mixed = (from: Rgb, to: Rgb, share: number): Rgb => from.map((value, at) => value + (to[at] - value) * share) as unknown as Rgb;

const cssOf = ([red, green, blue]: Rgb): string => `rgb(${red * 255} ${green * 255} ${blue * 255})`;
