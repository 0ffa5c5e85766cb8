// How the systems of `als` and `implicit` are solved: factored, or moved on by a few steps of conjugate gradients; and
// which of the two is taken where nothing is said. docs/models.md, "Conjugate gradients".

import type { DeviceInfo } from "../engine/engine.js";
import { checkChoice, checkFactors, checkWhole, completed, MAX_FACTORS } from "./hyperparameters.js";

/** Cholesky's factorization of each row's system, or steps of conjugate gradients from the row's present values. */
export const SOLVERS = ["cholesky", "cg"] as const;
/** Which of them. */
export type Solver = (typeof SOLVERS)[number];

/** The largest number of factors of models that are solved by conjugate gradients. */
export const MAX_FACTORS_CG = 512;

/** What models that have a choice of solver take. */
export interface SolverHyperparameters {
  /**
   * "cholesky" up to 128 factors, "cg" up to 512. Default: what is faster at this number of factors where it is
   * trained.
   */
  readonly solver: Solver;
  /** Steps of "cg" a half-sweep. Default 3. */
  readonly cgSteps: number;
}

/**
 * Numbers of factors from which on "cg" was measured to be faster, to the same held-out figures: docs/performance.md,
 * "Conjugate gradients". On a GPU it was slower at 64 factors and twice as fast at 128.
 */
const FASTER_FROM = {
  als: { cpu: 32, reference: 32, webgpu: 96 },
  implicit: { cpu: 24, reference: 24, webgpu: 96 },
} as const;

type WithSolver = SolverHyperparameters & { readonly factors: number };

/**
 * The defaults overwritten by what is given, with a solver that goes as far as the factors where none is given: nothing
 * is known here of where it is trained.
 *
 * @param least fewest factors.
 * @throws OptionsError for an unknown solver, no steps, or more factors than the solver takes.
 */
export function completedWithSolver<H extends WithSolver>(defaults: H, given: Partial<H>, least = 0): H {
  const { factors = defaults.factors } = given;
  const h = completed({ ...defaults, solver: factors > MAX_FACTORS ? "cg" : "cholesky" }, given);
  checkSolver(h, least);
  return h;
}

/** The hyperparameters with the solver that is faster on an engine, where none is given. */
export const withFasterSolver =
  (model: keyof typeof FASTER_FROM) =>
  <H extends WithSolver>(h: H, given: Partial<H>, { kind }: DeviceInfo): H =>
    given.solver === undefined ? { ...h, solver: h.factors >= FASTER_FROM[model][kind] ? "cg" : "cholesky" } : h;

/** Steps of conjugate gradients, as engines take them. */
export const stepsOf = ({ solver, cgSteps }: SolverHyperparameters): number | undefined => (solver === "cg" ? cgSteps : undefined);

/** The solver in words: "cg, 3 steps". */
export const solverText = ({ solver, cgSteps }: SolverHyperparameters): string =>
  solver === "cg" ? `cg, ${cgSteps} ${cgSteps === 1 ? "step" : "steps"}` : solver;

function checkSolver(h: WithSolver, least: number): void {
  checkChoice("solver", h.solver, SOLVERS);
  checkWhole(h, 1, "cgSteps");
  const { solver, factors } = h;
  const most = solver === "cg" ? MAX_FACTORS_CG : MAX_FACTORS;
  const isForCg = factors > most && factors <= MAX_FACTORS_CG;
  const remedy = isForCg ? `solver "cg" takes up to ${MAX_FACTORS_CG}` : undefined;
  checkFactors(factors, { least, most, where: `with solver "${solver}" `, remedy });
}
