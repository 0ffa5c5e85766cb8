// Rating a few titles, and the list that the model makes of them at once, by fold-in.

import { html, nothing, render } from "lit/html.js";
import { repeat } from "lit/directives/repeat.js";
import type { Recommendation } from "../src/index.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { find } from "./page.js";
import { SearchBox } from "./search-box.js";
import { starsFor } from "./stars.js";
import { Taste } from "./taste.js";
import type { Shelf } from "./training-worker.js";
import type { RemoteWorkshop } from "./workshop.js";

/** Weights of the item biases that the slider goes through. 0.02 all but ignores popularity. */
const ALPHAS = [
  { alpha: 0.02, text: "what fits me most" },
  { alpha: 0.1, text: "mostly what fits me" },
  { alpha: 0.25, text: "some of both" },
  { alpha: 0.5, text: "mostly what I would rate highest" },
  { alpha: 1, text: "what I would rate highest" },
] as const;
const LISTED = 10;
const LISTED_MORE = 30;
const SUGGESTED = 6;
/** Titles to suggest from: the most rated. */
const WELL_KNOWN = 120;

export class RatePanel {
  readonly taste = new Taste();
  readonly #workshop: RemoteWorkshop;
  readonly #onChange: (recommended: readonly number[]) => void;
  readonly #search: SearchBox;
  #shelf: Shelf | undefined;
  #suggestions: number[] = [];
  #skipped = new Set<number>();
  #more = false;
  #thompsonSeed = 0;
  #asked = 0;

  /** @param onChange told after every new list which titles are on it. */
  constructor(workshop: RemoteWorkshop, onChange: (recommended: readonly number[]) => void) {
    this.#workshop = workshop;
    this.#onChange = onChange;
    this.#search = new SearchBox(find("rate-search"), "Search for a title to rate", (item) => this.#pick(item));
    find<HTMLInputElement>("alpha").addEventListener("input", () => this.#list());
    find<HTMLSelectElement>("list-genre").addEventListener("change", () => this.#list());
    find("surprise").addEventListener("click", () => {
      this.#thompsonSeed++;
      this.#list();
    });
  }

  setShelf(shelf: Shelf): void {
    this.#shelf = shelf;
    this.taste.setShelf(shelf);
    this.#search.setShelf(shelf);
    this.#skipped.clear();
    this.#suggestions = [];
    this.#thompsonSeed = 0;
    find("surprise").hidden = shelf.model !== "vb";
    const genres = [...new Set(shelf.genres.flat())].sort();
    const select = find<HTMLSelectElement>("list-genre");
    select.replaceChildren(new Option("all genres", ""), ...genres.map((genre) => new Option(genre)));
    select.closest<HTMLElement>(".field")!.hidden = genres.length === 0;
    this.#changed();
  }

  /** Rates a title, from wherever on the page. */
  rate(item: number, stars: number): void {
    this.taste.rate(item, stars);
    this.#thompsonSeed = 0;
    const focused = document.activeElement;
    this.#changed();
    // A title that is rated moves to the visitor's own, and the focus with it.
    if (!focused?.isConnected) find("rated").querySelector<HTMLInputElement>(`input[name="rated-${item}"]:checked`)?.focus();
  }

  /** A title that was searched for comes first among the suggestions, to be given its stars. */
  #pick(item: number): void {
    const isRated = this.taste.starsOf(item) > 0;
    if (!isRated) this.#suggestions = [item, ...this.#suggestions.filter((other) => other !== item)].slice(0, SUGGESTED);
    this.#skipped.delete(item);
    this.#renderRatings();
    document.querySelector<HTMLInputElement>(isRated ? `input[name="rated-${item}"]:checked` : `input[name="suggested-${item}"]`)?.focus();
  }

  /** Fills up the suggestions with known titles, of different genres first, that were neither rated nor passed over. */
  #suggest(): void {
    const { counts, genres } = this.#shelf!;
    const isOpen = (item: number): boolean => !this.#skipped.has(item) && this.taste.starsOf(item) === 0;
    const kept = this.#suggestions.filter(isOpen);
    const known = Array.from(counts.keys())
      .sort((a, b) => counts[b] - counts[a] || a - b)
      .slice(0, WELL_KNOWN)
      .filter(isOpen);
    const covered = new Set(kept.flatMap((item) => genres[item]));
    const varied = known.filter((item) => {
      const fresh = genres[item].every((genre) => !covered.has(genre));
      if (fresh) for (const genre of genres[item]) covered.add(genre);
      return fresh;
    });
    this.#suggestions = [...new Set([...kept, ...varied, ...known])].slice(0, SUGGESTED);
  }

  #changed(): void {
    this.#suggest();
    this.#renderRatings();
    this.#list();
  }

  #renderRatings(): void {
    const { titles, genres } = this.#shelf!;
    const row = (item: number, group: string) =>
      html`<li>
        <span class="title"><span>${titles[item]}</span><small>${genres[item].join(", ")}</small></span>
        ${starsFor(`${group}-${item}`, titles[item], this.taste.starsOf(item), (stars) => this.rate(item, stars))}
      </li>`;
    const rated = this.taste.rated();
    render(
      rated.length === 0
        ? html`<p class="muted">None yet. One is enough for a first list.</p>`
        : html`<ul class="titles">${repeat(rated, ([item]) => item, ([item]) => row(item, "rated"))}</ul>`, // prettier-ignore
      find("rated"),
    );
    render(
      html`<ul class="titles">${repeat(this.#suggestions, (item) => item, (item) => row(item, "suggested"))}</ul>
        <button
          type="button"
          class="quiet"
          @click=${() => {
            for (const item of this.#suggestions) this.#skipped.add(item);
            this.#suggest();
            this.#renderRatings();
          }}
        >
          Show others
        </button>`, // prettier-ignore
      find("suggested"),
    );
  }

  /** Asks for the list anew. Only the answer to the last question is shown. */
  #list(): void {
    const { alpha, text } = ALPHAS[find<HTMLInputElement>("alpha").valueAsNumber];
    find<HTMLInputElement>("alpha").setAttribute("aria-valuetext", text);
    const asked = ++this.#asked;
    const options = {
      n: this.#more ? LISTED_MORE : LISTED,
      alpha,
      genre: find<HTMLSelectElement>("list-genre").value || undefined,
      thompsonSeed: this.#thompsonSeed || undefined,
    };
    this.#workshop.recommend(this.taste.ratings(), options).then(
      (list) => {
        if (asked === this.#asked) this.#show(list);
      },
      (error: unknown) => showFailure(find("list-error"), error),
    );
  }

  #show(given: readonly Recommendation[]): void {
    const list = given.filter(({ id }) => this.taste.indexOf(id) !== undefined);
    const count = this.taste.rated().length;
    find("list-title").textContent = count === 0 ? "What most people like" : this.#thompsonSeed > 0 ? "For you, at a venture" : "For you";
    clearFailure(find("list-error"));
    render(
      html`<ol class="list">
          ${repeat(list, ({ id }) => id, (item) => this.#entry(item))}
        </ol>
        ${legendOf(list)}
        ${list.length >= LISTED
          ? html`<button type="button" class="quiet" @click=${() => this.#toggleMore()}>${this.#more ? "Show fewer" : "Show more"}</button>`
          : nothing}`, // prettier-ignore
      find("list"),
    );
    find("list-status").textContent =
      list.length === 0 ? "No title is left to recommend" : `The list has changed: ${list.slice(0, 3).map(({ title }) => title).join("; ")}`; // prettier-ignore
    this.#onChange(list.map(({ id }) => this.taste.indexOf(id)!));
  }

  #toggleMore(): void {
    this.#more = !this.#more;
    this.#list();
  }

  #entry(entry: Recommendation) {
    const item = this.taste.indexOf(entry.id)!;
    return html`<li>
      <span class="title"><span>${entry.title}</span><small>${entry.genres.join(", ")}</small></span>
      ${this.#prediction(entry)} ${starsFor(`list-${item}`, entry.title, this.taste.starsOf(item), (stars) => this.rate(item, stars))}
    </li>`;
  }

  /** A predicted rating on its scale, with the deviation as a bar where the model knows it. */
  #prediction({ predicted, deviation }: Recommendation) {
    if (predicted === undefined) return nothing;
    const { model, statistics } = this.#shelf!;
    if (model === "logistic") return html`<span class="predicted"><b>${Math.round(predicted * 100)} %</b> likely to please</span>`;
    const [low, high] = model === "implicit" ? [0, 1] : [statistics.minimum, statistics.maximum];
    const at = (value: number): string => `${((Math.min(high, Math.max(low, value)) - low) / (high - low || 1)) * 100}%`;
    const spread = deviation ?? 0;
    return html`<span class="predicted">
      <span
        ><b>${predicted.toFixed(model === "implicit" ? 2 : 1)}</b
        >${deviation === undefined ? nothing : html` ± ${deviation.toFixed(1)}`}</span
      >
      <span class="whisker" aria-hidden="true"
        ><i class="reach" style="left:${at(predicted - spread)};right:calc(100% - ${at(predicted + spread)})"></i
        ><i class="dot" style="left:${at(predicted)}"></i
      ></span>
    </span>`;
  }
}

function legendOf(list: readonly Recommendation[]) {
  if (!list.some(({ deviation }) => deviation !== undefined)) return nothing;
  return html`<p class="muted">The dot is the rating it expects of you; two times out of three yours would lie within the bar.</p>`;
}
