// The rows of a half-sweep: those of the side that moves, in a piece that begins with local row
// 0, and those of the other, fixed one.

export let ownRows: usize = 0, ownPulls: usize = 0, ownSpreads: usize = 0, ownLogs: usize = 0, ownVelocity: usize = 0;
export let fixedRows: usize = 0, fixedSpreads: usize = 0;

/** Addresses are 0 of what rows do not carry. */
export function setOwn(rows: usize, pulls: usize, covariances: usize, logDeterminants: usize, velocity: usize): void {
  ownRows = rows;
  ownPulls = pulls;
  ownSpreads = covariances;
  ownLogs = logDeterminants;
  ownVelocity = velocity;
}

export function setFixed(rows: usize, covariances: usize): void {
  fixedRows = rows;
  fixedSpreads = covariances;
}
