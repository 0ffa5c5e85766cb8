// GPU against CPU: the same few sweeps on both, how long they take, and how far the results lie apart.

import { html, nothing, render } from "lit/html.js";
import type { Comparison, Contender } from "./comparison.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { find } from "./page.js";
import type { Settings } from "./training-worker.js";
import { called, type RemoteWorkshop } from "./workshop.js";

const SWEEPS = 5;

export class ComparePanel {
  readonly #workshop: RemoteWorkshop;
  readonly #settings: () => Settings | undefined;
  readonly #button = find<HTMLButtonElement>("compare");
  readonly #cancel = find<HTMLButtonElement>("compare-cancel");
  readonly #status = find("compare-status");
  #possible = false;
  #busy = false;

  /** @param settings those of the form, or undefined when they are not valid. */
  constructor(workshop: RemoteWorkshop, settings: () => Settings | undefined, onBusy: (busy: boolean) => void) {
    this.#workshop = workshop;
    this.#settings = settings;
    this.#button.addEventListener("click", () => {
      onBusy(true);
      this.setBusy(true);
      void this.#run().finally(() => {
        this.setBusy(false);
        onBusy(false);
      });
    });
    this.#cancel.addEventListener("click", () => void workshop.cancel());
  }

  /** Whether there are a GPU and data. @param missing why nothing can be compared, if so. */
  setPossible(possible: boolean, missing?: string): void {
    this.#possible = possible;
    this.#button.disabled = !possible || this.#busy;
    if (missing) this.#status.textContent = missing;
  }

  /** Whether the worker is occupied with something else. */
  setBusy(busy: boolean): void {
    this.#busy = busy;
    this.#button.disabled = !this.#possible || busy;
  }

  async #run(): Promise<void> {
    const settings = this.#settings();
    if (!settings) return;
    clearFailure(find("compare-error"));
    this.#cancel.hidden = false;
    this.#status.textContent = "Training on the GPU…";
    try {
      const told = called(async (done: number) => {
        const [device, sweep] = done < SWEEPS ? ["GPU", done] : ["CPU", done - SWEEPS];
        this.#status.textContent = `Training on the ${device}: sweep ${sweep} of ${SWEEPS}`;
      });
      const comparison = await this.#workshop.compare(settings, SWEEPS, told);
      this.#status.textContent = comparison ? verdict(comparison) : "Stopped.";
      if (comparison) render(table(comparison), find("comparison"));
    } catch (error) {
      this.#status.textContent = "";
      showFailure(find("compare-error"), error);
    } finally {
      this.#cancel.hidden = true;
    }
  }
}

function verdict({ gpu, cpu, largestDifference, predictions }: Comparison): string {
  const ratio = cpu.sweepSeconds / gpu.sweepSeconds;
  const speed =
    ratio >= 1
      ? `A sweep is ${ratio.toFixed(1)} times faster on the GPU.`
      : `A sweep is ${(1 / ratio).toFixed(1)} times slower on the GPU.`;
  return `${speed} Of ${predictions.toLocaleString("en")} predictions, no two differ by more than ${scientific(largestDifference)}.`;
}

const scientific = (value: number): string => (value === 0 ? "0" : value >= 0.01 ? value.toFixed(3) : value.toExponential(1));

const duration = (seconds: number): string => (seconds >= 1 ? `${seconds.toFixed(2)} s` : `${(seconds * 1000).toFixed(1)} ms`);

function table({ gpu, cpu, sweeps, factors }: Comparison) {
  const row = ({ device, firstSeconds, sweepSeconds, heldOut }: Contender) =>
    html`<tr>
      <th scope="row">${device.name}${device.software && device.kind === "webgpu" ? html` <small>software</small>` : nothing}</th>
      <td>${duration(sweepSeconds)}</td>
      <td>${duration(firstSeconds)}</td>
      <td>${heldOut === null ? "–" : heldOut.toFixed(6)}</td>
    </tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="GPU against CPU">
      <table>
        <thead>
          <tr>
            <th scope="col">${sweeps} sweeps, K = ${factors}</th>
            <th scope="col">a sweep</th>
            <th scope="col">until the first</th>
            <th scope="col">held-out error</th>
          </tr>
        </thead>
        <tbody>
          ${row(gpu)} ${row(cpu)}
        </tbody>
      </table>
    </div>
    <p class="muted">
      A sweep is timed with its measurement; the first also waits for uploading and for compiling kernels. The CPU side is one thread of
      JavaScript written to be read, not to be fast: the ratio says less than the agreement.
      ${gpu.device.software ? "This GPU is a software driver, which computes on the same processor." : ""}
    </p>`;
}
