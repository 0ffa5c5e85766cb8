// Rating a few titles, and the list that the model makes of them at once, by fold-in.

import { html, nothing, render } from "lit/html.js";
import { repeat } from "lit/directives/repeat.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { genreColour, type Genres, genresOf } from "./genre-colours.js";
import { find } from "./page.js";
import { SearchBox } from "./search-box.js";
import { starsFor } from "./stars.js";
import { Taste } from "./taste.js";
import { shortened } from "./titles.js";
import type { Answer, Listed, Shelf } from "./training-worker.js";
import type { RemoteWorkshop } from "./workshop.js";

/** Weights of the item biases that the slider goes through. 0.02 all but ignores what everybody thinks of a title. */
const ALPHAS = [
  { alpha: 0.02, text: "what fits me most" },
  { alpha: 0.1, text: "mostly what fits me" },
  { alpha: 0.25, text: "some of both" },
  { alpha: 0.5, text: "mostly what I would rate highest" },
  { alpha: 1, text: "what I would rate highest" },
] as const;
const LISTED = 10;
const LISTED_MORE = 30;
const SUGGESTED = 8;
/** Titles to suggest from: the most rated. */
const WELL_KNOWN = 120;

export class RatePanel {
  readonly taste = new Taste();
  readonly #workshop: RemoteWorkshop;
  readonly #onChange: (answer: Answer, taste: Taste) => void;
  readonly #search: SearchBox;
  #shelf: Shelf | undefined;
  #suggestions: number[] = [];
  #skipped = new Set<number>();
  #more = false;
  #thompsonSeed = 0;
  #asked = 0;
  #coloured: Genres = { names: [], ofItem: new Int8Array(0) };
  #listed: readonly Listed[] = [];

  /** @param onChange told of every new list. */
  constructor(workshop: RemoteWorkshop, onChange: (answer: Answer, taste: Taste) => void) {
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
    this.#coloured = genresOf(shelf.genres);
    this.taste.setShelf(shelf);
    this.#search.setShelf(shelf);
    this.#skipped.clear();
    this.#suggestions = [];
    this.#thompsonSeed = 0;
    find("surprise").hidden = !shelf.hasPosterior;
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

  /** Takes many ratings at once, in the place of those that there are. */
  replace(stars: Iterable<readonly [id: string, stars: number]>): void {
    this.taste.replace(stars);
    this.#changed();
  }

  /** What the visitor is shown: their own ratings, and the list made of them. */
  get shown(): { readonly rated: readonly [title: string, stars: number][]; readonly list: readonly Listed[] } {
    return { rated: this.taste.rated().map(([item, stars]) => [this.#shelf!.titles[item], stars]), list: this.#listed };
  }

  /** How the list is made, as text that {@link setOptions} takes. */
  options(): Record<string, string> {
    const genre = find<HTMLSelectElement>("list-genre").value;
    const { value, defaultValue } = find<HTMLInputElement>("alpha");
    return { ...(value !== defaultValue && { order: value }), ...(genre && { genre }) };
  }

  setOptions({ order, genre }: { readonly order?: string | undefined; readonly genre?: string | undefined }): void {
    if (order !== undefined) find<HTMLInputElement>("alpha").value = order;
    const select = find<HTMLSelectElement>("list-genre");
    if (genre !== undefined && [...select.options].some(({ value }) => value === genre)) select.value = genre;
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
    const { counts, genres, directors } = this.#shelf!;
    const isOpen = (item: number): boolean => !this.#skipped.has(item) && this.taste.starsOf(item) === 0;
    const kept = this.#suggestions.filter(isOpen);
    const known = Array.from(counts.keys())
      .sort((a, b) => counts[b] - counts[a] || a - b)
      .slice(0, WELL_KNOWN)
      .filter(isOpen);
    // Titles that have neither leading genre nor director in common with one before, then those with another director.
    const covered = new Set(kept.flatMap((item) => [genres[item][0], directors[item]]));
    const pick = (traitsOf: (item: number) => readonly (string | undefined)[]): number[] =>
      known.filter((item) => {
        const traits = traitsOf(item).filter((trait) => trait);
        if (traits.some((trait) => covered.has(trait!))) return false;
        for (const trait of [genres[item][0], directors[item]]) if (trait) covered.add(trait);
        return true;
      });
    const varied = pick((item) => [genres[item][0], directors[item]]);
    const others = pick((item) => [directors[item]]);
    this.#suggestions = [...new Set([...kept, ...varied, ...others, ...known])].slice(0, SUGGESTED);
  }

  #changed(): void {
    this.#suggest();
    this.#renderRatings();
    this.#list();
  }

  #renderRatings(): void {
    const { titles, genres, directors } = this.#shelf!;
    const rated = this.taste.rated();
    const stars = (item: number, group: string) =>
      starsFor(`${group}-${item}`, titles[item], this.taste.starsOf(item), (stars) => this.rate(item, stars));
    const row = (item: number) =>
      html`<li>
        <span class="title"><span>${titles[item]}</span></span>
        ${stars(item, "rated")}
      </li>`;
    find("rated-title").hidden = rated.length === 0;
    render(
      rated.length === 0
        ? nothing
        : html`<ul class="titles">
            ${repeat(
              rated,
              ([item]) => item,
              ([item]) => row(item),
            )}
          </ul>`,
      find("rated"),
    );
    const card = (item: number) =>
      html`<li style="--tint: ${genreColour(this.#coloured.ofItem[item])}">
        <span class="title"><span>${titles[item]}</span><small>${directors[item] || genres[item].slice(0, 2).join(", ")}</small></span>
        <div class="card-foot">
          ${stars(item, "suggested")}
          <button type="button" class="pass" aria-label="I have not seen ${titles[item]}" @click=${() => this.#pass([item])}>
            not seen
          </button>
        </div>
      </li>`;
    render(
      html`<ul class="cards">
          ${repeat(this.#suggestions, (item) => item, card)}
        </ul>
        <button type="button" class="quiet" @click=${() => this.#pass(this.#suggestions)}>Show others</button>`,
      find("suggested"),
    );
  }

  /** Puts other titles in the place of these. */
  #pass(items: readonly number[]): void {
    for (const item of items) this.#skipped.add(item);
    const places = this.#suggestions;
    this.#suggest();
    // Those that stay keep their places.
    const fresh = this.#suggestions.filter((item) => !places.includes(item));
    if (items.length < places.length) this.#suggestions = places.flatMap((item) => (this.#skipped.has(item) ? fresh.splice(0, 1) : [item]));
    this.#renderRatings();
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
      (answer) => {
        if (asked === this.#asked) this.#show(answer);
      },
      (error: unknown) => showFailure(find("list-error"), error),
    );
  }

  #show(answer: Answer): void {
    const list = answer.list.filter(({ id }) => this.taste.indexOf(id) !== undefined);
    this.#listed = list;
    const count = this.taste.rated().length;
    find("list-title").textContent = count === 0 ? "What most people like" : this.#thompsonSeed > 0 ? "For you, at a venture" : "For you";
    clearFailure(find("list-error"));
    render(
      html`<ol class="list">
          ${repeat(
            list,
            ({ id }) => id,
            (item) => this.#entry(item),
          )}
        </ol>
        ${legendOf(list)}
        ${
          list.length >= LISTED
            ? html`<button type="button" class="quiet" @click=${() => this.#toggleMore()}>
                ${this.#more ? "Show fewer" : "Show more"}
              </button>`
            : nothing
        }`,
      find("list"),
    );
    find("list-status").textContent =
      list.length === 0
        ? "No title is left to recommend"
        : `The list has changed: ${list
            .slice(0, 3)
            .map(({ title }) => title)
            .join("; ")}`;
    this.#onChange({ ...answer, list }, this.taste);
  }

  #toggleMore(): void {
    this.#more = !this.#more;
    this.#list();
  }

  #entry(entry: Listed) {
    const item = this.taste.indexOf(entry.id)!;
    const reason = entry.why && this.taste.indexOf(entry.why.id);
    return html`<li>
      <span class="title"
        ><span>${entry.title}</span
        ><small
          >${
            reason === undefined
              ? entry.genres.join(", ")
              : html`because you gave <b>${shortened(this.#shelf!.titles[reason])}</b>&nbsp;${this.taste.starsOf(reason)}`
          }</small
        ></span
      >
      ${this.#prediction(entry)} ${starsFor(`list-${item}`, entry.title, this.taste.starsOf(item), (stars) => this.rate(item, stars))}
    </li>`;
  }

  /** A predicted rating on its scale, with the deviation as a bar where the model knows it. */
  #prediction({ predicted, deviation }: Listed) {
    if (predicted === undefined) return nothing;
    const { predicts, statistics } = this.#shelf!;
    if (predicts === "probability") return html`<span class="predicted"><b>${Math.round(predicted * 100)} %</b> likely to please</span>`;
    const [low, high, digits] = predicts === "preference" ? [0, 1, 2] : [statistics.minimum, statistics.maximum, 1];
    const at = (value: number): string => `${((Math.min(high, Math.max(low, value)) - low) / (high - low || 1)) * 100}%`;
    const spread = deviation ?? 0;
    return html`<span class="predicted">
      <span><b>${predicted.toFixed(digits)}</b>${deviation === undefined ? nothing : html` ± ${deviation.toFixed(1)}`}</span>
      <span class="whisker" aria-hidden="true"
        ><i class="reach" style="left:${at(predicted - spread)};right:calc(100% - ${at(predicted + spread)})"></i
        ><i class="dot" style="left:${at(predicted)}"></i
      ></span>
    </span>`;
  }
}

function legendOf(list: readonly Listed[]) {
  if (!list.some(({ deviation }) => deviation !== undefined)) return nothing;
  return html`<p class="muted">The dot is the rating it expects of you; two times out of three yours would lie within the bar.</p>`;
}
