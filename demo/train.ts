// Training: the buttons, the curves that move every sweep, and what came of it.

import { html, render } from "lit/html.js";
import type { HistoryEntry } from "../src/index.js";
import { counted } from "../src/report/words.js";
import { compact, Curves } from "./curves.js";
import { nameOf } from "./device-text.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { failureOf } from "./failure.js";
import { find } from "./page.js";
import { bestOf, type Report, yardstick } from "./report.js";
import type { SettingsForm } from "./settings.js";
import type { Stage } from "./stage.js";
import type { Cloud, Outcome, Settings, Shelf } from "./training-worker.js";
import { called, type RemoteWorkshop } from "./workshop.js";

/** How often progress is announced to those who listen to it. */
const SPOKEN = 4;
/** So much of the curves is to be seen while it trains. */
const CURVE_PX = 220;

interface TrainEvents {
  /** Told of the titles' places as they move. */
  onMove(cloud: Cloud): void;
  onTrained(shelf: Shelf, report: Report | undefined): void;
  /** Nothing came of a training: what was shown of the model is so again. */
  onNothing(): void;
}

export class TrainPanel {
  readonly #workshop: RemoteWorkshop;
  readonly #settings: SettingsForm;
  readonly #stage: Stage;
  readonly #events: TrainEvents;
  readonly #curves = new Curves(find("curves"));
  readonly #start = find<HTMLButtonElement>("start");
  readonly #pause = find<HTMLButtonElement>("pause");
  readonly #cancel = find<HTMLButtonElement>("cancel");
  #history: HistoryEntry[] = [];

  constructor(workshop: RemoteWorkshop, settings: SettingsForm, stage: Stage, events: TrainEvents) {
    this.#workshop = workshop;
    this.#settings = settings;
    this.#stage = stage;
    this.#events = events;
    find<HTMLFormElement>("setup").addEventListener("submit", (event) => {
      event.preventDefault();
      if (stage.isOpen) void this.#train();
    });
    // A field that is wrong is shown even when it is folded away.
    find("setup").addEventListener("invalid", () => (find<HTMLDetailsElement>("tuning").open = true), { capture: true });
    this.#pause.addEventListener("click", () => void (stage.go("paused") || stage.go("training")));
    this.#cancel.addEventListener("click", () => void stage.go("stopping"));
    stage.listen(({ phase }, before) => {
      this.#buttons();
      if (phase === before.phase) return;
      if (phase === "paused") {
        void workshop.pause();
        find("headline-sweep").textContent = `Paused after sweep ${this.#history.at(-1)?.sweep ?? 0}`;
      } else if (before.phase === "paused" && phase === "training") void workshop.resume();
      else if (phase === "stopping") {
        find("headline-sweep").textContent = "Stopping…";
        void workshop.cancel();
      }
    });
  }

  redraw(): void {
    this.#curves.redraw();
  }

  /** Shows how the present model came to be. */
  setReport(report: Report | undefined): void {
    if (!report) return;
    this.#history = [...report.history];
    this.#curves.start(this.#history[0], this.#history.at(-1)!.sweep);
    this.#curves.update(this.#history);
    this.#table();
    this.#headlineOf(report);
    const last = this.#history.at(-1)!;
    find("headline-sweep").textContent = report.starter
      ? `Made when this page was built: ${sweepsOf(last.sweep)} in ${secondsOf(last.seconds)}`
      : `${sweepsOf(last.sweep)} in ${secondsOf(last.seconds)} by ${nameOf(report.device)}`;
  }

  #buttons(): void {
    const { phase, shelf } = this.#stage.state;
    const running = phase === "training" || phase === "paused" || phase === "stopping";
    const focused = document.activeElement;
    this.#start.disabled = !this.#stage.isOpen;
    this.#start.hidden = running;
    this.#pause.hidden = this.#cancel.hidden = !running;
    this.#cancel.disabled = this.#pause.disabled = phase === "stopping";
    this.#pause.textContent = phase === "paused" ? "Resume" : "Pause";
    if (running) find("next").hidden = true;
    for (const part of find("setup").querySelectorAll<HTMLFieldSetElement>(".setup > fieldset")) part.disabled = running;
    // The keyboard goes on from where it was.
    const goOn = (button: HTMLElement): void => button.focus({ preventScroll: true });
    if (running && focused === this.#start) goOn(this.#pause);
    else if (!running && (focused === this.#pause || focused === this.#cancel))
      goOn(shelf && !find("next").hidden ? find("next") : this.#start);
  }

  async #train(device?: Settings["device"]): Promise<void> {
    const settings = this.#settings.settings(device);
    const { sweeps } = this.#settings;
    if (!this.#stage.go("training")) return;
    clearFailure(find("train-error"));
    this.#history = [];
    find("outcome").textContent = "";
    const before = [find("headline-figure").textContent, find("headline-label").textContent];
    find("headline-sweep").textContent = "Getting ready…";
    this.#bringIntoView();
    try {
      const onSweep = called(async (entry: HistoryEntry, cloud?: Cloud) => {
        this.#sweep(entry, sweeps);
        if (cloud) this.#events.onMove(cloud);
      });
      const outcome = await this.#workshop.train(settings, onSweep);
      this.#tell(outcome);
      if (outcome.shelf) this.#events.onTrained(outcome.shelf, outcome.report);
      else {
        [find("headline-figure").textContent, find("headline-label").textContent] = before;
        this.#events.onNothing();
      }
      find("next").hidden = !this.#stage.state.shelf;
      this.#start.textContent = "Train again";
      this.#start.classList.remove("primary");
    } catch (error) {
      find("headline-sweep").textContent = "Training ended early";
      this.#events.onNothing();
      const again = { label: "Train again", act: () => void this.#train(device) };
      const onCpu = { label: "Train on the CPU", act: () => void this.#train("cpu") };
      const ofDevice = ["device-lost", "out-of-memory", "device-limit", "shader"].includes(failureOf(error).code ?? "");
      showFailure(find("train-error"), error, ofDevice ? [again, onCpu] : []);
    } finally {
      this.#stage.go("idle");
    }
  }

  #sweep(entry: HistoryEntry, sweeps: number): void {
    if (entry.sweep === 0) this.#curves.start(entry, sweeps);
    this.#history.push(entry);
    this.#curves.update(this.#history);
    const progress = find<HTMLProgressElement>("progress");
    [progress.max, progress.value] = [sweeps, entry.sweep];
    this.#headline(entry);
    const { phase } = this.#stage.state;
    if (phase === "stopping") return;
    find("headline-sweep").textContent =
      phase === "paused" ? `Paused after sweep ${entry.sweep}` : `Sweep ${entry.sweep} of ${sweeps}, ${entry.seconds.toFixed(1)} s`;
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

  /** The figure with its yardstick. */
  #headlineOf(report: Report): void {
    const best = bestOf(report);
    if (best) this.#headline(best);
    const compared = yardstick(report);
    if (compared) find("headline-label").textContent += `: ${compared}`;
  }

  /** On a small screen the curves may be below its edge, and the form in their place. */
  #bringIntoView(): void {
    const { top, bottom } = find("curves").getBoundingClientRect();
    if (top < 0 || Math.min(bottom, top + CURVE_PX) > innerHeight) find("train").scrollIntoView({ block: "start" });
  }

  #tell({ stop, device, shelf, report, lost }: Outcome): void {
    if (report) this.#headlineOf(report);
    const seconds = this.#history.at(-1)?.seconds ?? 0;
    find("headline-sweep").textContent = `${sweepsOf(stop.sweep)} in ${secondsOf(seconds)} by ${nameOf(device)}`;
    const why = {
      sweeps: `All ${stop.sweep} sweeps are done.`,
      converged: `It has converged: after sweep ${stop.sweep} nothing moves any more.`,
      "held-out": `Stopped after sweep ${stop.sweep}: it began to learn the ratings by heart.`,
      aborted: `Stopped by you after sweep ${stop.sweep}.`,
    }[stop.reason];
    const kept = stop.bestSweep === stop.sweep ? "" : ` The model is that of sweep ${stop.bestSweep}, the best on held-out ratings.`;
    const earlier = this.#stage.state.shelf ? "The model from before is kept." : "There is no model yet.";
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

const sweepsOf = (count: number): string => counted(count, "sweep");
const secondsOf = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;
