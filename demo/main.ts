// The page: opens the worker and introduces its parts to each other.

import { ComparePanel } from "./compare.js";
import type { DataSummary } from "./data.js";
import { KeepPanel } from "./keep-model.js";
import { MapPanel } from "./map.js";
import { find } from "./page.js";
import { RatePanel } from "./rate.js";
import { SettingsForm } from "./settings.js";
import { Sources } from "./sources.js";
import { themeToggle } from "./theme.js";
import { TrainPanel } from "./train.js";
import type { Shelf } from "./training-worker.js";
import { openWorkshop } from "./workshop.js";

const workshop = openWorkshop();
const form = find<HTMLFormElement>("setup");
const settings = new SettingsForm(form);
const rate = new RatePanel(workshop, (recommended) => map.setRecommended(recommended));
const map = new MapPanel(workshop, rate.taste, (item, stars) => rate.rate(item, stars));
const train = new TrainPanel(workshop, settings, {
  onTrained: ({ shelf }) => show(shelf),
  onBusy: (busy) => compare.setBusy(busy),
});
const keep = new KeepPanel(workshop, show);
const compare = new ComparePanel(
  workshop,
  () => (form.reportValidity() ? settings.settings() : undefined),
  (busy) => train.setBusy(busy),
);

let hasGpu = false;
let data: DataSummary | undefined;

function show(shelf: Shelf): void {
  find("rate").querySelector<HTMLElement>(".wait")!.hidden = true;
  find("rate").querySelector<HTMLElement>(".pair")!.hidden = false;
  keep.enable();
  void map.setShelf(shelf);
  rate.setShelf(shelf);
}

function describe(summary: DataSummary | undefined): void {
  data = summary;
  train.setReady(summary !== undefined);
  compare.setPossible(hasGpu && data !== undefined);
  if (summary) settings.describe(summary);
}

async function findDevice(): Promise<void> {
  const { info, notice } = await workshop.device();
  hasGpu = info.kind === "webgpu";
  find("device").dataset["kind"] = info.kind;
  find("device").textContent = hasGpu
    ? `${info.software ? "A software GPU" : "Your GPU"}: ${info.name}`
    : `No WebGPU here, so the CPU trains: slower, and just as exact. ${reasonOf(notice)}`;
  compare.setPossible(hasGpu && data !== undefined, hasGpu ? undefined : "There is no GPU to compare with.");
}

/** Why there is no GPU, as a sentence. */
const reasonOf = (notice = ""): string =>
  notice.replace(/^training on the CPU: (.)(.*)$/, (_, first: string, rest: string) => `${first.toUpperCase()}${rest}.`);

themeToggle(find("theme"), () => {
  train.redraw();
  map.recolour();
});
void new Sources(workshop, { onData: describe, onModelFile: (file) => void keep.load(file) }).open();
void findDevice();

// For tests and pictures: a WebGPU canvas cannot be captured from outside.
Object.assign(globalThis, { tastespaceMap: map.view });
