// The trained model as a file, out of the page and back into it.

import { counted } from "../src/report/words.js";
import { clearFailure, showFailure } from "./failure-message.js";
import { download, find } from "./page.js";
import type { Report } from "./report.js";
import type { Opening, Shelf } from "./training-worker.js";
import type { RemoteWorkshop } from "./workshop.js";

export class KeepPanel {
  readonly #workshop: RemoteWorkshop;
  readonly #onLoad: (shelf: Shelf, report: Report | undefined) => void;
  /** Where the model that the build has trained lies, without an extension. */
  readonly starter = new URL("./starter", document.baseURI).href;

  constructor(workshop: RemoteWorkshop, onLoad: (shelf: Shelf, report: Report | undefined) => void) {
    this.#workshop = workshop;
    this.#onLoad = onLoad;
    const chosen = find<HTMLInputElement>("model-file");
    find("download").addEventListener("click", () => void this.#download());
    find("load").addEventListener("click", () => chosen.click());
    find("restart").addEventListener("click", () => void this.#restart());
    chosen.addEventListener("change", () => {
      if (chosen.files?.[0]) void this.load(chosen.files[0]);
      chosen.value = "";
    });
  }

  enable(): void {
    find<HTMLButtonElement>("download").disabled = false;
  }

  /** Says which model the page has begun with. */
  describe({ shelf, report }: Opening): void {
    if (report?.starter) return;
    find("keep-status").textContent = `This is the model of your last visit, of ${shelf.name}, as this browser has kept it.`;
  }

  async #restart(): Promise<void> {
    clearFailure(find("keep-error"));
    const opening = await this.#workshop.restart(this.starter);
    if (opening) this.#onLoad(opening.shelf, opening.report);
    find("keep-status").textContent = opening
      ? "The page's own model answers again; yours is forgotten."
      : "The page's own model could not be fetched: the present one stays.";
  }

  async load(file: File): Promise<void> {
    clearFailure(find("keep-error"));
    try {
      const shelf = await this.#workshop.load(file);
      find("keep-status").textContent =
        `${file.name}: a model of ${shelf.model} with ${counted(shelf.titles.length, "title")}. Rate some above.`;
      this.#onLoad(shelf, undefined);
    } catch (error) {
      find("keep-status").textContent = "";
      showFailure(find("keep-error"), error);
    }
  }

  async #download(): Promise<void> {
    clearFailure(find("keep-error"));
    try {
      const { bytes, name } = await this.#workshop.file();
      download(new Blob([bytes], { type: "application/octet-stream" }), name);
      find("keep-status").textContent = `${name}, ${(bytes.length / 2 ** 20).toFixed(1)} MiB`;
    } catch (error) {
      showFailure(find("keep-error"), error);
    }
  }
}
