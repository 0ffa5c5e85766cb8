// Sizes beyond what one map, one array or one text can hold, with small limits in the place of the real ones.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { ModelFileError } from "../src/errors.js";
import { decodeIds, encodeIds } from "../src/id-list.js";
import { decodeModel, encodeModel, modelIn, modelPieces } from "../src/model-file.js";
import { load, loadCheckpoint, save, saveCheckpoint } from "../src/node.js";
import { Ids, type RawId } from "../src/ratings/ids.js";
import { splitRatings } from "../src/ratings/split.js";
import { syntheticRatings } from "../src/ratings/synthetic.js";
import { checksumOf, joinedPieces, layOut, readTensorFile } from "../src/safetensors.js";
import { encodeCheckpoint } from "../src/training/checkpoint.js";
import { fit } from "../src/training/fit.js";
import { checkpointAfter } from "./support/resume.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-sizes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const anyId = fc.oneof(fc.integer(), fc.string(), fc.constantFrom<RawId>('"', "\\", '\\"', ",", "[", "é", "\u2028", "😀"));

test("ids beyond what one map holds are told apart as in one", () => {
  fc.assert(
    fc.property(fc.array(anyId, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (given, most) => {
      const [one, several] = [new Ids(), new Ids([], most)];
      for (const id of given) expect(several.add(id)).toBe(one.add(id));
      expect(several.raw).toEqual(one.raw);
      // Those of a list are found as those that were added.
      const again = new Ids([...one.raw], most);
      for (const id of [...given, "unknown", -7]) expect(again.indexOf(id)).toBe(one.indexOf(id));
    }),
  );
});

test("a list of ids is written and read in pieces as in one", () => {
  fc.assert(
    fc.property(fc.array(anyId, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (ids, most) => {
      const bytes = encodeIds(ids, most);
      expect(new TextDecoder().decode(bytes)).toBe(JSON.stringify(ids));
      expect(decodeIds(bytes, most)).toEqual(JSON.parse(JSON.stringify(ids)));
    }),
  );
  for (const text of ["", "[", '["a"', '["a",true]', "{}", '["a","b"]x', "[1,,2]"])
    expect(decodeIds(new TextEncoder().encode(text), 1)).toBeUndefined();
});

const { train, heldOut } = splitRatings(syntheticRatings({ users: 60, items: 40, ratings: 900, seed: 4 }));
const { model } = await fit(train, { model: "vb", factors: 3, sweeps: 2, heldOut, device: "reference" });
const bytes = encodeModel(model);

test("a model file in pieces is the one that is made at once, and reads as it", async () => {
  const read = async (from: number, to: number): Promise<Uint8Array> => bytes.slice(from, to);
  const fail = (what: string): ModelFileError => new ModelFileError(what);
  for (const most of [64, 1000, 2 ** 30]) {
    const loaded = modelIn(await readTensorFile(bytes.length, read, fail, most));
    expect(loaded.parameters).toEqual(decodeModel(bytes).parameters);
    expect(encodeModel(loaded)).toEqual(bytes);
  }
  expect(joinedPieces(modelPieces(model))).toEqual(bytes);
  await save(model, join(folder, "model"));
  expect(new Uint8Array(readFileSync(join(folder, "model")))).toEqual(bytes);
  expect(encodeModel(await load(join(folder, "model")))).toEqual(bytes);
});

test("offsets go beyond 4 GiB", () => {
  // One array that stands for many: the bytes of the file are never put together.
  const data = new Float32Array(2 ** 26);
  const tensors = Array.from({ length: 20 }, (_, at) => ({ name: `t${at}`, dtype: "F32", shape: [data.length], data }) as const);
  const { head, body } = layOut(tensors, {});
  const header = JSON.parse(new TextDecoder().decode(head.subarray(8))) as Record<string, { data_offsets: [number, number] }>;
  expect(header["t19"].data_offsets).toEqual([19 * 2 ** 28, 20 * 2 ** 28]);
  expect(body.reduce((sum, part) => sum + part.length, 0)).toBe(5 * 2 ** 30);
});

test("one tensor beyond what an array of bytes can hold is laid out in parts, with the checksum of the whole", () => {
  const large = new ArrayBuffer(2 ** 32 + 2 ** 12);
  const values = new Float32Array(large);
  values[values.length - 1] = 5;
  const { body } = layOut([{ name: "large", dtype: "F32", shape: [values.length], data: values }], {});
  expect(body.reduce((sum, part) => sum + part.length, 0)).toBe(large.byteLength);
  expect([...body.at(-1)!.subarray(-4)]).toEqual([0, 0, 0xa0, 0x40]);
  const tensors = [13, 1, 0, 30].map(
    (length, at) => ({ name: `t${at}`, dtype: "U8", shape: [length], data: new Uint8Array(length).map((_, k) => k + at) }) as const,
  );
  const [whole, parts] = [layOut(tensors, {}), layOut(tensors, {}, 4)];
  expect(parts.head).toEqual(whole.head);
  expect(parts.body.every(({ length }) => length <= 4)).toBe(true);
  expect(joinedPieces(parts.body)).toEqual(joinedPieces(whole.body));
  expect(checksumOf(parts.body)).toBe(checksumOf(whole.body));
});

test("a file that is cut off or changed anywhere is refused, read in pieces or at once", async () => {
  const fail = (what: string): ModelFileError => new ModelFileError(what);
  for (let at = 0; at < bytes.length; at += 97) {
    const cut = bytes.slice(0, at);
    const changed = bytes.slice();
    changed[at] ^= 1;
    for (const wrong of [cut, changed]) {
      const read = async (from: number, to: number): Promise<Uint8Array> => wrong.slice(from, to);
      const outcome = async (make: () => unknown): Promise<string> => {
        try {
          await make();
          return "read";
        } catch (error) {
          expect(error).toBeInstanceOf(ModelFileError);
          return "refused";
        }
      };
      expect(await outcome(async () => modelIn(await readTensorFile(wrong.length, read, fail, 100)))).toBe(
        await outcome(() => decodeModel(wrong)),
      );
    }
  }
});

test("a checkpoint in pieces is the one that is made at once", async () => {
  const checkpoint = await checkpointAfter(1, (options) =>
    fit(train, { model: "gibbs", burnIn: 0, factors: 3, heldOut, device: "reference", ...options }),
  );
  await saveCheckpoint(checkpoint, join(folder, "checkpoint"));
  expect(new Uint8Array(readFileSync(join(folder, "checkpoint")))).toEqual(encodeCheckpoint(checkpoint));
  expect(await loadCheckpoint(join(folder, "checkpoint"))).toEqual(checkpoint);
  expect(await loadCheckpoint(join(folder, "none"))).toBeUndefined();
});
