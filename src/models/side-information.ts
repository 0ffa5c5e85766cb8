// Side information: the weights B of a side's features, and the prior means m + S B that they give its rows. Sparse
// products and conjugate gradients in float64, once for all engines, on rows that are read out of them.
// docs/models.md, "Side information".

import { addProduct, productOf, type SparseRows, transposed } from "../ratings/sparse.js";

const TOLERANCE = 1e-5;
const MOST_STEPS = 1000;

/** Steps a sweep where the weights are a maximiser: the next sweep goes on from where this one has come. */
export const STEPS_A_SWEEP = 3;

/** Which entity of a side has which features. */
interface Features {
  /** S and Sᵀ. */
  readonly rows: SparseRows;
  readonly columns: SparseRows;
  /** s, the diagonal of SᵀS. */
  readonly squares: Float64Array;
}

/** @param rows S. */
export function featuresOf(rows: SparseRows): Features {
  const squares = new Float64Array(rows.columns);
  for (let at = 0; at < rows.index.length; at++) squares[rows.index[at]] += rows.value[at] ** 2;
  return { rows, columns: transposed(rows), squares };
}

/** When a solve ends. */
interface Enough {
  /** Residual of every column, relative to its right-hand side. Default 1e-5. */
  readonly tolerance?: number | undefined;
  /** Most steps. Default 1000. */
  readonly steps?: number | undefined;
}

/**
 * Solves (SᵀS + ρ I) B = R for all D columns at once, by conjugate gradients with the diagonal as preconditioner. Every
 * step lowers ½ tr Bᵀ(SᵀS + ρ I)B − tr RᵀB, so that whatever B maximises never falls.
 *
 * @param right   R, [F, D] row-major.
 * @param weights B to start from, [F, D] row-major; overwritten.
 * @returns the number of steps.
 */
export function solveWeights(
  { rows, columns, squares }: Features,
  ratio: number,
  right: Float64Array,
  weights: Float64Array,
  D: number,
  { tolerance = TOLERANCE, steps = MOST_STEPS }: Enough = {},
): number {
  const inverse = squares.map((square) => 1 / (square + ratio));
  const through = new Float64Array(rows.count * D);
  const image = new Float64Array(weights.length);
  const apply = (to: Float64Array): void => {
    through.fill(0);
    addProduct(rows, to, through, D);
    for (let at = 0; at < to.length; at++) image[at] = ratio * to[at];
    addProduct(columns, through, image, D);
  };
  apply(weights);
  const residual = right.map((value, at) => value - image[at]);
  const direction = new Float64Array(weights.length);
  const enough = columnSums(right, right, D).map((sum) => sum * tolerance ** 2);
  const none = new Float64Array(D);
  let [left, before] = [new Float64Array(D), new Float64Array(D)];
  let now = takeSteps(none, direction, image, inverse, weights, residual, left);
  for (let step = 0; ; step++) {
    // A column that is done moves no more.
    const open = left.map((sum, k) => Number(sum > enough[k]));
    if (step === steps || !open.includes(1)) return step;
    const turn = now.map((value, k) => (open[k] && before[k] > 0 ? value / before[k] : 0));
    turnTo(direction, residual, inverse, open, turn);
    apply(direction);
    const curvature = columnSums(direction, image, D);
    const lengths = now.map((value, k) => (open[k] && curvature[k] > 0 ? value / curvature[k] : 0));
    before = now;
    now = takeSteps(lengths, direction, image, inverse, weights, residual, left);
  }
}

/** direction = open inverse residual + turn direction, `inverse` per row, `open` and `turn` per column. */
function turnTo(direction: Float64Array, residual: Float64Array, inverse: Float64Array, open: Float64Array, turn: Float64Array): void {
  const D = open.length;
  for (let f = 0, at = 0; f < inverse.length; f++, at += D)
    for (let k = 0; k < D; k++) direction[at + k] = open[k] * residual[at + k] * inverse[f] + turn[k] * direction[at + k];
}

/**
 * Moves the weights along the directions, and the residual with them.
 *
 * @param left overwritten with Σ r² of each column.
 * @returns Σ inverse r² of each column.
 */
function takeSteps(
  lengths: Float64Array,
  direction: Float64Array,
  image: Float64Array,
  inverse: Float64Array,
  weights: Float64Array,
  residual: Float64Array,
  left: Float64Array,
): Float64Array<ArrayBuffer> {
  const D = lengths.length;
  const sums = new Float64Array(D);
  left.fill(0);
  for (let f = 0, at = 0; f < inverse.length; f++) {
    for (let k = 0; k < D; k++, at++) {
      weights[at] += lengths[k] * direction[at];
      const r = residual[at] - lengths[k] * image[at];
      residual[at] = r;
      left[k] += r * r;
      sums[k] += r * r * inverse[f];
    }
  }
  return sums;
}

/** Σ a b over the rows of each of D columns. */
export function columnSums(a: Float64Array, b: Float64Array, D: number): Float64Array {
  const sums = new Float64Array(D);
  for (let at = 0; at < a.length; at += D) for (let k = 0; k < D; k++) sums[k] += a[at + k] * b[at + k];
  return sums;
}

/**
 * The weights of the features of one side, those that are set aside, and the prior means that the present ones give.
 */
export class SideInformation implements Features {
  readonly rows: SparseRows;
  readonly columns: SparseRows;
  readonly squares: Float64Array;
  readonly D: number;
  /** B, [F, D] row-major: D = K factors and the bias. */
  #weights: Float64Array;
  #kept: Float64Array;
  #means: Float64Array;

  /** @param initial weights to start from; 0 when left out. */
  constructor(rows: SparseRows, D: number, initial?: Float32Array) {
    const { columns, squares } = featuresOf(rows);
    this.rows = rows;
    this.columns = columns;
    this.squares = squares;
    this.D = D;
    this.#weights = Float64Array.from(initial ?? new Float32Array(rows.columns * D));
    this.#kept = this.#weights.slice();
    this.#means = productOf(rows, this.#weights, D);
  }

  get weights(): Float64Array {
    return this.#weights;
  }

  /** S B, [count, D] row-major. */
  get means(): Float64Array {
    return this.#means;
  }

  /** @throws RangeError for weights of another length. */
  set weights(weights: Float64Array) {
    this.#weights.set(weights);
    this.#means = productOf(this.rows, this.#weights, this.D);
  }

  get kept(): Float64Array {
    return this.#kept;
  }

  keep(): void {
    this.#kept.set(this.#weights);
  }

  set kept(weights: Float64Array) {
    this.#kept.set(weights);
  }

  /**
   * Solves (SᵀS + ρ I) B = Sᵀ X + R from the last B.
   *
   * @param rows X, [count, D] row-major.
   * @param more R, [F, D] row-major; left out, 0.
   */
  fit(rows: Float64Array, ratio: number, { more, ...enough }: Enough & { readonly more?: Float64Array } = {}): void {
    const right = more?.slice() ?? new Float64Array(this.#weights.length);
    addProduct(this.columns, rows, right, this.D);
    solveWeights(this, ratio, right, this.#weights, this.D, enough);
    this.#means = productOf(this.rows, this.#weights, this.D);
  }

  /** x − x̄ of every row, [count, D] row-major. */
  apart(rows: Float64Array): Float64Array {
    return rows.map((value, at) => value - this.#means[at]);
  }

  /** Σ (x − x̄)² of each coordinate, [D]. */
  deviations(rows: Float64Array): Float64Array {
    const apart = this.apart(rows);
    return columnSums(apart, apart, this.D);
  }

  /** Σ B² of each coordinate, [D]. */
  norms(): Float64Array {
    return columnSums(this.#weights, this.#weights, this.D);
  }
}
