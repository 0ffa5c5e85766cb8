// The programs of README.md and docs/code.md run as they stand there, and print what the page says.

import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { build, preview } from "vite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { PAGES, projectFolder, programsOf, runProgram } from "../../docs/run-code.mjs";
import { load } from "../../src/node.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { launch } from "../demo/browser.js";
import { startPostgres, whyNoPostgres } from "../support/postgres.js";

const folder = projectFolder();
const programs = PAGES.flatMap((page) => programsOf(page));
const named = (name: string): (typeof programs)[number] => programs.find((program) => program.name === name)!;
const TESTED_ALONE = ["from-database.mjs", "index.html", "page.js", "worker.js", "serve"];

describe.each(programs.filter(({ name }) => !TESTED_ALONE.includes(name)))("$page: $name", (program) => {
  test("prints what the page says; node docs/run-code.mjs writes it anew", async () => {
    expect(program.printed).toBeTruthy();
    expect(await runProgram(program, folder)).toBe(program.printed);
  });
});

describe("TypeScript", () => {
  const WITHOUT_TYPES = ["first.mjs", "from-memory.mjs", "every-minute.mjs"];
  const strict = (...options: string[]) => {
    const shared = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--types", "node"];
    const compiler = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
    return spawnSync(process.execPath, [compiler, ...shared, ...options], { cwd: folder, encoding: "utf8" });
  };
  const typed = (name: string): string => name.replace(/mjs$/, "mts");
  let checked: SpawnSyncReturns<string>;
  beforeAll(() => {
    for (const name of WITHOUT_TYPES) writeFileSync(join(folder, typed(name)), named(name).code);
    checked = strict(...WITHOUT_TYPES.map(typed));
  });

  test.each(WITHOUT_TYPES)("compiles %s, strict and without an annotation", (name) => {
    expect(checked.stdout.split("\n").filter((line) => line.startsWith(typed(name)))).toEqual([]);
  });

  test("says nothing else of them", () => {
    expect(checked.stdout).toBe("");
    expect(checked.status).toBe(0);
  });

  test("takes undefined for every option of every function, under exactOptionalPropertyTypes", () => {
    writeFileSync(join(folder, "undefined.mts"), UNDEFINED);
    const { stdout, status } = strict("--exactOptionalPropertyTypes", "--noErrorTruncation", "undefined.mts");
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  test("needs no library but that of the language for the published types, from 5.6 on, and no laxer options", () => {
    writeFileSync(join(folder, "types.mts"), 'export * from "tastespace";\nexport { save } from "tastespace/node";\n');
    const { stdout, status } = strict("--lib", "es2022", "--exactOptionalPropertyTypes", "types.mts");
    expect(stdout).toBe("");
    expect(status).toBe(0);
    // Typed arrays have had a parameter since 5.7.
    const types = readdirSync("dist/types", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".d.ts"));
    expect(types.length).toBeGreaterThan(100);
    expect(
      types.filter((name) => /\b(?:Int|Uint|Float|BigInt|BigUint)\w*Array</.test(readFileSync(join("dist/types", name), "utf8"))),
    ).toEqual([]);
  });
});

/**
 * Lists, as a type, what refuses undefined of the options of every function and method that is exported, of what they
 * are given in lists, and of options of options. The compiler names what is in it.
 */
const UNDEFINED = `
import * as tastespace from "tastespace/node";

/** Properties that may be left out, but for those of every object, of errors and of engines. */
type Others = keyof Object | keyof ErrorConstructor | keyof tastespace.Engine;
type LeftOut<T> = { [K in keyof T]-?: string extends K ? never : {} extends Pick<T, K> ? Exclude<K, Others> : never }[keyof T] & string;
type Refusing<T> = T extends object ? { [K in LeftOut<T>]: { [P in K]: undefined } extends Pick<T, K> ? never : K }[LeftOut<T>] : never;
type Inner<T> = T extends (...given: never) => unknown ? never : Refusing<T>;
type Within<T> = T extends object ? { [K in LeftOut<T>]: Inner<T[K]> extends infer I extends string ? \`\${K}.\${I}\` : never }[LeftOut<T>] : never;
type Of<T> = Refusing<T> | Within<T> | (T extends Iterable<infer E> | AsyncIterable<infer E> ? Refusing<E> : never);
type OfCall<F> = F extends (...given: infer A) => unknown ? Of<A[number]> : never;
type OfMembers<C> = { [N in Exclude<keyof C, Others> & string]: OfCall<C[N]> extends infer R extends string ? \`\${N}: \${R}\` : never }[Exclude<keyof C, Others> & string];
type OfExport<E> = E extends abstract new (...given: infer A) => infer I ? Of<A[number]> | OfMembers<I> | OfMembers<E> : OfCall<E>;
type In<O> = { [N in keyof O & string]: OfExport<O[N]> extends infer R extends string ? \`\${N}: \${R}\` : never }[keyof O & string];

// That the list would name one: two functions and a class of which one option each refuses it.
declare const laxer: {
  one(options: { a?: number; b?: number | undefined }): void;
  two(rows: Iterable<[string, number?]>, options?: { inner?: { c?: string } | undefined }): void;
  Three: { new (): { four(options: { d?: boolean }): void } };
};
const found: { [N in In<typeof laxer>]: 1 } = { "one: a": 1, "two: 1": 1, "two: inner.c": 1, "Three: four: d": 1 };
const none: { [N in In<typeof tastespace>]: 1 } = {};
export { found, none };
`;

test("every program is tested", () => {
  expect(programs.map(({ name }) => name)).toEqual(expect.arrayContaining([...TESTED_ALONE, "first.mjs", "every-minute.mjs"]));
  expect(named("serve").code).toMatch(/^npx tastespace serve model.safetensors$/m);
});

const missing = whyNoPostgres();
if (missing) process.stdout.write(`Left out: the guide's program for a database: ${missing}.\n`);

test.skipIf(missing)("docs/code.md: from-database.mjs trains on what is in the tables", async () => {
  const postgres = await startPostgres();
  onTestFinished(postgres.stop);
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  await database.query(readFileSync("examples/postgres.sql", "utf8"));
  const { rows } = await database.query<{ count: string }>("select count(*) from reviews");
  await database.end();
  expect(await runProgram(named("from-database.mjs"), folder, { DATABASE_URL: postgres.url })).toBe(
    `${rows[0].count} ratings by 200 customers\n`,
  );
  expect((await load(join(folder, "model.safetensors"))).items.size).toBe(60);
});

describe("docs/code.md: page.js and worker.js", () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const close of closing) await close();
  });

  test("train on a file that the visitor chose, and list", async () => {
    for (const name of ["index.html", "page.js", "worker.js"]) writeFileSync(join(folder, name), named(name).code);
    const { users, items, user, item, value } = syntheticRatings({ users: 40, items: 30, ratings: 500 });
    const lines = Array.from(value, (rating, at) => [users.rawAt(user[at]), items.rawAt(item[at]), rating].join(","));
    writeFileSync(join(folder, "ratings.csv"), ["user,item,rating", ...lines].join("\n"));
    await build({ root: folder, logLevel: "error" });
    const server = await preview({ root: folder, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
    closing.push(() => server.close());
    const browser = await launch({ webgpu: false });
    closing.push(() => browser.close());
    const opened = await browser.newPage();
    await opened.goto(server.resolvedUrls!.local[0]);
    await opened.setInputFiles("input", join(folder, "ratings.csv"));
    await opened.locator("li").nth(2).waitFor();
    expect(await opened.locator("li").allInnerTexts()).toEqual([/^\d+$/, /^\d+$/, /^\d+$/].map((id) => expect.stringMatching(id)));
    expect(await opened.title()).toMatch(/^sweep \d+$/);
  });
});
