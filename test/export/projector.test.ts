import Papa from "papaparse";
import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { encodeProjector } from "../../src/export/projector.js";
import { smallModel } from "../support/models.js";

/** As the projector reads: cells between tabs, no quotes. */
const tabbed = (text: string): string[][] => Papa.parse<string[]>(text.trimEnd(), { delimiter: "\t", quoteChar: "\0" }).data;

test.each(["items", "users"] as const)("vectors and metadata have a row for each of the %s, in the same order", async (side) => {
  const model = await smallModel({}, true);
  const files = encodeProjector(model, side);
  const factors = side === "items" ? model.parameters.itemFactors : model.parameters.userFactors;
  const vectors = tabbed(files["vectors.tsv"]);
  const [names, ...known] = tabbed(files["metadata.tsv"]);
  expect(vectors.length).toBe(model[side].size);
  vectors.forEach((row, at) => expect(row.map((cell) => Math.fround(Number(cell)))).toEqual([...factors.subarray(at * 3, at * 3 + 3)]));
  expect(names).toEqual(side === "items" ? ["item", "title", "genres", "ratings", "bias"] : ["user", "bias"]);
  expect(known.map(([id]) => id)).toEqual(model[side].raw);
  expect(known.every((row) => row.length === names.length)).toBe(true);
  expect(JSON.parse(files["projector_config.json"])).toEqual({
    embeddings: [
      { tensorName: `als ${side}`, tensorShape: [model[side].size, 3], tensorPath: "vectors.tsv", metadataPath: "metadata.tsv" },
    ],
  });
});

test("titles keep their quotes and letters, and lose the tabs and newlines that the projector would split at", async () => {
  const model = await smallModel({}, true);
  const [, ...known] = tabbed(encodeProjector(model)["metadata.tsv"]);
  const titleOf = (id: string): string => known.find(([of]) => of === id)![1];
  expect(titleOf("tt1")).toBe(`The "Quoted", Film with a tab (1999)`);
  expect(titleOf("tt2")).toBe("Amélie à Łódź 🎬 (2001)");
  expect(titleOf("tt3")).toBe("Two Lines (1980)");
});

test("a model without factors has no embedding", async () => {
  const model = await smallModel({ factors: 0 });
  expect(() => encodeProjector(model)).toThrow(OptionsError);
});
