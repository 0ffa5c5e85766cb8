// How the demo starts where the host, the browser or the visitor denies it something;
// and that its threads compute all the same.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright";
import { expect, test } from "vitest";
import { openPage, type OpenOptions, SECONDS, servedDemo, train, tune } from "./browser.js";

const demo = servedDemo({ webgpu: false });
const open = (url: string, options?: OpenOptions) => openPage(demo.browser, url, { serviceWorker: true, ...options });
const badge = (page: Page, hasText: RegExp): Promise<void> => page.locator("#device", { hasText }).waitFor({ timeout: 30 * SECONDS });
const isIsolated = (page: Page): Promise<boolean> => page.evaluate(() => crossOriginIsolated);

/** Counts the loads of a page in its history entry, which outlives them. */
const COUNT_LOADS = `history.replaceState({ ...history.state, loads: (history.state?.loads ?? 0) + 1 }, "");`;
/** The browser seems to have several cores, whatever this machine has. */
const THREE_CORES = `Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { get: () => 3 });`;
const THREE_IN_WORKER = `Object.defineProperty(WorkerNavigator.prototype, "hardwareConcurrency", { get: () => 3 });`;
const loads = (page: Page): Promise<number> => page.evaluate(() => (history.state as { loads: number }).loads);

test("a host that sends the headers gets an isolated page at once, and several threads compute", async () => {
  const { page, errors } = await open(demo.url, { inPage: THREE_CORES, inWorker: THREE_IN_WORKER });
  await badge(page, /^No GPU here: WebAssembly on 3 threads computes$/);
  expect(await isIsolated(page)).toBe(true);
  // The worker that trains, and the threads that it has started.
  expect(page.workers().length).toBe(1 + 3);
  await tune(page, { factors: 4, sweeps: 3 });
  await train(page);
  expect(await page.locator("#headline-sweep").innerText()).toMatch(/by WebAssembly on 3 threads/);
  expect(errors).toEqual([]);
});

test("a host that sends only files gets there by a service worker and one reload, and at the next visit without any", async () => {
  const { page, errors } = await open(demo.plainUrl, { inPage: THREE_CORES });
  await badge(page, /^No GPU here: WebAssembly on .* computes$/);
  expect(await isIsolated(page)).toBe(true);
  const again = await page.context().newPage();
  await again.addInitScript(COUNT_LOADS);
  await again.goto(demo.plainUrl);
  await badge(again, /computes$/);
  expect(await isIsolated(again)).toBe(true);
  expect(await loads(again)).toBe(1);
  await train(again);
  expect(errors).toEqual([]);
});

test("a browser whose language is none gets the page all the same", async () => {
  const nameless = `Object.defineProperty(Navigator.prototype, "language", { get: () => "en-US@posix" });`;
  const { page, errors } = await open(demo.url, { inPage: nameless });
  await badge(page, /computes$/);
  await tune(page, { factors: 4, sweeps: 3 });
  await train(page);
  expect(errors).toEqual([]);
});

test("where service workers are denied the page says that one thread computes, and never reloads", async () => {
  const denied = `${THREE_CORES}${COUNT_LOADS}
    ServiceWorkerContainer.prototype.register = () => Promise.reject(new DOMException("denied", "SecurityError"));`;
  const { page } = await open(demo.plainUrl, { inPage: denied });
  await badge(page, /WebAssembly on 1 thread computes; more would need a service worker, which this browser denies$/);
  expect(await loads(page)).toBe(1);
  await tune(page, { factors: 4, sweeps: 3 });
  await train(page);
});

test("a service worker that brings no isolation is tried once: there is no second reload", async () => {
  const useless = `${THREE_CORES}${COUNT_LOADS}
    ServiceWorkerContainer.prototype.register = () => Promise.resolve();
    Object.defineProperty(ServiceWorkerContainer.prototype, "ready", { get: () => Promise.resolve() });`;
  const { page } = await open(demo.plainUrl, { inPage: useless });
  await badge(page, /WebAssembly on 1 thread computes/);
  expect(await loads(page)).toBe(2);
  await page.waitForTimeout(0.5 * SECONDS);
  expect(await loads(page)).toBe(2);
});

/** The page, where something in the browser blocks a file. */
async function openWithout(file: string): Promise<{ page: Page }> {
  const context = await demo.browser.newContext({ locale: "en-US" });
  await context.route(file, (route) => route.abort());
  const page = await context.newPage();
  await page.goto(demo.url);
  return { page };
}

test("a worker that is blocked is told instead of looking for a GPU for good", async () => {
  const { page } = await openWithout("**/training-worker-*.js");
  await badge(page, /^This page could not start: the worker of this page did not start/);
  expect(await page.locator("#start").isDisabled()).toBe(true);
});

test("a script that does not come is told", async () => {
  const { page } = await openWithout("**/main-*.js");
  await badge(page, /^This page could not start: /);
});

test("a browser without workers is told", async () => {
  const { page } = await open(demo.url, { inPage: `globalThis.Worker = class { constructor() { throw new Error("no workers") } };` });
  await badge(page, /^This page could not start: no workers$/);
});

test("without storage and OffscreenCanvas the page starts and trains", async () => {
  const denied = (name: string): string =>
    `Object.defineProperty(globalThis, "${name}", { get() { throw new DOMException("denied", "SecurityError") } });`;
  const inPage = `${denied("localStorage")}${denied("sessionStorage")}${denied("indexedDB")} delete globalThis.OffscreenCanvas;`;
  const { page, errors } = await open(demo.url, { inPage, inWorker: `${denied("indexedDB")} delete globalThis.OffscreenCanvas;` });
  await badge(page, /computes$/);
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await tune(page, { factors: 4, sweeps: 3 });
  await train(page);
  await page.locator("#sky[data-painter=canvas]").waitFor();
  expect(errors).toEqual([]);
});

test.each(["no JavaScript", "a file"])("with %s the page says that it has not started", async (what) => {
  const context = await demo.browser.newContext({ javaScriptEnabled: what !== "no JavaScript" });
  const page = await context.newPage();
  // The style sheet gives scripts some seconds to start: they pass quickly here.
  const session = await context.newCDPSession(page);
  await session.send("Animation.enable");
  await session.send("Animation.setPlaybackRate", { playbackRate: 20 });
  await page.goto(what === "a file" ? pathToFileURL(join(demo.folder, "index.html")).href : demo.plainUrl);
  await page.getByText("This page has not started: it needs a browser of today with JavaScript").waitFor({ timeout: 15 * SECONDS });
  expect(await page.getByText("Looking for").count()).toBe(0);
});
