import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelFileError } from "../src/errors.js";
import { decodeModel, encodeModel } from "../src/model-file.js";
import { FactorModel } from "../src/models/factor-model.js";
import { Ids } from "../src/ratings/ids.js";
import { splitRatings } from "../src/ratings/split.js";
import { syntheticRatings } from "../src/ratings/synthetic.js";
import { fit } from "../src/training/fit.js";
import { partsOf } from "./support/model-parts.js";

const ratings = syntheticRatings({ users: 40, items: 30, ratings: 300 });
const train = async (factors: number): Promise<FactorModel> => (await fit(ratings, { factors, sweeps: 2, device: "cpu" })).model;

test.each([0, 1, 7])("save, load, predict is bit-equal, K = %i", async (factors) => {
  const model = await train(factors);
  const loaded = decodeModel(encodeModel(model));
  for (const user of model.users.raw)
    for (const item of model.items.raw) expect(loaded.predict(user, item)).toBe(model.predict(user, item));
  expect(loaded.recommend(1)).toEqual(model.recommend(1));
  expect(loaded.parameters).toEqual(model.parameters);
  expect(encodeModel(loaded)).toEqual(encodeModel(model));
});

test("what was held out comes back with the model, where it was to be kept", async () => {
  const { train: few, heldOut } = splitRatings(ratings, { share: 0.3 });
  const model = (await fit(few, { factors: 2, sweeps: 2, device: "cpu", heldOut, keepSeen: "all" })).model;
  expect(model.heldOut!.items.length).toBe(heldOut.count);
  const loaded = decodeModel(encodeModel(model));
  expect([loaded.seen, loaded.heldOut]).toEqual([model.seen, model.heldOut]);
  for (const user of model.users.raw) expect(loaded.recommend(user, { n: 30 })).toEqual(model.recommend(user, { n: 30 }));
  expect(loaded.withSource({ version: "0", path: "a", ratings: 1, reading: {}, split: {} } as never).heldOut).toEqual(model.heldOut);
});

test("bytes at any offset of a larger buffer load, as Node's pooled buffers lie", async () => {
  const model = await train(3);
  const bytes = encodeModel(model);
  for (const offset of [1, 8, 13]) {
    const pool = Buffer.alloc(bytes.length + 64, 0xee);
    pool.set(bytes, offset);
    expect(decodeModel(pool.subarray(offset, offset + bytes.length)).parameters).toEqual(model.parameters);
  }
});

test("the header is plain safetensors: aligned, tensors without gaps, names as documented", async () => {
  const bytes = encodeModel(await train(5));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  expect(length % 8).toBe(0);
  expect(header["user_factors"]).toMatchObject({ dtype: "F32", shape: [40, 5] });
  expect(header["item_factors"]).toMatchObject({ dtype: "F32", shape: [30, 5] });
  expect(header["global_mean"]).toMatchObject({ dtype: "F32", shape: [1] });
  const spans = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([, { data_offsets }]) => data_offsets)
    .sort((a, b) => a[0] - b[0]);
  spans.forEach(([from], at) => expect(from).toBe(at === 0 ? 0 : spans[at - 1][1]));
  expect(8 + length + spans[spans.length - 1][1]).toBe(bytes.length);
});

test("ids too many for the metadata become tensors and come back in order", async () => {
  const model = await train(0);
  const many = 200_000;
  const raw = Array.from({ length: many }, (_, at) => 1_000_000 + at);
  for (const ids of [new Ids(raw), new Ids(raw.map((id) => `användare-${id}`)), new Ids(raw.map((id) => id + 0.5))]) {
    const parameters = { ...model.parameters, userFactors: new Float32Array(0), userBiases: new Float32Array(many) };
    const loaded = decodeModel(encodeModel(new FactorModel({ ...partsOf(model), users: ids, parameters, seen: undefined })));
    expect(loaded.users.raw).toEqual(ids.raw);
  }
});

test("a model that has forgotten what was seen stays so", async () => {
  const model = new FactorModel({ ...partsOf(await train(2)), seen: undefined });
  expect(partsOf(decodeModel(encodeModel(model)))).toEqual(partsOf(model));
});

type Header = Record<string, { [key: string]: unknown }>;
function headerOf(bytes: Uint8Array): Header {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
}

/** The bytes of a model with its header changed. */
function withHeader(bytes: Uint8Array, change: (header: Header) => void): Uint8Array {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = headerOf(bytes);
  change(header);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const changed = new Uint8Array(8 + json.length + bytes.length - 8 - length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(json.length), true);
  changed.set(json, 8);
  changed.set(bytes.subarray(8 + length), 8 + json.length);
  return changed;
}

test("a file cut anywhere is refused", async () => {
  const bytes = encodeModel(await train(2));
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), (length) => {
      expect(() => decodeModel(bytes.subarray(0, length), "m.safetensors")).toThrow(ModelFileError);
    }),
  );
});

test("whatever stands in a header, a model loads or a ModelFileError names the file", async () => {
  const { train: few, heldOut } = splitRatings(ratings, { share: 0.3 });
  const bytes = encodeModel((await fit(few, { factors: 2, sweeps: 2, device: "cpu", heldOut, keepSeen: "all" })).model);
  const names = ["hyperparameters", "statistics", "user_ids", "item_ids", "catalogue", "format_version", "model"];
  const tensors = ["user_factors", "item_factors", "user_biases", "item_biases", "global_mean", "item_counts"];
  const rated = ["seen_start", "seen_items", "held_out_start", "held_out_items"];
  const change = fc.oneof(
    fc.tuple(fc.constantFrom(...names), fc.json()).map(
      ([name, json]) =>
        (header: Header) =>
          void (header["__metadata__"][name] = json),
    ),
    fc.tuple(fc.constantFrom(...tensors, ...rated), fc.constantFrom("dtype", "shape", "data_offsets"), fc.jsonValue()).map(
      ([name, key, value]) =>
        (header: Header) =>
          void (header[name][key] = value),
    ),
    fc.constantFrom(...tensors, "__metadata__").map((name) => (header: Header) => void delete header[name]),
  );
  fc.assert(
    fc.property(change, (damage) => {
      try {
        expect(decodeModel(withHeader(bytes, damage), "m.safetensors").users.size).toBe(40);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelFileError);
        expect((error as ModelFileError).message).toMatch(/^m\.safetensors: /);
      }
    }),
    { numRuns: 500 },
  );
});

test("a header of what is no text and no number is refused by the file's name", async () => {
  const bytes = encodeModel(await train(2));
  // No text and no number can be made of it.
  const odd = { toString: "", valueOf: "" };
  const damages: ((header: Header) => void)[] = [
    (header) => void (header["user_factors"]["data_offsets"] = [odd, 1]),
    (header) => void (header["user_factors"]["shape"] = [odd]),
    (header) => void (header["user_factors"]["dtype"] = odd),
    (header) => void Object.assign(header, { user_factors: odd }),
    (header) => void Object.assign(header["__metadata__"], { format_version: odd }),
    (header) => void Object.assign(header["__metadata__"], { model: odd }),
    (header) => void Object.assign(header, { __metadata__: odd }),
  ];
  for (const damage of damages) {
    const refused = () => decodeModel(withHeader(bytes, damage), "m.safetensors");
    expect(refused).toThrow(ModelFileError);
    expect(refused).toThrow(/^m\.safetensors: /);
  }
});

test("damaged, foreign and newer files are refused with the file's name", async () => {
  const bytes = encodeModel(await train(2));
  const text = new TextDecoder("latin1").decode(bytes);
  const edited = (from: string, to: string): Uint8Array =>
    Uint8Array.from(text.replace(from, to.padEnd(from.length)), (character) => character.charCodeAt(0));
  const model = await train(2);
  const broken = { ...model.parameters, itemBiases: new Float32Array(30).fill(NaN) };
  const cases: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    truncated: bytes.subarray(0, bytes.length - 3),
    "header cut": bytes.subarray(0, 40),
    foreign: new TextEncoder().encode("PK\u0003\u0004 something else altogether"),
    newer: edited('"format_version":"1"', '"format_version":"9"'),
    "missing tensor": edited('"user_biases":{', '"uzer_biases":{'),
    "not finite": encodeModel(new FactorModel({ ...partsOf(model), parameters: broken })),
    "wrong shape": withHeader(bytes, (header) => void (header["item_biases"]["shape"] = [3, 10])),
    "no shape": withHeader(bytes, (header) => void delete header["item_biases"]["shape"]),
    "hyperparameters out of range": withHeader(bytes, (header) => {
      header["__metadata__"]["hyperparameters"] = JSON.stringify({ ...model.hyperparameters, lambda: -1 });
    }),
    "no list of ids": withHeader(bytes, (header) => void (header["__metadata__"]["user_ids"] = "null")),
    "seen items that do not fit": encodeModel(
      new FactorModel({ ...partsOf(model), seen: { start: new Uint32Array(41).fill(1), items: Uint32Array.of(99) } }),
    ),
    "other type": edited('"user_biases":{"dtype":"F32"', '"user_biases":{"dtype":"U32"'),
  };
  for (const [name, damaged] of Object.entries(cases)) {
    expect(() => decodeModel(damaged, "m.safetensors"), name).toThrow(ModelFileError);
    expect(() => decodeModel(damaged, "m.safetensors"), name).toThrow(/m\.safetensors/);
  }
});

test("tensors that overlap, leave gaps, or hold other numbers than were written are refused by name", async () => {
  const bytes = encodeModel(await train(2));
  const offsets = (header: Header, name: string): [number, number] => header[name]["data_offsets"] as [number, number];
  const overlapping = withHeader(
    bytes,
    (header) =>
      void (header["item_factors"]["data_offsets"] = [0, offsets(header, "item_factors")[1] - offsets(header, "item_factors")[0]]),
  );
  expect(() => decodeModel(overlapping, "m.safetensors")).toThrow(/m\.safetensors: tensor \w+ overlaps another/);
  const gone = withHeader(bytes, (header) => void delete header["user_biases"]);
  expect(() => decodeModel(gone, "m.safetensors")).toThrow(/m\.safetensors: tensor \w+ overlaps another, or leaves a gap/);
  const longer = new Uint8Array(bytes.length + 4);
  longer.set(bytes);
  expect(() => decodeModel(longer, "m.safetensors")).toThrow(/m\.safetensors: 4 bytes stand behind the last tensor/);
  const noTensor = withHeader(bytes, (header) => void (header["extra"] = null as never));
  expect(() => decodeModel(noTensor, "m.safetensors")).toThrow(/m\.safetensors: tensor extra has no type/);
  const bodyStart = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  fc.assert(
    fc.property(fc.integer({ min: bodyStart, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = bytes.slice();
      damaged[at] ^= flip;
      expect(() => decodeModel(damaged, "m.safetensors")).toThrow(ModelFileError);
    }),
  );
});

test("a file without a checksum loads, in any order of its header", async () => {
  for (const factors of [0, 2]) {
    const model = await train(factors);
    const bytes = encodeModel(model);
    const plain = withHeader(bytes, (header) => void delete header["__metadata__"]["checksum"]);
    expect(decodeModel(plain).parameters).toEqual(model.parameters);
    const reversed = withHeader(bytes, (header) => {
      for (const [name, entry] of Object.entries(header).reverse()) {
        delete header[name];
        header[name] = entry;
      }
    });
    expect(Object.keys(headerOf(reversed))).toEqual(Object.keys(headerOf(bytes)).reverse());
    expect(decodeModel(reversed).parameters).toEqual(model.parameters);
  }
});

test.each(["diagonal", "full"] as const)("variances of vb that are none are refused by name: %s", async (covariance) => {
  const { model } = await fit(ratings, { model: "vb", covariance, factors: 2, sweeps: 2, device: "reference" });
  const { posterior } = model.parameters;
  const [name, last] = covariance === "full" ? ["covariances", 5] : ["variances", 2];
  for (const [side, tensor] of [
    ["users", `user_${name}`],
    ["items", `item_${name}`],
  ] as const) {
    for (const wrong of [-0.5, 0]) {
      const values = posterior![side].slice();
      values[last] = wrong;
      const damaged = new FactorModel({
        ...partsOf(model),
        parameters: { ...model.parameters, posterior: { ...posterior!, [side]: values } },
      });
      expect(() => decodeModel(encodeModel(damaged), "m.safetensors")).toThrow(
        `m.safetensors: tensor ${tensor} holds the variance ${wrong} at ${last}: it must be above 0`,
      );
    }
  }
  expect(decodeModel(encodeModel(model)).parameters).toEqual(model.parameters);
});

test("a covariance off the diagonal may be negative", async () => {
  const { model } = await fit(ratings, { model: "vb", covariance: "full", factors: 2, sweeps: 2, device: "reference" });
  expect(model.parameters.posterior!.users.some((value) => value < 0)).toBe(true);
  expect(decodeModel(encodeModel(model)).parameters.posterior).toEqual(model.parameters.posterior);
});

test("where the ratings came from comes back; files without it load, and a later version of it is passed over", async () => {
  const model = await train(2);
  const source = { path: "ratings.csv", reading: { missing: "99", scale: [1, 5] }, split: { seed: 3 }, ratings: 300 };
  const bytes = encodeModel(model.withSource(source));
  expect(decodeModel(bytes).source).toEqual(source);
  expect(decodeModel(bytes).parameters).toEqual(model.parameters);
  expect(decodeModel(encodeModel(model)).source).toBeUndefined();
  const changed = (from: string, to: string): Uint8Array =>
    new Uint8Array(Buffer.from(Buffer.from(bytes).toString("latin1").replace(from, to), "latin1"));
  expect(decodeModel(changed('{\\"version\\":1,', '{\\"version\\":7,')).source).toBeUndefined();
  expect(() => decodeModel(changed('\\"ratings\\":300', '\\"ratings\\":"30'))).toThrow(ModelFileError);
});
