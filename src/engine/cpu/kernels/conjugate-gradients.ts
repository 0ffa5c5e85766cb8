// The half-sweep by conjugate gradients: rows are moved a few steps towards the solutions of their systems A x = h,
// and A is never formed. A pass over a row's ratings takes, four at a time, the products y·p of each and adds y times
// what comes of them to A p; rows of y that were multiplied are then still in the nearest cache. Of the last step only
// the curvature p·A p is needed: products alone. A matrix that all rows share is multiplied with four rows' vectors at
// once (`tiles`), so that it is read once for four; what a row gets does not depend on the others. Residuals of long
// rows are added up in segments. Twin: src/engine/reference/conjugate-gradients.ts.

import { fixedRows, ownPulls, ownRows } from "./half-sweep";
import { multiplyAdd, sumOf, zeros } from "./lanes";
import { biasLane, factorLanes, K, rowBlocks, rowBytes, SEGMENT, valueBytes } from "./shape";
import { SET, tiles } from "./tiles";

const SEQUENTIAL: i32 = 1;
const CONFIDENT: i32 = 2;
/** Rows that go side by side. */
const ROWS: i32 = 4;
/** The square of the share of its first residual below which a row stops. */
const SMALLEST_RESIDUAL_SHARE: f64 = 1e-12;

/** What a row's pass is for: A x − h; a step; the last one; the bias at the new factors; nothing more. */
const FIRST: i32 = 0;
const STEP: i32 = 1;
const LAST: i32 = 2;
const BIAS: i32 = 3;
const DONE: i32 = 4;

@unmanaged
class Row {
  pass: i32;
  step: i32;
  count: i32;
  /** Ratings since the sums were last added to the total, and whether there is a total. */
  since: i32;
  hasTotal: bool;
  /** The old bias, which stands with the mean where the bias is solved after the factors. */
  held: f32;
  x: usize;
  /** What it has on its right-hand side beside its ratings; 0: nothing. */
  pull: usize;
  index: usize;
  value: usize;
  /** |r|², the least of it, and a pass's own sum: p·A p, or what the bias is made of. */
  residual: f64;
  smallest: f64;
  sum: f64;
  /** Weights of its ratings together: their number, where they have no weights. */
  weight: f64;
}

// Threads share the module's own memory: what lies there is the same for all.
/** Lanes that are ratings of a quad, by their number: 1 to 4. */
const given: usize = memory.data(64, 16);
/** 1 in the lane of the bias, where it is among the unknowns. */
const ones: usize = memory.data(16, 16);

// The thread's scratch: the rows' states; the last ratings of a row, filled up to a quad, indices and values with
// weights; r, p, A p and its total of each row; the four rows' vectors number by number. And the matrix that all rows
// share.
let states: usize, rest: usize, vectors: usize, packed: usize, sharedMatrix: usize, precisions: usize;
let kind: i32, steps: i32, weighted: bool, joint: bool, inTurn: bool;
let lambda: f32, globalMean: f32, confidence: f32;

/** @param scratch of 1024 bytes and 20 rows. */
export function setDescentScratch(scratch: usize, sharedAt: usize, precisionsAt: usize): void {
  states = scratch;
  rest = scratch + 512;
  vectors = scratch + 1024;
  packed = vectors + 16 * rowBytes;
  sharedMatrix = sharedAt;
  precisions = precisionsAt;
  for (let n = 0; n < 4; n++)
    for (let lane = 0; lane < 4; lane++) store<i32>(given + (<usize>((n << 2) + lane) << 2), lane <= n ? -1 : 0);
}

export function setDescent(systemKind: i32, lambdaValue: f32, mean: f32, alpha: f32, isWeighted: bool, hasBiases: bool, mostSteps: i32): void {
  kind = systemKind;
  lambda = lambdaValue;
  globalMean = mean;
  confidence = alpha;
  weighted = isWeighted;
  inTurn = hasBiases && kind === SEQUENTIAL;
  joint = hasBiases && kind !== SEQUENTIAL && kind !== CONFIDENT;
  steps = mostSteps;
  v128.store(ones, joint ? v128.and(v128.splat<f32>(1), biasLane()) : zeros());
}

/** Both triangles of the matrix that all rows share, from a packed one. */
export function setSharedMatrix(triangle: usize): void {
  memory.fill(sharedMatrix, 0, rowBytes * <usize>K);
  for (let i = 0; i < K; i++) {
    for (let j = 0; j <= i; j++) {
      const value = load<f32>(triangle);
      store<f32>(sharedMatrix + <usize>i * rowBytes + (<usize>j << 2), value);
      store<f32>(sharedMatrix + <usize>j * rowBytes + (<usize>i << 2), value);
      triangle += 4;
    }
  }
}

// @ts-ignore: decorator
@inline
function stateOf(row: i32): Row {
  return changetype<Row>(states + (<usize>row << 7));
}

// @ts-ignore: decorator
@inline
function residualOf(row: i32): usize {
  return vectors + <usize>(row << 2) * rowBytes;
}

// @ts-ignore: decorator
@inline
function directionOf(row: i32): usize {
  return residualOf(row) + rowBytes;
}

// @ts-ignore: decorator
@inline
function imageOf(row: i32): usize {
  return residualOf(row) + 2 * rowBytes;
}

// @ts-ignore: decorator
@inline
function totalOf(row: i32): usize {
  return residualOf(row) + 3 * rowBytes;
}

/** The vector that is multiplied with the ratings. */
// @ts-ignore: decorator
@inline
function multiplied(row: i32): usize {
  const state = stateOf(row);
  return state.pass === FIRST || state.pass === BIAS ? state.x : directionOf(row);
}

/** The last block of ỹ = (y, 1): what is stored there is (y, b). */
// @ts-ignore: decorator
@inline
function lastBlock(at: usize): v128 {
  return v128.or(v128.and(v128.load(at), factorLanes()), v128.load(ones));
}

/** ỹ·p of four ratings. */
// @ts-ignore: decorator
@inline
function products(a: usize, b: usize, c: usize, d: usize, p: usize): v128 {
  let a0 = zeros(), b0 = zeros(), c0 = zeros(), d0 = zeros(), a1 = zeros(), b1 = zeros(), c1 = zeros(), d1 = zeros();
  const last = rowBytes - 16;
  let at: usize = 0;
  for (; at + 16 < last; at += 32) {
    const p0 = v128.load(p + at), p1 = v128.load(p + at, 16);
    a0 = multiplyAdd(v128.load(a + at), p0, a0);
    b0 = multiplyAdd(v128.load(b + at), p0, b0);
    c0 = multiplyAdd(v128.load(c + at), p0, c0);
    d0 = multiplyAdd(v128.load(d + at), p0, d0);
    a1 = multiplyAdd(v128.load(a + at, 16), p1, a1);
    b1 = multiplyAdd(v128.load(b + at, 16), p1, b1);
    c1 = multiplyAdd(v128.load(c + at, 16), p1, c1);
    d1 = multiplyAdd(v128.load(d + at, 16), p1, d1);
  }
  if (at < last) {
    const p0 = v128.load(p + at);
    a0 = multiplyAdd(v128.load(a + at), p0, a0);
    b0 = multiplyAdd(v128.load(b + at), p0, b0);
    c0 = multiplyAdd(v128.load(c + at), p0, c0);
    d0 = multiplyAdd(v128.load(d + at), p0, d0);
  }
  const p1 = v128.load(p + last);
  a0 = v128.add<f32>(a0, multiplyAdd(lastBlock(a + last), p1, a1));
  b0 = v128.add<f32>(b0, multiplyAdd(lastBlock(b + last), p1, b1));
  c0 = v128.add<f32>(c0, multiplyAdd(lastBlock(c + last), p1, c1));
  d0 = v128.add<f32>(d0, multiplyAdd(lastBlock(d + last), p1, d1));
  const ab = v128.add<f32>(v128.shuffle<f32>(a0, b0, 0, 4, 1, 5), v128.shuffle<f32>(a0, b0, 2, 6, 3, 7));
  const cd = v128.add<f32>(v128.shuffle<f32>(c0, d0, 0, 4, 1, 5), v128.shuffle<f32>(c0, d0, 2, 6, 3, 7));
  return v128.add<f32>(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** q + Σ share ỹ over four ratings. */
// @ts-ignore: decorator
@inline
function addShares(q: usize, shares: v128, a: usize, b: usize, c: usize, d: usize): void {
  const s = v128.shuffle<f32>(shares, shares, 0, 0, 0, 0), t = v128.shuffle<f32>(shares, shares, 1, 1, 1, 1);
  const u = v128.shuffle<f32>(shares, shares, 2, 2, 2, 2), v = v128.shuffle<f32>(shares, shares, 3, 3, 3, 3);
  const last = rowBytes - 16;
  for (let at: usize = 0; at < last; at += 16) {
    const ab = multiplyAdd(t, v128.load(b + at), v128.mul<f32>(s, v128.load(a + at)));
    const cd = multiplyAdd(v, v128.load(d + at), v128.mul<f32>(u, v128.load(c + at)));
    v128.store(q + at, v128.add<f32>(v128.load(q + at), v128.add<f32>(ab, cd)));
  }
  const ab = multiplyAdd(t, lastBlock(b + last), v128.mul<f32>(s, lastBlock(a + last)));
  const cd = multiplyAdd(v, lastBlock(d + last), v128.mul<f32>(u, lastBlock(c + last)));
  v128.store(q + last, v128.add<f32>(v128.load(q + last), v128.add<f32>(ab, cd)));
}

/** What four ratings weigh: λ or α|r|, times how often each counts. */
// @ts-ignore: decorator
@inline
function weightsOf(values: v128, counts: v128): v128 {
  const one = kind === CONFIDENT ? v128.mul<f32>(v128.splat<f32>(confidence), v128.abs<f32>(values)) : v128.splat<f32>(lambda);
  return v128.mul<f32>(one, counts);
}

/** The values of four ratings, and how often each counts. */
// @ts-ignore: decorator
@inline
function valuesAt(value: usize): v128 {
  return valueBytes === 8 ? v128.shuffle<f32>(v128.load(value), v128.load(value, 16), 0, 2, 4, 6) : v128.load(value);
}

// @ts-ignore: decorator
@inline
function countsAt(value: usize): v128 {
  return valueBytes === 8 ? v128.shuffle<f32>(v128.load(value), v128.load(value, 16), 1, 3, 5, 7) : v128.splat<f32>(1);
}

/** What four ratings add to h, as multiples of ỹ: λ e, or c p. */
// @ts-ignore: decorator
@inline
function targetsOf(values: v128, weights: v128, held: f32, a: usize, b: usize, c: usize, d: usize): v128 {
  if (kind === CONFIDENT) return v128.and(v128.add<f32>(v128.splat<f32>(1), weights), v128.gt<f32>(values, zeros()));
  const bias = <usize>K << 2;
  let others = v128.splat<f32>(load<f32>(a + bias));
  others = v128.replace_lane<f32>(others, 1, load<f32>(b + bias));
  others = v128.replace_lane<f32>(others, 2, load<f32>(c + bias));
  others = v128.replace_lane<f32>(others, 3, load<f32>(d + bias));
  const apart = v128.sub<f32>(v128.sub<f32>(values, v128.splat<f32>(globalMean)), others);
  return v128.mul<f32>(weights, v128.sub<f32>(apart, v128.splat<f32>(held)));
}

/** Four ratings of a row's pass, or as many of them as there are. */
// @ts-ignore: decorator
@inline
function addQuad(state: Row, p: usize, q: usize, index: usize, value: usize, n: i32): void {
  const a = fixedRows + <usize>load<u32>(index) * rowBytes, b = fixedRows + <usize>load<u32>(index, 4) * rowBytes;
  const c = fixedRows + <usize>load<u32>(index, 8) * rowBytes, d = fixedRows + <usize>load<u32>(index, 12) * rowBytes;
  const values = valuesAt(value);
  const weights = weightsOf(values, countsAt(value));
  const dots = products(a, b, c, d, p);
  let shares = v128.mul<f32>(weights, dots);
  const pass = state.pass;
  if (pass === LAST) shares = v128.mul<f32>(shares, dots);
  else if (pass !== STEP) shares = v128.sub<f32>(shares, targetsOf(values, weights, state.held, a, b, c, d));
  if (n < 4) shares = v128.and(shares, v128.load(given + (<usize>(n - 1) << 4)));
  if (pass >= LAST) state.sum += <f64>sumOf(shares);
  else addShares(q, shares, a, b, c, d);
}

/** Ratings of a row's pass. A row that comes in parts is cut at multiples of four. */
function addRatings(row: i32, index: usize, value: usize, count: i32): void {
  const state = stateOf(row);
  const p = multiplied(row), q = imageOf(row);
  for (; count >= 4; count -= 4) {
    addQuad(state, p, q, index, value, 4);
    index += 16;
    value += valueBytes << 2;
    state.since += 4;
    if (state.since >= SEGMENT && state.pass < LAST) endSegment(state, row);
  }
  if (count === 0) return;
  for (let at = 0; at < 4; at++) {
    const from: usize = at < count ? <usize>at : 0;
    store<u32>(rest + (<usize>at << 2), load<u32>(index + (from << 2)));
    const to = rest + 16 + <usize>at * valueBytes;
    if (valueBytes === 8) store<u64>(to, load<u64>(value + (from << 3)));
    else store<f32>(to, load<f32>(value + (from << 2)));
  }
  addQuad(state, p, q, rest, rest + 16, count);
}

function endSegment(state: Row, row: i32): void {
  const q = imageOf(row), total = totalOf(row);
  for (let at: usize = 0; at < rowBytes; at += 16) {
    const sum = v128.load(q + at);
    v128.store(total + at, state.hasTotal ? v128.add<f32>(v128.load(total + at), sum) : sum);
    v128.store(q + at, zeros());
  }
  state.hasTotal = true;
  state.since = 0;
}

// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize): f64 {
  let even = zeros(), odd = zeros();
  let at: usize = 0;
  for (; at + 16 < rowBytes; at += 32) {
    even = multiplyAdd(v128.load(a + at), v128.load(b + at), even);
    odd = multiplyAdd(v128.load(a + at, 16), v128.load(b + at, 16), odd);
  }
  if (at < rowBytes) even = multiplyAdd(v128.load(a + at), v128.load(b + at), even);
  return <f64>sumOf(v128.add<f32>(even, odd));
}

/** What a prior makes of a row without ratings. */
function solvePrior(x: usize, pull: usize): void {
  for (let k = 0; k <= K; k++) {
    const at = <usize>k << 2;
    const value = load<f32>(pull + at);
    if (value !== 0) store<f32>(x + at, value / load<f32>(precisions + at));
  }
}

/**
 * Begins with a row: `local` is its place in what `setOwn` named. One without ratings is done at once, unless it has a
 * pull and all pairs count.
 */
function begin(row: i32, local: i32, index: usize, value: usize, count: i32, weight: f32): void {
  const state = stateOf(row);
  const x = ownRows + <usize>local * rowBytes;
  state.x = x;
  state.pull = ownPulls === 0 ? 0 : ownPulls + <usize>local * rowBytes;
  state.index = index;
  state.value = value;
  state.count = count;
  state.weight = <f64>weight;
  state.pass = count === 0 && (kind !== CONFIDENT || state.pull === 0) ? DONE : FIRST;
  state.step = 0;
  const bias = x + (<usize>K << 2);
  if (state.pass === DONE) {
    memory.fill(x, 0, rowBytes);
    if (state.pull !== 0) solvePrior(x, state.pull);
    return;
  }
  state.held = inTurn ? load<f32>(bias) : 0;
  if (!joint) store<f32>(bias, 0);
}

/** Puts what the prior, and all pairs, add to A p where the ratings' sum is to be. */
function beginPasses(rows: i32): void {
  let going = 0, only = 0;
  for (let row = 0; row < rows; row++) {
    const state = stateOf(row);
    state.since = 0;
    state.hasTotal = false;
    state.sum = 0;
    if (state.pass >= BIAS) continue;
    going++;
    only = row;
    if (kind === CONFIDENT) continue;
    const p = multiplied(row), q = imageOf(row);
    const weight = v128.splat<f32>(weighted ? <f32>state.weight : 1);
    const pull = state.pass === FIRST ? state.pull : 0;
    // The pull of the bias counts where it is among the unknowns.
    const last = v128.or(factorLanes(), joint ? biasLane() : zeros());
    for (let at: usize = 0; at < rowBytes; at += 16) {
      let held = v128.mul<f32>(v128.mul<f32>(v128.load(precisions + at), weight), v128.load(p + at));
      if (pull !== 0) held = v128.sub<f32>(held, at + 16 === rowBytes ? v128.and(v128.load(pull + at), last) : v128.load(pull + at));
      v128.store(q + at, held);
    }
  }
  if (kind !== CONFIDENT || going === 0) return;
  if (going === 1) multiplyOne(imageOf(only), multiplied(only));
  else {
    packFour(multiplied(0), multiplied(min(1, rows - 1)), multiplied(min(2, rows - 1)), multiplied(min(3, rows - 1)));
    tiles(imageOf(0), 4 * rowBytes, sharedMatrix, rowBytes, packed, 16, K, rowBlocks, SET);
  }
  for (let row = 0; row < rows; row++) {
    const state = stateOf(row);
    if (state.pass === FIRST && state.pull !== 0) takePull(imageOf(row), state.pull);
  }
}

/** The pull of the factors off what stands at `q`. */
function takePull(q: usize, pull: usize): void {
  const last = rowBytes - 16;
  for (let at: usize = 0; at < last; at += 16) v128.store(q + at, v128.sub<f32>(v128.load(q + at), v128.load(pull + at)));
  v128.store(q + last, v128.sub<f32>(v128.load(q + last), v128.and(v128.load(pull + last), factorLanes())));
}

/** Four vectors, number by number. */
function packFour(a: usize, b: usize, c: usize, d: usize): void {
  let to = packed;
  for (let at: usize = 0; at < rowBytes; at += 16) {
    const r0 = v128.load(a + at), r1 = v128.load(b + at), r2 = v128.load(c + at), r3 = v128.load(d + at);
    const ab = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), cd = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const AB = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), CD = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 16);
    v128.store(to, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5), 32);
    v128.store(to, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7), 48);
    to += 64;
  }
}

/** The shared matrix times one vector, each number added up in the order in which `tiles` does. */
function multiplyOne(to: usize, p: usize): void {
  const end = p + (<usize>K << 2);
  let from = sharedMatrix;
  let blocks = rowBlocks;
  for (; blocks >= 8; blocks -= 8) {
    let a = zeros(), b = zeros(), c = zeros(), d = zeros(), e = zeros(), f = zeros(), g = zeros(), h = zeros();
    for (let k = p, row = from; k < end; k += 4, row += rowBytes) {
      const s = v128.load32_splat(k);
      a = multiplyAdd(s, v128.load(row), a);
      b = multiplyAdd(s, v128.load(row, 16), b);
      c = multiplyAdd(s, v128.load(row, 32), c);
      d = multiplyAdd(s, v128.load(row, 48), d);
      e = multiplyAdd(s, v128.load(row, 64), e);
      f = multiplyAdd(s, v128.load(row, 80), f);
      g = multiplyAdd(s, v128.load(row, 96), g);
      h = multiplyAdd(s, v128.load(row, 112), h);
    }
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    v128.store(to, e, 64);
    v128.store(to, f, 80);
    v128.store(to, g, 96);
    v128.store(to, h, 112);
    to += 128;
    from += 128;
  }
  for (; blocks > 0; blocks--) {
    let a = zeros();
    for (let k = p, row = from; k < end; k += 4, row += rowBytes) a = multiplyAdd(v128.load32_splat(k), v128.load(row), a);
    v128.store(to, a);
    to += 16;
    from += 16;
  }
}

/** Takes what a pass was for. */
function endPass(row: i32): void {
  const state = stateOf(row);
  if (state.pass === DONE) return;
  if (state.pass === BIAS) {
    const precision = load<f32>(precisions + (<usize>K << 2)) * (weighted ? <f32>state.weight : 1);
    // What was added up is λ Σ (u·v − e) with e at the old bias.
    const count = <f64>lambda * state.weight;
    const pull: f64 = state.pull === 0 ? 0 : <f64>load<f32>(state.pull + (<usize>K << 2));
    store<f32>(state.x + (<usize>K << 2), <f32>((count * <f64>state.held - state.sum + pull) / (count + <f64>precision)));
    state.pass = DONE;
    return;
  }
  const q = imageOf(row), r = residualOf(row), p = directionOf(row);
  if (state.hasTotal) {
    const total = totalOf(row);
    for (let at: usize = 0; at < rowBytes; at += 16) v128.store(q + at, v128.add<f32>(v128.load(q + at), v128.load(total + at)));
  }
  if (state.pass === FIRST) {
    for (let at: usize = 0; at < rowBytes; at += 16) {
      const left = v128.neg<f32>(v128.load(q + at));
      v128.store(r + at, left);
      v128.store(p + at, left);
    }
    state.residual = dot(r, r);
    state.smallest = state.residual * SMALLEST_RESIDUAL_SHARE;
    next(state, state.residual > state.smallest);
    return;
  }
  const curvature = dot(p, q) + state.sum;
  if (!(curvature > 0)) {
    next(state, false);
    return;
  }
  const length = v128.splat<f32>(<f32>(state.residual / curvature));
  const x = state.x;
  for (let at: usize = 0; at < rowBytes; at += 16) v128.store(x + at, multiplyAdd(length, v128.load(p + at), v128.load(x + at)));
  if (state.pass === LAST) {
    next(state, false);
    return;
  }
  for (let at: usize = 0; at < rowBytes; at += 16)
    v128.store(r + at, v128.sub<f32>(v128.load(r + at), v128.mul<f32>(length, v128.load(q + at))));
  const residual = dot(r, r);
  const turn = v128.splat<f32>(<f32>(residual / state.residual));
  for (let at: usize = 0; at < rowBytes; at += 16) v128.store(p + at, multiplyAdd(turn, v128.load(p + at), v128.load(r + at)));
  state.residual = residual;
  next(state, residual > state.smallest);
}

/** @param onwards whether another step is worth it, where there is one. */
function next(state: Row, onwards: bool): void {
  if (onwards && state.step < steps) {
    state.step++;
    state.pass = state.step === steps ? LAST : STEP;
  } else state.pass = inTurn ? BIAS : DONE;
}

/** Weights of ratings together. */
function weightOf(value: usize, count: i32): f32 {
  if (valueBytes !== 8) return <f32>count;
  let sum: f64 = 0;
  for (let rating = 0; rating < count; rating++) sum += <f64>load<f32>(value + (<usize>rating << 3), 4);
  return <f32>sum;
}

/**
 * Moves rows that follow each other; `index` and `value` are those of the first one's ratings, which start at
 * `start`.
 */
export function descendRows(rows: i32, start: usize, index: usize, value: usize): void {
  for (let first = 0; first < rows; first += ROWS) {
    const side = min(ROWS, rows - first);
    for (let row = 0; row < side; row++) {
      const count = <i32>(load<u32>(start, 4) - load<u32>(start));
      begin(row, first + row, index, value, count, weightOf(value, count));
      start += 4;
      index += <usize>count << 2;
      value += <usize>count * valueBytes;
    }
    for (;;) {
      let going = false;
      for (let row = 0; row < side; row++) going = going || stateOf(row).pass !== DONE;
      if (!going) break;
      beginPasses(side);
      for (let row = 0; row < side; row++) {
        const state = stateOf(row);
        if (state.pass !== DONE) addRatings(row, state.index, state.value, state.count);
        endPass(row);
      }
    }
  }
}

/** Begins with a row whose ratings come in parts, pass by pass. @param weight of all of them together. */
export function beginDescent(count: i32, weight: f32): void {
  begin(0, 0, 0, 0, count, weight);
}

export function beginPass(): void {
  beginPasses(1);
}

export function addPart(index: usize, value: usize, count: i32): void {
  addRatings(0, index, value, count);
}

/** @returns whether there is another pass. */
export function finishPass(): bool {
  endPass(0);
  return stateOf(0).pass !== DONE;
}
