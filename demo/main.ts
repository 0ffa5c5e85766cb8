// The page: opens the worker and introduces its parts to each other.

import { ComparePanel } from "./compare.js";
import type { DataSummary } from "./data.js";
import { badgeOf } from "./device-text.js";
import type { Threads } from "./isolation.js";
import { KeepPanel } from "./keep-model.js";
import { MapPanel } from "./map.js";
import { badge, find } from "./page.js";
import { RatePanel } from "./rate.js";
import { SettingsForm } from "./settings.js";
import { Sources } from "./sources.js";
import { TrainPanel } from "./train.js";
import type { Shelf } from "./training-worker.js";
import { openWorkshop } from "./workshop.js";

/** After so long without an answer of the worker the page says so. */
const SILENCE_MS = 20_000;

/** @param threads how many can compute. @returns what draws again in other colours. */
export async function openPage(threads: Threads): Promise<() => void> {
  const { workshop, dead } = openWorkshop();
  const form = find<HTMLFormElement>("setup");
  const settings = new SettingsForm(form);
  let hasModel = false;
  const show = (shelf: Shelf): void => {
    hasModel = true;
    find("rate").querySelector<HTMLElement>(".wait")!.hidden = true;
    find("rate").querySelector<HTMLElement>(".pair")!.hidden = false;
    keep.enable();
    rate.setShelf(shelf);
    void map.setShelf(shelf);
  };
  const rate = new RatePanel(workshop, (recommended) => map.setRecommended(recommended));
  const map = new MapPanel(workshop, rate.taste, (item, stars) => rate.rate(item, stars));
  const train = new TrainPanel(workshop, settings, {
    onTrained: show,
    onBusy: (busy) => compare.setBusy(busy),
    hasModel: () => hasModel,
  });
  const keep = new KeepPanel(workshop, show);
  const compare = new ComparePanel(
    workshop,
    () => (form.reportValidity() ? settings.settings() : undefined),
    (busy) => train.setBusy(busy),
  );
  const describe = (data: DataSummary | undefined): void => {
    train.setReady(data !== undefined);
    compare.setPossible(data !== undefined);
    if (data) settings.describe(data);
  };
  // For tests and pictures: a WebGPU canvas cannot be captured from outside.
  Object.assign(globalThis, { tastespaceMap: map.view });

  const silence = setTimeout(
    () => badge("The worker of this page has not answered yet: reload the page if this stays", "none"),
    SILENCE_MS,
  );
  try {
    const sources = new Sources(workshop, { onData: describe, onModelFile: (file) => void keep.load(file) });
    const opened = sources.open();
    const means = await Promise.race([workshop.means(), dead]);
    settings.setMeans(means);
    const tell = (): void => {
      const { device } = settings;
      badge(badgeOf(means, device, threads), device === "auto" ? means.auto.kind : device);
    };
    settings.onDevice = tell;
    tell();
    await opened;
  } finally {
    clearTimeout(silence);
  }
  return () => {
    train.redraw();
    map.recolour();
  };
}
