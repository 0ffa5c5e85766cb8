// What the pages say is so: links lead somewhere, codes and commands and parameters are those that there are,
// figures are those measured.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { QUESTIONS } from "../../src/cli/http-answers.js";
import { STATUS } from "../../src/cli/http.js";
import { HYPERPARAMETER_NAMES, MODEL_NAMES } from "../../src/models/registry.js";
import * as library from "../../src/node.js";
import { tastespace } from "../support/command-line.js";

const read = (path: string): string => readFileSync(path, "utf8");
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "examples/README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
/** Rows of the tables of a text, cell by cell. */
const rowsOf = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
/** Code in a text. */
const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
/** A heading as a link names it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");

describe.each(pages)("%s", (page) => {
  test("links to what there is", () => {
    for (const [, link] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [file, anchor] = link.split("#");
      const path = file === "" ? page : join(dirname(page), file);
      expect(existsSync(path), `${page}: ${link}`).toBe(true);
      if (anchor) expect([...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading))).toContain(anchor);
    }
  });
});

test.each([...pages, "CHANGELOG.md"])("lines of prose in %s have fewer than 120 characters", (page) => {
  const prose = read(page)
    .replace(/^```[\s\S]*?^```$/gm, "")
    .split("\n")
    .filter((line) => !line.startsWith("|") && !line.startsWith("    "));
  for (const line of prose) expect(line.length, line).toBeLessThanOrEqual(120);
});

test("scripts, and files of ours, that pages name are there", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  for (const page of pages) {
    const text = read(page);
    for (const [, script] of text.matchAll(/npm run (?:--silent )?([\w:]+)/g))
      expect(Object.keys(scripts), `${page}: npm run ${script}`).toContain(script);
    for (const [, path] of text.matchAll(/(?<!--json )\b((?:test|src|bench|docs)\/[\w./-]+\.(?:ts|mjs|md|json))\b/g))
      expect(existsSync(path), `${page}: ${path}`).toBe(true);
  }
});

test("README says words before it uses them, and its state in the first screen", () => {
  const text = read("README.md");
  const lines = text.split("\n");
  expect(lines.findIndex((line) => line.startsWith("**State.**"))).toBeLessThan(12);
  for (const [word, said] of [
    ["τ", "**τ**"],
    ["α", "**α**"],
    ["fold-in", "**fold-in**"],
    ["sweep", "**sweep**"],
    ["factors", "**factors**"],
  ] as const)
    expect(text.replace(/```[\s\S]*?```/g, "").indexOf(word), word).toBe(text.replace(/```[\s\S]*?```/g, "").indexOf(said) + 2);
});

test("README's table has the measured figures", () => {
  interface Row {
    readonly name: string;
    readonly results: { readonly rmse: number | null; readonly ndcg: number; readonly seconds: number }[];
  }
  const { rows } = (JSON.parse(read("bench/results/models-ml-latest-small.json")) as { results: { models: { rows: Row[] } } }).results
    .models;
  const figuresOf = (name: string): string[] => {
    const { results } = rows.find((row) => row.name === name)!;
    const mean = (of: (result: Row["results"][number]) => number): number =>
      results.reduce((sum, result) => sum + of(result), 0) / results.length;
    return [
      results[0].rmse === null ? "–" : mean(({ rmse }) => rmse!).toFixed(3),
      mean(({ ndcg }) => ndcg).toFixed(3),
      mean(({ seconds }) => seconds).toFixed(1),
    ];
  };
  const table = new Map(rowsOf(read("README.md")).map(([name, , ...figures]) => [name, figures]));
  for (const [name, measured] of [
    ["`vb`", "vb full"],
    ["`gibbs`", "gibbs"],
    ["`implicit`", "implicit"],
    ["`logistic`", "logistic"],
  ] as const)
    expect(table.get(name), name).toEqual(figuresOf(rows.find((row) => row.name.startsWith(measured))!.name));
  const [als, genres] = [figuresOf("als"), figuresOf("als with genres")];
  expect(table.get("`als`")).toEqual([`${als[0]}, with genres ${genres[0]}`, `${als[1]}, ${genres[1]}`, als[2]]);
  const [gd, sgd] = [figuresOf("gd"), figuresOf("sgd")];
  expect(table.get("`gd`, `sgd`")).toEqual(gd.map((figure, at) => `${figure}, ${sgd[at]}`));
  expect(read("README.md").replaceAll("\n", " ")).toContain(`a model without factors errs by ${figuresOf("als, biases only")[0]}`);
});

test("figures of lists stand with the rating from which on a title is relevant, the same for all that stand side by side", () => {
  const paragraphs = (page: string): string[] => read(page).split("\n\n").map((text) => text.replaceAll("\n", " ")); // prettier-ignore
  for (const page of ["README.md", "docs/guide.md"])
    expect(
      paragraphs(page).some((text) => /nDCG@10/.test(text) && /rated 4 or more/.test(text)),
      page,
    ).toBe(true);
  expect(paragraphs("README.md").find((text) => text.includes("nDCG@10"))).toContain("`evaluate --relevance-threshold 4`");
  expect(read("docs/benchmarks.md").replaceAll("\n", " ")).toMatch(/relevant items are those rated 4 or more/);
  for (const text of paragraphs("docs/guide.md").filter((text) => /nDCG@10.*\b0\.\d{3}/.test(text))) expect(text).toContain("relevant");
  // What the guide says of five splits is what was measured, from 4 stars on, without side information and with it.
  const measured = new Map(rowsOf(read("docs/benchmarks.md")).map(([name, ndcg = ""]) => [name, /0\.\d{4}/.exec(ndcg)?.[0]]));
  const means = /five\s+splits\]\(\S+\) it is (\S+) and (\S+?)\.\)/.exec(read("docs/guide.md"))!.slice(1);
  expect(means).toEqual([measured.get("none"), measured.get("genres, users' rated sets")]);
  const trainings = read("docs/guide.md").match(/^tastespace train .*--model implicit .*$/gm)!;
  expect(trainings.filter((line) => line.includes("--tau-features")).every((line) => line.includes("--relevance-threshold 4"))).toBe(true);
});

test("errors.md lists every code with its class, and the statuses that the server gives", () => {
  const source = read("src/errors.ts");
  const codes = [.../type ErrorCode =([\s\S]*?);/.exec(source)![1].matchAll(/"([\w-]+)"/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(10);
  const rows = rowsOf(read("docs/errors.md")).slice(1);
  expect(rows.map(([code]) => codeIn(code)[0])).toEqual(codes);
  for (const [code, name] of rows) {
    const body = new RegExp(`class ${codeIn(name)[0]} extends [\\s\\S]*?\\n}`).exec(source)?.[0];
    expect(body, name).toContain(`"${codeIn(code)[0]}"`);
  }
  const text = read("docs/errors.md").replaceAll("\n", " ");
  expect(STATUS).toEqual({ options: 400, ratings: 400, "unknown-id": 404, "not-positive-definite": 422 });
  expect(text).toContain("`options` and `ratings` with 400, `unknown-id` with 404 and `not-positive-definite` with 422");
});

test("commands.md lists every command, and no other", async () => {
  const { out } = await tastespace("--help");
  const commands = [...out.matchAll(/^ {2}([\w-]+)(?:\|\w+)? \[options\]/gm)].map(([, name]) => name);
  expect(commands.length).toBeGreaterThan(10);
  const listed = rowsOf(read("docs/commands.md").split("## Data")[0])
    .slice(1)
    .map(([name]) => codeIn(name)[0]);
  expect(listed.sort()).toEqual(commands.sort());
});

test("code.md lists what the server may be asked", () => {
  const text = read("docs/code.md");
  const filters = codeIn(/Filters are ([^.]*)\./.exec(text)![1]);
  const rows = rowsOf(text).filter(([path]) => path.startsWith("`/"));
  const said = Object.fromEntries(
    rows.map(([path, names]) => [codeIn(path)[0], [...codeIn(names), ...(names.includes("filters") ? filters : [])]]),
  );
  const known = Object.entries(QUESTIONS).map(([path, { names }]) => [path, [...names].sort()]);
  expect(Object.fromEntries(Object.entries(said).map(([path, names]) => [path, [...new Set(names)].sort()]))).toEqual({
    ...Object.fromEntries(known),
    "/health": [],
  });
});

/** An option beside what it must be, as `namesOf` takes them. */
const OPTION =
  /^ {2}(\w+): (?:true|[A-Z_]+|\w+From\(.*|\w+Of\(.*|numberAbove\(.*)|(?<=[{,] ?)(\w+): (?:true|[A-Z_]{3,}|\w+From\(|oneOf\()/gm;

test("names that code.md gives to those who come from elsewhere are names of ours", () => {
  const options = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...read(join("src", file)).matchAll(OPTION)].map(([, a, b]) => a ?? b));
  const methods = Object.getOwnPropertyNames(library.FactorModel.prototype);
  const known = new Set([...Object.keys(library), ...options, ...methods, ...HYPERPARAMETER_NAMES, ...MODEL_NAMES]);
  /** Variables, values and words of the command line. */
  const others = ["rows", "rated", "test", "from", "parameters", "raw", "weighted", "tastespace", "export", "item", "ml", "engine"];
  const said = rowsOf(read("docs/code.md").split("## Coming from")[1]).flatMap(([, ours]) => codeIn(ours));
  expect(said.length).toBeGreaterThan(30);
  for (const code of said.filter((code) => !/^(--|tastespace )/.test(code)))
    for (const word of code.match(/[a-z]\w+/gi) ?? []) if (!others.includes(word)) expect([...known], code).toContain(word);
});
