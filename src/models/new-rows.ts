// How a model solves a new row, the other side fixed: what folding in, explaining and partial fits ask it.

import type { Side, System } from "../engine/engine.js";
import type { Parameters } from "./parameters.js";

/** By linear equations: those of each sample that the parameters hold, whose solutions are averaged; of most, one. */
export interface LinearRows<H> {
  readonly by: "equations";
  /** @throws OptionsError where the parameters hold no sample, and the model is the average of samples. */
  systems(h: H, side: Side, parameters: Parameters): readonly System[];
}

/** At the minimum of ½ Σ precisions x² and a convex loss of the sum of each rating. */
export interface ConvexRows<H> {
  readonly by: "descent";
  /** Of the factors and the bias, [K + 1]. */
  precisions(h: H, side: Side): readonly number[];
  /** Minus the derivative of a rating's loss by its sum, and the second derivative. */
  pull(h: H, rating: number, sum: number): { readonly force: number; readonly curvature: number };
  /** @throws OptionsError where the pulls of the ratings do not explain the row. */
  checkExplained?(h: H): void;
}

export type NewRows<H> = LinearRows<H> | ConvexRows<H>;

/** Of models with one system. */
export const linearRows = <H>(system: (h: H, side: Side, parameters: Parameters) => System): LinearRows<H> => ({
  by: "equations",
  systems: (h, side, parameters) => [system(h, side, parameters)],
});
