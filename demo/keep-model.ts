// The trained model as a file, out of the page and back into it.

import { clearFailure, showFailure } from "./failure-message.js";
import { find } from "./page.js";
import type { Shelf } from "./training-worker.js";
import type { RemoteWorkshop } from "./workshop.js";

export class KeepPanel {
  readonly #workshop: RemoteWorkshop;
  readonly #onLoad: (shelf: Shelf) => void;

  constructor(workshop: RemoteWorkshop, onLoad: (shelf: Shelf) => void) {
    this.#workshop = workshop;
    this.#onLoad = onLoad;
    const chosen = find<HTMLInputElement>("model-file");
    find("download").addEventListener("click", () => void this.#download());
    find("load").addEventListener("click", () => chosen.click());
    chosen.addEventListener("change", () => {
      if (chosen.files?.[0]) void this.load(chosen.files[0]);
      chosen.value = "";
    });
  }

  enable(): void {
    find<HTMLButtonElement>("download").disabled = false;
  }

  async load(file: File): Promise<void> {
    clearFailure(find("keep-error"));
    try {
      const shelf = await this.#workshop.load(file);
      find("keep-status").textContent =
        `${file.name}: a model of ${shelf.model} with ${shelf.titles.length.toLocaleString("en")} titles. Rate some above.`;
      this.#onLoad(shelf);
    } catch (error) {
      find("keep-status").textContent = "";
      showFailure(find("keep-error"), error);
    }
  }

  async #download(): Promise<void> {
    clearFailure(find("keep-error"));
    try {
      const { bytes, name } = await this.#workshop.file();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      find("keep-status").textContent = `${name}, ${(bytes.length / 2 ** 20).toFixed(1)} MiB`;
    } catch (error) {
      showFailure(find("keep-error"), error);
    }
  }
}
