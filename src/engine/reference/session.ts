// What the CPU trainings have in common: parameters set aside, and failures of queued work that come out of the next measurement.

import type { Parameters } from "../../models/parameters.js";
import type { SideState } from "./gram-solve.js";

export abstract class ReferenceSession {
  #kept: Parameters | undefined;
  #failure: unknown;

  /** The current parameters, float32. */
  protected abstract parameters(): Parameters;

  /** Does work whose errors are thrown by the next `measure` or `read`, as on a device. */
  protected attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  protected throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  keep(): void {
    this.#kept = this.parameters();
  }

  async read(which: "current" | "kept" = "current"): Promise<Parameters> {
    this.throwFailure();
    return which === "kept" && this.#kept ? this.#kept : this.parameters();
  }

  destroy(): void {}
}

/** Parameters in float32 from the float64 state of both sides. */
export function pointEstimates(factors: number, globalMean: number, users: SideState, items: SideState): Parameters {
  return {
    factors,
    userFactors: Float32Array.from(users.factors),
    userBiases: Float32Array.from(users.biases),
    itemFactors: Float32Array.from(items.factors),
    itemBiases: Float32Array.from(items.biases),
    globalMean,
  };
}
