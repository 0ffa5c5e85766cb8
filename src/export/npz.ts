// Models as .npz, NumPy's archive of arrays: a zip of .npy files, each a header of text and the numbers as they lie in
// memory. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { numericTensors } from "../model-file.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { checkArguments } from "../options.js";
import type { RawId } from "../ratings/ids.js";
import { zipSync } from "../zip.js";
import { areWhole } from "./table.js";

/** An array row-major; texts become fixed-width Unicode (`<U…`). A shape of [] is a single value. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint32Array | BigInt64Array | readonly string[];
}

/**
 * The model for `numpy.load(file, allow_pickle=False)`: the arrays of the model file under their names there
 * (`encodeModel`), then `user_ids` and `item_ids` (int64 when all are whole numbers, else text), `item_titles`,
 * `item_genres` ("Comedy|Drama"), of features `item_feature_names` and `item_feature_ids`, and the same of users, and,
 * as single texts, `model` and `hyperparameters` (JSON). A prediction is global_mean + user_biases[m] + item_biases[n]
 * + user_factors[m] @ item_factors[n].
 */
export function encodeNpz(model: FactorModel): Uint8Array {
  checkArguments("encodeNpz", { model: [model, MODEL_KIND] });
  const { users, items, catalogue } = model;
  const texts = (data: readonly string[]): NpyArray => ({ shape: [data.length], data });
  const ids = (raw: readonly RawId[]): NpyArray =>
    areWhole(raw) ? { shape: [raw.length], data: BigInt64Array.from(raw, BigInt) } : texts(raw.map(String));
  const arrays: Record<string, NpyArray> = {
    ...Object.fromEntries(
      numericTensors(model).map(({ name, shape, data }) => [name, { shape, data: data as Float32Array | Uint32Array }]),
    ),
    user_ids: ids(users.raw),
    item_ids: ids(items.raw),
    item_titles: texts(items.raw.map((id) => catalogue.title(id))),
    item_genres: texts(items.raw.map((id) => catalogue.get(id)?.genres.join("|") ?? "")),
    ...Object.fromEntries(
      (
        [
          ["user", model.features?.users],
          ["item", model.features?.items],
        ] as const
      ).flatMap(([name, table]) =>
        table
          ? [
              [`${name}_feature_names`, texts(table.names)],
              [`${name}_feature_ids`, ids(table.ids.raw)],
            ]
          : [],
      ),
    ),
    model: { shape: [], data: [model.model] },
    hyperparameters: { shape: [], data: [JSON.stringify(model.hyperparameters)] },
  };
  return zipSync(
    Object.fromEntries(
      Object.entries(arrays).map(([name, array]) => {
        // Factors do not get smaller; texts of four bytes per character do.
        const level = Array.isArray(array.data) ? 6 : 0;
        return [`${name}.npy`, [encodeNpy(array), { level }]];
      }),
    ),
  );
}

const MAGIC = "\x93NUMPY\x01\x00";
/** Where the numbers start is a multiple of this. */
const ALIGNMENT = 64;

/** One array as a .npy file, format 1.0. */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  const { descr, bytes } = elementsOf(data);
  const size = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${size}), }`;
  const start = Math.ceil((MAGIC.length + 2 + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = `${dictionary.padEnd(start - MAGIC.length - 3)}\n`;
  const file = new Uint8Array(start + bytes.length);
  const put = (text: string, at: number): void =>
    file.set(
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
      at,
    );
  put(MAGIC, 0);
  new DataView(file.buffer).setUint16(MAGIC.length, header.length, true);
  put(header, MAGIC.length + 2);
  file.set(bytes, start);
  return file;
}

function elementsOf(data: NpyArray["data"]): { descr: string; bytes: Uint8Array } {
  if (!ArrayBuffer.isView(data)) return unicode(data);
  const descr = data instanceof Float32Array ? "<f4" : data instanceof Uint32Array ? "<u4" : "<i8";
  return { descr, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** UTF-32 of the longest text's width, padded by zeros. */
function unicode(texts: readonly string[]): { descr: string; bytes: Uint8Array } {
  const points = texts.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const width = points.reduce((longest, { length }) => Math.max(longest, length), 1);
  const words = new Uint32Array(texts.length * width);
  points.forEach((row, at) => words.set(row, at * width));
  return { descr: `<U${width}`, bytes: new Uint8Array(words.buffer) };
}
