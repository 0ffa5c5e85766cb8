// What the page says when something went wrong, and what can be done about it.

import { html, nothing, render } from "lit/html.js";
import { capital } from "../src/report/words.js";
import { failureOf } from "./failure.js";

interface Remedy {
  readonly label: string;
  readonly act: () => void;
}

/** Shows a failure in an alert, with buttons that mend it. */
export function showFailure(alert: HTMLElement, error: unknown, remedies: readonly Remedy[] = []): void {
  const { message, remedy } = failureOf(error);
  render(
    html`<div class="failure">
      <p>${sentence(message)} ${remedy ? `What helps: ${remedy}.` : nothing}</p>
      ${remedies.map(({ label, act }) => html`<button type="button" @click=${act}>${label}</button>`)}
    </div>`,
    alert,
  );
}

/** File names, which some messages begin with, are left as they are. */
function sentence(message: string): string {
  const isFile = /^\S+[.:]/.test(message);
  return `${isFile ? message : capital(message)}.`;
}

export function clearFailure(alert: HTMLElement): void {
  render(nothing, alert);
}
