// All kernels of the `cpu` engine, compiled into one WebAssembly module by inline-assembly.ts in the root.

export { setShape } from "./shape";
export {
  addRatings, beginRow, finishRow, setFixed, setGramScratch, setOwn, setPriorMatrix, setSystem, solveRows, takeLogDeterminants,
} from "./gram-solve";
export { setRated } from "./predict";
export { squaredErrors } from "./squared-errors";
export { logLosses } from "./log-losses";
export { confidentErrors } from "./confident-errors";
export { averagedErrors } from "./averaged-errors";
export { expectedErrors, setTails } from "./expected-errors";
export { squaredNorms } from "./squared-norms";
export { moments } from "./moments";
export { posteriorSums } from "./posterior-sums";
export { heavyBall } from "./heavy-ball";
