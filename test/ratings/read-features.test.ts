// Tables of features: lists, attributes with names, and those of MovieLens and RecBole.

import { expect, test } from "vitest";
import { RatingsError } from "../../src/errors.js";
import { FeatureTable } from "../../src/ratings/features.js";
import { textSource } from "../../src/ratings/folder.js";
import { Ids } from "../../src/ratings/ids.js";
import { readFeatureFile, readFeatures } from "../../src/ratings/read-features.js";

const read = (name: string, text: string): Promise<FeatureTable> => readFeatures(textSource(name, text));

/** The features of each id, by name. */
const setsOf = ({ names, ids, rows }: FeatureTable): Record<string, string[]> =>
  Object.fromEntries(
    ids.raw.map((id, row) => [id, Array.from(rows.index.subarray(rows.start[row], rows.start[row + 1]), (at) => names[at]).sort()]),
  );

test("a list is read with or without header and weights, and errors name the line", async () => {
  const plain = await read("f.csv", "1,red\n1,round\n2,red\n");
  const withHeader = await read("f.csv", "itemId,feature,weight\n1,red,1\n1,round,1\n2,red,3\n");
  expect(plain.names).toEqual(["red", "round"]);
  expect(withHeader.rows.value).toEqual(plain.rows.value);
  expect(plain.rows.value[0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect(withHeader.rows.value[2]).toBe(1);
  await expect(read("f.csv", "1,red\n2,\n")).rejects.toThrow(/f\.csv:2: the feature is empty/);
  await expect(read("f.csv", "1,red,1\n2,blue,much\n")).rejects.toThrow(/f\.csv:2: weight "much" is not a number/);
  await expect(read("f.csv", "")).rejects.toThrow(RatingsError);
});

test("a table with names has a feature for each value of each column, several in a cell where | parts them", async () => {
  const table = await read("people.csv", "user,colour,likes\n1,red,tea|cake\n2,blue,tea\n3,,cake\n");
  expect(setsOf(table)).toEqual({
    1: ["colour=red", "likes=cake", "likes=tea"],
    2: ["colour=blue", "likes=tea"],
    3: ["likes=cake"],
  });
  await expect(read("people.csv", "user,colour,likes\n1,red,tea\n,blue,tea\n")).rejects.toThrow(/people\.csv:3: the id is empty/);
});

test("where a row names the columns, the third is a weight by its name alone", async () => {
  const dated = "it1,Comedy,1990\nit2,Drama,1991\n";
  for (const names of ["id,genre,year", "asin,genre,year", "movieId,genre,year"]) {
    const { names: features, rows } = await read("f.csv", `${names}\n${dated}`);
    expect(features).toEqual(["genre=Comedy", "genre=Drama", "year=1990", "year=1991"]);
    expect(rows.value[0]).toBeCloseTo(Math.SQRT1_2, 6);
  }
  for (const weight of ["weight", "Relevance", "score"]) {
    const { names, rows } = await read("f.csv", `movieId,tag,${weight}\n1,red,3\n1,round,4\n`);
    expect(names).toEqual(["red", "round"]);
    expect(Array.from(rows.value, (value) => Math.round(10 * value))).toEqual([6, 8]);
  }
  // Without names, the third column can be nothing else.
  expect((await read("f.csv", "it1,red,3\nit1,round,4\n")).names).toEqual(["red", "round"]);
  await expect(read("f.csv", "1,red,many\n2,blue,1\n")).rejects.toThrow(/f\.csv:1: weight "many" is not a number/);
});

test("a feature of a list may be several with | between, and genres and tags are lists however they are written", async () => {
  expect(setsOf(await read("f.csv", "item,genre\nit1,Comedy|Drama\nit2,Drama\n"))).toEqual({ it1: ["Comedy", "Drama"], it2: ["Drama"] });
  expect((await read("f.csv", "it1,Comedy|Drama\nit2,Drama\n")).names).toEqual(["Comedy", "Drama"]);
  const commas = await read("f.csv", 'item,genres,studio\nit1,"Comedy, Drama","A, B"\nit2,"[\'War\']",C\n');
  expect(commas.names).toEqual(["genres=Comedy", "genres=Drama", "genres=War", "studio=A, B", "studio=C"]);
});

test("the column of ids is found by its name; rows that are not as the first are named, and so is what nobody named", async () => {
  expect(setsOf(await read("f.csv", ",genre,movieId\n0,War,7\n1,Drama,9\n"))[7]).toContain("genre=War");
  await expect(read("f.csv", "it1,War,1990,US\n")).rejects.toMatchObject({
    message: "f.csv:1: there are 4 columns, and no row names them",
    remedy: expect.stringContaining("id,genre,year") as string,
  });
  await expect(read("f.csv", "id,title,genre\n1,Heat,War\n2,Babe, the pig,War\n")).rejects.toThrow(/f\.csv:3: there are 4 cells, and .* 3/);
  await expect(read("f.csv", "1,red\n2,blue,1,x\n")).rejects.toThrow(/f\.csv:2: there are 4 cells, where others have 2/);
  const titles = Array.from({ length: 20 }, (_, n) => `${n},Title ${n}`).join("\n");
  await expect(read("f.csv", `id,title\n${titles}\n`)).rejects.toThrow(/there are no features \(id → id; title left out, since nearly/);
});

test.each([
  ["id,genre,year\n1,War,1990\n", "id → id; genre, year → features"],
  ["movieId,tag,relevance\n1,red,3\n", "movieId → id, tag → feature, relevance → weight"],
  ["1,red\n2,blue\n", "column 1 → id, column 2 → feature"],
  ["u:token\tage:float\n1\t30\n", "u → id; age → feature"],
])("%j is told to be %s", async (text, columns) => {
  expect((await readFeatureFile(textSource("f.csv", text))).columns).toBe(columns);
});

test("RecBole's types part tokens; names and postcodes, which tell everybody apart, are left out", async () => {
  const rows = Array.from({ length: 40 }, (_, n) => `${n}\tName ${n}\t${20 + n}\t${n % 2 ? "Drama War" : "Drama"}`);
  const table = await read("x.item", `item_id:token\ttitle:token_seq\tage:token\tclass:token_seq\n${rows.join("\n")}\n`);
  expect(table.names.filter((name) => name.startsWith("title"))).toEqual([]);
  expect(table.names.filter((name) => name.startsWith("class"))).toEqual(["class=Drama", "class=War"]);
  // Forty ages in eight groups of five.
  expect(table.names.filter((name) => name.startsWith("age"))).toEqual([
    "age=20–24",
    "age=25–29",
    "age=30–34",
    "age=35–39",
    "age=40–44",
    "age=45–49",
    "age=50–54",
    "age=55–59",
  ]);
  expect(setsOf(table)[7]).toEqual(["age=25–29", "class=Drama", "class=War"]);
});

test("u.user and u.item are known by their names", async () => {
  const users = await read("ml-100k/u.user", "1|24|M|writer|85711\n2|53|F|other|94043\n");
  expect(setsOf(users)).toEqual({ 1: ["age=24", "occupation=writer", "sex=M"], 2: ["age=53", "occupation=other", "sex=F"] });
  const flags = (...on: number[]): string => Array.from({ length: 19 }, (_, flag) => Number(on.includes(flag))).join("|");
  const items = await read(
    "u.item",
    `1|Toy Story (1995)|01-Jan-1995||http://x|${flags(3, 4, 5)}\n2|Heat|01-Jan-1996||http://y|${flags(1)}\n`,
  );
  expect(setsOf(items)).toEqual({
    1: ["genre=Animation", "genre=Children's", "genre=Comedy", "year=1995"],
    2: ["genre=Action", "year=1996"],
  });
});

test("joined tables keep the scale of each kind, and rated sets come last, scaled by their own number", () => {
  const colours = FeatureTable.from([
    [1, "red", 1],
    [1, "round", 1],
    [2, "red", 1],
  ]);
  const sizes = FeatureTable.from([
    [2, "large", 1],
    [3, "large", 1],
  ]);
  const table = FeatureTable.join([colours, FeatureTable.ratedSets(), sizes]);
  expect(table.names).toEqual(["red", "round", "large"]);
  const S = table.rowsFor(new Ids([1, 2, 3]), {
    rows: { start: Uint32Array.of(0, 2, 2, 6), index: Uint32Array.of(0, 3, 1, 2, 3, 4) },
    others: 5,
  });
  const dense = Array.from({ length: 3 }, (_, row) => {
    const values = Array<number>(S.columns).fill(0);
    for (let at = S.start[row]; at < S.start[row + 1]; at++) values[S.index[at]] = Math.round(1e4 * S.value[at]) / 1e4;
    return values;
  });
  expect(dense).toEqual([
    [0.7071, 0.7071, 0, 0.7071, 0, 0, 0.7071, 0],
    [1, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 1, 0, 0.5, 0.5, 0.5, 0.5],
  ]);
});
