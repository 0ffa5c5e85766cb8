// A search among titles: a combobox with a list of matches, by keyboard, pointer and screen reader.

import { html, nothing, render } from "lit/html.js";
import { counted } from "../src/report/words.js";
import type { Shelf } from "./training-worker.js";

const MOST_MATCHES = 8;
let boxes = 0;

/** @see https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ */
export class SearchBox {
  readonly #host: HTMLElement;
  readonly #label: string;
  readonly #onChoose: (item: number) => void;
  readonly #id = `search-${++boxes}`;
  #shelf: Shelf | undefined;
  #folded: readonly string[] = [];
  #matches: readonly number[] = [];
  #active = -1;
  #query = "";

  constructor(host: HTMLElement, label: string, onChoose: (item: number) => void) {
    this.#host = host;
    this.#label = label;
    this.#onChoose = onChoose;
    host.addEventListener("focusout", ({ relatedTarget }) => {
      if (!host.contains(relatedTarget as Node | null)) this.#close();
    });
  }

  setShelf(shelf: Shelf): void {
    this.#shelf = shelf;
    this.#folded = shelf.titles.map(folded);
    this.#query = "";
    this.#close();
  }

  /** Titles that hold all words of the query; those that start with it first, then the most rated. */
  #search(query: string): void {
    this.#query = query;
    const wanted = folded(query);
    const words = wanted.split(" ").filter((word) => word !== "");
    const counts = this.#shelf!.counts;
    const found: number[] = [];
    if (words.length > 0) this.#folded.forEach((title, item) => words.every((word) => title.includes(word)) && found.push(item));
    const starts = (item: number): number => Number(this.#folded[item].startsWith(wanted));
    this.#matches = found.sort((a, b) => starts(b) - starts(a) || counts[b] - counts[a] || a - b).slice(0, MOST_MATCHES);
    this.#active = this.#matches.length > 0 ? 0 : -1;
    this.#render();
  }

  #close(): void {
    this.#matches = [];
    this.#active = -1;
    this.#render();
  }

  #choose(item: number): void {
    this.#query = "";
    this.#close();
    this.#onChoose(item);
  }

  #key(event: KeyboardEvent): void {
    const { length } = this.#matches;
    if (event.key === "Escape") {
      if (length > 0) event.preventDefault();
      this.#close();
    } else if (event.key === "Enter" && this.#active >= 0) this.#choose(this.#matches[this.#active]);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && length > 0) {
      event.preventDefault();
      this.#active = (this.#active + (event.key === "ArrowDown" ? 1 : length - 1)) % length;
      this.#render();
    }
  }

  #render(): void {
    const open = this.#matches.length > 0;
    const nothingFound = !open && this.#query.trim().length > 0;
    render(
      html`<label class="search">
          <span class="hidden">${this.#label}</span>
          <input
            type="search"
            role="combobox"
            placeholder=${this.#label}
            autocomplete="off"
            spellcheck="false"
            aria-autocomplete="list"
            aria-expanded=${open}
            aria-controls=${this.#id}
            aria-activedescendant=${open ? `${this.#id}-${this.#active}` : nothing}
            .value=${this.#query}
            @input=${({ target }: InputEvent) => this.#search((target as HTMLInputElement).value)}
            @keydown=${(event: KeyboardEvent) => this.#key(event)}
          />
        </label>
        <ul id=${this.#id} role="listbox" aria-label="Titles found" class="matches" ?hidden=${!open}>
          ${this.#matches.map(
            (item, at) =>
              html`<li
                id="${this.#id}-${at}"
                role="option"
                aria-selected=${at === this.#active}
                @pointerdown=${(event: Event) => {
                  // The input keeps the focus.
                  event.preventDefault();
                  this.#choose(item);
                }}
              >
                ${this.#shelf!.titles[item]} <small>${this.#shelf!.genres[item].join(", ")}</small>
              </li>`,
          )}
        </ul>
        <p class="hidden" role="status">${open ? counted(this.#matches.length, "title") : nothingFound ? "No title found" : nothing}</p>
        ${nothingFound ? html`<p class="muted" aria-hidden="true">No title has these words.</p>` : nothing}`,
      this.#host,
    );
  }
}

/** Lower case without accents: "Amélie" is found by "amelie". */
const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
