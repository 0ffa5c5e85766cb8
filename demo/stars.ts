// Five stars as a group of radio buttons, so that every key and every screen reader knows them.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { live } from "lit/directives/live.js";
import { counted } from "../src/report/words.js";
import { MOST_STARS } from "./taste.js";

/**
 * @param group a name of its own for these stars.
 * @param onRate receives 1 to 5, or 0 when the rating is taken back.
 */
export function starsFor(group: string, title: string, stars: number, onRate: (stars: number) => void): TemplateResult {
  return html`<fieldset class="stars">
    <legend class="hidden">Your rating of ${title}</legend>
    ${Array.from({ length: MOST_STARS }, (_, at) => at + 1).map(
      (value) =>
        html`<label
          ><input type="radio" name=${group} value=${value} .checked=${live(value === stars)} @change=${() => onRate(value)} /><span
            class="hidden"
            >${counted(value, "star")}</span
          ><svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12 2.6l2.9 6 6.6.9-4.8 4.6 1.2 6.6L12 17.5l-5.9 3.2 1.2-6.6L2.5 9.5l6.6-.9z" /></svg
        ></label>`,
    )}
    ${
      stars > 0
        ? html`<button type="button" class="remove" aria-label="Take back the rating of ${title}" @click=${() => onRate(0)}>×</button>`
        : nothing
    }
  </fieldset>`;
}
