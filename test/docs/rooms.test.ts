// docs/architecture.md: who imports whom, and the ways of a number through the rooms.

import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { expect, test } from "vitest";
import { flagOf } from "../../src/cli/hyperparameter-flags.js";
import { HYPERPARAMETER_NAMES, MODEL_NAMES } from "../../src/models/registry.js";

const read = (path: string): string => readFileSync(path, "utf8");
const page = read("docs/architecture.md");
const ROOMS = /^ {4}(ratings ◄.*)$/m.exec(page)![1].split(" ◄ ");
const [, exceptions] = /Two files look the other way\.([\s\S]*?)\n\n/.exec(page)!;
const EXCEPTIONS = [...exceptions.matchAll(/`(src\/[^`]+)`/g)].map(([, path]) => path);

/** The files of a room with the rooms that they import from. */
const importsOf = (room: string): [path: string, imported: string][] =>
  readdirSync(`src/${room}`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/${room}/${name.replaceAll("\\", "/")}`)
    .flatMap((path) =>
      [...read(path).matchAll(/(?:from|import\() ?"(\.\.?\/[^"]+)"/g)].map(([, to]): [string, string] => {
        const [, imported] = normalize(join(path, "..", to))
          .replaceAll("\\", "/")
          .split("/");
        return [path, imported];
      }),
    );

test("a room imports from those on its left only, but for the files that are named", () => {
  const backwards = new Set<string>();
  for (const room of ROOMS) {
    for (const [path, imported] of importsOf(room)) if (ROOMS.indexOf(imported) > ROOMS.indexOf(room)) backwards.add(path);
  }
  expect([...backwards].sort()).toEqual([...EXCEPTIONS].sort());
});

test("nothing guesses a model from its name or from a hyperparameter: definitions are asked", () => {
  const names = `"(?:${MODEL_NAMES.join("|")})"`;
  const guess = new RegExp(`[!=]== ${names}|${names} [!=]==|case ${names}|"(?:${[...HYPERPARAMETER_NAMES].join("|")})" in `);
  const files = ["src", "demo"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => (name.endsWith(".ts") ? [join(folder, name)] : [])),
  );
  expect(files.length).toBeGreaterThan(200);
  // `link === "logistic"` is a link function of an engine, of the same name.
  const guesses = files.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line) => (guess.test(line) && !line.includes("link ===") ? [`${path}: ${line.trim()}`] : [])),
  );
  expect(guesses).toEqual([]);
});

test("the library names its options, never a flag: src/cli/typed-names.ts makes flags of them", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).flatMap((name) =>
    name.endsWith(".ts") ? [join("src", name)] : [],
  );
  const isCli = (path: string): boolean => path.startsWith(join("src", "cli"));
  const written = files.filter(isCli).flatMap((path) => [...read(path).matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag));
  const flags = new Set([...written, ...[...HYPERPARAMETER_NAMES].map(flagOf)]);
  expect([...flags]).toEqual(expect.arrayContaining(["--missing", "--rating-column", "--tau-users", "--prior-scale"]));
  const isComment = (line: string): boolean => /^\s*(?:\/\/|\/?\*)/.test(line);
  const named = files
    .filter((path) => !isCli(path))
    .flatMap((path) =>
      read(path)
        .split("\n")
        .map((line) => ({ path, line: line.trim() })),
    )
    .filter(({ line }) => !isComment(line) && [...line.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].some(([flag]) => flags.has(flag)));
  expect(named).toEqual([]);
});

test("every room is on the line", () => {
  const folders = readdirSync("src", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect([...ROOMS].sort()).toEqual(folders.sort());
});

test("stations on the way of τ and of a held-out error are in the files that are named, five each at most", () => {
  const [, section] = /\n## The way of τ[^\n]*\n([\s\S]*?)\n## /.exec(page)!;
  const ways = section.split("| file | as what |").slice(1);
  expect(ways).toHaveLength(2);
  for (const way of ways) {
    const stations = [...way.matchAll(/^\| `([^`]+)` \| `([^`]+)`/gm)];
    expect(stations).toHaveLength(5);
    for (const [, path, name] of stations) expect(read(path), `${name} in ${path}`).toContain(name);
  }
});
