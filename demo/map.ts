// The map of titles: the cloud, what is under the pointer, the chosen title with those most like it,
// and the genres as a legend.

import { vec3 } from "gl-matrix";
import { html, nothing, render } from "lit/html.js";
import type { ListedItem } from "../src/index.js";
import { counted } from "../src/report/words.js";
import { genreColour, type Genres, genresOf, MOST_COLOURS } from "./genre-colours.js";
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
/** Titles that may be named on the map: of those recommended, and of the most rated. */
const NAMED_OF_LIST = 6;
const NAMED_OF_ALL = 120;
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
  /** Items of the points; none until the map of the present model's titles has come. */
  #items: readonly number[] = [];
  /** What the points that are drawn are called, which may be those of the model before. */
  #titles: readonly string[] = [];
  #places = new Float32Array(0);
  #points = new Map<number, number>();
  #recommended: readonly number[] = [];
  #genre: string | undefined;
  #chosen = -1;
  #neighbours: readonly ListedItem[] = [];
  #coloured: Genres = { names: [], ofItem: new Int8Array(0) };
  #scale = 1;
  #you: readonly [number, number, number] | undefined;

  constructor(workshop: RemoteWorkshop, taste: Taste, onRate: (item: number, stars: number) => void) {
    this.#workshop = workshop;
    this.#taste = taste;
    this.#onRate = onRate;
    this.#view = new MapView(find("sky"), {
      titleOf: (point) => this.#titles[point],
      onPick: (point) => void this.choose(this.#items[point] ?? -1),
    });
    this.#search = new SearchBox(find("map-search"), "Find a title on the map", (item) => void this.choose(item));
  }

  /** Draws a frame into pixels: what the screen shows, where it cannot be captured. */
  get view(): MapView {
    return this.#view;
  }

  async setShelf(shelf: Shelf): Promise<void> {
    // Points of other titles stay until those of this model come, and are none of its own.
    if (!this.#items.every((item) => shelf.ids[item] === this.#shelf!.ids[item])) [this.#items, this.#points] = [[], new Map()];
    this.#shelf = shelf;
    this.#search.setShelf(shelf);
    this.#chosen = -1;
    this.#genre = undefined;
    this.#recommended = [];
    this.#coloured = genresOf(shelf.genres);
    const cloud = await this.#workshop.cloud();
    // Another model has come meanwhile, and with it another map.
    if (this.#shelf !== shelf) return;
    find("map").querySelector<HTMLElement>(".atlas")!.hidden = !cloud;
    const wait = find("map").querySelector<HTMLElement>(".wait")!;
    wait.hidden = Boolean(cloud);
    wait.textContent = "A model without factors has no map.";
    const items = cloud?.ids.map((id) => this.#taste.indexOf(id));
    if (!cloud || !items?.every((item) => item !== undefined)) {
      this.#items = [];
      return;
    }
    await this.#show(items, cloud, shelf);
    this.setYou(this.#you);
    this.#renderChosen();
  }

  /** Places of the titles while another model of them is trained; of other titles there is no map yet. */
  move(cloud: Cloud): void {
    if (!this.#isSame(cloud.ids.map((id) => this.#taste.indexOf(id)))) return;
    this.#view.setYou(undefined);
    this.#place(cloud);
  }

  /** Back to the map of the present model, after a training that came to nothing. */
  async settle(): Promise<void> {
    const shelf = this.#shelf;
    if (!shelf) return;
    const cloud = await this.#workshop.cloud();
    if (this.#shelf !== shelf || !cloud || !this.#isSame(cloud.ids.map((id) => this.#taste.indexOf(id)))) return;
    this.#place(cloud);
    this.setYou(this.#you);
  }

  /** @param place in the coordinates of the cloud. */
  setYou(place: readonly [number, number, number] | undefined): void {
    this.#you = place;
    const [x, y, z] = place ?? [0, 0, 0];
    this.#view.setYou(place && [x * this.#scale, y * this.#scale, z * this.#scale]);
  }

  setRecommended(items: readonly number[]): void {
    this.#recommended = items;
    this.#mark();
    this.#renderChosen();
  }

  #isSame(items: readonly (number | undefined)[]): boolean {
    return items.length > 0 && items.length === this.#items.length && items.every((item, at) => item === this.#items[at]);
  }

  #place({ coordinates }: Cloud): void {
    this.#places = this.#scaled(coordinates);
    this.#view.movePoints(this.#places);
  }

  #scaled(coordinates: Float32Array): Float32Array<ArrayBuffer> {
    const squares = coordinates.reduce((sum, value) => sum + value ** 2, 0);
    this.#scale = SPREAD / Math.sqrt(squares / (coordinates.length / 3) || 1);
    return Float32Array.from(coordinates, (value) => value * this.#scale);
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

  async #show(items: readonly number[], cloud: Cloud, { titles, counts, factors }: Shelf): Promise<void> {
    this.#titles = items.map((item) => titles[item]);
    if (this.#isSame(items)) this.#place(cloud);
    else {
      this.#items = items;
      this.#points = new Map(items.map((item, point) => [item, point]));
      this.#places = this.#scaled(cloud.coordinates);
      const colours = Uint8Array.from(items, (item) => (this.#coloured.ofItem[item] < 0 ? MOST_COLOURS : this.#coloured.ofItem[item]));
      const most = Math.log1p(counts.reduce((largest, count) => Math.max(largest, count), 0));
      const size = 0.062 / Math.cbrt(items.length / 400);
      const radii = Float32Array.from(items, (item) => size * (0.35 + 0.75 * (Math.log1p(counts[item]) / most)));
      await this.#view.setPoints({ places: this.#places, radii, colours }, this.#palette());
    }
    this.#mark();
    this.#renderLegend();
    find("map-about").textContent =
      `${counted(items.length, "title")} along the ${Math.min(3, factors)} directions in which they differ most: ` +
      `${Math.round(cloud.share * 100)} % of what its ${factors} factors say. Larger points are rated more often. The star is you; what you rated has a red ring, what is recommended a plain one.`;
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
    const pointsOf = (named: readonly number[]): number[] => named.flatMap((item) => this.#points.get(item) ?? []);
    const rated = this.#taste.rated().map(([item]) => item);
    this.#view.setNamed([...new Set([...pointsOf([...ringed.slice(0, NAMED_OF_LIST), ...rated]), ...this.#wellKnown()])]);
  }

  /** Points of the most rated titles, of all genres in turn. */
  #wellKnown(): number[] {
    const { counts } = this.#shelf!;
    const byCount = [...this.#items.keys()].sort((a, b) => counts[this.#items[b]] - counts[this.#items[a]]).slice(0, NAMED_OF_ALL);
    const seen = new Map<number, number>();
    const turn = byCount.map((point) => {
      const genre = this.#coloured.ofItem[this.#items[point]];
      seen.set(genre, (seen.get(genre) ?? 0) + 1);
      return seen.get(genre)!;
    });
    return byCount
      .map((point, at) => ({ point, turn: turn[at] }))
      .sort((a, b) => a.turn - b.turn)
      .map(({ point }) => point);
  }

  #renderLegend(): void {
    const press = (genre: string): void => {
      this.#genre = this.#genre === genre ? undefined : genre;
      this.#mark();
      this.#renderLegend();
    };
    render(
      this.#coloured.names.map(
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
      html`<div>
          <h3>${titles[item]}</h3>
          <p class="muted">${[...genres[item], counted(counts[item], "rating")].join(" · ")}</p>
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
