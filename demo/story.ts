// How it works, told by the figures of the model that is on the page.

import { html, nothing, render } from "lit/html.js";
import { counted } from "../src/report/words.js";
import type { DataSummary } from "./data.js";
import { find } from "./page.js";
import { bestOf, type Report } from "./report.js";
import type { Taste } from "./taste.js";
import type { Answer, Shelf } from "./training-worker.js";

/** Squares of the picture of holes: filled ones are as many as there are ratings among all pairs. */
const HOLES = { columns: 34, rows: 12 } as const;
/** At most so many factors are drawn. */
const MOST_BARS = 24;

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 2 : share < 0.1 ? 1 : 0)} %`;
const signed = (value: number): string => `${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(2)}`;

export class Story {
  #report: Report | undefined;
  #shelf: Shelf | undefined;
  #answer: Answer | undefined;
  #taste: Taste | undefined;
  #data: DataSummary | undefined;

  setModel(shelf: Shelf, report: Report | undefined): void {
    [this.#shelf, this.#report, this.#answer] = [shelf, report, undefined];
    this.#render();
  }

  setData(data: DataSummary | undefined): void {
    this.#data = data;
    this.#render();
  }

  setAnswer(answer: Answer, taste: Taste): void {
    [this.#answer, this.#taste] = [answer, taste];
    this.#render();
  }

  #render(): void {
    if (!this.#shelf) return;
    render(html`${this.#holes()}${this.#factors()}${this.#product()}${this.#overfitting()}${this.#deviation()}`, find("story"));
  }

  #holes() {
    const { titles, statistics } = this.#shelf!;
    const filled = this.#report?.filled ?? (this.#data ? this.#data.ratings / (this.#data.users * this.#data.items) : undefined);
    if (filled === undefined) return nothing;
    return chapter(
      "Holes",
      html`<p>
        Picture a table with a row for every person and a column for each of ${titles.length.toLocaleString("en")} titles. A rating fills a
        square. <b>${percent(1 - filled)}</b> of the squares are empty. To recommend is to guess what would stand in them: the average,
        ${statistics.mean.toFixed(2)}, is the first guess.
      </p>`,
      mosaic(filled),
    );
  }

  #factors() {
    const { factors } = this.#shelf!;
    const { sum } = this.#answer ?? {};
    return chapter(
      "Factors",
      html`<p>
        The model gives everybody and every title <b>${factors}</b> numbers, its <i>factors</i> (K of them). Nobody says what they mean.
        They are found by turns: all people's while the titles' are held, then all titles' while the people's are held. Both turns together
        are a <i>sweep</i>.
      </p>`,
      sum ? html`<div class="bars">${bars("you", sum.you)}${bars(this.#titleOf(sum.id), sum.title)}</div>` : nothing,
    );
  }

  #product() {
    const { sum } = this.#answer ?? {};
    if (!sum) return nothing;
    const product = sum.you.reduce((total, value, k) => total + value * sum.title[k], 0);
    const predicted = sum.mean + sum.itemBias + sum.userBias + product;
    return chapter(
      "A dot product",
      html`<p>
        Where your factor and a title's are both high, or both low, you are thought to like it: they are multiplied one by one, and added
        up. That and what everybody thinks of the title is the prediction. Of <b>${this.#titleOf(sum.id)}</b>:
      </p>`,
      html`<p class="sum">
        <span>${sum.mean.toFixed(2)}<small>average</small></span> <span>${signed(sum.itemBias)}<small>the title</small></span>
        <span>${signed(sum.userBias)}<small>you, in general</small></span> <span>${signed(product)}<small>you · title</small></span>
        <span>= <b>${predicted.toFixed(2)}</b></span>
      </p>`,
    );
  }

  #overfitting() {
    const best = this.#report && bestOf(this.#report);
    const last = this.#report?.history.at(-1);
    if (!best || !last || typeof last.heldOutRmse !== "number" || last.trainRmse === null) return nothing;
    return chapter(
      "Overfitting",
      html`<p>
        Some ratings were held out of training. On those that it learns from it is off by <b>${last.trainRmse.toFixed(2)}</b>, on those that
        it has never seen by <b>${last.heldOutRmse.toFixed(2)}</b>. The gap is what it has learned by heart. With more factors it grows: the
        precisions τ and γ hold them back, and the model kept is that of sweep ${best.sweep}, the best on what it has not seen.
      </p>`,
      html`<div class="gap" aria-hidden="true">
        ${[
          { label: "seen", value: last.trainRmse, colour: "--curve-train" },
          { label: "not seen", value: last.heldOutRmse, colour: "--curve-held-out" },
          ...(this.#report!.guess === null ? [] : [{ label: "average", value: this.#report!.guess, colour: "--other" }]),
        ].map(
          ({ label, value, colour }) =>
            html`<span>${label}</span
              ><i
                style="width:${(100 * value) / Math.max(1, this.#report!.guess ?? 0, last.heldOutRmse!)}%;background:var(${colour})"
              ></i>`,
        )}
      </div>`,
    );
  }

  #deviation() {
    const first = this.#answer?.list[0];
    if (first?.deviation === undefined || first.predicted === undefined) return nothing;
    const count = this.#taste!.rated().length;
    return chapter(
      "How sure it is: ±",
      html`<p>
        ${count === 0 ? "You have rated nothing yet" : `You have rated ${counted(count, "title")}`}, so your factors are known only roughly.
        The model keeps track of how roughly: <b>${first.title}</b> is <b>${first.predicted.toFixed(1)} ± ${first.deviation.toFixed(1)}</b>.
        Two times out of three your own rating would lie within. Part of it never goes away: people do not rate the same film alike twice.
      </p>`,
      nothing,
    );
  }

  #titleOf(id: Answer["list"][number]["id"]): string {
    return this.#answer!.list.find((entry) => entry.id === id)?.title ?? String(id);
  }
}

const chapter = (title: string, text: unknown, figure: unknown) =>
  html`<li>
    <h3>${title}</h3>
    ${text}${figure}
  </li>`;

/** A table with as many filled squares as there are ratings; always the same ones. */
function mosaic(filled: number) {
  const { columns, rows } = HOLES;
  const wanted = Math.max(1, Math.round(filled * columns * rows));
  const chance = (at: number): number => Math.abs(Math.sin(at * 12.9898 + 4.1) * 43758.5453) % 1;
  const order = Array.from({ length: columns * rows }, (_, at) => at).sort((a, b) => chance(a) - chance(b));
  return html`<svg class="holes" viewBox="0 0 ${columns} ${rows}" aria-hidden="true">
    <rect width=${columns} height=${rows} class="empty" />
    <path
      d=${order
        .slice(0, wanted)
        .map((at) => `M${at % columns} ${Math.floor(at / columns)}h.9v.9h-.9z`)
        .join("")}
    />
  </svg>`;
}

/** Factors as bars up and down from a middle line. */
function bars(name: string, values: readonly number[]) {
  const shown = values.slice(0, MOST_BARS);
  const most = Math.max(...shown.map(Math.abs)) || 1;
  const path = shown.map((value, at) => `M${at * 10 + 1} 20h8v${(-18 * value) / most}h-8z`).join("");
  return html`<figure>
    <svg viewBox="0 0 ${shown.length * 10} 40" preserveAspectRatio="none" aria-hidden="true"><path d=${path} /></svg>
    <figcaption>${name}</figcaption>
  </figure>`;
}
