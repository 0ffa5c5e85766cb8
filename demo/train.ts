// Training: the buttons, the curves that move every sweep, and what came of it.

import { html, render } from "lit/html.js";
import type { HistoryEntry } from "../src/index.js";
import { compact, Curves } from "./curves.js";
import { nameOf } from "./device-text.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { failureOf } from "./failure.js";
import { find } from "./page.js";
import type { SettingsForm } from "./settings.js";
import type { Outcome, Settings, Shelf } from "./training-worker.js";
import { called, type RemoteWorkshop } from "./workshop.js";

/** How often progress is announced to those who listen to it. */
const SPOKEN = 4;
/** So much of the curves is to be seen while it trains. */
const CURVE_PX = 220;

export interface TrainEvents {
  onTrained(shelf: Shelf): void;
  onBusy(busy: boolean): void;
  /** Whether there is a model, whose place another would take. */
  hasModel(): boolean;
}

export class TrainPanel {
  readonly #workshop: RemoteWorkshop;
  readonly #settings: SettingsForm;
  readonly #events: TrainEvents;
  readonly #curves = new Curves(find("curves"));
  readonly #start = find<HTMLButtonElement>("start");
  readonly #pause = find<HTMLButtonElement>("pause");
  readonly #cancel = find<HTMLButtonElement>("cancel");
  #history: HistoryEntry[] = [];
  #ready = false;
  #busy = false;
  #paused = false;

  constructor(workshop: RemoteWorkshop, settings: SettingsForm, events: TrainEvents) {
    this.#workshop = workshop;
    this.#settings = settings;
    this.#events = events;
    find<HTMLFormElement>("setup").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#train();
    });
    // A field that is wrong is shown even when it is folded away.
    find("setup").addEventListener("invalid", () => (find<HTMLDetailsElement>("tuning").open = true), { capture: true });
    this.#pause.addEventListener("click", () => this.#togglePause());
    this.#cancel.addEventListener("click", () => {
      this.#cancel.disabled = true;
      find("headline-sweep").textContent = "Stopping…";
      void workshop.cancel();
    });
  }

  /** Whether there is data to train on. */
  setReady(ready: boolean): void {
    this.#ready = ready;
    this.#buttons();
  }

  /** Whether the worker is occupied with something else. */
  setBusy(busy: boolean): void {
    this.#busy = busy;
    this.#buttons();
  }

  redraw(): void {
    this.#curves.redraw();
  }

  #buttons(): void {
    this.#start.disabled = !this.#ready || this.#busy;
  }

  async #train(device?: Settings["device"]): Promise<void> {
    const settings = this.#settings.settings(device);
    clearFailure(find("train-error"));
    this.#running(true);
    this.#history = [];
    find("outcome").textContent = "";
    const before = [find("headline-figure").textContent, find("headline-label").textContent];
    find("headline-sweep").textContent = "Getting ready…";
    this.#bringIntoView();
    try {
      const outcome = await this.#workshop.train(
        settings,
        called(async (entry: HistoryEntry) => this.#sweep(entry, this.#settings.sweeps)),
      );
      this.#tell(outcome);
      if (outcome.shelf) this.#events.onTrained(outcome.shelf);
      else [find("headline-figure").textContent, find("headline-label").textContent] = before;
      find("next").hidden = !this.#events.hasModel();
    } catch (error) {
      find("headline-sweep").textContent = "Training ended early";
      const again = { label: "Train again", act: () => void this.#train(device) };
      const onCpu = { label: "Train on the CPU", act: () => void this.#train("cpu") };
      const ofDevice = ["device-lost", "out-of-memory", "device-limit", "shader"].includes(failureOf(error).code ?? "");
      showFailure(find("train-error"), error, ofDevice ? [again, onCpu] : []);
    } finally {
      this.#running(false);
    }
  }

  #running(running: boolean): void {
    this.#events.onBusy(running);
    const focused = document.activeElement;
    this.#start.hidden = running;
    this.#start.textContent = "Train again";
    this.#start.classList.remove("primary");
    this.#pause.hidden = this.#cancel.hidden = !running;
    this.#cancel.disabled = false;
    this.#paused = false;
    this.#pause.textContent = "Pause";
    if (running) find("next").hidden = true;
    for (const part of find("setup").querySelectorAll<HTMLFieldSetElement>(".setup > fieldset")) part.disabled = running;
    // The keyboard goes on from where it was.
    const goOn = (button: HTMLElement): void => button.focus({ preventScroll: true });
    if (focused === this.#start) goOn(this.#pause);
    else if (!running && (focused === this.#pause || focused === this.#cancel)) goOn(find("next").hidden ? this.#start : find("next"));
  }

  #togglePause(): void {
    this.#paused = !this.#paused;
    this.#pause.textContent = this.#paused ? "Resume" : "Pause";
    if (this.#paused) {
      void this.#workshop.pause();
      find("headline-sweep").textContent = `Paused after sweep ${this.#history.at(-1)?.sweep ?? 0}`;
    } else void this.#workshop.resume();
  }

  #sweep(entry: HistoryEntry, sweeps: number): void {
    if (entry.sweep === 0) this.#curves.start(entry, sweeps);
    this.#history.push(entry);
    this.#curves.update(this.#history);
    const progress = find<HTMLProgressElement>("progress");
    [progress.max, progress.value] = [sweeps, entry.sweep];
    this.#headline(entry);
    if (this.#cancel.disabled) return;
    find("headline-sweep").textContent = this.#paused
      ? `Paused after sweep ${entry.sweep}`
      : `Sweep ${entry.sweep} of ${sweeps}, ${entry.seconds.toFixed(1)} s`;
    // Every sweep would be too much to listen to.
    if (entry.sweep % Math.ceil(sweeps / SPOKEN) === 0) {
      find("train-status").textContent =
        `Sweep ${entry.sweep} of ${sweeps}: ${find("headline-figure").textContent} ${find("headline-label").textContent}`;
    }
  }

  #headline({ heldOutLogLoss, heldOutRmse, trainRmse, objective }: HistoryEntry): void {
    const [figure, label] =
      typeof heldOutLogLoss === "number"
        ? [heldOutLogLoss.toFixed(3), "log-loss on ratings it has not seen"]
        : heldOutRmse !== null
          ? [heldOutRmse.toFixed(3), "typical error on ratings it has not seen"]
          : trainRmse !== null
            ? [trainRmse.toFixed(3), "typical error on the ratings it learns from"]
            : [compact(objective), "objective, which training lowers"];
    find("headline-figure").textContent = figure;
    find("headline-label").textContent = label;
  }

  /** On a small screen the curves may be below its edge, and the form in their place. */
  #bringIntoView(): void {
    const { top, bottom } = find("curves").getBoundingClientRect();
    if (top < 0 || Math.min(bottom, top + CURVE_PX) > innerHeight) find("train").scrollIntoView({ block: "start" });
  }

  #tell({ stop, device, shelf, lost }: Outcome): void {
    const best = this.#history.find(({ sweep }) => sweep === stop.bestSweep);
    if (best) this.#headline(best);
    const seconds = this.#history.at(-1)?.seconds ?? 0;
    const sweeps = `${stop.sweep} ${stop.sweep === 1 ? "sweep" : "sweeps"}`;
    find("headline-sweep").textContent = `${sweeps} in ${seconds.toFixed(seconds < 10 ? 2 : 0)} s by ${nameOf(device)}`;
    const why = {
      sweeps: `All ${stop.sweep} sweeps are done.`,
      converged: `It has converged: after sweep ${stop.sweep} nothing moves any more.`,
      "held-out": `Stopped after sweep ${stop.sweep}: it began to learn the ratings by heart.`,
      aborted: `Stopped by you after sweep ${stop.sweep}.`,
    }[stop.reason];
    const kept = stop.bestSweep === stop.sweep ? "" : ` The model is that of sweep ${stop.bestSweep}, the best on held-out ratings.`;
    const earlier = this.#events.hasModel() ? "The model from before is kept." : "There is no model yet.";
    const nothing = lost
      ? ` The GPU did not stop in time, and what it had learned is lost. ${earlier}`
      : ` That is no better than its random start. ${earlier}`;
    find("outcome").textContent = why + (shelf ? kept : nothing);
    if (this.#history.length > 0) this.#table();
  }

  #table(): void {
    const figure = (value: number | null | undefined): string => (typeof value === "number" ? value.toFixed(4) : "–");
    render(
      html`<table>
        <thead>
          <tr>
            <th scope="col">sweep</th>
            <th scope="col">${this.#history[0].elbo === undefined ? "objective" : "ELBO"}</th>
            <th scope="col">training error</th>
            <th scope="col">held-out error</th>
            <th scope="col">seconds</th>
          </tr>
        </thead>
        <tbody>
          ${this.#history.map(
            ({ sweep, elbo, objective, trainLogLoss, trainRmse, heldOutLogLoss, heldOutRmse, seconds }) =>
              html`<tr>
                <th scope="row">${sweep}</th>
                <td>${compact(elbo ?? objective)}</td>
                <td>${figure(trainLogLoss ?? trainRmse)}</td>
                <td>${figure(heldOutLogLoss ?? heldOutRmse)}</td>
                <td>${seconds.toFixed(2)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
      find("figures"),
    );
  }
}
