// The map of titles: the cloud, what is under the pointer, the chosen title with those most like it,
// and the genres as a legend.

import { vec3 } from "gl-matrix";
import { html, nothing, render } from "lit/html.js";
import type { Recommendation } from "../src/index.js";
import { genreColour, MOST_COLOURS } from "./genre-colours.js";
import { MapView } from "./map-view.js";
import { find } from "./page.js";
import { MARK } from "./points.js";
import { SearchBox } from "./search-box.js";
import { starsFor } from "./stars.js";
import type { Taste } from "./taste.js";
import { type Rgb, rgbOf } from "./theme.js";
import type { Cloud, Shelf } from "./training-worker.js";
import type { RemoteWorkshop } from "./workshop.js";

const NEIGHBOURS = 6;
/** Standard deviation of the points along all axes together, map units: the camera stands at about five. */
const SPREAD = 1.45;
/** How near the camera comes to a chosen title. */
const CLOSE = 3;

export class MapPanel {
  readonly #workshop: RemoteWorkshop;
  readonly #taste: Taste;
  readonly #onRate: (item: number, stars: number) => void;
  readonly #view: MapView;
  readonly #search: SearchBox;
  #shelf: Shelf | undefined;
  /** Items of the points; none until the map of the present model has come. */
  #items: readonly number[] = [];
  #places = new Float32Array(0);
  #points = new Map<number, number>();
  #recommended: readonly number[] = [];
  #genre: string | undefined;
  #chosen = -1;
  #neighbours: readonly Recommendation[] = [];
  #legend: readonly string[] = [];

  constructor(workshop: RemoteWorkshop, taste: Taste, onRate: (item: number, stars: number) => void) {
    this.#workshop = workshop;
    this.#taste = taste;
    this.#onRate = onRate;
    this.#view = new MapView(find("sky"), {
      titleOf: (point) => this.#shelf!.titles[this.#items[point]],
      onPick: (point) => void this.choose(point < 0 ? -1 : this.#items[point]),
    });
    this.#search = new SearchBox(find("map-search"), "Find a title on the map", (item) => void this.choose(item));
  }

  /** Draws a frame into pixels: what the screen shows, where it cannot be captured. */
  get view(): MapView {
    return this.#view;
  }

  async setShelf(shelf: Shelf): Promise<void> {
    this.#shelf = shelf;
    this.#search.setShelf(shelf);
    this.#chosen = -1;
    this.#genre = undefined;
    this.#recommended = [];
    this.#items = [];
    const cloud = await this.#workshop.cloud();
    // Another model has come meanwhile, and with it another map.
    if (this.#shelf !== shelf) return;
    find("map").querySelector<HTMLElement>(".atlas")!.hidden = !cloud;
    const wait = find("map").querySelector<HTMLElement>(".wait")!;
    wait.hidden = Boolean(cloud);
    wait.textContent = "A model without factors has no map.";
    const items = cloud?.ids.map((id) => this.#taste.indexOf(id));
    if (!cloud || !items?.every((item) => item !== undefined)) return;
    await this.#show(items, cloud, shelf);
    this.#renderChosen();
  }

  setRecommended(items: readonly number[]): void {
    this.#recommended = items;
    this.#mark();
    this.#renderChosen();
  }

  recolour(): void {
    this.#view.setPalette(this.#palette());
  }

  /** @param item −1 lets go. */
  async choose(item: number): Promise<void> {
    this.#chosen = item;
    this.#neighbours = [];
    this.#mark();
    this.#renderChosen();
    const point = this.#points.get(item) ?? -1;
    this.#view.choose(point, point < 0 ? undefined : vec3.clone(this.#places.subarray(point * 3, point * 3 + 3)), CLOSE);
    if (item < 0) return;
    const shelf = this.#shelf!;
    const neighbours = await this.#workshop.similar(shelf.ids[item], NEIGHBOURS);
    if (this.#chosen !== item || this.#shelf !== shelf) return;
    this.#neighbours = neighbours.filter(({ id }) => this.#taste.indexOf(id) !== undefined);
    this.#mark();
    this.#renderChosen();
  }

  async #show(items: readonly number[], { coordinates, share }: Cloud, { counts, genres, factors }: Shelf): Promise<void> {
    this.#items = items;
    this.#points = new Map(items.map((item, point) => [item, point]));
    const counted = new Map<string, number>();
    for (const item of items) for (const genre of genres[item]) counted.set(genre, (counted.get(genre) ?? 0) + 1);
    const byFrequency = [...counted].sort((a, b) => b[1] - a[1]).map(([genre]) => genre);
    this.#legend = byFrequency.slice(0, MOST_COLOURS);
    // A title has the colour of its rarest genre among those with one: what is drama and western, is western.
    const colours = Uint8Array.from(items, (item) => {
      const known = genres[item].map((genre) => this.#legend.indexOf(genre));
      const rarest = Math.max(-1, ...known);
      return rarest < 0 ? MOST_COLOURS : rarest;
    });
    let squares = 0;
    for (const value of coordinates) squares += value ** 2;
    const scale = SPREAD / Math.sqrt(squares / items.length || 1);
    this.#places = coordinates.map((value) => value * scale);
    const most = Math.log1p(counts.reduce((largest, count) => Math.max(largest, count), 0));
    const size = 0.085 / Math.cbrt(items.length / 400);
    const radii = Float32Array.from(items, (item) => size * (0.35 + 0.75 * (Math.log1p(counts[item]) / most)));
    await this.#view.setPoints({ places: this.#places, radii, colours }, this.#palette());
    this.#mark();
    this.#renderLegend();
    find("map-about").textContent =
      `${items.length.toLocaleString("en")} titles along the ${Math.min(3, factors)} directions in which they differ most: ` +
      `${Math.round(share * 100)} % of all that the model's ${factors} factors say. Larger points are rated more often; what you rate gets a red ring, what it recommends to you a plain one.`;
  }

  #palette() {
    const points: Rgb[] = Array.from({ length: MOST_COLOURS }, (_, at) => rgbOf(genreColour(at)));
    return {
      points: [...points, rgbOf("var(--other)")],
      background: rgbOf("var(--sky)"),
      ring: rgbOf("var(--ink)"),
      ratedRing: rgbOf("var(--paprika)"),
    };
  }

  #mark(): void {
    if (this.#items.length === 0) return;
    const { genres } = this.#shelf!;
    const marks = new Uint8Array(this.#items.length);
    if (this.#genre !== undefined) {
      this.#items.forEach((item, point) => (marks[point] = genres[item].includes(this.#genre!) ? MARK.none : MARK.dimmed));
    }
    const set = (item: number, mark: number): void => {
      const point = this.#points.get(item);
      if (point !== undefined) marks[point] = mark;
    };
    // A chosen title has those most like it in rings; before, the rings are for what is recommended.
    const ringed = this.#chosen >= 0 ? this.#neighbours.map(({ id }) => this.#taste.indexOf(id)!) : this.#recommended;
    if (this.#chosen >= 0 || this.#taste.rated().length > 0) for (const item of ringed) set(item, MARK.ringed);
    for (const [item] of this.#taste.rated()) set(item, MARK.rated);
    if (this.#chosen >= 0) set(this.#chosen, MARK.chosen);
    this.#view.setMarks(marks);
  }

  #renderLegend(): void {
    const press = (genre: string): void => {
      this.#genre = this.#genre === genre ? undefined : genre;
      this.#mark();
      this.#renderLegend();
    };
    render(
      this.#legend.map(
        (genre, at) =>
          html`<button type="button" aria-pressed=${this.#genre === genre} @click=${() => press(genre)}>
            <i style="background:${genreColour(at)}"></i>${genre}
          </button>`,
      ),
      find("legend"),
    );
  }

  #renderChosen(): void {
    if (this.#chosen < 0) {
      render(html`<p class="muted empty">Choose a point, or find a title: here you will see which are most like it.</p>`, find("chosen"));
      return;
    }
    const { titles, genres, counts } = this.#shelf!;
    const item = this.#chosen;
    render(
      html`<div class="chosen-title">
          <h3>${titles[item]}</h3>
          <p class="muted">${[...genres[item], `${counts[item].toLocaleString("en")} ratings`].join(" · ")}</p>
          ${starsFor("chosen", titles[item], this.#taste.starsOf(item), (stars) => this.#onRate(item, stars))}
        </div>
        ${
          this.#neighbours.length === 0
            ? nothing
            : html`<h4>Most like it</h4>
                <ul class="neighbours">
                  ${this.#neighbours.map(
                    ({ id, title }) =>
                      html`<li>
                        <button type="button" class="link" @click=${() => void this.choose(this.#taste.indexOf(id)!)}>${title}</button>
                      </li>`,
                  )}
                </ul>`
        }`,
      find("chosen"),
    );
  }
}
