// Which ratings to train on: the built-in ones, the file kept from last time, or one that is dropped now.

import { html, nothing, render } from "lit/html.js";
import type { AskedColumns } from "../src/index.js";
import { capital, counted } from "../src/report/words.js";
import { firstRows, offerColumns } from "./columns.js";
import { BUILT_IN, type BuiltInSize, type DataSummary } from "./data.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { failureOf } from "./failure.js";
import { type OwnRatings, ownRatings } from "./own-ratings.js";
import { find } from "./page.js";
import { forgetRatings } from "./taste.js";
import type { RemoteWorkshop } from "./workshop.js";

type Source = "built-in" | "own";

const SIZES: Record<BuiltInSize, string> = { small: "small", middle: "medium", large: "large: for a real GPU" };

const count = (value: number): string => value.toLocaleString("en");

interface SourcesOptions {
  /** Told what the worker now holds; undefined while it is being read, or could not be. */
  onData(summary: DataSummary | undefined): void;
  onModelFile(file: File): void;
  /** Somebody's own ratings, exported by a site. @returns what became of them, in words. */
  onExport(own: OwnRatings): string;
}

export class Sources {
  readonly #workshop: RemoteWorkshop;
  readonly #options: SourcesOptions;
  #source: Source = "built-in";
  #size: BuiltInSize = "middle";
  #own: DataSummary | undefined;
  /** Nothing was dropped yet. */
  #isFresh = true;

  constructor(workshop: RemoteWorkshop, options: SourcesOptions) {
    this.#workshop = workshop;
    this.#options = options;
    const files = find<HTMLInputElement>("files");
    find("browse").addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.#take([...(files.files ?? [])]);
      files.value = "";
    });
    this.#listenForDrops();
    this.#render();
  }

  /** Prepares the built-in data, unless something was dropped already, and finds what was kept. */
  async open(): Promise<void> {
    const made = this.#isFresh ? this.#use("built-in") : undefined;
    const kept = await this.#workshop.kept();
    // What was dropped meanwhile is newer.
    this.#own ??= kept;
    this.#render();
    await made;
  }

  #listenForDrops(): void {
    const drop = find("drop");
    const isFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") ?? false;
    addEventListener("dragover", (event) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      drop.classList.add("over");
    });
    addEventListener("dragleave", ({ relatedTarget }) => {
      if (!relatedTarget) drop.classList.remove("over");
    });
    addEventListener("drop", (event) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      drop.classList.remove("over");
      this.#take([...event.dataTransfer!.files]);
    });
  }

  #take(files: readonly File[]): void {
    if (files.length === 0) return;
    const model = files.find(({ name }) => name.endsWith(".safetensors"));
    if (model) this.#options.onModelFile(model);
    else void this.#readOwn(files);
  }

  /** A visitor's own ratings, if that is what the files are; else what can be trained on. */
  async #readOwn(files: readonly File[]): Promise<void> {
    const own = files.length === 1 ? await ownRatings(files[0]).catch(() => undefined) : undefined;
    if (!own) {
      await this.#read(files, false);
      return;
    }
    clearFailure(find("drop-error"));
    find("drop-status").textContent = this.#options.onExport(own);
  }

  async #read(files: readonly File[], skipBadRows: boolean, columns?: AskedColumns): Promise<void> {
    this.#isFresh = false;
    const status = find("drop-status");
    const alert = find("drop-error");
    clearFailure(alert);
    const names = files.map(({ name }) => name).join(", ");
    status.textContent = `Reading ${names}…`;
    this.#options.onData(undefined);
    const rows = files.length === 1 ? await firstRows(files[0]).catch(() => undefined) : undefined;
    const offer = (open: boolean): void => offerColumns(rows, open, (chosen) => void this.#read(files, skipBadRows, chosen));
    try {
      this.#own = await this.#workshop.read(files, skipBadRows, columns);
      offer(false);
      this.#source = "own";
      status.textContent = sentences([`read ${names}`, ...this.#own.notes]);
      this.#options.onData(this.#own);
    } catch (error) {
      status.textContent = "";
      const skip = { label: "Read it without such rows", act: () => void this.#read(files, true, columns) };
      const isRow = failureOf(error).malformedRow ?? false;
      showFailure(alert, error, isRow ? [skip] : []);
      offer(!isRow);
      // What was there before is there still.
      await this.#use(this.#source);
    }
    this.#render();
  }

  async #use(source: Source): Promise<void> {
    this.#source = source;
    this.#render();
    this.#options.onData(undefined);
    const size = this.#size;
    const own = source === "own" ? this.#own : undefined;
    const summary = own ? await this.#workshop.recall(own.key!) : await this.#workshop.invent(size);
    if (this.#source !== source || (source === "built-in" && this.#size !== size)) return;
    if (summary) this.#options.onData(summary);
    else await this.#lose(own!);
  }

  /** Goes on after another tab has put other data in the place of this one's, or has forgotten it. */
  async #lose(lost: DataSummary): Promise<void> {
    this.#own = await this.#workshop.kept();
    find("drop-status").textContent = `${lost.name} is not kept any more, since another tab has changed what is: drop it again.`;
    await this.#use("built-in");
  }

  async #forget(): Promise<void> {
    await this.#workshop.forget(this.#own!.key!);
    forgetRatings(this.#own!.name);
    this.#own = undefined;
    find("drop-status").textContent = "Forgotten.";
    await this.#use("built-in");
  }

  #render(): void {
    const { films, users, items, ratings } = BUILT_IN[this.#size];
    render(
      html`<label class="choice"
          ><input
            type="radio"
            name="source"
            value="built-in"
            .checked=${this.#source === "built-in"}
            @change=${() => void this.#use("built-in")}
          /><span
            ><b>Built in</b>
            <small
              >${count(ratings)} invented ratings of ${count(items)} ${films ? "real films" : "made-up titles"} by ${count(users)} made-up
              people</small
            ></span
          ></label
        >
        ${
          this.#source === "built-in"
            ? html`<label class="field size"
                ><span>Size</span
                ><select
                  @change=${({ target }: Event) => {
                    this.#size = (target as HTMLSelectElement).value as BuiltInSize;
                    void this.#use("built-in");
                  }}
                >
                  ${Object.entries(SIZES).map(
                    ([size, text]) => html`<option value=${size} ?selected=${size === this.#size}>${text}</option>`,
                  )}
                </select></label
              >`
            : nothing
        }
        ${
          this.#own
            ? html`<div class="choice-row">
                <label class="choice"
                  ><input
                    type="radio"
                    name="source"
                    value="own"
                    .checked=${this.#source === "own"}
                    @change=${() => void this.#use("own")}
                  /><span
                    ><b>${this.#own.name}</b>
                    <small
                      >${counted(this.#own.ratings, "rating")} of ${counted(this.#own.items, "title")} by
                      ${counted(this.#own.users, "person", "people")}, kept in this browser</small
                    ></span
                  ></label
                ><button type="button" class="quiet" aria-label="Forget ${this.#own.name}" @click=${() => void this.#forget()}>
                  Forget
                </button>
              </div>`
            : nothing
        }`,
      find("sources"),
    );
  }
}

const sentences = (parts: readonly string[]): string => parts.map((part) => `${capital(part)}.`).join(" ");
