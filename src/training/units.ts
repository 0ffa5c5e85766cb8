// Units: models of ratings are trained on r' = (r − μ) / s, s the standard deviation of the training ratings, so that
// a default fits any scale. It is a change of variables, not another model: u = √s u', v = √s v', b = s b', λ' = λ
// s², τ' = τ s, γ' = γ s², and the objective is the same number in both. What people give and get is in the unit of
// their ratings. docs/models.md, "Units".

import type { Bounds, CovarianceFamily, Prior } from "../engine/engine.js";
import { triangle } from "../engine/reference/cholesky.js";
import type { Figures } from "../models/figures.js";
import type { UnitPowers } from "../models/hyperparameters.js";
import type { Parameters, Posterior, Precisions } from "../models/parameters.js";
import type { Csr } from "../ratings/csr.js";
import { type RatingColumns, weightAt } from "../ratings/rating-columns.js";
import type { Ratings } from "../ratings/ratings.js";
import { wholeOf } from "../ratings/share.js";

const deviations = new WeakMap<Ratings, number>();

/**
 * Significant bits of 1 / s. Ratings of up to eight bits, as scales of stars and of 0 to 100 have,
 * are then divided by s without rounding.
 */
const RECIPROCAL_BITS = 16;

/**
 * s, the standard deviation of ratings, its reciprocal rounded to 16 bits; 1 when they are all equal.
 * Ratings times a power of two have exactly that many times it.
 */
export function unitOf(ratings: Ratings): number {
  let s = deviations.get(ratings);
  if (s !== undefined) return s;
  const { mean, weight = ratings.count } = ratings.statistics();
  s = wholeOf(ratings)?.unit ?? unitFrom(squaresAround(ratings, mean, 0), weight);
  deviations.set(ratings, s);
  return s;
}

/** Adds Σ w (r − mean)², value by value, to what has been added up before. */
export function squaresAround(ratings: RatingColumns, mean: number, before: number): number {
  const { value } = ratings;
  let squares = before;
  for (let at = 0; at < value.length; at++) squares += weightAt(ratings, at) * (value[at] - mean) ** 2;
  return squares;
}

/** @param weight of all ratings together: their number, where they have no weights. */
export const unitFrom = (squares: number, weight: number): number =>
  squares > 0 ? 1 / roundedTo(RECIPROCAL_BITS, Math.sqrt(weight / squares)) : 1;

/** The nearest number of so many significant bits. */
function roundedTo(bits: number, x: number): number {
  const words = new BigUint64Array(new Float64Array([x]).buffer);
  const dropped = BigInt(53 - bits);
  // A carry out of the fraction goes into the exponent, as it should.
  words[0] = ((words[0] + (1n << (dropped - 1n))) >> dropped) << dropped;
  return new Float64Array(words.buffer)[0];
}

/** Hyperparameters that are given, in standard units, and those that the ratings decide where they are not. */
export const hyperparametersToStandard = <H extends object>(
  given: Partial<H>,
  powers: UnitPowers<H>,
  s: number,
  decided: Partial<H> = {},
): Partial<H> => ({ ...decided, ...scaled(defined(given), powers, s) });

const defined = <H extends object>(given: Partial<H>): Partial<H> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<H>;

/** And back; what was given stays as it was written. */
export function hyperparametersFromStandard<H extends object>(standard: H, powers: UnitPowers<H>, s: number, given: Partial<H>): H {
  return { ...scaled(standard, powers, 1 / s), ...defined(given) } as H;
}

function scaled<H extends object>(values: H, powers: UnitPowers<H>, s: number): H {
  const scale = ([name, value]: [string, unknown]): [string, unknown] => {
    const power = powers[name as keyof H];
    return [name, power === undefined || typeof value !== "number" ? value : value * s ** power];
  };
  return Object.fromEntries(Object.entries(values).map(scale)) as H;
}

const standardRows = new WeakMap<Csr, { readonly s: number; readonly rows: Csr }>();
const standardSets = new WeakMap<RatingColumns, { readonly s: number; readonly columns: RatingColumns }>();

/** Rows with values divided by s, the same arrays when asked again: trainings of the same ratings share uploads. */
export function standardCsr(rows: Csr, s: number): Csr {
  if (s === 1) return rows;
  let known = standardRows.get(rows);
  if (known?.s !== s) standardRows.set(rows, (known = { s, rows: { ...rows, value: divided(rows.value, s), unit: s } }));
  return known.rows;
}

export function standardColumns(columns: RatingColumns, s: number): RatingColumns {
  if (s === 1) return columns;
  let known = standardSets.get(columns);
  if (known?.s !== s) {
    const { user, item, value, weight } = columns;
    standardSets.set(columns, (known = { s, columns: { user, item, value: divided(value, s), weight, unit: s } }));
  }
  return known.columns;
}

/** The least and the greatest rating, in standard units as the ratings themselves are. */
export function scaleOf(ratings: Ratings, s: number): Bounds {
  const { minimum, maximum } = ratings.statistics();
  const [least, most] = divided(Float32Array.of(minimum, maximum), s);
  return { least, most };
}

/** In float32, by the float32 reciprocal: a power of two in s is a power of two in what comes out, bit for bit. */
function divided(values: Float32Array, s: number): Float32Array {
  const reciprocal = Math.fround(1 / s);
  return values.map((value) => value * reciprocal);
}

/** Parameters from the unit of the ratings into standard units, or the other way round by 1 / s. */
export function parametersTo(parameters: Parameters, s: number): Parameters {
  if (s === 1) return parameters;
  const root = 1 / Math.sqrt(s);
  const D = parameters.factors / (parameters.draws?.length ?? 1) + 1;
  const times = (values: Float32Array, factor: number): Float32Array => values.map((value) => value * factor);
  const { userFactors, itemFactors, userBiases, itemBiases, globalMean, posterior, features, draws, drawnBiases, factors } = parameters;
  return {
    ...parameters,
    userFactors: times(userFactors, root),
    itemFactors: times(itemFactors, root),
    userBiases: times(userBiases, 1 / s),
    itemBiases: times(itemBiases, 1 / s),
    globalMean: globalMean / s,
    posterior: posterior && posteriorTo(posterior, factors, s),
    features: features && {
      users: features.users && weightsTo(features.users, D, s),
      items: features.items && weightsTo(features.items, D, s),
    },
    draws: draws?.map(({ lambda, users, items }) => ({ lambda: lambda * s * s, users: priorTo(users, s), items: priorTo(items, s) })),
    drawnBiases: drawnBiases && { users: times(drawnBiases.users, 1 / s), items: times(drawnBiases.items, 1 / s) },
  };
}

/** Weights of features, rows of D numbers. */
const weightsTo = (weights: Float32Array, D: number, s: number): Float32Array =>
  weights.map((value, at) => value / coordinateUnit(at % D, D - 1, s));

function posteriorTo({ family, precisions, users, items }: Posterior, K: number, s: number): Posterior {
  return {
    family,
    precisions: precisionsTo(precisions, s),
    users: covariancesTo(users, family, K, s),
    items: covariancesTo(items, family, K, s),
  };
}

/** √s of a factor, s of the bias: what such a coordinate is multiplied by on its way out of standard units. */
const coordinateUnit = (k: number, K: number, s: number): number => (k < K ? Math.sqrt(s) : s);

function covariancesTo(values: Float32Array, family: CovarianceFamily, K: number, s: number): Float32Array {
  const width = family === "full" ? triangle(K + 1) : K + 1;
  const factors = new Float64Array(width);
  for (let i = 0; i <= K; i++) {
    for (let j = family === "full" ? 0 : i; j <= i; j++)
      factors[family === "full" ? triangle(i) + j : i] = 1 / (coordinateUnit(i, K, s) * coordinateUnit(j, K, s));
  }
  return values.map((value, at) => value * factors[at % width]);
}

function precisionsTo({ lambda, users, items }: Precisions, s: number): Precisions {
  const side = (precisions: readonly number[]): number[] =>
    precisions.map((precision, k) => precision * coordinateUnit(k, precisions.length - 1, s) ** 2);
  return { lambda: lambda * s * s, users: side(users), items: side(items) };
}

function priorTo({ mean, precision }: Prior, s: number): Prior {
  const K = mean.length - 1;
  const packed = [...precision];
  for (let i = 0; i <= K; i++) for (let j = 0; j <= i; j++) packed[triangle(i) + j] *= coordinateUnit(i, K, s) * coordinateUnit(j, K, s);
  return { mean: mean.map((value, k) => value / coordinateUnit(k, K, s)), precision: packed };
}

/** Figures of a measurement in standard units, in the unit of the ratings. */
export function figuresFromStandard(figures: Figures, s: number, ratings: number): Figures {
  if (s === 1) return figures;
  const { trainRmse, heldOutRmse, heldOutRmseClipped, elbo, heldOutLogDensity, lambda } = figures;
  const shift = Math.log(s);
  return {
    ...figures,
    // The bound and densities, whose objectives learn λ, are of ratings that are s times as far apart.
    objective: lambda === undefined ? figures.objective : figures.objective + ratings * shift,
    ...(elbo !== undefined && { elbo: elbo - ratings * shift }),
    trainRmse: trainRmse === null ? null : trainRmse * s,
    heldOutRmse: heldOutRmse === null ? null : heldOutRmse * s,
    ...(heldOutRmseClipped !== undefined && { heldOutRmseClipped: heldOutRmseClipped === null ? null : heldOutRmseClipped * s }),
    ...(heldOutLogDensity !== undefined && { heldOutLogDensity: heldOutLogDensity === null ? null : heldOutLogDensity - shift }),
    ...(lambda !== undefined && { lambda: lambda * (1 / s) * (1 / s) }),
  };
}
