// How rows travel between ranks: as they are, or with factors in half precision, for networks that
// are slow. Each row is rounded by itself, and its owner keeps it as the others get it: all ranks
// hold the same rows, however many they are.

import type { Rows, Workload } from "../engine/engine.js";
import { DivergedError, OptionsError } from "../errors.js";
import { halfOf, numbersOfHalves } from "../half.js";

/** "full", every bit of a row; "halves", factors in half precision, the bias as it is. */
export type Wire = "full" | "halves";
export const WIRES: readonly Wire[] = ["full", "halves"];

/** Factors are multiplied by it, so that halves lose digits only below 4·10⁻⁶. */
const SCALE = 16;
/** The largest number that is no half's neighbour beyond. */
const LARGEST = 65504;

/** Words of a row: two factors each, and the bias. */
export const halvesWidth = (K: number): number => Math.ceil(K / 2) + 1;

/** Rows as words, [rows, width]. @throws DivergedError for a factor that no half holds. */
export function rowsToHalves({ factors, biases }: Rows, K: number): Uint32Array {
  const width = halvesWidth(K);
  const words = new Uint32Array(biases.length * width);
  const [floats, halves] = [new Float32Array(words.buffer), new Uint16Array(words.buffer)];
  for (let row = 0; row < biases.length; row++) {
    for (let k = 0; k < K; k++) {
      const value = factors[row * K + k] * SCALE;
      if (!(Math.abs(value) <= LARGEST)) {
        throw new DivergedError(`a factor is ${factors[row * K + k]}: halves on the wire hold up to ${LARGEST / SCALE}`, {
          remedy: "let ranks send each other whole numbers, or raise the precisions",
        });
      }
      halves[2 * row * width + k] = halfOf(value);
    }
    floats[row * width + width - 1] = biases[row];
  }
  return words;
}

/** The rows that words stand for. */
export function rowsFromHalves(words: Uint32Array, K: number): Rows {
  const width = halvesWidth(K);
  const count = words.length / width;
  const numbers = numbersOfHalves();
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const halves = new Uint16Array(words.buffer, words.byteOffset, 2 * words.length);
  const [factors, biases] = [new Float32Array(count * K), new Float32Array(count)];
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < K; k++) factors[row * K + k] = numbers[halves[2 * row * width + k]] / SCALE;
    biases[row] = floats[row * width + width - 1];
  }
  return { factors, biases };
}

/** @throws OptionsError when what is trained needs more than rounded factors and a bias. */
export function checkWire(wire: Wire, { spread, operations }: Pick<Workload, "spread" | "operations">): void {
  if (wire === "full" || (spread === "none" && (operations.solve === "confident" || isPoint(operations.solve)))) return;
  const why =
    operations.solve === "drawn"
      ? "draws would no longer be those of the posterior"
      : spread === "diagonal" || spread === "full"
        ? "the bound would no longer rise with every sweep"
        : "steps are smaller than what halves can tell apart";
  throw new OptionsError(`halves on the wire are for als and implicit: ${why}`, { remedy: "leave wire out" });
}

const isPoint = (solve: Workload["operations"]["solve"]): boolean => solve === "joint" || solve === "sequential";
