// All kernels of the `cpu` engine, compiled into one WebAssembly module by inline-assembly.ts in the root.

export { setShape, setWeighted } from "./shape";
export {
  addRatings, beginRow, finishRow, setGramScratch, setPriorMatrix, setSystem, solveRows, takeLogDeterminants,
} from "./gram-solve";
export {
  addPart, beginDescent, beginPass, descendRows, finishPass, setDescent, setDescentScratch, setSharedMatrix,
} from "./conjugate-gradients";
export { setFixed, setOwn } from "./half-sweep";
export { addSlopes, beginSlopes, finishSlopes, setSlopes, takeStep } from "./gradient-step";
export { setEpoch, stepRatings } from "./sgd-blocks";
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
export { beginLists, endLists, listPanel, setLists } from "./top-items";
