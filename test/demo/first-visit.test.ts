// What a visitor gets before anything is trained: an answer, reasons, a place on the map; and what they take along.

import { readFile } from "node:fs/promises";
import type { Page } from "playwright";
import { expect, test } from "vitest";
import { drop, listed, openPage, SECONDS, servedDemo, train, tune } from "./browser.js";

const TWO_TOWERS = "The Lord of the Rings: The Two Towers (2002)";

/** For what a busy machine takes its time for. */
const SOON = { timeout: 15 * SECONDS };

const demo = servedDemo({ webgpu: false });

/** Finds a title and gives it stars; resolves when the list is another. */
async function give(page: Page, title: string, stars: number): Promise<void> {
  const before = await page.locator("#list").innerText();
  await page.locator("#rate-search input").fill(title);
  await page.keyboard.press("Enter");
  await page
    .locator("#suggested li")
    .first()
    .locator("label")
    .nth(stars - 1)
    .click();
  await page.waitForFunction((before) => (document.querySelector("#list") as HTMLElement).innerText !== before, before);
}

const predictions = async (page: Page): Promise<number[]> => (await page.locator("#list .predicted b").allInnerTexts()).map(Number);

test("who loves The Fellowship of the Ring is recommended The Two Towers before anything was trained, with the reason", async () => {
  const { page, errors } = await openPage(demo.browser, demo.url);
  await page.getByRole("heading", { name: "What most people like" }).waitFor();
  expect(await page.locator("#suggested li").count()).toBe(8);
  expect(await page.locator("#list li").count()).toBe(10);
  await give(page, "Fellowship of the Ring", 5);
  await page.getByRole("heading", { name: "For you" }).waitFor();
  expect((await listed(page)).slice(0, 3)).toContain(TWO_TOWERS);
  expect(await page.locator("#list .title small").first().innerText()).toMatch(/^because you gave The Fellowship of the Ring\s5$/);
  // The list is sorted by what it shows.
  await give(page, "Pulp Fiction", 4);
  const shown = await predictions(page);
  expect(shown).toEqual([...shown].sort((a, b) => b - a));
  expect(await page.locator("#headline-label").innerText()).toMatch(
    /: (2|3)\d % better than guessing the average, which is off by \d\.\d\d$/,
  );
  expect(await page.locator("#headline-sweep").innerText()).toMatch(/^Made when this page was built: 20 sweeps/);
  expect(errors).toEqual([]);
});

test("titles are named on the map, and the visitor is a star on it that moves with every rating", async () => {
  const { page, errors } = await openPage(demo.browser, demo.url);
  await page.locator("#sky canvas").waitFor();
  // What nobody sees is not drawn.
  await page.locator("#sky").scrollIntoViewIfNeeded();
  await expect.poll(() => page.locator(".names span:visible").count(), SOON).toBeGreaterThan(5);
  expect(await page.locator("#you").isVisible()).toBe(false);
  const place = (): Promise<string> => page.locator("#you").evaluate((star: HTMLElement) => star.style.transform);
  await give(page, "Fellowship of the Ring", 5);
  await page.locator("#sky").scrollIntoViewIfNeeded();
  await page.locator("#you").waitFor();
  const once = await place();
  await give(page, "Pretty Woman", 1);
  await page.locator("#sky").scrollIntoViewIfNeeded();
  await expect.poll(place, SOON).not.toBe(once);
  // Names cover neither one another nor the star.
  const boxes = await page
    .locator(".names span:visible")
    .evaluateAll((names) => names.map((name) => name.getBoundingClientRect().toJSON() as DOMRect));
  for (const [at, a] of boxes.entries()) {
    for (const b of boxes.slice(0, at)) expect(a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top).toBe(false);
  }
  expect(errors).toEqual([]);
});

test("a title that was not seen makes place for another, and the other cards stay where they are", async () => {
  const { page } = await openPage(demo.browser, demo.url);
  const cards = (): Promise<string[]> => page.locator("#suggested .title > span").allInnerTexts();
  await page.locator("#suggested li").first().waitFor();
  const before = await cards();
  await page.getByRole("button", { name: `I have not seen ${before[2]}` }).click();
  const after = await cards();
  expect(after.length).toBe(before.length);
  expect(before).not.toContain(after[2]);
  expect(after.filter((_, at) => at !== 2)).toEqual(before.filter((_, at) => at !== 2));
});

test("the story tells the figures of the model and of the list", async () => {
  const { page } = await openPage(demo.browser, demo.url);
  await page.locator("#list li").first().waitFor();
  await give(page, "Fellowship of the Ring", 5);
  const story = page.locator("#story");
  await story.getByText("You have rated 1 title,").waitFor();
  const text = await story.innerText();
  expect(text).toContain("668 titles");
  expect(text).toContain("91 % of the squares are empty");
  const [first] = await listed(page);
  expect(text).toContain(first);
  // The sum is that of its terms, and the prediction at the head of the list.
  const terms = await story
    .locator(".sum > span")
    .evaluateAll((spans) =>
      spans.map((span) => [...span.childNodes].map((node) => (node.nodeType === 3 ? node.textContent : "")).join("")),
    );
  const value = (term: string): number => Number(term.replace("−", "-").replace(/[^\d.-]/g, ""));
  const total = Number(await story.locator(".sum b").innerText());
  expect(terms.slice(0, 4).reduce((sum, term) => sum + value(term), 0)).toBeCloseTo(total, 1);
  expect(Math.abs((await predictions(page))[0] - total)).toBeLessThan(0.06);
});

test("ratings and settings go along in the link's fragment, of which no server hears", async () => {
  const { page } = await openPage(demo.browser, demo.url, {
    inPage: "Object.defineProperty(navigator, 'clipboard', { get: () => undefined });",
  });
  await page.locator("#list li").first().waitFor();
  await give(page, "Fellowship of the Ring", 5);
  await give(page, "Saw (2004)", 1);
  await page.locator("#start:enabled").waitFor();
  await page.locator("#model").selectOption("als");
  await tune(page, { factors: 7 });
  const ofAllGenres = await listed(page);
  await page.locator("#list-genre").selectOption("Comedy");
  await expect.poll(() => listed(page), SOON).not.toEqual(ofAllGenres);
  await page.getByRole("button", { name: "Copy a link to these ratings" }).click();
  await page.getByText("The link is in the address bar now").waitFor();
  const list = await listed(page);
  const link = page.url();

  const context = await demo.browser.newContext({ locale: "en-US" });
  const other = await context.newPage();
  const asked: string[] = [];
  other.on("request", (request) => asked.push(request.url()));
  await other.goto(link);
  await other.getByText("These ratings came with the link.").waitFor();
  await expect.poll(() => listed(other), SOON).toEqual(list);
  expect(await other.locator("#rated li").count()).toBe(2);
  await other.locator("#start:enabled").waitFor();
  expect(await other.locator("#model").inputValue()).toBe("als");
  expect(await other.locator("#tuning [name=factors]").inputValue()).toBe("7");
  expect(other.url()).toBe(demo.url);
  for (const url of asked) {
    expect(url).toMatch(/^(http:\/\/127\.0\.0\.1:\d+\/some\/path\/|blob:|data:)/);
    expect(url).not.toContain("ratings=");
  }
});

test("what no link of ours says is passed over", async () => {
  const { page, errors } = await openPage(
    demo.browser,
    `${demo.url}#ratings=%25E0*5+12*9+nonsense+999999*3&factors=-4&model=none&genre=None`,
  );
  await page.getByText("These ratings came with the link.").waitFor();
  expect(await page.locator("#rated li").count()).toBe(0);
  expect(await page.locator("#tuning [name=factors]").inputValue()).toBe("10");
  expect(await page.locator("#list li").count()).toBe(10);
  expect(errors).toEqual([]);
});

test("ratings and the model that was trained outlive a reload; the page's own comes back when asked for", async () => {
  const { page } = await openPage(demo.browser, demo.url);
  await page.locator("#start:enabled").waitFor();
  await give(page, "Fellowship of the Ring", 5);
  const own = await listed(page);
  await page.locator("#sources select").selectOption("small");
  await page.locator("#start:enabled").waitFor();
  await tune(page, { factors: 3, sweeps: 8 });
  await train(page);
  await expect.poll(() => listed(page), SOON).not.toEqual(own);
  const trained = await listed(page);
  const figure = await page.locator("#headline-figure").innerText();
  await page.reload();
  await page.getByText("This is the model of your last visit").waitFor();
  await expect.poll(() => listed(page), SOON).toEqual(trained);
  expect(await page.locator("#rated li").count()).toBe(1);
  expect(await page.locator("#headline-figure").innerText()).toBe(figure);
  await page.getByRole("button", { name: "Back to the page's own" }).click();
  await expect.poll(() => listed(page), SOON).toEqual(own);
  await page.reload();
  await expect.poll(() => listed(page), SOON).toEqual(own);
});

/** Resolves when the service worker has laid all files aside: their list comes last. */
const laidAside = async (page: Page): Promise<void> =>
  await expect.poll(() => page.evaluate(async () => (await caches.match("files.json"))?.ok), SOON).toBe(true);

test.each(["a host that sends headers", "a host that sends only files"])(
  "after one visit to %s the page works without a network",
  async (host) => {
    const { page } = await openPage(demo.browser, host.includes("only") ? demo.plainUrl : demo.url, { serviceWorker: true });
    await page.locator("#start:enabled").waitFor({ timeout: 30 * SECONDS });
    await laidAside(page);
    await page.evaluate(async () => await navigator.serviceWorker.ready);
    await page.context().setOffline(true);
    await page.reload();
    await page.locator("#start:enabled").waitFor({ timeout: 30 * SECONDS });
    await give(page, "Fellowship of the Ring", 5);
    expect((await listed(page)).slice(0, 3)).toContain(TWO_TOWERS);
    await tune(page, { factors: 3, sweeps: 3 });
    await train(page);
  },
);

test("files that were not all laid aside, as when the browser was closed meanwhile, are so at the next visit", async () => {
  const { page } = await openPage(demo.browser, demo.url, { serviceWorker: true });
  await laidAside(page);
  await page.evaluate(async () => {
    const [name] = await caches.keys();
    const store = await caches.open(name);
    for (const file of ["files.json", "starter.json"]) await store.delete(file);
  });
  await page.reload();
  await laidAside(page);
  expect(await page.evaluate(async () => (await caches.match("starter.json"))?.ok)).toBe(true);
});

test("somebody's own export becomes their ratings", async () => {
  const { page, errors } = await openPage(demo.browser, demo.url);
  await page.locator("#start:enabled").waitFor();
  const rows = ["Fellowship of the Ring", "Matrix", "Nobody's Film"].map((name) => `2024-01-02,The ${name},2001,https://boxd.it/x,4.5`);
  const table = `Date,Name,Year,Letterboxd URI,Rating\n${rows.join("\n")}\n2024-01-02,The Matrix,1999,https://boxd.it/y,5\n`;
  await drop(page, "ratings.csv", table.replace("The Fellowship", "The Lord of the Rings: The Fellowship"));
  await page.getByText("Read 4 ratings of yours from Letterboxd: the model knows 2 of the titles.").waitFor();
  expect((await page.locator("#rated .title").allInnerTexts()).sort()).toEqual([
    "The Lord of the Rings: The Fellowship of the Ring (2001)",
    "The Matrix (1999)",
  ]);
  await drop(page, "goodreads.csv", "Book Id,Title,Author,My Rating\n1,A Book,Somebody,4\n");
  await page.getByText("Read 1 rating of yours from Goodreads: the model on this page knows none of the titles.").waitFor();
  expect(await page.locator("#rated li").count()).toBe(2);
  expect(errors).toEqual([]);
});

test("a table whose columns cannot be told is read as its owner says", async () => {
  const { page, errors } = await openPage(demo.browser, demo.url);
  await page.locator("#start:enabled").waitFor();
  const rows = Array.from({ length: 60 }, (_, at) => `${at},film ${at % 6},${1 + (at % 5)},person ${at % 10}`);
  await drop(page, "odd.csv", `n,what,how,who\n${rows.join("\n")}\n`);
  await page.locator("#drop-columns summary").waitFor();
  await page.locator("#drop-columns details").evaluate((details: HTMLDetailsElement) => (details.open = true));
  for (const [role, column] of Object.entries({ user: "3", item: "1", rating: "2" })) {
    await page.locator(`[name=column-${role}]`).selectOption(column);
  }
  await page.getByRole("button", { name: "Read it so" }).click();
  await page.getByText(/who → user, what → item, how → rating/i).waitFor();
  expect(await page.locator("#sources").innerText()).toMatch(/ratings of 6 titles by 10 people/);
  expect(errors).toEqual([]);
});

test("the list and the map are saved as a picture", async () => {
  const { page } = await openPage(demo.browser, demo.url);
  await page.locator("#list li").first().waitFor();
  await give(page, "Fellowship of the Ring", 5);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save a picture" }).click()]);
  const bytes = await readFile(await download.path());
  expect(bytes.subarray(1, 4).toString()).toBe("PNG");
  expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1200, 630]);
  expect(bytes.length).toBeGreaterThan(30_000);
});

test("the page names its guide, its licence and a picture of itself, which are there", async () => {
  const { page } = await openPage(demo.browser, demo.url);
  const paths = await page.evaluate(() => [
    ...[...document.querySelectorAll<HTMLAnchorElement>("footer .links a")].map(({ href }) => href),
    new URL(document.querySelector<HTMLMetaElement>("meta[property='og:image']")!.content, location.href).href,
  ]);
  expect(paths.length).toBeGreaterThan(2);
  for (const path of paths) expect((await page.request.get(path)).headers()["content-type"], path).toMatch(/^(text\/plain|image\/png)/);
});
