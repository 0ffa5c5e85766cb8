// The demo as its visitors meet it, built and served, in Chromium with WebGPU.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeModel } from "../../src/model-file.js";
import {
  drop,
  launch,
  listed,
  movieLensZip,
  openPage,
  type OpenOptions,
  QUICK,
  rate,
  SECONDS,
  servedDemo,
  settled,
  tiny,
  train,
  tune,
} from "./browser.js";

const demo = servedDemo({ webgpu: true }, { webgpu: false });
const withoutWebGpu = (): Browser => demo.browsers[1];
const open = (options?: OpenOptions, within = demo.browser) => openPage(within, demo.url, options);

/** A page with the tiny data dropped, ready to train quickly. */
async function openWithTinyData(options?: OpenOptions, within?: Browser): Promise<{ page: Page; errors: string[] }> {
  const opened = await open(options, within);
  await opened.page.locator("#start:enabled").waitFor();
  await drop(opened.page, "ml-tiny.zip", movieLensZip(tiny));
  await opened.page.getByText("Read ml-tiny.zip").waitFor();
  await tune(opened.page, QUICK);
  return opened;
}

test("a newcomer presses Train, rates two titles, and the list is theirs; nothing goes wrong on the way", async () => {
  const { page, errors } = await open({ serviceWorker: true });
  // The adapter is a software one, which is never taken unless chosen.
  await page.locator("#device", { hasText: /^Only a software GPU here: WebAssembly on \d+ threads? computes$/ }).waitFor();
  await page.locator("#sources select").selectOption("small");
  await tune(page, QUICK);
  await train(page);
  expect(await page.locator("#figures tbody tr").count()).toBe(7);
  expect(Number(await page.locator("#headline-figure").innerText())).toBeLessThan(0.95);
  expect(await page.locator("#headline-sweep").innerText()).toMatch(/6 sweeps in .* by WebAssembly on \d+ thread/);

  const forAnybody = await listed(page);
  await rate(page, 0, 5);
  const once = await listed(page);
  await rate(page, 0, 1);
  const twice = await listed(page);
  expect(new Set([forAnybody, once, twice].map(String)).size).toBe(3);
  // Every prediction says how sure it is.
  expect(await page.locator("#list .predicted").first().innerText()).toMatch(/^\d\.\d ± \d\.\d/);
  expect(await page.locator("#rated li").count()).toBe(2);
  expect(errors).toEqual([]);
});

test("a dropped zip is read, trained on, kept over a reload, and forgotten when asked", async () => {
  const { page, errors } = await openWithTinyData();
  expect(await page.locator("#sources").innerText()).toContain("1,600 ratings of 60 titles by 80 people");
  await train(page);
  expect(tiny.items.raw.map((id) => tiny.catalogue.title(id))).toEqual(expect.arrayContaining(await listed(page)));

  await page.reload();
  await page.getByText("ml-tiny", { exact: true }).click();
  await page.locator("#start:enabled").waitFor();
  await tune(page, QUICK);
  await train(page);
  const forget = page.getByRole("button", { name: "Forget ml-tiny" });
  await forget.click();
  // It goes when the browser's storage has forgotten, too.
  await forget.waitFor({ state: "detached" });
  await page.reload();
  await page.locator("#start:enabled").waitFor();
  expect(await page.getByText("ml-tiny").count()).toBe(0);
  expect(errors).toEqual([]);
});

test("a malformed row is named and can be left out; what is no table at all is refused, and what was there stays", async () => {
  const { page } = await open();
  await tune(page, { sweeps: 7 });
  await drop(page, "mine.csv", "user,item,rating\n1,10,4\n1,11,four\n2,10,3\n");
  await page.getByText(/mine\.csv:3: rating "four" is not a number/).waitFor();
  await page.getByRole("button", { name: "Read it without such rows" }).click();
  await page.getByText("1 malformed row was left out").waitFor();
  expect(await page.locator("#sources").innerText()).toContain("2 ratings of 1 title by 2 people");
  // Other data leaves the tuning alone.
  expect(await page.locator("[name=sweeps]").inputValue()).toBe("7");

  await drop(page, "picture.zip", "no archive");
  await page
    .locator("#drop-error")
    .getByText(/picture\.zip/)
    .waitFor();
  await page.locator("#start:enabled").waitFor();
  expect(await page.locator("input[value=own]").isChecked()).toBe(true);
  await drop(page, "wrong.safetensors", "no model");
  await page
    .locator("#keep-error")
    .getByText(/wrong\.safetensors/)
    .waitFor();
});

test("the downloaded model is the library's file, and loaded back it gives the same list", async () => {
  const { page } = await openWithTinyData({}, withoutWebGpu());
  await page.locator("#model").selectOption("als");
  await tune(page, QUICK);
  await train(page);
  await rate(page, 0, 5);
  const list = await listed(page);
  const rated = await page.locator("#rated .title > span").innerText();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the model" }).click()]);
  expect(download.suggestedFilename()).toBe("tastespace-als-ml-tiny.safetensors");
  const bytes = await readFile(await download.path());
  const model = decodeModel(bytes);
  expect(model.model).toBe("als");
  // Genres shape the titles wherever there are some.
  expect(model.parameters.features?.items).toBeDefined();
  // The page chooses titles by its own α, and lists them by what it shows.
  const chosen = model.recommendFor([[model.findItem(rated), 5]], { alpha: 0.5 }).sort((a, b) => b.predicted! - a.predicted!);
  expect(chosen.map(({ title }) => title)).toEqual(list);

  await page.reload();
  await drop(page, "model.safetensors", bytes);
  await page.locator("#list li").first().waitFor();
  await page.locator("#rate-search input").fill(rated);
  await page.keyboard.press("Enter");
  await page.locator("#suggested li").first().locator("label").nth(4).click();
  await expect.poll(() => listed(page)).toEqual(list);
});

test("training can be paused, goes on, and can be stopped; the page answers all the while, even when the CPU trains", async () => {
  const { page } = await open();
  // The page has begun: its list is there, and so is its map, whose software GPU takes its time to start.
  await page.locator("#list li").first().waitFor();
  await page.locator("#sky[data-painter]").waitFor();
  await page.locator("#model").selectOption("gibbs");
  await tune(page, { sweeps: 400, device: "reference" });
  await page.evaluate(() => {
    let before = performance.now();
    const gaps: number[] = ((globalThis as unknown as { gaps: number[] }).gaps = []);
    setInterval(() => {
      gaps.push(performance.now() - before);
      before = performance.now();
    }, 20);
  });
  await page.locator("#start:enabled").click();
  await page.getByText(/^Sweep [3-9]/).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/^Paused after/).waitFor();
  // The sweep under way comes to its end.
  await page.waitForTimeout(0.6 * SECONDS);
  const paused = await page.locator("#headline-sweep").innerText();
  await page.waitForTimeout(0.6 * SECONDS);
  expect(await page.locator("#headline-sweep").innerText()).toBe(paused);
  await page.getByRole("button", { name: "Resume" }).click();
  // Long enough that a page which trained by itself would have stood still for longer than is allowed.
  await page.getByText(/^Sweep [2-9]\d/).waitFor();
  expect(await page.evaluate(() => Math.max(...(globalThis as unknown as { gaps: number[] }).gaps))).toBeLessThan(1 * SECONDS);
  await page.getByRole("button", { name: "Stop here" }).click();
  await page.getByText(/^Stopped by you after sweep \d+/).waitFor();
});

/** Has the worker's GPU devices end at a word from the page. */
const LOSE_IN_WORKER = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await request.apply(this, given);
    new BroadcastChannel("lose").onmessage = () => device.destroy();
    return device;
  };`;
const loseDevice = (page: Page): Promise<void> => page.evaluate(() => new BroadcastChannel("lose").postMessage(""));

/**
 * The map then draws by a 2-D canvas: a browser that does not present loses every software device once the map is
 * shown.
 */
const MAP_WITHOUT_GPU = 'Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });';

test("a GPU that is chosen trains; when it is lost that is told, and training goes on the CPU or on a new device", async () => {
  const { page } = await openWithTinyData({ inWorker: LOSE_IN_WORKER, inPage: MAP_WITHOUT_GPU });
  await page.locator("#model").selectOption("gibbs");
  await tune(page, { factors: 4, sweeps: 100, device: "webgpu" });
  await page.locator("#device", { hasText: /^A software GPU computes, as chosen: / }).waitFor();
  await page.locator("#start:enabled").click();
  await page.getByText(/^Sweep [1-9]/).waitFor({ timeout: 60 * SECONDS });
  await page.getByRole("button", { name: "Pause" }).click();
  const paused = (): Promise<string> => page.getByText(/^Paused after sweep/).innerText();
  // The sweep that is under way is ended first.
  for (let before = ""; before !== (await paused());) {
    before = await paused();
    await page.waitForTimeout(0.5 * SECONDS);
  }
  await loseDevice(page);
  // Told at once, also while the training is paused.
  await page.locator("#train-error", { hasText: "device was lost" }).waitFor();
  await page.getByRole("button", { name: "Train on the CPU" }).click();
  await page.getByText(/\d sweeps in .* by WebAssembly/).waitFor();
  await page.locator("#start:enabled").click();
  await page.getByText(/\d sweeps in .* by google swiftshader/i).waitFor({ timeout: 60 * SECONDS });
});

test.each([
  { device: "auto", rows: 2 },
  { device: "webgpu", rows: 3 },
])("all that can compute race from the same start and agree: $rows of them with device $device", async ({ device, rows }) => {
  const { page } = await openWithTinyData();
  await page.locator("#device", { hasText: "computes" }).waitFor();
  await tune(page, { device });
  await page.getByRole("button", { name: "Race over five sweeps" }).click();
  await page.locator("#compare-status", { hasText: "predictions" }).waitFor({ timeout: 60 * SECONDS });
  const verdict = await page.locator("#compare-status").innerText();
  expect(verdict).toMatch(/WebAssembly on \d+ threads?: [\d.]+ times as (fast|slow) as the reference/);
  expect(Number(/the reference's than ([\d.e-]+)\.$/.exec(verdict)![1])).toBeLessThan(1e-3);
  expect(await page.locator("#comparison tbody tr").count()).toBe(rows);
});

/**
 * The map's frame: how many pixels differ from its background, how many colours there are,
 * and a sum that tells frames apart.
 */
const frameOf = (page: Page): Promise<{ drawn: number; colours: number; sum: number }> =>
  page.evaluate(async () => {
    const { data } = await (globalThis as unknown as { tastespaceMap: { pixels(): Promise<ImageData> } }).tastespaceMap.pixels();
    const seen = new Map<number, number>();
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) {
      const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
      seen.set(colour, (seen.get(colour) ?? 0) + 1);
      sum = (sum * 31 + colour) % 1_000_003;
    }
    return { drawn: data.length / 4 - Math.max(...seen.values()), colours: seen.size, sum };
  });

test("the map draws every title in colour, finds, names and follows one, and outlives its device", async () => {
  const presenting = await launch({ webgpu: true, presents: true });
  try {
    // Of the page's own devices the map has the only one.
    const inPage = `
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...given) {
        return (globalThis.mapDevice = await request.apply(this, given));
      };`;
    const { page, errors } = await openWithTinyData({ inPage }, presenting);
    await train(page);
    await page.locator("#sky[data-painter=webgpu]").waitFor();
    const whole = await frameOf(page);
    expect(whole.drawn).toBeGreaterThan(2000);
    expect(whole.colours).toBeGreaterThan(20);

    const title = tiny.catalogue.title(tiny.items.rawAt(3));
    await page.locator("#map-search input").fill(title.slice(4, -8));
    await page.keyboard.press("Enter");
    await page.locator("#chosen-label", { hasText: title }).waitFor();
    await page.locator(".neighbours li").nth(5).waitFor();
    await page.locator(".neighbours button").nth(0).click();
    await expect.poll(() => page.locator("#chosen-label").innerText()).not.toBe(title);
    // The camera looks at the chosen point, so a click in the middle finds it again.
    const chosen = await page.locator("#chosen-label").innerText();
    await page.locator("#sky canvas").focus();
    await page.keyboard.press("Escape");
    await page.locator("#chosen-label").waitFor({ state: "hidden" });
    const { x, y, width, height } = (await page.locator("#sky canvas").boundingBox())!;
    await page.mouse.click(x + width / 2, y + height / 2);
    await page.locator("#chosen-label", { hasText: chosen }).waitFor();

    const before = await frameOf(page);
    await page.locator("#legend button").nth(0).click();
    expect((await frameOf(page)).sum).not.toBe(before.sum);
    expect(errors).toEqual([]);

    await page.evaluate(() => (globalThis as unknown as { mapDevice: GPUDevice }).mapDevice.destroy());
    await page.locator("#sky[data-painter=canvas]").waitFor();
    expect((await frameOf(page)).drawn).toBeGreaterThan(2000);
  } finally {
    await presenting.close();
  }
});

test("keys alone train, search, rate and turn the map", async () => {
  const { page } = await openWithTinyData({}, withoutWebGpu());
  await page.locator("#start").focus();
  await page.keyboard.press("Enter");
  await page.locator("#next").waitFor({ timeout: 60 * SECONDS });
  expect(await page.evaluate(() => document.activeElement!.id)).toBe("next");

  await page.locator("#rate-search input").focus();
  await page.keyboard.type("the");
  await page.keyboard.press("ArrowDown");
  const wanted = await page.locator("#rate-search [aria-selected=true]").innerText();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  const rated = page.locator("#rated li");
  expect(wanted).toContain(await rated.locator(".title > span").innerText());
  expect(await rated.locator("input:checked").getAttribute("value")).toBe("3");
  await page.getByRole("heading", { name: "For you" }).waitFor();

  await page.locator("#sky canvas").focus();
  await page.keyboard.press("0");
  const whole = await frameOf(page);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("+");
  expect((await frameOf(page)).sum).not.toBe(whole.sum);
  await page.keyboard.press("0");
  expect(await frameOf(page)).toEqual(whole);
});

test("all models train from the form", async () => {
  const { page, errors } = await openWithTinyData({}, withoutWebGpu());
  for (const model of ["als", "gibbs", "implicit", "logistic", "sgd", "gd"]) {
    await page.locator("#model").selectOption(model);
    await tune(page, { factors: 3, sweeps: 3, ...(model === "gibbs" && { burnIn: 1 }) });
    const takesFeatures = ["als", "gibbs", "implicit"].includes(model);
    expect(await page.locator("[name=genres]:checked").count()).toBe(Number(takesFeatures));
    if (takesFeatures) await page.locator("[name=rated]").check();
    await train(page);
    await page.getByText(/^(3|2|1) sweeps? in .* by WebAssembly/).waitFor();
    // The list is drawn anew.
    await page.locator("#list .predicted").nth(9).waitFor();
    expect(await page.locator("#list .predicted").count()).toBe(10);
    expect((await page.locator("#list .predicted").first().innerText()).includes(" ± ")).toBe(model === "gibbs");
    expect(await page.locator("#train-error").innerText()).toBe("");
  }
  expect(errors).toEqual([]);
});

describe("with a model that was trained and a title that was rated", () => {
  let page: Page;
  beforeAll(async () => {
    ({ page } = await openWithTinyData({ isShared: true }, withoutWebGpu()));
    await train(page);
    await rate(page, 0, 5);
    await page.getByRole("combobox", { name: "Find a title on the map" }).fill("the");
    await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  });

  test.each(["light", "dark"] as const)("in the %s theme nothing is wrong that axe can tell, at any width", async (theme) => {
    await page.emulateMedia({ colorScheme: theme });
    for (const width of [390, 900, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      // Colours on their way say nothing of where they arrive.
      await settled(page);
      const violations = await page.evaluate(async () => {
        const { run } = (globalThis as unknown as { axe: typeof import("axe-core") }).axe;
        return (await run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 90)).join(" | ")}`);
      });
      expect(violations).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    }
  });
});

test("the theme is the system's until another is chosen, which is remembered", async () => {
  const { page } = await open({ theme: "dark" });
  const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await page.getByRole("button", { name: "Use the light theme" }).click();
  const light = await background();
  expect(light).not.toBe(dark);
  await page.reload();
  expect(await background()).toBe(light);
});

test("the first paint comes within a second and a half", async () => {
  const { page } = await open();
  await page.locator("#start:enabled").waitFor();
  const [{ startTime }] = await page.evaluate(() =>
    performance.getEntriesByName("first-contentful-paint").map(({ startTime }) => ({ startTime })),
  );
  expect(startTime).toBeLessThan(1.5 * SECONDS);
});

test("without WebGPU the page says so, trains on the threads of the CPU, recommends, and draws the map by other means", async () => {
  const { page, errors } = await open({}, withoutWebGpu());
  await page.locator("#device", { hasText: /^No GPU here: WebAssembly on \d+ threads? computes$/ }).waitFor();
  await page.locator("#sources select").selectOption("small");
  await tune(page, QUICK);
  expect(
    await page.locator("#tuning [name=device] option").evaluateAll((options) => options.map((option) => option.getAttribute("value"))),
  ).toEqual(["auto", "cpu", "reference"]);
  await train(page);
  expect(await page.locator("#headline-sweep").innerText()).toMatch(/6 sweeps in .* by WebAssembly on \d+ thread/);
  await rate(page, 0, 5);
  await page.locator("#sky[data-painter=canvas]").waitFor();
  expect((await frameOf(page)).drawn).toBeGreaterThan(2000);
  expect(errors).toEqual([]);
});
