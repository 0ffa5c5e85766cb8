// What a visitor must be able to trust: a good model is not lost, the data are the tab's own, Stop stops,
// and nothing jumps.

import type { Page } from "playwright";
import { beforeAll, describe, expect, test } from "vitest";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import {
  drop,
  listed,
  movieLensZip,
  openBeside,
  openPage,
  type OpenOptions,
  QUICK,
  rate,
  SECONDS,
  servedDemo,
  tiny,
  train,
  tune,
} from "./browser.js";

const other = syntheticRatings({ users: 70, items: 50, ratings: 1500, seed: 3 });

const demo = servedDemo({ webgpu: false });

async function openReady(options?: OpenOptions): Promise<{ page: Page; errors: string[] }> {
  const opened = await openPage(demo.browser, demo.url, options);
  await opened.page.locator("#start:enabled").waitFor();
  return opened;
}

test("stopped in the first sweep, the model from before is kept, and the page says so; without one it says that there is none", async () => {
  // The page begins with a model of its own, unless that cannot be fetched.
  const context = await demo.browser.newContext({ locale: "en-US", reducedMotion: "reduce", serviceWorkers: "block" });
  await context.route("**/starter.*", (route) => route.abort());
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  await page.goto(demo.url);
  await page.getByText("The model that comes with this page could not be fetched.").waitFor();
  // Of all models it has the least to do before its first sweep.
  await page.locator("#model").selectOption("als");
  const stopAtOnce = async (): Promise<void> => {
    await tune(page, { device: "reference", factors: 128 });
    await page.locator("#start:enabled").click();
    // The random start has been measured, and the first sweep is under way.
    await page.locator("#headline-sweep", { hasText: /^Sweep 0 of/ }).waitFor();
    await page.getByRole("button", { name: "Stop here" }).click();
    await page.getByText(/^Stopped by you after sweep 0\. That is no better than its random start\./).waitFor();
  };
  await stopAtOnce();
  expect(await page.locator("#outcome").innerText()).toContain("There is no model yet.");
  expect(await page.locator("#next").isVisible()).toBe(false);
  expect(await page.locator("#list li").count()).toBe(0);

  await tune(page, { ...QUICK, device: "auto" });
  await train(page);
  await rate(page, 0, 5);
  const list = await listed(page);
  const figure = await page.locator("#headline-figure").innerText();
  await stopAtOnce();
  expect(await page.locator("#outcome").innerText()).toContain("The model from before is kept.");
  expect(await page.locator("#headline-figure").innerText()).toBe(figure);
  await page.locator("#alpha").fill("1");
  await page.locator("#alpha").fill("3");
  await page.waitForTimeout(0.5 * SECONDS);
  expect(await listed(page)).toEqual(list);
  expect(errors).toEqual([]);
});

test("Stop ends a sweep that would take long, and keeps what the sweeps before it have learned", async () => {
  const { page } = await openReady();
  await page.locator("#model").selectOption("als");
  await tune(page, { device: "reference", factors: 128 });
  await page.locator("#start:enabled").click();
  await page.locator("#headline-sweep", { hasText: /^Sweep 0 of/ }).waitFor();
  const began = performance.now();
  await page.locator("#headline-sweep", { hasText: /^Sweep 1 of/ }).waitFor({ timeout: 120 * SECONDS });
  const pressed = performance.now();
  await page.getByRole("button", { name: "Stop here" }).click();
  await page.getByText(/^Stopped by you after sweep 1\./).waitFor({ timeout: 60 * SECONDS });
  // One that went on to its end would take as long as the sweep before it, and longer by all that follows a training.
  expect((performance.now() - pressed) / (pressed - began)).toBeLessThan(0.6);
  expect(await page.locator("#headline-sweep").innerText()).toMatch(/^1 sweep in/);
  expect(await page.locator("#next").isVisible()).toBe(true);
});

test("each tab trains on its own data, whatever another has dropped since", async () => {
  const { page: first } = await openReady();
  await drop(first, "ml-first.zip", movieLensZip(tiny));
  await first.getByText("Read ml-first.zip").waitFor();
  const second = await openBeside(first, demo.url);
  await second.locator("#start:enabled").waitFor();
  await drop(second, "ml-second.zip", movieLensZip(other));
  await second.getByText("Read ml-second.zip").waitFor();

  // Away from its data and back to it.
  await first.locator("input[value=built-in]").check();
  await first.locator("#start:enabled").waitFor();
  await first.locator("input[value=own]").check();
  await first.locator("#start:enabled").waitFor();
  await tune(first, QUICK);
  await train(first);
  expect(tiny.items.raw.map((id) => tiny.catalogue.title(id))).toEqual(expect.arrayContaining(await listed(first)));
  const [download] = await Promise.all([first.waitForEvent("download"), first.getByRole("button", { name: "Download the model" }).click()]);
  expect(download.suggestedFilename()).toBe("tastespace-vb-ml-first.safetensors");

  // What it forgets is its own: the other tab's data outlives it.
  await first.getByRole("button", { name: "Forget ml-first" }).click();
  await second.reload();
  await second.getByText("ml-second", { exact: true }).waitFor();
});

test("data that another tab has replaced is not passed off as the old one", async () => {
  const { page: first } = await openReady();
  await drop(first, "ml-first.zip", movieLensZip(tiny));
  await first.getByText("Read ml-first.zip").waitFor();
  await first.reload();
  await first.getByText("ml-first", { exact: true }).waitFor();
  const second = await openBeside(first, demo.url);
  await second.locator("#start:enabled").waitFor();
  await drop(second, "ml-second.zip", movieLensZip(other));
  await second.getByText("Read ml-second.zip").waitFor();
  await first.getByText("ml-first", { exact: true }).click();
  await first.getByText(/^ml-first is not kept any more/).waitFor();
  await first.locator("#start:enabled").waitFor();
  expect(await first.locator("input[value=built-in]").isChecked()).toBe(true);
  expect(await first.locator("#sources").innerText()).toContain("ml-second");
});

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
describe("what is no table of ratings", () => {
  let page: Page;
  beforeAll(async () => void ({ page } = await openReady({ isShared: true })));

  test.each([
    { name: "holiday.png", content: PNG, says: "holiday.png is a picture, not a table of ratings." },
    {
      name: "photo.csv",
      content: Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
      says: "photo.csv is a picture, not a table of ratings.",
    },
    { name: "paper.pdf", content: "%PDF-1.7\n", says: "paper.pdf is a PDF, not a table of ratings." },
    { name: "mine.xlsx", content: "PK\u0003\u0004", says: "mine.xlsx is an office document, not a table of ratings." },
    { name: "page.html", content: "<!doctype html><title>x</title>", says: "page.html is a web page, not a table of ratings." },
    {
      name: "program.bin",
      content: Uint8Array.from([1, 2, 0, 0, 7]),
      says: "program.bin is neither text nor an archive, not a table of ratings.",
    },
  ])("$name is called what it is, with what to do instead", async ({ name, content, says }) => {
    await drop(page, name, content);
    await page.locator("#drop-error", { hasText: says }).waitFor();
    expect(await page.locator("#drop-error").innerText()).toMatch(/What helps: (drop|export|save)/);
    await page.locator("#start:enabled").waitFor();
  });
});

describe("on the map of a model that was trained", () => {
  let page: Page;
  beforeAll(async () => {
    ({ page } = await openReady({ isShared: true }));
    await tune(page, QUICK);
    await train(page);
  });

  test("naming what is under the pointer draws no point anew", async () => {
    await page.locator("#sky canvas").scrollIntoViewIfNeeded();
    await page.waitForTimeout(0.5 * SECONDS);
    await page.evaluate(() => {
      const counted = globalThis as unknown as { fills: number };
      counted.fills = 0;
      const fill = Object.getOwnPropertyDescriptor(CanvasRenderingContext2D.prototype, "fill")!.value as (...given: unknown[]) => void;
      CanvasRenderingContext2D.prototype.fill = function (...given: unknown[]) {
        counted.fills++;
        fill.apply(this, given);
      };
    });
    const { x, y, width, height } = (await page.locator("#sky canvas").boundingBox())!;
    const named = new Set<string>();
    for (let step = 0; step < 12; step++) {
      await page.mouse.move(x + width * (0.4 + step / 60), y + height / 2);
      if (await page.locator("#point-label").isVisible()) named.add(await page.locator("#point-label").innerText());
    }
    expect(named.size).toBeGreaterThan(1);
    expect(await page.evaluate(() => (globalThis as unknown as { fills: number }).fills)).toBe(0);
  });

  test.each([{ width: 1280 }, { width: 375 }])("choosing a title on the map moves nothing at $width pixels", async ({ width }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.locator("#sky canvas").focus();
    await page.keyboard.press("Escape");
    await page.locator("#chosen .empty").waitFor();
    const places = () =>
      page.evaluate(() => ({
        height: document.documentElement.scrollHeight,
        scrolled: scrollY,
        sky: document.querySelector("#sky")!.clientHeight,
        legend: document.querySelector("#legend")!.getBoundingClientRect().top,
      }));
    await page.locator("#map-search").scrollIntoViewIfNeeded();
    await page.locator("#map-search input").fill("the");
    const before = await places();
    await page.keyboard.press("Enter");
    await page.locator(".neighbours li").nth(5).waitFor();
    expect(await places()).toEqual(before);
    for (let row = 0; row < 3; row++) {
      await page.locator(".neighbours button").nth(row).click();
      await page.locator(".neighbours li").nth(5).waitFor();
      expect(await places()).toMatchObject({ height: before.height, sky: before.sky });
    }
  });
});

test("on a phone the progress and the first curve are in view after pressing Train, and so is the button that stops it", async () => {
  const { page } = await openReady({ width: 375, height: 720 });
  // It does not end by itself while it is looked at.
  await page.locator("#model").selectOption("gibbs");
  await tune(page, { sweeps: 400, device: "reference" });
  await page.locator("#start").click();
  await page.locator("#curves figure").first().waitFor();
  await page.waitForTimeout(0.3 * SECONDS);
  for (const part of ["#cancel", "#progress", "#curves figure:first-child .plot"]) {
    const { y, height } = (await page.locator(part).boundingBox())!;
    expect(y).toBeGreaterThan(0);
    expect(y + height).toBeLessThan(720);
  }
});

test("titles go to the worker by their ids: a list asked for with another model's titles leaves those out", async () => {
  const { page, errors } = await openReady();
  await drop(page, "ml-tiny.zip", movieLensZip(tiny));
  await page.getByText("Read ml-tiny.zip").waitFor();
  await tune(page, QUICK);
  await train(page);
  await rate(page, 0, 5);
  const own = await page.locator("#rated .title > span").innerText();
  await page.locator("input[value=built-in]").check();
  await page.locator("#start:enabled").click();
  await page.locator("#next:visible").waitFor({ timeout: 60 * SECONDS });
  // Other data, other titles: the old rating is gone rather than given to whatever title has its place.
  await expect.poll(() => page.locator("#rated li").count()).toBe(0);
  expect(await listed(page)).not.toContain(own);
  expect(errors).toEqual([]);
});
