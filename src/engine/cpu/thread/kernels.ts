// What the kernels' module exports, as TypeScript sees it. Addresses are bytes from the memory's beginning.

export interface Kernels {
  setShape(K: number, spread: number): void;
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
  setOwn(rows: number, means: number, spreads: number, logDeterminants: number): void;
  beginRow(): void;
  addRatings(index: number, value: number, count: number): void;
  finishRow(row: number, local: number, count: number): number;
  solveRows(firstRow: number, rows: number, start: number, index: number, value: number): number;
  takeLogDeterminants(spread: number, rows: number, spreads: number, logDeterminants: number): void;
}

export const SPREADS = { none: 0, means: 0, velocity: 0, diagonal: 1, full: 2 } as const;
