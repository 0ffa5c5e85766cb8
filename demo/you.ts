// A visitor's own factors, and where they lie on the map of the titles.

import { type FactorModel, principalAxes, type RawId } from "../src/index.js";
import { type Entity, foldIn } from "../src/recommend/fold-in.js";
import { priorMeans } from "../src/recommend/prior-means.js";

/** What somebody has rated, in the data's units. */
export type Rated = readonly (readonly [id: RawId, rating: number])[];

/** Someone with these ratings, by fold-in. */
export function foldedIn(model: FactorModel, rated: Rated): Entity {
  const few = {
    index: Uint32Array.from(rated, ([id]) => model.items.indexOf(id)),
    value: Float32Array.from(rated, ([, rating]) => rating),
  };
  const means = priorMeans(model.parameters, model.features, "users", [{ rated: few.index }]);
  return foldIn(few, "users", model.parameters, model, means, model.foldInGram);
}

/** By how much the users' factors must grow to be as long as the items' are. */
export function reachOf({ userFactors, itemFactors }: { userFactors: Float32Array; itemFactors: Float32Array }): number {
  const meanSquare = (values: Float32Array): number => values.reduce((sum, value) => sum + value ** 2, 0) / Math.max(1, values.length);
  return Math.sqrt(meanSquare(itemFactors) / (meanSquare(userFactors) || 1));
}

/** Items in three dimensions, turned so that they lie as near as can be to where they lay before. */
export interface Placed {
  /** [items, 3] row-major. */
  readonly coordinates: Float32Array;
  /** Share of the factors' variance that the axes show. */
  readonly share: number;
  /** Unit vectors in factor space, [3, K] row-major; those that there are no factors for are 0. */
  readonly axes: Float64Array;
  /** Mean of the items' factors, [K]. */
  readonly mean: Float64Array;
}

const AXES = 3;

/**
 * @param rows factors of the items, [count, K].
 * @param before where the same items lay in the last picture, NaN for those that are new: the axes are turned, and
 *   mirrored, towards it.
 */
export function placed(rows: Float32Array, count: number, K: number, before: Float32Array | undefined): Placed {
  const wanted = Math.min(AXES, K);
  const { axes: found, coordinates: flat, shares } = principalAxes(rows, count, K, wanted);
  const axes = new Float64Array(AXES * K);
  axes.set(found);
  let coordinates = new Float32Array(count * AXES);
  for (let at = 0; at < count; at++) coordinates.set(flat.subarray(at * wanted, (at + 1) * wanted), at * AXES);
  const turn = before && turnTowards(coordinates, before);
  if (turn) {
    coordinates = times(coordinates, turn);
    const columns = axes.slice();
    for (let k = 0; k < K; k++) {
      for (let to = 0; to < AXES; to++) {
        axes[to * K + k] = 0;
        for (let from = 0; from < AXES; from++) axes[to * K + k] += columns[from * K + k] * turn[from * AXES + to];
      }
    }
  }
  const mean = new Float64Array(K);
  for (let row = 0; row < count; row++) for (let k = 0; k < K; k++) mean[k] += rows[row * K + k] / count;
  return { coordinates, share: shares.reduce((sum, share) => sum + share, 0), axes, mean };
}

/** Where a row of factors lies among the items. */
export function placeOf({ axes, mean }: Placed, factors: ArrayLike<number>): [number, number, number] {
  const K = mean.length;
  const along = (axis: number): number => mean.reduce((sum, value, k) => sum + axes[axis * K + k] * (factors[k] - value), 0);
  return [along(0), along(1), along(2)];
}

/**
 * The rotation or mirroring R with X R nearest to Y, over the rows of Y that are no NaN:
 * the polar factor of XᵀY (Schönemann 1966), by Newton's iteration.
 *
 * @returns [3, 3] row-major; undefined where XᵀY is not of full rank.
 */
export function turnTowards(x: Float32Array, y: Float32Array): Float64Array | undefined {
  let turn = new Float64Array(AXES * AXES);
  for (let at = 0; at < x.length; at += AXES) {
    if (Number.isNaN(y[at])) continue;
    for (let i = 0; i < AXES; i++) for (let j = 0; j < AXES; j++) turn[i * AXES + j] += x[at + i] * y[at + j];
  }
  const size = Math.hypot(...turn);
  if (size === 0) return undefined;
  turn = turn.map((value) => value / size);
  for (let step = 0; step < 60; step++) {
    const other = inverseTransposed(turn);
    if (!other) return undefined;
    // Scaled (Higham 1986), so that small singular values come up quickly.
    const scale = Math.sqrt(Math.hypot(...other) / Math.hypot(...turn));
    const next = turn.map((value, at) => (scale * value + other[at] / scale) / 2);
    const moved = Math.hypot(...next.map((value, at) => value - turn[at]));
    turn = next;
    if (moved < 1e-12) break;
  }
  return turn;
}

function inverseTransposed(m: Float64Array): Float64Array | undefined {
  const minor = (i: number, j: number): number => {
    const [a, b, c, d] = [(i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3];
    return m[a * 3 + c] * m[b * 3 + d] - m[a * 3 + d] * m[b * 3 + c];
  };
  const determinant = m[0] * minor(0, 0) + m[1] * minor(0, 1) + m[2] * minor(0, 2);
  if (Math.abs(determinant) < 1e-9) return undefined;
  return Float64Array.from({ length: 9 }, (_, at) => minor(Math.floor(at / 3), at % 3) / determinant);
}

function times(rows: Float32Array, turn: Float64Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += AXES) {
    for (let j = 0; j < AXES; j++) {
      for (let i = 0; i < AXES; i++) out[at + j] += rows[at + i] * turn[i * AXES + j];
    }
  }
  return out;
}
