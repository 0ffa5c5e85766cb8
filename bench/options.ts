// What benchmarks are asked with.

import type { DeviceChoice } from "../src/engine/open-engine.js";
import type { SYNTHETIC_SHAPES } from "../src/ratings/synthetic.js";

/** float32; factors gathered as halves; those multiplied on tensor cores. */
export const PRECISIONS = { float32: {}, half: { halfPrecision: true }, tensor: { tensorCores: true } } as const;
export type Precision = keyof typeof PRECISIONS;

export interface BenchOptions {
  readonly factors: readonly number[];
  /** The first of the shapes. */
  readonly shape: keyof typeof SYNTHETIC_SHAPES;
  readonly shapes: readonly (keyof typeof SYNTHETIC_SHAPES)[];
  /** Real ratings, for the benchmarks that want them. */
  readonly data: string | undefined;
  readonly device: DeviceChoice;
  /** Numbers of ratings, of `scale`. */
  readonly ratings: readonly number[];
  /** Of the file that is read. */
  readonly rows: number;
  /** In which precision `sweep` gathers and multiplies. */
  readonly precisions: readonly Precision[];
  /** Which models `models`, `sides` and `model-sweeps` take; of `sides` alone: kinds of information, splits, more. */
  readonly models: readonly string[] | undefined;
  readonly sides: readonly string[] | undefined;
  readonly splits: readonly number[];
  readonly options: Readonly<Record<string, number>>;
  readonly machine: Readonly<Record<string, unknown>>;
  /**
   * Where `peers` finds others: a Python interpreter, and the folder of LIBMF's
   * executables when they are not on the PATH.
   */
  readonly python: string;
  readonly libmf: string | undefined;
  /** Which engines `peers` takes, and which kinds of models; "sgd": LIBMF and what stands beside it alone. */
  readonly engines: readonly string[];
  readonly kinds: readonly string[];
  /** Solvers of ours, and of others that have the choice. */
  readonly solvers: readonly string[];
}
