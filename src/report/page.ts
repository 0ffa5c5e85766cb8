// One HTML file with everything in it: no script, no font, no picture is loaded from anywhere.

import { escaped, type Figure, type FigureTable } from "./figure.js";
import { COLOURS } from "./palette.js";
import style from "./report.css?raw";

export interface Section {
  readonly title: string;
  /** What the section shows, in a sentence or two. */
  readonly introduction: string;
  readonly figures?: readonly Figure[] | undefined;
  /** Shown before the figures. */
  readonly tables?: readonly TitledTable[] | undefined;
  /** Folded up behind them. */
  readonly lists?: readonly TitledTable[] | undefined;
  /** A command to copy. */
  readonly command?: string | undefined;
}

export interface TitledTable extends FigureTable {
  readonly title?: string | undefined;
}

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly Section[];
  readonly footer: string;
}

/** Wider figures take a row of their own. */
const NARROW = 480;

export function htmlPage({ title, subtitle, sections, footer }: Page): string {
  const anchors = sections.map((section) => section.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${themeStyle()}
${style}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<fieldset class="theme" aria-label="Theme">${["auto", "light", "dark"].map(themeChoice).join("")}</fieldset>
<p>${escaped(subtitle)}</p>
<nav aria-label="Sections"><ul>${sections.map((section, at) => `<li><a href="#${anchors[at]}">${escaped(section.title)}</a></li>`).join("")}</ul></nav>
</header>
<main>
${sections.map((section, at) => sectionMarkup(section, anchors[at])).join("\n")}
</main>
<footer>${escaped(footer)}</footer>
</body>
</html>
`;
}

/** Every colour in both themes; the reader's choice goes before the system's. */
const themeStyle = (): string =>
  [
    ":root { color-scheme: light dark; }",
    ":root:has(#theme-light:checked) { color-scheme: light; }",
    ":root:has(#theme-dark:checked) { color-scheme: dark; }",
    `:root { ${Object.entries(COLOURS)
      .map(([name, { light, dark }]) => `--${name}: light-dark(${light}, ${dark});`)
      .join(" ")} }`,
  ].join("\n");

const themeChoice = (name: string): string =>
  `<label><input type="radio" name="theme" id="theme-${name}"${name === "auto" ? " checked" : ""}><span>${name}</span></label>`;

function sectionMarkup({ title, introduction, figures = [], tables = [], lists = [], command }: Section, anchor: string): string {
  return [
    `<section aria-labelledby="${anchor}">`,
    `<h2 id="${anchor}">${escaped(title)}</h2>`,
    `<p>${escaped(introduction)}</p>`,
    command === undefined ? "" : `<p><code>${escaped(command)}</code></p>`,
    ...tables.map(scrolling),
    figures.length > 0 ? `<div class="figures">${figures.map(figureMarkup).join("\n")}</div>` : "",
    lists.length > 0 ? `<details class="lists"><summary>lists</summary><div>${lists.map(scrolling).join("")}</div></details>` : "",
    "</section>",
  ].join("\n");
}

const scrolling = (table: TitledTable): string => `<div class="scroll">${tableMarkup(table)}</div>`;

const figureMarkup = ({ name, title, description, svg, width, table }: Figure): string =>
  `<figure id="${name}"${width > NARROW ? ' class="wide"' : ""}>
<h3>${escaped(title)}</h3>
<div class="picture">${svg}</div>
<figcaption>${escaped(description)}</figcaption>
<details><summary>the numbers</summary><div class="numbers">${tableMarkup(table)}</div></details>
</figure>`;

function tableMarkup({ title, head, rows }: TitledTable): string {
  const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => /^[-−+–]?[\d.,…/ ]*%?$/.test(String(row[column]))));
  const cell = (tag: "th" | "td", value: string | number, column: number): string =>
    `<${tag}${numeric[column] ? ' class="number"' : ""}>${escaped(typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 6 }) : value)}</${tag}>`;
  return [
    title === undefined ? "" : `<h3>${escaped(title)}</h3>`,
    `<table><thead><tr>${head.map((name, column) => cell("th", name, column)).join("")}</tr></thead><tbody>`,
    ...rows.map((row) => `<tr>${row.map((value, column) => cell("td", value, column)).join("")}</tr>`),
    "</tbody></table>",
  ].join("");
}
