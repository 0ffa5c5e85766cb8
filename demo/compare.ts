// The race: the same few sweeps on all that can compute here, how long they take, and how far the results lie apart.

import { html, nothing, render } from "lit/html.js";
import { capital } from "../src/report/words.js";
import type { Comparison, Contender, Lap } from "./comparison.js";
import { nameOf } from "./device-text.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { find } from "./page.js";
import { RaceChart } from "./race-chart.js";
import type { Stage } from "./stage.js";
import type { Settings } from "./training-worker.js";
import { called, type RemoteWorkshop } from "./workshop.js";

const SWEEPS = 5;

export class ComparePanel {
  readonly #workshop: RemoteWorkshop;
  readonly #settings: () => Settings | undefined;
  readonly #button = find<HTMLButtonElement>("compare");
  readonly #cancel = find<HTMLButtonElement>("compare-cancel");
  readonly #status = find("compare-status");
  readonly #stage: Stage;
  readonly #chart = new RaceChart(find("race-chart"));

  /** @param settings those of the form, or undefined when they are not valid. */
  constructor(workshop: RemoteWorkshop, settings: () => Settings | undefined, stage: Stage) {
    this.#workshop = workshop;
    this.#settings = settings;
    this.#stage = stage;
    this.#button.addEventListener("click", () => void this.#run());
    this.#cancel.addEventListener("click", () => void stage.go("ending"));
    stage.listen(({ phase }, before) => {
      this.#button.disabled = !stage.isOpen;
      this.#cancel.hidden = phase !== "racing" && phase !== "ending";
      this.#cancel.disabled = phase === "ending";
      if (phase !== "ending" || before.phase === "ending") return;
      this.#status.textContent = "Stopping…";
      void workshop.cancel();
    });
  }

  redraw(): void {
    this.#chart.redraw();
  }

  async #run(): Promise<void> {
    const settings = this.#settings();
    if (!settings || !this.#stage.go("racing")) return;
    clearFailure(find("compare-error"));
    this.#status.textContent = "Getting ready…";
    try {
      const told = called(async ({ device, sweep, done, courses }: Lap) => {
        if (this.#stage.state.phase === "racing") this.#status.textContent = `${capital(nameOf(device))}: sweep ${sweep} of ${SWEEPS}`;
        this.#chart.show(courses);
        this.#show(done, SWEEPS);
      });
      const comparison = await this.#workshop.race(settings, SWEEPS, told);
      this.#status.textContent = comparison ? verdict(comparison) : "Stopped.";
      if (comparison) this.#show(comparison.contenders, comparison.sweeps, comparison.differences);
    } catch (error) {
      this.#status.textContent = "";
      showFailure(find("compare-error"), error);
    } finally {
      this.#stage.go("idle");
    }
  }

  #show(contenders: readonly Contender[], sweeps: number, differences?: readonly number[]): void {
    render(contenders.length > 0 ? table(contenders, sweeps, differences) : nothing, find("comparison"));
  }
}

function verdict({ contenders, differences, predictions }: Comparison): string {
  const reference = contenders[contenders.length - 1];
  const speeds = contenders.slice(0, -1).map(({ device, sweepSeconds }) => {
    const ratio = reference.sweepSeconds / sweepSeconds;
    const compared = ratio >= 1 ? `${rounded(ratio)} times as fast as` : `${rounded(1 / ratio)} times as slow as`;
    return `${capital(nameOf(device))}: ${compared} the reference.`;
  });
  if (speeds.length === 0) return "Nothing but the reference can compute here.";
  const most = Math.max(...differences);
  return `${speeds.join(" ")} Of ${predictions.toLocaleString("en")} predictions, none is farther from the reference's than ${scientific(most)}.`;
}

const rounded = (ratio: number): string => ratio.toFixed(ratio < 10 ? 1 : 0);

const scientific = (value: number): string => (value === 0 ? "0" : value >= 0.01 ? value.toFixed(3) : value.toExponential(1));

const duration = (seconds: number): string => (seconds >= 1 ? `${seconds.toFixed(2)} s` : `${(seconds * 1000).toFixed(1)} ms`);

function table(contenders: readonly Contender[], sweeps: number, differences: readonly number[] = []) {
  const slowest = Math.max(...contenders.map(({ sweepSeconds }) => sweepSeconds));
  const row = ({ device, firstSeconds, sweepSeconds, heldOut }: Contender, at: number) =>
    html`<tr>
      <th scope="row">
        ${capital(nameOf(device))}${device.software && device.kind === "webgpu" ? html` <small>software</small>` : nothing}
        <span class="lap" aria-hidden="true" style="width:${Math.max(1, (100 * sweepSeconds) / slowest)}%"></span>
      </th>
      <td>${duration(sweepSeconds)}</td>
      <td>${duration(firstSeconds)}</td>
      <td>${heldOut === null ? "–" : heldOut.toFixed(5)}</td>
      <td>${at < differences.length ? scientific(differences[at]) : "–"}</td>
    </tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Race of engines">
      <table>
        <thead>
          <tr>
            <th scope="col">${sweeps} sweeps each</th>
            <th scope="col">a sweep</th>
            <th scope="col">until the first</th>
            <th scope="col">held-out error</th>
            <th scope="col">off by at most</th>
          </tr>
        </thead>
        <tbody>
          ${contenders.map(row)}
        </tbody>
      </table>
    </div>
    <p class="muted">
      A sweep is timed with its measurement; the first also waits for uploading and for compiling kernels. The reference is one thread of
      float64, written to be read, not to be fast: what counts is that the others agree with it.
      ${contenders.some(({ device }) => device.kind === "webgpu" && device.software) ? "This GPU is a software driver, which computes on the same processor." : ""}
    </p>`;
}
