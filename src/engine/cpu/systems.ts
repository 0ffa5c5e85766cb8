// Systems as kernels take them: numbers in float32, and priors that are whole matrices packed.

import { OptionsError } from "../../errors.js";
import type { ConfidentSystem, DrawnSystem, Moments, Prior, System } from "../engine.js";
import type { SystemNumbers } from "./jobs.js";

const KINDS = { joint: 0, sequential: 1, confident: 2, drawn: 3 } as const;

/** Where entry (i, j), i ≥ j, of a packed lower triangle stands. */
const entry = (i: number, j: number): number => (i * (i + 1)) / 2 + j;

/** @param others moments of the other side's rows, of systems over all pairs. */
export function systemNumbers(system: System, K: number, others: Moments | undefined): SystemNumbers {
  const shared = { kind: KINDS[system.kind], lambda: 1, confidence: 0, weighted: false, biases: true };
  if (system.kind === "confident") return { ...shared, ...confidentNumbers(system, K, others!), steps: system.steps };
  if (system.kind === "drawn") return { ...shared, ...drawnNumbers(system) };
  const { lambda, weighted, biases, precisions, steps } = system;
  if (precisions.length !== K + 1) throw new OptionsError(`there are ${precisions.length} precisions for ${K} factors and the bias`);
  return { ...shared, lambda, weighted, biases, precisions: Float32Array.from(precisions), steps };
}

/** YᵀY + τ I, with b = 0 as the last equation. */
function confidentNumbers({ confidence, tau }: ConfidentSystem, K: number, { gram }: Moments): Pick<SystemNumbers, "confidence" | "prior"> {
  const D = K + 1;
  const packed = new Float32Array(entry(D, 0));
  for (let i = 0; i < K; i++) for (let j = 0; j <= i; j++) packed[entry(i, j)] = gram[i * D + j] + (i === j ? tau : 0);
  packed[entry(K, K)] = 1;
  return { confidence, prior: { packed, rhs: new Float32Array(D) } };
}

function drawnNumbers({ lambda, prior, noise }: DrawnSystem): Pick<SystemNumbers, "lambda" | "prior" | "noise"> {
  return { lambda, prior: { packed: Float32Array.from(prior.precision), rhs: Float32Array.from(priorRhs(prior)) }, noise };
}

/** Λ m. */
function priorRhs({ mean, precision }: Prior): number[] {
  return mean.map((_, i) => mean.reduce((sum, value, j) => sum + precision[j <= i ? entry(i, j) : entry(j, i)] * value, 0));
}
