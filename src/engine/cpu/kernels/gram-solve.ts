// The half-sweep: the system of every row of a chunk, gathered, factored and solved. Ratings are staged STAGE at a
// time: the rows of the other side are copied side by side with what they meet on the right-hand side, (y, 1, e), so
// that one triangle of products holds the Gram matrix, the sums that meet the bias, and the right-hand side as its last
// row. Products of a stage are summed in registers, stages in the matrix, and every SEGMENT ratings the matrix is added
// to a total. Twin: src/engine/reference/gram-solve.ts.

import { backSubstitute, entryAt, factorize, invert, logDeterminant, packTriangle, unpackTriangle } from "./cholesky";
import { addNormals } from "./counter-random";
import { fixedRows, fixedSpreads, ownLogs, ownPulls, ownRows, ownSpreads } from "./half-sweep";
import { multiplyAdd, zeros } from "./lanes";
import { columnBlocks, columnBytes, D, K, rowBlocks, rowBytes, SEGMENT, spreadBytes, STAGE, valueBytes, weightAt } from "./shape";
import { ADD, SET, triangleOf } from "./tiles";

const JOINT: i32 = 0;
const SEQUENTIAL: i32 = 1;
const CONFIDENT: i32 = 2;
const DRAWN: i32 = 3;
const NONE: i32 = 0;
const DIAGONAL: i32 = 1;

// The thread's scratch: the matrix and its total over segments; staged rows, and those times their weights; sums of
// covariances and their total; vectors of D numbers: precisions, the diagonal, the solution, the sums that meet the
// bias; and a prior that is a whole matrix.
let matrix: usize, total: usize, staged: usize, weighed: usize, spreads: usize, spreadTotal: usize;
let precisions: usize, diagonal: usize, solution: usize, factorSums: usize, priorMatrix: usize;

export function setGramScratch(
  matrixAt: usize, totalAt: usize, stagedAt: usize, weighedAt: usize, spreadsAt: usize, spreadTotalAt: usize, vectorsAt: usize, priorAt: usize,
): void {
  matrix = matrixAt;
  total = totalAt;
  staged = stagedAt;
  weighed = weighedAt;
  spreads = spreadsAt;
  spreadTotal = spreadTotalAt;
  precisions = vectorsAt;
  diagonal = vectorsAt + columnBytes;
  solution = vectorsAt + 2 * columnBytes;
  factorSums = vectorsAt + 3 * columnBytes;
  priorMatrix = priorAt;
}

let kind: i32, weighted: bool, biases: bool, noise: bool, spread: i32;
let lambda: f32, globalMean: f32, confidence: f32;
let seed: u32, draw: u32;

export function setSystem(
  systemKind: i32, lambdaValue: f32, mean: f32, alpha: f32, isWeighted: bool, hasBiases: bool, hasNoise: bool, noiseSeed: u32, noiseDraw: u32, carried: i32,
): void {
  kind = systemKind;
  lambda = lambdaValue;
  globalMean = mean;
  confidence = alpha;
  weighted = isWeighted;
  biases = hasBiases;
  noise = hasNoise;
  seed = noiseSeed;
  draw = noiseDraw;
  spread = carried;
}

/** Makes the prior that is a whole matrix of a packed triangle and a right-hand side. */
export function setPriorMatrix(packed: usize, rhs: usize): void {
  memory.fill(priorMatrix, 0, columnBytes * (<usize>columnBlocks << 2));
  unpackTriangle(packed, priorMatrix, D, SET);
  for (let k = 0; k < D; k++) store<f32>(entryAt(priorMatrix, D, k), load<f32>(rhs + (<usize>k << 2)));
}

function stageExplicit(index: usize, value: usize, n: i32): void {
  let to = staged;
  const last = to + (<usize>n) * columnBytes;
  const extra = columnBlocks > rowBlocks;
  while (to < last) {
    const from = fixedRows + <usize>load<u32>(index) * rowBytes;
    for (let at: usize = 0; at < rowBytes; at += 16) v128.store(to + at, v128.load(from + at));
    if (extra) v128.store(to + rowBytes, zeros());
    const bias = to + (<usize>K << 2);
    const e = load<f32>(value) - globalMean - load<f32>(bias);
    store<f32>(bias, 1);
    store<f32>(bias, e, 4);
    to += columnBytes;
    index += 4;
    value += valueBytes;
  }
}

/** The staged rows times their weights. */
function weighStaged(value: usize, n: i32): void {
  for (let rating = 0; rating < n; rating++) {
    const weight = weightAt(value, valueBytes);
    weightSum += <f64>weight;
    const factor = v128.splat<f32>(weight);
    const row = <usize>rating * columnBytes;
    for (let at = row; at < row + columnBytes; at += 16) v128.store(weighed + at, v128.mul<f32>(v128.load(staged + at), factor));
    value += valueBytes;
  }
}

/** y, and (c − 1) y with c p where the right-hand side is. */
function stageConfident(index: usize, value: usize, n: i32): void {
  for (let rating = 0; rating < n; rating++) {
    const from = fixedRows + <usize>load<u32>(index) * rowBytes;
    const to = staged + <usize>rating * columnBytes;
    const scaled = weighed + <usize>rating * columnBytes;
    const r = load<f32>(value);
    const excess = weightAt(value, valueBytes) * confidence * abs<f32>(r);
    const factor = v128.splat<f32>(excess);
    for (let at: usize = 0; at < rowBytes; at += 16) {
      const y = v128.load(from + at);
      v128.store(to + at, y);
      v128.store(scaled + at, v128.mul<f32>(y, factor));
    }
    const bias = <usize>K << 2;
    if (columnBlocks > rowBlocks) v128.store(scaled + rowBytes, zeros());
    store<f32>(to + bias, 0);
    store<f32>(scaled + bias, 0);
    store<f32>(scaled + bias, r > 0 ? 1 + excess : 0, 4);
    index += 4;
    value += valueBytes;
  }
}

/** Adds up the covariances of the ratings' rows, four ratings at a time. */
function addSpreads(index: usize, value: usize, n: i32, first: bool): void {
  if (first) memory.fill(spreads, 0, spreadBytes);
  if (valueBytes === 8) {
    addWeighedSpreads(index, value, n);
    return;
  }
  let rating = 0;
  for (; rating + 4 <= n; rating += 4) {
    const a = fixedSpreads + <usize>load<u32>(index) * spreadBytes;
    const b = fixedSpreads + <usize>load<u32>(index, 4) * spreadBytes;
    const c = fixedSpreads + <usize>load<u32>(index, 8) * spreadBytes;
    const d = fixedSpreads + <usize>load<u32>(index, 12) * spreadBytes;
    for (let at: usize = 0; at < spreadBytes; at += 16) {
      const ab = v128.add<f32>(v128.load(a + at), v128.load(b + at));
      const cd = v128.add<f32>(v128.load(c + at), v128.load(d + at));
      v128.store(spreads + at, v128.add<f32>(v128.load(spreads + at), v128.add<f32>(ab, cd)));
    }
    index += 16;
  }
  for (; rating < n; rating++) {
    addBlocks(spreads, fixedSpreads + <usize>load<u32>(index) * spreadBytes, spreadBytes);
    index += 4;
  }
}

function addWeighedSpreads(index: usize, value: usize, n: i32): void {
  for (let rating = 0; rating < n; rating++) {
    const from = fixedSpreads + <usize>load<u32>(index) * spreadBytes;
    const weight = v128.splat<f32>(weightAt(value, 8));
    for (let at: usize = 0; at < spreadBytes; at += 16)
      v128.store(spreads + at, multiplyAdd(weight, v128.load(from + at), v128.load(spreads + at)));
    index += 4;
    value += 8;
  }
}

function addBlocks(to: usize, from: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, v128.add<f32>(v128.load(to + at), v128.load(from + at)));
}

/** Ratings in the matrix since the last segment, and whether the total holds earlier segments. */
let inSegment: i32, hasTotal: bool;
/** Weights of the row's ratings together, where they have weights. */
let weightSum: f64;

export function beginRow(): void {
  inSegment = 0;
  hasTotal = false;
  weightSum = 0;
}

// @ts-ignore: decorator
@inline
function matrixBytes(): usize {
  return columnBytes * (<usize>((D + 3) >> 2) << 2);
}

/** Adds ratings to the row's system. A row that comes in parts is cut at multiples of STAGE. */
export function addRatings(index: usize, value: usize, count: i32): void {
  const columns = (D + 3) >> 2;
  while (count > 0) {
    const n = min(count, STAGE);
    const first = inSegment === 0;
    if (kind === CONFIDENT) stageConfident(index, value, n);
    else stageExplicit(index, value, n);
    const isWeighed = kind !== CONFIDENT && valueBytes === 8;
    if (isWeighed) weighStaged(value, n);
    const left = isWeighed || kind === CONFIDENT ? weighed : staged;
    if (first) triangleOf(matrix, columnBytes, left, columnBytes, staged, columnBytes, n, columns, columnBlocks, SET);
    else triangleOf(matrix, columnBytes, left, columnBytes, staged, columnBytes, n, columns, columnBlocks, ADD);
    if (spread !== NONE && kind !== CONFIDENT) addSpreads(index, value, n, first);
    inSegment += n;
    if (inSegment >= SEGMENT) endSegment();
    index += <usize>n << 2;
    value += <usize>n * valueBytes;
    count -= n;
  }
}

function endSegment(): void {
  if (hasTotal) {
    addBlocks(total, matrix, matrixBytes());
    if (spread !== NONE) addBlocks(spreadTotal, spreads, spreadBytes);
  } else {
    memory.copy(total, matrix, matrixBytes());
    if (spread !== NONE) memory.copy(spreadTotal, spreads, spreadBytes);
  }
  hasTotal = true;
  inSegment = 0;
}

/** Puts the sums of all segments together. */
function closeSums(): void {
  if (hasTotal) {
    if (inSegment > 0) {
      addBlocks(matrix, total, matrixBytes());
      if (spread !== NONE) addBlocks(spreads, spreadTotal, spreadBytes);
    } else {
      memory.copy(matrix, total, matrixBytes());
      if (spread !== NONE) memory.copy(spreads, spreadTotal, spreadBytes);
    }
  } else if (inSegment === 0) {
    memory.fill(matrix, 0, matrixBytes());
    if (spread !== NONE) memory.fill(spreads, 0, spreadBytes);
  }
}

/**
 * Covariances of the other side: into the matrix, and those of its biases, which meet the
 * constant 1, into the right-hand side.
 */
function takeSpreads(): void {
  if (spread === DIAGONAL) {
    for (let k = 0; k < K; k++) {
      const at = entryAt(matrix, k, k);
      store<f32>(at, load<f32>(at) + load<f32>(spreads + (<usize>k << 2)));
    }
    return;
  }
  unpackTriangle(spreads, matrix, K, ADD);
  const withBias = spreads + <usize>((K * D) / 2) * 4;
  for (let k = 0; k < K; k++) {
    const at = entryAt(matrix, D, k);
    store<f32>(at, load<f32>(at) - load<f32>(withBias + (<usize>k << 2)));
  }
}

/** Takes the bias out of the system: its equation becomes b = 0. */
function leaveBiasOut(): void {
  for (let k = 0; k < K; k++) store<f32>(entryAt(matrix, K, k), 0);
  store<f32>(entryAt(matrix, K, K), 1);
  store<f32>(entryAt(matrix, D, K), 0);
}

/** @param pull what the row has on its right-hand side beside its ratings; 0: nothing. */
function addPriors(count: i32, pull: usize): void {
  addPrecisions(count);
  if (pull === 0) return;
  for (let k = 0; k < D; k++) {
    const rhs = entryAt(matrix, D, k);
    store<f32>(rhs, load<f32>(rhs) + load<f32>(pull + (<usize>k << 2)));
  }
}

function addPrecisions(count: i32): void {
  const bytes = matrixBytes();
  if (kind === CONFIDENT || kind === DRAWN) {
    const scale = v128.splat<f32>(kind === DRAWN ? lambda : 1);
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(matrix + at, v128.add<f32>(v128.mul<f32>(v128.load(matrix + at), scale), v128.load(priorMatrix + at)));
    }
    return;
  }
  if (lambda !== 1) {
    const scale = v128.splat<f32>(lambda);
    for (let at: usize = 0; at < bytes; at += 16) v128.store(matrix + at, v128.mul<f32>(v128.load(matrix + at), scale));
  }
  const weight: f32 = !weighted ? 1 : valueBytes === 8 ? <f32>weightSum : <f32>count;
  for (let k = 0; k < D; k++) {
    const precision = load<f32>(precisions + (<usize>k << 2)) * weight;
    const at = entryAt(matrix, k, k);
    store<f32>(at, load<f32>(at) + precision);
  }
}

/**
 * Solves the row's system and stores what it gives.
 *
 * @param row   its number in the side, for its normal numbers; `local` its place in what `setOwn` named.
 * @param count its number of ratings.
 * @returns whether all pivots were positive; else the row stays as it is.
 */
export function finishRow(row: u32, local: i32, count: i32): bool {
  const own = ownRows + <usize>local * rowBytes;
  const pull = ownPulls === 0 ? <usize>0 : ownPulls + <usize>local * rowBytes;
  if (count === 0 && pull === 0 && spread === NONE && kind <= SEQUENTIAL) {
    // Whatever the precisions are, 0 among them.
    memory.fill(own, 0, rowBytes);
    return true;
  }
  closeSums();
  if (spread !== NONE && kind !== CONFIDENT) takeSpreads();
  addPriors(count, pull);
  const inTurn = kind === SEQUENTIAL && biases;
  let residualSum: f32 = 0, biasPrecision: f32 = 1;
  if (inTurn) {
    const oldBias = load<f32>(own + (<usize>K << 2));
    for (let k = 0; k < K; k++) {
      const sum = load<f32>(entryAt(matrix, K, k));
      store<f32>(factorSums + (<usize>k << 2), sum);
      const rhs = entryAt(matrix, D, k);
      store<f32>(rhs, load<f32>(rhs) - sum * oldBias);
    }
    residualSum = load<f32>(entryAt(matrix, D, K));
    biasPrecision = load<f32>(entryAt(matrix, K, K));
  }
  if (inTurn || (kind <= SEQUENTIAL && !biases)) leaveBiasOut();
  for (let k = 0; k < D; k++) store<f32>(diagonal + (<usize>k << 2), load<f32>(entryAt(matrix, k, k)));
  if (!factorize(matrix, diagonal)) return false;
  if (kind === DRAWN && noise) addNormals(entryAt(matrix, D, 0), columnBytes, D, row, draw, seed);
  backSubstitute(matrix, solution);
  if (inTurn) {
    let sum = residualSum;
    for (let k = 0; k < K; k++) sum -= load<f32>(factorSums + (<usize>k << 2)) * load<f32>(solution + (<usize>k << 2));
    store<f32>(solution + (<usize>K << 2), sum / biasPrecision);
  }
  memory.copy(own, solution, rowBytes);
  if (spread !== NONE) putSpread(local);
  return true;
}

/** The inverse of the matrix, or of its diagonal, which is the optimum of that family. */
function putSpread(local: i32): void {
  const to = ownSpreads + <usize>local * spreadBytes;
  const log = ownLogs + (<usize>local << 2);
  if (spread === DIAGONAL) {
    store<f32>(log, <f32>putVariances(to));
    return;
  }
  store<f32>(log, <f32>-logDeterminant(matrix));
  // What the segments were added up in is free by now.
  invert(matrix, total);
  packTriangle(matrix, to);
}

/** @returns log|Γ|. */
function putVariances(to: usize): f64 {
  let sum: f64 = 0, product: f64 = 1;
  for (let k = 0; k < D; k++) {
    const precision = load<f32>(diagonal + (<usize>k << 2));
    store<f32>(to + (<usize>k << 2), 1 / precision);
    product *= <f64>precision;
    if ((k & 3) === 3 || k === D - 1) {
      sum -= Math.log(product);
      product = 1;
    }
  }
  return sum;
}

/**
 * Solves rows that follow each other.
 *
 * @param start where their ratings start, [rows + 1]; `index` and `value` are those of the first one.
 * @returns the first row, from 0, whose pivots are not all positive; −1 when there is none.
 */
export function solveRows(firstRow: u32, rows: i32, start: usize, index: usize, value: usize): i32 {
  let failed = -1;
  for (let row = 0; row < rows; row++) {
    const count = <i32>(load<u32>(start, 4) - load<u32>(start));
    beginRow();
    addRatings(index, value, count);
    if (!finishRow(firstRow + row, row, count) && failed < 0) failed = row;
    start += 4;
    index += <usize>count << 2;
    value += <usize>count * valueBytes;
  }
  return failed;
}

/** log|Γ| of covariances that come from outside. */
export function takeLogDeterminants(carried: i32, rows: i32, covariances: usize, logDeterminants: usize): void {
  for (let row = 0; row < rows; row++) {
    let log: f64;
    if (carried === DIAGONAL) {
      log = 0;
      for (let k = 0; k < D; k++) log += Math.log(<f64>load<f32>(covariances + (<usize>k << 2)));
    } else {
      memory.fill(matrix, 0, columnBytes * (<usize>columnBlocks << 2));
      unpackTriangle(covariances, matrix, D, SET);
      for (let k = 0; k < D; k++) store<f32>(diagonal + (<usize>k << 2), load<f32>(entryAt(matrix, k, k)));
      log = factorize(matrix, diagonal) ? logDeterminant(matrix) : NaN;
    }
    store<f32>(logDeterminants, <f32>log);
    covariances += spreadBytes;
    logDeterminants += 4;
  }
}
