// Tables are read back by hyparquet, the reader beside the writer, and by papaparse.

import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import Papa from "papaparse";
import { expect, test } from "vitest";
import { encodeCsv } from "../../src/export/csv.js";
import { encodeParquet, ParquetFile } from "../../src/export/parquet.js";
import { modelTable, recommendationTable } from "../../src/export/table.js";
import { ReferenceEngine } from "../../src/engine/reference/engine.js";
import { recommendAll } from "../../src/recommend/recommend-all.js";
import { smallModel } from "../support/models.js";

const fileOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer;

test.each([false, true])("a model's items come back, text ids: %s", async (texts) => {
  const model = await smallModel({}, texts);
  const file = fileOf(await encodeParquet(modelTable(model, "items")));
  const rows = await parquetReadObjects({ file });
  expect(rows.length).toBe(30);
  rows.forEach((row, n) => {
    const id = model.items.rawAt(n);
    expect(row["item"]).toBe(typeof id === "number" ? BigInt(id) : id);
    expect(row["title"]).toBe(model.catalogue.title(id));
    expect(row["ratings"]).toBe(model.itemCounts[n]);
    expect(row["bias"]).toBe(model.parameters.itemBiases[n]);
    for (let k = 0; k < 3; k++) expect(row[`f${k + 1}`]).toBe(model.parameters.itemFactors[n * 3 + k]);
  });
  const { schema } = await parquetMetadataAsync(file);
  expect(schema.find(({ name }) => name === "item")?.type).toBe(texts ? "BYTE_ARRAY" : "INT64");
  expect(schema.slice(1).every(({ repetition_type: repetition }) => repetition === "REQUIRED")).toBe(true);
});

test("a table without rows is a file without rows", async () => {
  const file = fileOf(await encodeParquet(recommendationTable(await smallModel(), [])));
  expect(await parquetReadObjects({ file })).toEqual([]);
  expect((await parquetMetadataAsync(file)).schema.map(({ name }) => name)).toEqual(["root", "user", "rank", "item", "title", "score"]);
});

test("users have no titles", async () => {
  const rows = await parquetReadObjects({ file: fileOf(await encodeParquet(modelTable(await smallModel(), "users"))) });
  expect(Object.keys(rows[0])).toEqual(["user", "bias", "f1", "f2", "f3"]);
});

test("tables appended one by one come back as one", async () => {
  const model = await smallModel();
  for await (const rows of recommendAll(new ReferenceEngine(), model, { n: 4 })) {
    const file = await ParquetFile.of(recommendationTable(model, rows.slice(0, 50)));
    file.append(recommendationTable(model, rows.slice(50)));
    const read = await parquetReadObjects({ file: fileOf(file.finish()) });
    expect(read.map(({ user, rank, item }) => [Number(user), rank, Number(item)])).toEqual(
      rows.map(({ user, rank, item }) => [user, rank, item]),
    );
  }
});

test.each([false, true])("CSV comes back to the same 32 bits, awkward titles too: text ids %s", async (texts) => {
  const model = await smallModel({}, texts);
  const { data, errors } = Papa.parse<Record<string, string>>(encodeCsv(modelTable(model, "items")), {
    header: true,
    skipEmptyLines: true,
  });
  expect(errors).toEqual([]);
  expect(data.length).toBe(30);
  data.forEach((row, n) => {
    expect(row["title"]).toBe(model.catalogue.title(model.items.rawAt(n)));
    for (let k = 0; k < 3; k++) expect(Math.fround(Number(row[`f${k + 1}`]))).toBe(model.parameters.itemFactors[n * 3 + k]);
  });
  expect(encodeCsv(modelTable(model, "items"), { header: false })).not.toMatch(/^item,title/);
});
