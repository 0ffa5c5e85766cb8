// Which column of a dropped table is what: shown as it was taken, to be said otherwise.

import { html, nothing, render } from "lit/html.js";
import type { AskedColumns } from "../src/index.js";
import { find } from "./page.js";

const SHOWN_BYTES = 16_384;
const MOST_COLUMNS = 60;
const ROLES = [
  { role: "user", text: "people" },
  { role: "item", text: "titles" },
  { role: "rating", text: "ratings" },
] as const;

/** The first rows of a table, cell by cell; undefined for a file that is no plain table of two columns or more. */
export async function firstRows(file: File): Promise<string[][] | undefined> {
  if (/\.(zip|gz|parquet|safetensors|jsonl?|ndjson)$/i.test(file.name)) return undefined;
  const { default: Papa } = await import("papaparse");
  const text = (await file.slice(0, SHOWN_BYTES).text()).replace(/^\uFEFF/, "");
  const { data } = Papa.parse<string[]>(text, { preview: 3, skipEmptyLines: true });
  const width = data[0]?.length ?? 0;
  return data.length > 1 && width > 1 && width <= MOST_COLUMNS ? data : undefined;
}

/**
 * Offers to say which column is what.
 *
 * @param rows of the table; without any, nothing is offered.
 * @param open whether it is needed, since the columns could not be told.
 */
export function offerColumns(rows: readonly string[][] | undefined, open: boolean, onChoose: (columns: AskedColumns) => void): void {
  const host = find("drop-columns");
  if (!rows) {
    render(nothing, host);
    return;
  }
  const [names, first = []] = rows;
  const chosen = (role: string): number => Number(host.querySelector<HTMLSelectElement>(`[name="column-${role}"]`)!.value);
  const choose = (): void => {
    const [user, item, rating] = ROLES.map(({ role }) => chosen(role));
    onChoose({ user, item, rating: rating < 0 ? "none" : rating });
  };
  render(
    html`<details ?open=${open}>
      <summary>Say which column is what</summary>
      <div class="fields">
        ${ROLES.map(
          ({ role, text }, place) =>
            html`<label class="field"
              ><span>${text}</span
              ><select name="column-${role}">
                ${names.map(
                  (name, at) =>
                    html`<option value=${at} ?selected=${at === Math.min(place, names.length - 1)}>
                      ${name.slice(0, 30)}${first[at] ? ` (${first[at].slice(0, 20)} …)` : nothing}
                    </option>`,
                )}
                ${role === "rating" ? html`<option value="-1">none: every row is a positive</option>` : nothing}
              </select></label
            >`,
        )}
      </div>
      <button type="button" class="quiet" @click=${choose}>Read it so</button>
    </details>`,
    host,
  );
}
