// What a visitor of the demo waits for: the first paint, the first list, and the list and the map after each star that
// they give. Fresh browser contexts, nothing in any cache, no GPU; the page's own clock.

import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright";
import { build, preview } from "vite";
import { chromiumLaunchOptions, started, withoutWebGpu } from "../test/support/chromium.js";
import { median } from "./median.js";

/** From .cache/bench, where this runs. */
const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const VISITS = 9;
/** A film, and its stars. */
const GIVEN = [
  ["Fellowship of the Ring", 5],
  ["Pulp Fiction", 4],
  ["Pretty Woman", 1],
] as const;
/** The first is so high that the map is in view beside the list: what nobody sees is not drawn. */
const WINDOWS = { "1280 × 2400": { width: 1280, height: 2400 }, "390 × 844": { width: 390, height: 844 } } as const;

/** Milliseconds, from the start of the navigation, and from each click. */
interface Visit {
  readonly paint: number;
  readonly list: number;
  readonly stars: readonly Answer[];
}

interface Answer {
  readonly list: number;
  /** Of the visitor's star on the map, where it is in view. */
  readonly map: number | undefined;
}

declare global {
  // eslint-disable-next-line no-var
  var seen: { list: number; map: number; click: number };
}

/** Runs in the page before its own script: when the list and the visitor's star last changed, and when was last clicked. */
function watch(): void {
  globalThis.seen = { list: 0, map: 0, click: 0 };
  const answers: Record<string, "list" | "map"> = { list: "list", you: "map" };
  addEventListener("click", () => (globalThis.seen.click = performance.now()), true);
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const element = target instanceof Element ? target : target.parentElement;
      const answer = element?.closest("#list, #you");
      if (answer) globalThis.seen[answers[answer.id]] = performance.now();
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["style", "hidden"] });
}

async function give(page: Page, title: string, stars: number): Promise<Answer> {
  await page.locator("#rate-search input").fill(title);
  await page.keyboard.press("Enter");
  const label = page.locator("#suggested li").first().locator("label");
  await label.nth(stars - 1).click();
  await page.waitForFunction(() => globalThis.seen.list > globalThis.seen.click);
  // What comes last counts: a list that is put together in steps is there when it is whole.
  await page.waitForTimeout(500);
  return await page.evaluate(() => {
    const { list, map, click } = globalThis.seen;
    return { list: list - click, map: map > click ? map - click : undefined };
  });
}

async function visit(chrome: Browser, url: string, viewport: { width: number; height: number }): Promise<Visit> {
  // Without the motion of the map, which is to take half a second.
  const context = await chrome.newContext({ viewport, locale: "en-US", reducedMotion: "reduce" });
  try {
    const page = await context.newPage();
    await page.addInitScript(watch);
    await page.goto(url);
    await page.waitForFunction(() => document.querySelectorAll("#list li").length >= 10);
    const [paint, list] = await page.evaluate(
      () => [performance.getEntriesByName("first-contentful-paint")[0].startTime, globalThis.seen.list] as const,
    );
    const stars: Answer[] = [];
    for (const [title, count] of GIVEN) stars.push(await give(page, title, count));
    return { paint, list, stars };
  } finally {
    await context.close();
  }
}

interface Times {
  readonly median: number;
  readonly most: number;
}

export async function firstVisit(): Promise<object> {
  const outDir = path(".cache/bench-demo");
  await build({ root: path("demo"), configFile: path("demo/vite.config.ts"), logLevel: "warn", build: { outDir, emptyOutDir: true } });
  const server = await preview({
    root: path("demo"),
    configFile: path("demo/vite.config.ts"),
    build: { outDir },
    preview: { port: 0, host: "127.0.0.1" },
    logLevel: "warn",
  });
  const options = await chromiumLaunchOptions();
  const chrome = await started(() => chromium.launch({ ...options, args: withoutWebGpu(options.args!) }));
  try {
    console.log(`Chromium ${chrome.version()}, without WebGPU; medians (and most) of ${VISITS} visits, ms`);
    const heads = ["first paint", "first list", ...GIVEN.flatMap((_, at) => [`star ${at + 1}: list`, "map"])];
    console.log(`${"window".padEnd(13)}${heads.map((head) => head.padStart(14)).join("")}`);
    const rows: Record<string, object> = {};
    for (const [name, viewport] of Object.entries(WINDOWS)) {
      const visits: Visit[] = [];
      for (let at = 0; at < VISITS; at++) visits.push(await visit(chrome, server.resolvedUrls!.local[0], viewport));
      const of = (pick: (visit: Visit) => number | undefined): Times | undefined => {
        const all = visits.map(pick).filter((time) => time !== undefined);
        return all.length < VISITS ? undefined : { median: Math.round(median(all)), most: Math.round(Math.max(...all)) };
      };
      const stars = GIVEN.map((_, at) => ({ list: of(({ stars }) => stars[at].list), map: of(({ stars }) => stars[at].map) }));
      const row = { paint: of(({ paint }) => paint), list: of(({ list }) => list), stars };
      rows[name] = row;
      const cell = (times: Times | undefined): string => (times ? `${times.median} (${times.most})` : "–").padStart(14);
      console.log(`${name.padEnd(13)}${cell(row.paint)}${cell(row.list)}${stars.map(({ list, map }) => cell(list) + cell(map)).join("")}`);
    }
    return { chromium: chrome.version(), visits: VISITS, given: GIVEN, rows };
  } finally {
    await chrome.close();
    await new Promise((resolve) => server.httpServer.close(resolve));
  }
}
