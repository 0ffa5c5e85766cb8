// The window onto the map: a painter, a camera, and how pointer, touch, wheel and keyboard move it.
// Frames are drawn when something changes.

import type { vec3 } from "gl-matrix";
import { Camera } from "./camera.js";
import { PointCanvas } from "./point-canvas.js";
import { PointCloud } from "./point-cloud.js";
import { MARK, type Painter, type Palette, type Points, type View } from "./points.js";
import { pointAt, projected } from "./projection.js";
import { shortened } from "./titles.js";

interface MapViewOptions {
  titleOf(point: number): string;
  /** A click or a tap; −1 when it hit nothing. */
  onPick(point: number): void;
}

/** Pixels within which a pointer finds a point; a finger is broader. */
const REACH = { mouse: 14, touch: 26 } as const;
/** Radians a pixel. */
const TURN = 0.006;
/** A press that moved less, pixels, is a click. */
const CLICK = 5;
const KEY_TURN = 0.12;
const KEY_PAN = 0.05;
const ZOOM_STEP = 0.8;
const FLIGHT_MS = 500;
/** How long the map turns by itself when it is first seen, so that it is seen to be round. */
const OPENING_MS = 4500;
const OPENING_SPEED = 0.00035;

/** Points that move to another place glide there, unless there are very many. */
const GLIDE_MS = 260;
const MOST_GLIDING = 8000;
/** Names on the map: at most one a so many square pixels, each at least so far from the others. */
const LABEL_AREA = 26_000;
const LABEL_GAP = 4;
const LABEL_HEIGHT = 20;

const LABEL =
  "Map of titles. Arrow keys turn it, with Shift they move it, plus and minus come closer and go back, 0 shows the whole. The search beside finds a title.";

export class MapView {
  readonly camera = new Camera();
  readonly #host: HTMLElement;
  readonly #options: MapViewOptions;
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");
  #painter: Painter | undefined;
  #points: Points | undefined;
  #palette: Palette | undefined;
  #marks: Uint8Array = new Uint8Array(0);
  #hovered = -1;
  #chosen = -1;
  #drawing = false;
  #stale = false;
  #isSeen = false;
  #flight = 0;
  #glide = 0;
  /** Points that are named as far as there is room, the most important first. */
  #named: readonly number[] = [];
  readonly #names = document.createElement("div");
  readonly #widths = new Map<string, number>();
  #shown: readonly { text: string; x: number; y: number }[] = [];
  #you: Float32Array | undefined;

  constructor(host: HTMLElement, options: MapViewOptions) {
    this.#host = host;
    this.#options = options;
    new ResizeObserver(() => this.#resize()).observe(host);
    // What nobody sees is not drawn.
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#isSeen = isIntersecting;
      if (isIntersecting && this.#stale) this.#draw();
    }).observe(host);
    this.#names.className = "names";
    this.#names.setAttribute("aria-hidden", "true");
    host.prepend(this.#names);
    const press = (id: string, act: () => void): void => host.querySelector(id)!.addEventListener("click", () => this.#move(act));
    press("#closer", () => this.camera.zoom(ZOOM_STEP));
    press("#farther", () => this.camera.zoom(1 / ZOOM_STEP));
    press("#whole", () => this.camera.reset());
  }

  async setPoints(points: Points, palette: Palette): Promise<void> {
    this.#points = points;
    this.#palette = palette;
    this.#marks = new Uint8Array(points.radii.length);
    [this.#hovered, this.#chosen] = [-1, -1];
    this.#named = [];
    if (!this.#painter) {
      await this.#choosePainter();
      this.#openWhenSeen();
    }
    this.camera.reset();
    this.#hand();
  }

  /** Has the same points at other places: they glide there, and the camera stays. */
  movePoints(places: Float32Array): void {
    const from = this.#points!.places;
    this.#travel(from, places, (now) => {
      this.#points = { ...this.#points!, places: now };
      this.#painter!.setPoints(this.#points);
      this.#painter!.setMarks(this.#marks);
    });
  }

  /** Where the visitor is; undefined before there are ratings. */
  setYou(place: readonly [number, number, number] | undefined): void {
    const from = this.#you;
    this.#you = place && Float32Array.from(place);
    const to = this.#you;
    if (from && to) {
      cancelAnimationFrame(this.#glide);
      this.#travel(from, to, (now) => (this.#you = now));
    } else this.#draw();
  }

  /** Names these points as far as there is room, the first ones first. */
  setNamed(points: readonly number[]): void {
    this.#named = points;
    this.#draw();
  }

  #travel(from: Float32Array, to: Float32Array, set: (now: Float32Array) => void): void {
    if (this.#still.matches || !this.#isSeen || from.length !== to.length || to.length > 3 * MOST_GLIDING) {
      set(to);
      this.#draw();
      return;
    }
    const started = performance.now();
    const step = (time: number): void => {
      const share = Math.min(1, Math.max(0, (time - started) / GLIDE_MS));
      const eased = share * (2 - share);
      set(share === 1 ? to : from.map((value, at) => value + (to[at] - value) * eased));
      this.#draw();
      if (share < 1) this.#glide = requestAnimationFrame(step);
    };
    this.#glide = requestAnimationFrame(step);
  }

  setMarks(marks: Uint8Array): void {
    this.#marks = marks;
    this.#painter?.setMarks(marks);
    this.#draw();
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#painter?.setPalette(palette);
    this.#draw();
  }

  /** Marks a point with its title and flies there; −1 lets go. */
  choose(point: number, place: vec3 | undefined, distance: number): void {
    this.#chosen = point;
    if (place) this.#fly(place, distance);
    this.#draw();
  }

  /** The present frame as an image: RGBA by rows. */
  async pixels(): Promise<ImageData> {
    const view = this.#view();
    return new ImageData(await this.#painter!.pixels(view), view.width, view.height);
  }

  /** What stands over the points, in pixels of the page: their names at the middle of their height, and the visitor. */
  annotations(): {
    readonly names: readonly { text: string; x: number; y: number }[];
    readonly you: { x: number; y: number } | undefined;
    readonly size: { readonly width: number; readonly height: number };
  } {
    const view = this.#view();
    this.#name(view);
    const [x, y, depth] = this.#you ? this.#onHost(this.#you, view) : [0, 0, 0];
    const size = { width: this.#host.clientWidth, height: this.#host.clientHeight };
    const names = this.#shown.map((name) => ({ ...name, y: name.y + LABEL_HEIGHT / 2 }));
    return { names, you: depth > 0 ? { x, y } : undefined, size };
  }

  async #choosePainter(): Promise<void> {
    const painter = await PointCloud.create(document.createElement("canvas"), () => {
      this.#adopt(new PointCanvas(document.createElement("canvas")));
      this.#hand();
    }).catch(() => undefined);
    this.#adopt(painter ?? new PointCanvas(document.createElement("canvas")));
  }

  /** A canvas that has drawn by WebGPU draws by nothing else: a new painter has a new one. */
  #adopt(painter: Painter): void {
    this.#painter?.canvas.remove();
    this.#painter?.destroy();
    this.#painter = painter;
    const { canvas } = painter;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", LABEL);
    this.#host.dataset["painter"] = painter instanceof PointCloud ? "webgpu" : "canvas";
    this.#host.prepend(canvas);
    this.#listen(canvas);
    this.#resize();
  }

  /** Gives the painter all there is to draw. */
  #hand(): void {
    this.#painter!.setPoints(this.#points!);
    this.#painter!.setMarks(this.#marks);
    this.#painter!.setPalette(this.#palette!);
    this.#draw();
  }

  #view(): View {
    const { width, height } = this.#painter!.canvas;
    return { matrix: this.camera.matrix(width / height), distance: this.camera.distance, width, height };
  }

  #resize(): void {
    if (!this.#painter) return;
    const ratio = Math.min(devicePixelRatio, 2);
    const { canvas } = this.#painter;
    [canvas.width, canvas.height] = [Math.max(1, this.#host.clientWidth * ratio), Math.max(1, this.#host.clientHeight * ratio)];
    this.#draw();
  }

  /** Asks for a frame: one is drawn at a time, and one more when it was asked for meanwhile. */
  #draw(): void {
    this.#stale = true;
    if (!this.#painter || !this.#palette || this.#drawing || !this.#isSeen) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#stale = false;
      const view = this.#view();
      this.#label("point-label", this.#hovered === this.#chosen ? -1 : this.#hovered, view);
      this.#label("chosen-label", this.#chosen, view);
      this.#name(view);
      this.#placeYou(view);
      // A device that is lost meanwhile tells by itself, and another painter goes on.
      void this.#painter!
        .draw(view)
        .catch(() => undefined)
        .then(() => {
          this.#drawing = false;
          if (this.#stale) this.#draw();
        });
    });
  }

  #label(id: string, point: number, view: View): void {
    const label = this.#host.querySelector<HTMLElement>(`#${id}`)!;
    const [x, y, depth] = point < 0 ? [0, 0, 0] : projected(this.#points!.places.subarray(point * 3, point * 3 + 3), view);
    label.hidden = depth <= 0;
    if (label.hidden) return;
    label.textContent = this.#options.titleOf(point);
    const [left, top] = [(x / view.width) * this.#host.clientWidth, (y / view.height) * this.#host.clientHeight];
    const toTheLeft = left > this.#host.clientWidth / 2;
    label.style.transform = `translate(${left}px, ${top}px) translate(${toTheLeft ? "calc(-100% - 14px)" : "14px"}, -50%)`;
  }

  /** Puts names beside points where they cover neither another name nor the visitor. */
  #name(view: View): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    const most = Math.min(this.#named.length, Math.floor((width * height) / LABEL_AREA));
    const taken: [left: number, top: number, right: number, bottom: number][] = [];
    if (this.#you) {
      const [x, y] = this.#onHost(this.#you, view);
      taken.push([x - 14, y - 14, x + 58, y + 14]);
    }
    const shown: { text: string; x: number; y: number }[] = [];
    for (const point of this.#named) {
      if (shown.length >= most) break;
      if (point === this.#chosen || point === this.#hovered || this.#marks[point] === MARK.dimmed) continue;
      const [x, y, depth] = this.#onHost(this.#points!.places.subarray(point * 3, point * 3 + 3), view);
      const text = shortened(this.#options.titleOf(point));
      const [left, top] = [x + 9, y - LABEL_HEIGHT / 2];
      const [right, bottom] = [left + this.#widthOf(text), top + LABEL_HEIGHT];
      if (depth <= 0 || left < 2 || top < 2 || right > width - 2 || bottom > height - 2) continue;
      if (taken.some(([l, t, r, b]) => left < r + LABEL_GAP && right > l - LABEL_GAP && top < b + LABEL_GAP && bottom > t - LABEL_GAP))
        continue;
      taken.push([left, top, right, bottom]);
      shown.push({ text, x: left, y: top });
    }
    this.#shown = shown;
    while (this.#names.childElementCount < shown.length) this.#names.append(document.createElement("span"));
    [...this.#names.children].forEach((element, at) => {
      const name = element as HTMLElement;
      name.hidden = at >= shown.length;
      if (name.hidden) return;
      name.textContent = shown[at].text;
      name.style.transform = `translate(${shown[at].x}px, ${shown[at].y}px)`;
    });
  }

  #placeYou(view: View): void {
    const star = this.#host.querySelector<HTMLElement>("#you")!;
    const [x, y, depth] = this.#you ? this.#onHost(this.#you, view) : [0, 0, 0];
    star.hidden = depth <= 0;
    star.style.transform = `translate(${x}px, ${y}px)`;
  }

  /** Pixels of the page from the map's corner, and depth. */
  #onHost(place: Float32Array, view: View): [x: number, y: number, depth: number] {
    const [x, y, depth] = projected(place, view);
    return [(x / view.width) * this.#host.clientWidth, (y / view.height) * this.#host.clientHeight, depth];
  }

  #widthOf(text: string): number {
    const known = this.#widths.get(text);
    if (known !== undefined) return known;
    ruler.font = `500 12px ${getComputedStyle(this.#host).fontFamily}`;
    const { width } = ruler.measureText(text);
    this.#widths.set(text, width + 4);
    return width + 4;
  }

  /** Moves the camera by hand, which ends what it does by itself. */
  #move(act: () => void): void {
    cancelAnimationFrame(this.#flight);
    act();
    this.#draw();
  }

  #fly(place: vec3, distance: number): void {
    cancelAnimationFrame(this.#flight);
    if (this.#still.matches) {
      this.camera.approach(place, distance, 1);
      return;
    }
    const started = performance.now();
    const step = (now: number): void => {
      const left = Math.max(0, 1 - (now - started) / FLIGHT_MS);
      this.camera.approach(place, distance, 0.18 + 0.82 * (1 - left) ** 3);
      this.#draw();
      if (left > 0) this.#flight = requestAnimationFrame(step);
    };
    this.#flight = requestAnimationFrame(step);
  }

  #openWhenSeen(): void {
    if (this.#still.matches) return;
    const seen = new IntersectionObserver(
      ([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        seen.disconnect();
        let before = performance.now();
        const end = before + OPENING_MS;
        const step = (now: number): void => {
          this.camera.turn(OPENING_SPEED * (now - before) * Math.min(1, (end - now) / 1500), 0);
          before = now;
          this.#draw();
          if (now < end) this.#flight = requestAnimationFrame(step);
        };
        this.#flight = requestAnimationFrame(step);
      },
      { threshold: 0.4 },
    );
    seen.observe(this.#host);
  }

  #pointAt(event: PointerEvent): number {
    const { canvas } = this.#painter!;
    const { left, top, width } = canvas.getBoundingClientRect();
    const ratio = canvas.width / width;
    const reach = (event.pointerType === "touch" ? REACH.touch : REACH.mouse) * ratio;
    return pointAt(this.#points!.places, this.#view(), (event.clientX - left) * ratio, (event.clientY - top) * ratio, reach);
  }

  #hover(point: number): void {
    if (point === this.#hovered) return;
    this.#hovered = point;
    this.#painter!.canvas.style.cursor = point < 0 ? "" : "pointer";
    // The points stay as they are: drawing tens of thousands anew for a name would make the pointer stumble.
    this.#label("point-label", point === this.#chosen ? -1 : point, this.#view());
  }

  #listen(canvas: HTMLCanvasElement): void {
    const down = new Map<number, PointerEvent>();
    let travelled = 0;
    canvas.addEventListener("pointerdown", (event) => {
      down.set(event.pointerId, event);
      canvas.setPointerCapture(event.pointerId);
      travelled = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = down.get(event.pointerId);
      if (!before) {
        this.#hover(this.#pointAt(event));
        return;
      }
      const [across, along] = [event.clientX - before.clientX, event.clientY - before.clientY];
      travelled += Math.hypot(across, along);
      const other = [...down.values()].find(({ pointerId }) => pointerId !== event.pointerId);
      down.set(event.pointerId, event);
      const height = canvas.clientHeight;
      this.#move(() => {
        if (other) {
          const apart = (of: PointerEvent): number => Math.hypot(of.clientX - other.clientX, of.clientY - other.clientY);
          this.camera.zoom(apart(before) / Math.max(1, apart(event)));
          this.camera.pan(-across / height / 2, along / height / 2);
        } else if (event.shiftKey || event.buttons === 2) this.camera.pan(-across / height, along / height);
        else this.camera.turn(-across * TURN, along * TURN);
      });
    });
    const up = (event: PointerEvent): void => {
      down.delete(event.pointerId);
    };
    canvas.addEventListener("pointerup", (event) => {
      up(event);
      if (travelled < CLICK) this.#options.onPick(this.#pointAt(event));
    });
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => this.#hover(-1));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    // The page scrolls on unless the map has the focus; Ctrl with the wheel is what a pinch on a touchpad sends.
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      this.#move(() => this.camera.zoom(Math.exp(event.deltaY * (event.ctrlKey ? 0.01 : 0.0015))));
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event: KeyboardEvent): void {
    const directions: Record<string, readonly [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    };
    const direction = directions[event.key];
    const { camera } = this;
    let act: (() => void) | undefined;
    if (direction && event.shiftKey) act = () => camera.pan(direction[0] * KEY_PAN, direction[1] * KEY_PAN);
    else if (direction) act = () => camera.turn(direction[0] * KEY_TURN, direction[1] * KEY_TURN);
    else if (event.key === "+" || event.key === "=") act = () => camera.zoom(ZOOM_STEP);
    else if (event.key === "-") act = () => camera.zoom(1 / ZOOM_STEP);
    else if (event.key === "0" || event.key === "Home") act = () => camera.reset();
    else if (event.key === "Escape") act = () => this.#options.onPick(-1);
    if (!act) return;
    event.preventDefault();
    this.#move(act);
  }
}

const ruler = document.createElement("canvas").getContext("2d")!;
