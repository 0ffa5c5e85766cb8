// The built demo in Chromium: browsers with and without WebGPU, and what tests do on the page again and again.

import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import { strToU8, zipSync } from "fflate";
import type { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { chromiumLaunchOptions, started, withoutWebGpu } from "../support/chromium.js";
import { hasChromiumPackage } from "../support/chromium-package.js";
import type { Served } from "./served.js";

/** Without these, a software device is lost as soon as a canvas is to show what it has drawn. */
const PRESENTING = [
  "--disable-gpu-rasterization",
  "--use-angle=vulkan",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--disable-vulkan-surface",
];

/** A slow software device is not to be taken for one that hangs, nor a lost one for the page's fault. */
const PATIENT = ["--disable-gpu-watchdog", "--disable-domain-blocking-for-3d-apis"];

export interface LaunchOptions {
  readonly webgpu: boolean;
  /** Whether canvases show what WebGPU draws: much slower. Default false. */
  readonly presents?: boolean;
}

export async function launch({ webgpu, presents = false }: LaunchOptions): Promise<Browser> {
  const options = await chromiumLaunchOptions();
  const args = options.args!;
  const flags = webgpu ? [...args, ...PATIENT, ...(presents && hasChromiumPackage ? PRESENTING : [])] : withoutWebGpu(args);
  return await started(() => chromium.launch({ ...options, args: flags }));
}

export interface Demo extends Served {
  /** One of each kind that was asked for. */
  readonly browsers: readonly Browser[];
  /** The first of them. */
  readonly browser: Browser;
}

/** Contexts of pages that several tests share. */
const shared = new WeakSet<BrowserContext>();

/**
 * The demo, served while the tests of a file run, with browsers to open it in; after each test their pages are closed,
 * unless several tests share them.
 */
export function servedDemo(...kinds: readonly LaunchOptions[]): Demo {
  const served = inject("demo");
  let browsers: Browser[] = [];
  beforeAll(async () => {
    let page: Response;
    [page, ...browsers] = await Promise.all([fetch(served.url), ...kinds.map(launch)]);
    if (!page.ok) throw new Error(await page.text());
  });
  afterAll(async () => {
    for (const browser of browsers) await browser.close();
  });
  afterEach(async () => {
    for (const browser of browsers) for (const context of browser.contexts()) if (!shared.has(context)) await context.close();
  });
  return {
    ...served,
    get browsers() {
      return browsers;
    },
    get browser() {
      return browsers[0];
    },
  };
}

export interface OpenOptions {
  readonly width?: number;
  readonly theme?: "light" | "dark";
  readonly height?: number;
  /** Lines that run in the worker before its own. */
  readonly inWorker?: string;
  /** Lines that run in the page before its own. */
  readonly inPage?: string;
  /**
   * Whether the page may keep its files for visits without a network: it fetches all of them once more for that. Default
   * false.
   */
  readonly serviceWorker?: boolean;
  /** Whether the page stays open after the test, for others. Default false. */
  readonly isShared?: boolean;
}

/** A page of its own, with all that went wrong on it. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1000, height = 700, theme = "light", inWorker, inPage, serviceWorker = false, isShared = false }: OpenOptions = {},
): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
    locale: "en-US",
    serviceWorkers: serviceWorker ? "allow" : "block",
  });
  if (isShared) shared.add(context);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", ({ message }) => errors.push(message));
  if (inPage) await context.addInitScript(inPage);
  if (inWorker) {
    await context.route("**/training-worker-*.js", async (route) => {
      try {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${inWorker}\n${await response.text()}` });
      } catch (error) {
        // A page that closes takes what it asked for along.
        if (!page.isClosed()) throw error;
      }
    });
  }
  await page.goto(url);
  return { page, errors };
}

/** A small data set, and settings that train on it in a moment. */
export const tiny = syntheticRatings({ users: 80, items: 60, ratings: 1600, seed: 2 });
export const QUICK = { factors: 4, sweeps: 6 };

/** A data set as GroupLens would zip it. */
export function movieLensZip({ user, item, value, users, items, catalogue }: Ratings): Uint8Array {
  const rows = Array.from(value, (rating, at) => `${users.rawAt(user[at])},${items.rawAt(item[at])},${rating},${at}`);
  const titles = items.raw.map((id) => `${id},"${catalogue.title(id)}",${catalogue.get(id)?.genres.join("|")}`);
  return zipSync({
    "ml-tiny/ratings.csv": strToU8(`userId,movieId,rating,timestamp\n${rows.join("\n")}\n`),
    "ml-tiny/movies.csv": strToU8(`movieId,title,genres\n${titles.join("\n")}\n`),
  });
}

/** The page in a browser context that other pages share. */
export async function openBeside(page: Page, url: string): Promise<Page> {
  const other = await page.context().newPage();
  await other.goto(url);
  return other;
}

/** Drops a file on the page. */
export async function drop(page: Page, name: string, content: Uint8Array | string): Promise<void> {
  const base64 = Buffer.from(content).toString("base64");
  const transfer = await page.evaluateHandle(
    ([name, base64]) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name));
      return transfer;
    },
    [name, base64] as const,
  );
  await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
}

/** Sets fields of the fine tuning, by their names. */
export async function tune(page: Page, fields: Record<string, number | string>): Promise<void> {
  await page.locator("#tuning").evaluate((details: HTMLDetailsElement) => (details.open = true));
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`#tuning [name="${name}"]`);
    if (typeof value === "number") await field.fill(String(value));
    else await field.selectOption(value);
  }
}

export const SECONDS = 1000;

/** Waits until nothing changes its colour or place any more. */
export const settled = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
    await Promise.all(document.getAnimations().map(({ finished }) => finished));
  });

/** Presses Train and waits for the end. */
export async function train(page: Page): Promise<void> {
  await page.locator("#start:enabled").click();
  await page.locator("#next").waitFor({ timeout: 60 * SECONDS });
  await page.locator("#list li").first().waitFor();
}

/** Gives the title in this row of the suggestions its stars; resolves when the list has changed. */
export async function rate(page: Page, row: number, stars: number): Promise<void> {
  const before = await page.locator("#list").innerText();
  await page
    .locator("#suggested li")
    .nth(row)
    .locator("label")
    .nth(stars - 1)
    .click();
  await page.waitForFunction((before) => (document.querySelector("#list") as HTMLElement).innerText !== before, before);
}

export const listed = async (page: Page): Promise<string[]> => await page.locator("#list .title > span").allInnerTexts();
