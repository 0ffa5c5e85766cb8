// The page: opens the worker and introduces its parts to each other.

import { counted } from "../src/report/words.js";
import { ComparePanel } from "./compare.js";
import { badgeOf } from "./device-text.js";
import type { Threads } from "./isolation.js";
import { KeepPanel } from "./keep-model.js";
import { MapPanel } from "./map.js";
import { matched } from "./own-ratings.js";
import { badge, find } from "./page.js";
import { RatePanel } from "./rate.js";
import type { Report } from "./report.js";
import { SettingsForm } from "./settings.js";
import { SharePanel } from "./share.js";
import { Sources } from "./sources.js";
import { Stage } from "./stage.js";
import { Story } from "./story.js";
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
  const stage = new Stage();
  const story = new Story();
  const rate = new RatePanel(workshop, (answer, taste) => {
    map.setRecommended(answer.list.map(({ id }) => taste.indexOf(id)!));
    map.setYou(answer.you);
    story.setAnswer(answer, taste);
  });
  const map = new MapPanel(workshop, rate.taste, (item, stars) => rate.rate(item, stars));
  const share = new SharePanel(rate, settings, map.view);
  const show = (shelf: Shelf, report: Report | undefined): void => {
    stage.setShelf(shelf);
    story.setModel(shelf, report);
    rate.setShelf(shelf);
    void map.setShelf(shelf);
  };
  const train = new TrainPanel(workshop, settings, stage, {
    onMove: (cloud) => map.move(cloud),
    onTrained: show,
    onNothing: () => void map.settle(),
  });
  const keep = new KeepPanel(workshop, (shelf, report) => {
    show(shelf, report);
    train.setReport(report);
  });
  const compare = new ComparePanel(workshop, () => (form.reportValidity() ? settings.settings() : undefined), stage);
  stage.listen(({ data, shelf }, before) => {
    find("rate").querySelector<HTMLElement>(".wait")!.hidden = shelf !== undefined;
    find("rate").querySelector<HTMLElement>(".pair")!.hidden = shelf === undefined;
    if (shelf) keep.enable();
    if (data && data !== before.data) settings.describe(data);
    if (data !== before.data) story.setData(data);
  });
  // For tests and pictures: a WebGPU canvas cannot be captured from outside.
  Object.assign(globalThis, { tastespaceMap: map.view, tastespacePicture: () => share.picture() });

  const silence = setTimeout(
    () => badge("The worker of this page has not answered yet: reload the page if this stays", "none"),
    SILENCE_MS,
  );
  try {
    const sources = new Sources(workshop, {
      onData: (data) => stage.setData(data),
      onModelFile: (file) => void keep.load(file),
      onExport: (own) => {
        const { shelf } = stage.state;
        const known = shelf ? matched(own, shelf) : [];
        const what = `Read ${counted(own.rows.length, "rating")} of yours from ${own.site}`;
        if (known.length === 0) return `${what}: the model on this page knows none of the titles.`;
        rate.replace(known);
        return `${what}: the model knows ${known.length.toLocaleString("en")} of the titles. The list above is made of them.`;
      },
    });
    const opening = await Promise.race([workshop.begin(keep.starter), dead]);
    if (opening) {
      show(opening.shelf, opening.report);
      train.setReport(opening.report);
      keep.describe(opening);
      share.open();
    } else {
      find("rate").querySelector<HTMLElement>(".wait")!.textContent =
        "The model that comes with this page could not be fetched. Train one below: it takes seconds.";
    }
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
    compare.redraw();
    map.recolour();
  };
}
