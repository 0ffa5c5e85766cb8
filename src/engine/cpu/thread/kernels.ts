// What the kernels' module exports, as TypeScript sees it. Addresses are bytes from the memory's beginning.

export interface Kernels {
  setShape(K: number, spread: number): void;
  setWeighted(training: boolean, summed: boolean): void;
  setGramScratch(
    matrix: number,
    total: number,
    staged: number,
    weighed: number,
    spreads: number,
    spreadTotal: number,
    vectors: number,
    priorMatrix: number,
  ): void;
  setSystem(
    kind: number,
    lambda: number,
    globalMean: number,
    confidence: number,
    weighted: boolean,
    biases: boolean,
    noise: boolean,
    seed: number,
    draw: number,
    spread: number,
  ): void;
  setPriorMatrix(packed: number, rhs: number): void;
  setFixed(rows: number, spreads: number): void;
  setOwn(rows: number, pulls: number, spreads: number, logDeterminants: number, velocity: number): void;
  beginRow(): void;
  addRatings(index: number, value: number, count: number): void;
  finishRow(row: number, local: number, count: number): number;
  solveRows(firstRow: number, rows: number, start: number, index: number, value: number): number;
  setDescentScratch(scratch: number, sharedMatrix: number, precisions: number): void;
  setDescent(kind: number, lambda: number, globalMean: number, confidence: number, weighted: boolean, biases: boolean, steps: number): void;
  setSharedMatrix(packed: number): void;
  descendRows(rows: number, start: number, index: number, value: number): void;
  beginDescent(count: number, weight: number): void;
  beginPass(): void;
  addPart(index: number, value: number, count: number): void;
  finishPass(): number;
  takeLogDeterminants(spread: number, rows: number, spreads: number, logDeterminants: number): void;
  setRated(users: number, items: number, userSpreads: number, itemSpreads: number, globalMean: number): void;
  squaredErrors(user: number, item: number, value: number, count: number, sums: number, least: number, most: number): void;
  logLosses(user: number, item: number, value: number, count: number, sums: number): void;
  confidentErrors(user: number, item: number, value: number, count: number, sums: number, confidence: number): void;
  averagedErrors(
    user: number,
    item: number,
    value: number,
    count: number,
    sums: number,
    lambda: number,
    draws: number,
    predictions: number,
    densities: number,
    least: number,
    most: number,
  ): void;
  expectedErrors(user: number, item: number, value: number, count: number, sums: number, lambda: number, spread: number): void;
  setTails(): void;
  squaredNorms(rows: number, weights: number, count: number, sums: number): void;
  moments(rows: number, count: number, scratch: number, sums: number): void;
  posteriorSums(rows: number, spreads: number, logDeterminants: number, count: number, spread: number, sums: number): void;
  setSlopes(slopes: number, errors: number, precisions: number, lambda: number, step: number, momentum: number, biases: boolean): void;
  beginSlopes(): void;
  addSlopes(local: number, index: number, value: number, count: number): void;
  finishSlopes(local: number): void;
  takeStep(rows: number, velocity: number, blocks: number): void;
  setEpoch(
    userShares: number,
    itemShares: number,
    userSquares: number,
    itemSquares: number,
    step: number,
    lambda: number,
    tauUsers: number,
    tauItems: number,
    gammaUsers: number,
    gammaItems: number,
    logistic: boolean,
    biases: boolean,
  ): void;
  stepRatings(user: number, item: number, value: number, count: number): void;
  setLists(
    packedUsers: number,
    packedPanel: number,
    scores: number,
    listScores: number,
    listItems: number,
    lengths: number,
    seenStart: number,
    seenItems: number,
    cursors: number,
    k: number,
  ): void;
  beginLists(rows: number, users: number, alpha: number): void;
  listPanel(rows: number, first: number, count: number, users: number): void;
  endLists(users: number): void;
  heavyBall(rows: number, before: number, blocks: number, momentum: number): void;
}

export const SPREADS = { none: 0, velocity: 0, squares: 0, diagonal: 1, full: 2 } as const;
