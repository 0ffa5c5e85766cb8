// What a visitor takes along: a link that holds their ratings and settings in its fragment, which is sent to no server,
// and a picture of their list and map.

import { clearFailure, showFailure } from "./failure-message.js";
import type { MapView } from "./map-view.js";
import { download, find } from "./page.js";
import type { RatePanel } from "./rate.js";
import type { SettingsForm } from "./settings.js";
import { colourOf } from "./theme.js";
import { STAR } from "./titles.js";

const SIZE = { width: 1200, height: 630 } as const;
/** Left of the map is the list. */
const MAP_LEFT = 590;
const RATINGS = "ratings";
/** Of the picture: names that there is room for. */
const MOST_RATED = 5;
const MOST_LISTED = 6;

export class SharePanel {
  readonly #rate: RatePanel;
  readonly #settings: SettingsForm;
  readonly #map: MapView;

  constructor(rate: RatePanel, settings: SettingsForm, map: MapView) {
    [this.#rate, this.#settings, this.#map] = [rate, settings, map];
    find("share-link").addEventListener("click", () => void this.#copy());
    find("share-picture").addEventListener("click", () => void this.#save());
  }

  /** Takes up what the page's own link brings; once there is a model. @returns whether it brought ratings. */
  open(): boolean {
    const given = linkOf(location.hash);
    if (!given) return false;
    this.#settings.fill(given.settings);
    this.#rate.setOptions(given.settings);
    this.#rate.replace(given.ratings);
    // The link is the visitor's to change now: a reload brings what they have made of it.
    history.replaceState(history.state, "", location.pathname + location.search);
    find("share-status").textContent = "These ratings came with the link. They are in this browser only.";
    return true;
  }

  link(): string {
    const parameters = new URLSearchParams({
      [RATINGS]: this.#rate.taste
        .entries()
        .map(([id, stars]) => `${encodeURIComponent(id)}*${stars}`)
        .join(" "),
      ...this.#rate.options(),
      ...this.#settings.changed(),
    });
    return `${location.href.replace(/#.*$/, "")}#${parameters.toString()}`;
  }

  async #copy(): Promise<void> {
    const link = this.link();
    const status = find("share-status");
    try {
      await navigator.clipboard.writeText(link);
      status.textContent = "Copied. The ratings are in the link itself: no server has seen them.";
    } catch {
      // Where the browser denies its clipboard, the address bar serves.
      history.replaceState(history.state, "", link);
      status.textContent = "The link is in the address bar now, to be copied from there. No server has seen the ratings in it.";
    }
  }

  async #save(): Promise<void> {
    clearFailure(find("share-error"));
    try {
      download(await this.picture(), "my-taste.png");
      find("share-status").textContent = "Saved as my-taste.png.";
    } catch (error) {
      showFailure(find("share-error"), error);
    }
  }

  /** The list and the map, as one PNG. */
  async picture(): Promise<Blob> {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [SIZE.width, SIZE.height];
    const context = canvas.getContext("2d")!;
    const map = await createImageBitmap(await this.#map.pixels());
    context.fillStyle = colourOf("var(--card)");
    context.fillRect(0, 0, SIZE.width, SIZE.height);
    const room = SIZE.width - MAP_LEFT;
    const scale = Math.max(room / map.width, SIZE.height / map.height);
    const [width, height] = [map.width * scale, map.height * scale];
    const [left, top] = [MAP_LEFT + (room - width) / 2, (SIZE.height - height) / 2];
    context.save();
    context.beginPath();
    context.rect(MAP_LEFT, 0, room, SIZE.height);
    context.clip();
    context.drawImage(map, left, top, width, height);
    this.#mark(context, left, top, width, height);
    context.restore();
    this.#write(context, MAP_LEFT - 90);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("this browser makes no PNG of a canvas")))),
    );
  }

  /** The visitor's star and the names on the map, where the page shows them. */
  #mark(context: CanvasRenderingContext2D, left: number, top: number, width: number, height: number): void {
    const { names, you, size } = this.#map.annotations();
    const at = ({ x, y }: { x: number; y: number }): [number, number] => [
      left + (x / size.width) * width,
      top + (y / size.height) * height,
    ];
    context.font = `500 14px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = "middle";
    // Where the picture's scale is another than the page's, names may meet: the first of them, and what fits, is
    // written.
    const written: [left: number, top: number, right: number, bottom: number][] = [];
    for (const name of names) {
      const [x, y] = at(name);
      const box = [x + 3, y - 11, x + 9 + context.measureText(name.text).width, y + 10] as [number, number, number, number];
      if (box[0] < MAP_LEFT || box[2] > SIZE.width || box[1] < 0 || box[3] > SIZE.height) continue;
      if (written.some(([l, t, r, b]) => box[0] < r && box[2] > l && box[1] < b && box[3] > t)) continue;
      written.push(box);
      context.globalAlpha = 0.78;
      context.fillStyle = colourOf("var(--sky)");
      context.fillRect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
      context.globalAlpha = 1;
      context.fillStyle = colourOf("var(--ink)");
      context.fillText(name.text, x + 6, y);
    }
    if (you) drawStar(context, ...at(you), 20);
  }

  #write(context: CanvasRenderingContext2D, width: number): void {
    const { rated, list } = this.#rate.shown;
    const serif = getComputedStyle(find("list-title")).fontFamily;
    const sans = getComputedStyle(document.body).fontFamily;
    let y = 84;
    const line = (text: string, font: string, colour: string, step: number, indent = 0): void => {
      context.font = font;
      context.fillStyle = colourOf(colour);
      let fitting = text;
      while (context.measureText(fitting).width > width - indent && fitting.length > 2) fitting = `${fitting.slice(0, -2).trimEnd()}…`;
      context.fillText(fitting, 48 + indent, y);
      y += step;
    };
    context.textBaseline = "alphabetic";
    line(rated.length > 0 ? "What I would watch next" : "What most people like", `600 38px ${serif}`, "var(--ink)", 48);
    for (const { title, predicted } of list.slice(0, MOST_LISTED)) {
      line(`${predicted === undefined ? "" : `${predicted.toFixed(1)}  `}${title}`, `500 22px ${sans}`, "var(--ink)", 34);
    }
    if (rated.length > 0) {
      y += 18;
      line("from my stars", `600 20px ${serif}`, "var(--muted)", 32);
      for (const [title, stars] of rated.slice(0, MOST_RATED)) {
        for (let star = 0; star < stars; star++) drawStar(context, 56 + 19 * star, y - 6, 8);
        line(title, `400 18px ${sans}`, "var(--muted)", 28, 5 * 19 + 12);
      }
    }
    y = SIZE.height - 36;
    line("Tastespace: a recommender, trained in a browser's tab", `600 18px ${serif}`, "var(--paprika)", 0);
  }
}

function drawStar(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.save();
  context.translate(x, y);
  context.scale(radius / 11, radius / 11);
  context.translate(-12, -12);
  context.fillStyle = colourOf("var(--paprika)");
  context.strokeStyle = colourOf("var(--card)");
  context.stroke(new Path2D(STAR));
  context.fill(new Path2D(STAR));
  context.restore();
}

/** What a link's fragment says; undefined when it holds no ratings. */
function linkOf(hash: string): { ratings: [id: string, stars: number][]; settings: Record<string, string> } | undefined {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const text = parameters.get(RATINGS);
  if (text === null) return undefined;
  const ratings = text.split(" ").flatMap((pair): [string, number][] => {
    const [, id, stars] = /^(.+)\*([1-5])$/.exec(pair) ?? [];
    try {
      return id === undefined ? [] : [[decodeURIComponent(id), Number(stars)]];
    } catch {
      return [];
    }
  });
  parameters.delete(RATINGS);
  return { ratings, settings: Object.fromEntries(parameters) };
}
