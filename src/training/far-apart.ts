// Why normal equations had no solution, and what to do: a precision that is 0, or one that float32 loses beside what
// ratings count.

import type { Side } from "../engine/engine.js";
import { definitionOf, type Hyperparameters, type ModelName, tableOf } from "../models/registry.js";
import type { Ratings } from "../ratings/ratings.js";

/**
 * What to do about a row without a solution; undefined where a precision of its side is 0, which leaves rows of few
 * ratings without one.
 *
 * @param h     in the unit of the ratings.
 * @param given what is trained on.
 */
export function remedyForRow(model: ModelName, h: Hyperparameters, given: Ratings, side: Side): string | undefined {
  const known: { readonly [name: string]: unknown } = { ...h };
  const [tau, gamma] = side === "users" ? ["tauUsers", "gammaUsers"] : ["tauItems", "gammaItems"];
  if (known[tau] === 0 || (known[gamma] === 0 && known["biases"] !== false)) return undefined;
  const precision = known[tau];
  const lost = typeof precision === "number" ? `${tau}, which is ${Number(precision.toPrecision(3))},` : "the precisions";
  const beside = definitionOf(model).outweighs?.(h, given) ?? weightOrLambda(given, known["lambda"]);
  if (!beside) return "the precisions are too far apart for float32: give such as are nearer to each other";
  const { said, remedies } = beside;
  const others = [
    ...(precision !== undefined ? [`a larger ${tau}`] : []),
    ...(Object.hasOwn(tableOf(model), "solver") ? ['solver: "cg"'] : []),
  ];
  return `${said}, and float32 loses ${lost} beside it: give ${[...remedies, ...others].join(", or ")}`;
}

/** Undefined where neither is more than 1. */
function weightOrLambda({ weight }: Ratings, lambda: unknown): { said: string; remedies: readonly string[] } | undefined {
  const most = weight?.reduce((largest, one) => Math.max(largest, one), 0) ?? 1;
  if (typeof lambda === "number" && lambda > most)
    return { said: `lambda is ${Number(lambda.toPrecision(3))}`, remedies: ["a smaller lambda"] };
  if (most <= 1) return undefined;
  return {
    said: `the largest of the weights of ratings is ${Number(most.toPrecision(3))}`,
    remedies: ["smaller weights, such as all divided by the same number"],
  };
}
