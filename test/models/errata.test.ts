// docs/models.md, "Printed formulas that are wrong": each printed formula against the right one, on the objective or
// bound that it should lower or raise. The feature update's denominator is tested in test/training/features.test.ts.

import { expect, test } from "vitest";
import { triangle } from "../../src/engine/reference/cholesky.js";
import { expectedErrors } from "../../src/engine/reference/expected-errors.js";
import { gramSolve } from "../../src/engine/reference/gram-solve.js";
import { posteriorSums } from "../../src/engine/reference/posterior-sums.js";
import { type RowState, rowState } from "../../src/engine/reference/rows.js";
import { squaredErrors } from "../../src/engine/reference/squared-errors.js";
import { squaredNorms } from "../../src/engine/reference/squared-norms.js";
import { alsHyperparameters, type AlsHyperparameters, alsObjective, alsSystem } from "../../src/models/als.js";
import { rowsOf } from "../../src/models/parameters.js";
import { elbo, vbSystem } from "../../src/models/vb.js";
import { rowOfEach } from "../../src/ratings/csr.js";
import { hotCase, problemOf, vbProblemOf } from "../parity/cases.js";

const K = 3;
const given = { factors: K, lambda: 2.5, tauUsers: 0.8, tauItems: 1.7, gammaUsers: 0.6, gammaItems: 0.9, update: "sequential" } as const;
const problem = problemOf(hotCase(4, 40, 30, 700), given);
const { byUser, initial } = problem;
const h = alsHyperparameters(given);
const items: RowState = { factors: Float64Array.from(initial.itemFactors), biases: Float64Array.from(initial.itemBiases) };
const users = (): RowState => ({ factors: Float64Array.from(initial.userFactors), biases: Float64Array.from(initial.userBiases) });
const ratings = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value };

function objective(state: RowState, of: AlsHyperparameters = h): number {
  const [u, v] = [squaredNorms(state, K, byUser.start, false), squaredNorms(items, K, problem.byItem.start, false)];
  return alsObjective(of, {
    trainSquares: squaredErrors(ratings, K, initial.globalMean, state, items),
    userFactors: u.factors,
    userBiases: u.biases,
    itemFactors: v.factors,
    itemBiases: v.biases,
    featureFactors: 0,
  });
}

const solved = (of: AlsHyperparameters = h): RowState => {
  const state = users();
  gramSolve(alsSystem(of, "users"), "users", byUser, initial.globalMean, state, items);
  return state;
};
const right = objective(solved());

test("u = λ(Σ v vᵀ + τI)⁻¹(λ Σ …), with λ twice, ends above (λ Σ v vᵀ + τI)⁻¹ λ Σ …, which lowers the objective", () => {
  // λ (G + τI)⁻¹ λ b is λ times the solution of the system with precision λ τ, (λ G + λ τ I)⁻¹ λ b, times λ.
  const printed = solved({ ...h, tauUsers: h.lambda * h.tauUsers });
  const state = { factors: printed.factors.map((value) => value * h.lambda), biases: printed.biases };
  expect(right).toBeLessThan(objective(users()));
  expect(objective(state)).toBeGreaterThan(right);
});

test("a prior written N(0, τI), a variance, ends above the precision's optimum", () => {
  const joint = { ...h, update: "joint" } as const;
  const best = objective(solved(joint));
  expect(objective(solved({ ...joint, tauUsers: 1 / h.tauUsers, gammaUsers: 1 / h.gammaUsers }))).toBeGreaterThan(best);
});

test("biases updated inside the loop over an entity's ratings end above one update an entity", () => {
  const state = solved();
  for (let m = 0; m < byUser.count; m++) {
    let [sum, count] = [0, 0];
    for (let at = byUser.start[m]; at < byUser.start[m + 1]; at++) {
      let residual = byUser.value[at] - initial.globalMean - items.biases[byUser.index[at]];
      for (let k = 0; k < K; k++) residual -= state.factors[m * K + k] * items.factors[byUser.index[at] * K + k];
      sum += h.lambda * residual;
      count++;
      // As printed: after every rating, from that rating alone.
      state.biases[m] = (h.lambda * residual) / (h.lambda + h.gammaUsers);
    }
    expect(count === 0 || Number.isFinite(sum)).toBe(true);
  }
  expect(objective(state)).toBeGreaterThan(right);
});

test("(r − u·v)² expands with −2 r u·v + vᵀ u uᵀ v; with +2 vᵀ[u uᵀ]v it is another function", () => {
  const [r, u, v] = [3.5, [0.3, -1.2, 0.7], [0.9, 0.4, -0.2]];
  const dot = u.reduce((sum, value, k) => sum + value * v[k], 0);
  expect(r * r - 2 * r * dot + dot * dot).toBeCloseTo((r - dot) ** 2, 12);
  expect(r * r - 2 * r * dot + 2 * dot * dot).not.toBeCloseTo((r - dot) ** 2, 3);
  // Minimising the printed one, u = (2 Σ v vᵀ + τI)⁻¹ …, ends higher:
  // twice the Gram matrix is half the right-hand side and half τ.
  const halved = solved({ ...h, tauUsers: h.tauUsers / 2 });
  expect(objective({ factors: halved.factors.map((value) => value / 2), biases: halved.biases })).toBeGreaterThan(right);
});

const vb = vbProblemOf(hotCase(4, 40, 30, 700), { factors: K, covariance: "diagonal", lambda: 2.5, tauUsers: 0.8, tauItems: 1.7 });
const posterior = vb.initial.posterior!;
const posteriorOf = (side: "users" | "items"): RowState => rowState(rowsOf({ ...vb.initial, posterior }, side), K, "diagonal");
const bound = (state: RowState, lambda = posterior.precisions.lambda): number => {
  const other = posteriorOf("items");
  const { squares, variances } = expectedErrors({ ...ratings, value: vb.byUser.value }, K, vb.initial.globalMean, lambda, state, other);
  const sums = { ratings: vb.byUser.index.length, expectedSquares: squares + variances, trainSquares: squares };
  return elbo({ ...posterior.precisions, lambda }, { ...sums, users: posteriorSums(state, K), items: posteriorSums(other, K) });
};
const vbSolved = (): RowState => {
  const state = posteriorOf("users");
  const other = posteriorOf("items");
  gramSolve(vbSystem(posterior.precisions, "users"), "users", vb.byUser, vb.initial.globalMean, state, other);
  return state;
};

test("the diagonal family's covariance is diag(c), each c_k its own optimum; one c for all ends lower", () => {
  const state = vbSolved();
  const best = bound(state);
  expect(best).toBeGreaterThan(bound(posteriorOf("users")));
  const D = K + 1;
  const same = structuredClone(state);
  const spread = same.covariances!;
  for (let row = 0; row < vb.byUser.count; row++) {
    const diagonal = Array.from({ length: D }, (_, k) => spread.packed[row * triangle(D) + triangle(k) + k]);
    const mean = diagonal.reduce((sum, c) => sum + c, 0) / D;
    for (let k = 0; k < D; k++) spread.packed[row * triangle(D) + triangle(k) + k] = mean;
    spread.logDeterminants[row] = D * Math.log(mean);
  }
  expect(bound(same)).toBeLessThan(best);
});

test("the ELBO keeps r² and its constants: without them it would prefer ever larger λ or none, with them the best λ is the learned one", () => {
  const state = vbSolved();
  const other = posteriorOf("items");
  const L = vb.byUser.index.length;
  const { squares, variances } = expectedErrors({ ...ratings, value: vb.byUser.value }, K, vb.initial.globalMean, 1, state, other);
  const learned = L / (squares + variances);
  for (const factor of [0.5, 0.8, 1.25, 2]) expect(bound(state, learned * factor)).toBeLessThan(bound(state, learned));
  // As printed, without ½ log(λ/2π) and r²: −½λ (E − Σ r²), which is monotone in λ.
  const withoutSquares = squares + variances - vb.byUser.value.reduce((sum, r) => sum + (r - vb.initial.globalMean) ** 2, 0);
  const printed = (lambda: number): number => -0.5 * lambda * withoutSquares;
  expect(Math.sign(printed(2) - printed(1))).toBe(Math.sign(printed(4) - printed(2)));
});
