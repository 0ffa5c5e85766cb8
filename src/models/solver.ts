// How the systems of `als` and `implicit` are solved: factored, or moved on by a few steps of conjugate gradients; and
// which of the two is taken where nothing is said. docs/models.md, "Conjugate gradients".

import type { DeviceInfo } from "../engine/engine.js";
import { howMany } from "../shown.js";
import { checkValue, choice, completed, MAX_FACTORS, type NumberOf, type TableOf, whole } from "./hyperparameters.js";

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

/** Of both in a table. */
export const SOLVER: TableOf<SolverHyperparameters> = {
  solver: choice("cholesky", SOLVERS, {
    placeholder: "kind",
    about: `factor every row's system, or move it by conjugate gradients, up to ${MAX_FACTORS_CG} factors`,
    taken: "the faster one",
  }),
  cgSteps: whole(3, { placeholder: "n", about: "steps of conjugate gradients a half-sweep", least: 1, idleAt: { solver: "cholesky" } }),
};

type WithSolver = SolverHyperparameters & { readonly factors: number };

/**
 * The defaults overwritten by what is given, with a solver that goes as far as the factors where none is given: nothing
 * is known here of where it is trained.
 *
 * @throws OptionsError for an unknown solver, no steps, or more factors than the solver takes.
 */
export function completedWithSolver<H extends WithSolver>(table: TableOf<H>, given: Partial<H>): H {
  const { factors: limits, solver: choices } = table as unknown as TableOf<WithSolver>;
  const { factors = limits.default!, solver = typeof factors === "number" && factors > MAX_FACTORS ? "cg" : "cholesky" } = given;
  checkValue("solver", choices, solver);
  const most = mostFactors(solver);
  const remedy = factors > most && factors <= MAX_FACTORS_CG ? `solver: "cg" takes up to ${MAX_FACTORS_CG}` : limits.remedy!;
  const ofSolver: NumberOf = { ...limits, most, remedy };
  checkValue("factors", ofSolver, factors, `with solver: "${solver}" `);
  return completed(table, { ...given, solver });
}

const mostFactors = (solver: Solver): number => (solver === "cg" ? MAX_FACTORS_CG : MAX_FACTORS);

/**
 * The hyperparameters with the solver that is faster on an engine, where none is given.
 *
 * @param from numbers of factors from which on "cg" was measured to be faster, to the same held-out figures:
 *   docs/performance.md, "Conjugate gradients". On a GPU it was slower at 64 factors and twice as fast at 128; on
 *   software drivers of one it was no faster up to 64, to where a subgroup factors a row, and far faster beyond.
 */
export const withFasterSolver =
  (from: Readonly<Record<DeviceInfo["kind"] | "softwareDriver", number>>) =>
  <H extends WithSolver>(h: H, given: Partial<H>, { kind, software }: DeviceInfo): H => {
    const least = from[kind === "webgpu" && software ? "softwareDriver" : kind];
    return given.solver === undefined ? { ...h, solver: h.factors >= least ? "cg" : "cholesky" } : h;
  };

/** Steps of conjugate gradients, as engines take them. */
export const stepsOf = ({ solver, cgSteps }: SolverHyperparameters): number | undefined => (solver === "cg" ? cgSteps : undefined);

/** Steps of conjugate gradients in words: "cg, 3 steps". */
export const solverText = (steps: number): string => `cg, ${howMany(steps, "step")}`;
