// The report as a reader opens it: in a browser, offline, narrow and wide, light and dark.

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumLaunchOptions, started } from "../support/chromium.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-report-"));
const inFolder = (name: string): string => join(folder, name);
const page = inFolder("report.html");
let browser: Browser;

beforeAll(async () => {
  const training = ["--device", "cpu", "--sweeps", "4", "--factors"];
  const runs = [
    tastespace("train", ...training, "0", "--json", inFolder("biases.json"), "--out", inFolder("biases.safetensors")),
    tastespace(
      "train",
      ...training,
      "2",
      "--item-features",
      "genres",
      "--json",
      inFolder("als.json"),
      "--out",
      inFolder("als.safetensors"),
    ),
    tastespace("train", "--model", "vb", ...training, "3", "--json", inFolder("vb.json"), "--out", inFolder("vb.safetensors")),
    tastespace(
      "search",
      "--device",
      "cpu",
      "--sweeps",
      "3",
      "--factors",
      "1,3",
      "--tau",
      "5,20",
      "--test",
      "0.1",
      "--json",
      inFolder("search.json"),
    ),
  ];
  for (const { code, err } of await Promise.all(runs)) expect({ code, err }).toEqual({ code: 0, err: "" });
  const files = ["biases.json", "als.json", "vb.json", "search.json"].map(inFolder);
  const told = await tastespace(
    "report",
    ...files,
    "--rated",
    "1=5",
    "--similar",
    "2",
    "-n",
    "5",
    "--out",
    page,
    "--figures",
    inFolder("figures"),
  );
  expect(told).toMatchObject({ code: 0, err: "" });
  const options = await chromiumLaunchOptions();
  browser = await started(() => chromium.launch(options));
}, 300_000);
afterAll(() => browser?.close());

describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
  test.each([1280, 800, 390])("at %d pixels nothing is loaded, nothing fails, nothing sticks out", async (width) => {
    const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const asked: string[] = [];
    const wrong: string[] = [];
    tab.on("request", (request) => asked.push(request.url()));
    tab.on("console", (message) => wrong.push(message.text()));
    tab.on("pageerror", (error) => wrong.push(error.message));
    await tab.goto(pathToFileURL(page).href);
    expect(asked).toEqual([pathToFileURL(page).href]);
    expect(wrong).toEqual([]);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const ground = await tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(ground).toBe(colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 23, 27)");
    await tab.close();
  });

  test("a table that is wider than the page has a shadow where it goes on", async () => {
    const tab = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme });
    await tab.goto(pathToFileURL(page).href);
    const found = await tab.evaluate(() => {
      const scrolling = [...document.querySelectorAll<HTMLElement>(".scroll")].find((box) => box.scrollWidth > box.clientWidth)!;
      scrolling.id = "too-wide";
      scrolling.scrollIntoView();
      return getComputedStyle(scrolling).backgroundAttachment;
    });
    expect(found).toBe("local, local, scroll, scroll");
    // A strip of its right side above the letters of its head.
    const strip = async (): Promise<string> => {
      const box = (await tab.locator("#too-wide").boundingBox())!;
      return (await tab.screenshot({ clip: { x: box.x + box.width - 3, y: box.y + 2, width: 3, height: 4 } })).toString("base64");
    };
    const more = await strip();
    await tab.evaluate(() => (document.querySelector("#too-wide")!.scrollLeft = 1e6));
    expect(await strip()).not.toBe(more);
    await tab.close();
  });

  test("text and series stand out from the ground", async () => {
    const tab = await browser.newPage({ colorScheme });
    await tab.goto(pathToFileURL(page).href);
    const colours = await tab.evaluate(() => {
      const probe = document.body.appendChild(document.createElement("i"));
      const names = ["ground", "ink", "muted", ...Array.from({ length: 6 }, (_, at) => `series-${at + 1}`)];
      return names.map((name) => {
        probe.style.color = `var(--${name})`;
        return getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
      });
    });
    const [ground, ink, muted, ...series] = colours.map(luminance);
    const contrast = (a: number): number => (Math.max(a, ground) + 0.05) / (Math.min(a, ground) + 0.05);
    expect(contrast(ink)).toBeGreaterThan(7);
    expect(contrast(muted)).toBeGreaterThan(4.5);
    for (const one of series) expect(contrast(one)).toBeGreaterThan(3);
    await tab.close();
  });
});

/** Relative luminance, WCAG 2.2. */
function luminance([r, g, b]: readonly number[]): number {
  const linear = (value: number): number => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

test("the reader's choice of theme goes before the system's", async () => {
  const tab = await browser.newPage({ colorScheme: "light" });
  await tab.goto(pathToFileURL(page).href);
  await tab.getByText("dark", { exact: true }).click();
  expect(await tab.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(20, 23, 27)");
  await tab.close();
});

test("every figure is whole: well-formed alone, named, described, with its numbers; no id stands twice", async () => {
  const tab = await browser.newPage();
  await tab.goto(pathToFileURL(page).href);
  const figures = await tab.evaluate(() =>
    [...document.querySelectorAll("figure")].map((figure) => ({
      name: figure.id,
      label: figure
        .querySelector("svg")!
        .getAttribute("aria-labelledby")!
        .split(" ")
        .map((id) => document.getElementById(id)?.textContent),
      rows: figure.querySelectorAll("tbody tr").length,
    })),
  );
  const names = figures.map(({ name }) => name);
  for (const wanted of ["rmse-by-sweep", "rmse-by-seconds", "objective-by-sweep", "elbo-by-sweep", "rating-histogram", "ratings-by-user", "ratings-by-item", "most-rated", "search-factors", "search-tau", "map-als", "map-vb", "polarizing-als", "alpha-vb", "calibration-vb"]) expect(names).toContain(wanted); // prettier-ignore
  for (const { label, rows } of figures) {
    expect(label.every((text) => text)).toBe(true);
    expect(rows).toBeGreaterThan(0);
  }
  expect(
    await tab.evaluate(() => [...document.querySelectorAll("[id]")].map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at)),
  ).toEqual([]);
  const files = names.map((name) => readFileSync(join(inFolder("figures"), `${name}.svg`), "utf8"));
  const broken = await tab.evaluate(
    (texts) => texts.filter((text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")),
    files,
  );
  expect(broken).toEqual([]);
  await tab.close();
});

test("runs, lists and the search are told", () => {
  const html = readFileSync(page, "utf8");
  expect(html).not.toMatch(/<script|<link|<iframe|@import|(src|href)="(?!#)|url\(/);
  expect(html).not.toMatch(/NaN|undefined|\[object/);
  for (const said of ["tastespace train --model als", "that no trial saw", "Most like ", "For someone who gave ", "α = 0.02"])
    expect(html).toContain(said);
});
