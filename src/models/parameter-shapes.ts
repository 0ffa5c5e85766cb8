// What precisions and draws are like in a file.

import { triangle } from "../engine/reference/cholesky.js";
import { isNumber, listOf, object, type Shape } from "../shapes.js";

const isPositive: Shape = (value) => isNumber(value) && (value as number) > 0;
const listOfLength =
  (length: number, of: Shape): Shape =>
  (value) =>
    listOf(of)(value) && (value as unknown[]).length === length;

/** Of `vb`: λ, and on each side K precisions of factors and one of biases. */
export const isPrecisions = (K: number): Shape =>
  object({ lambda: isPositive, users: listOfLength(K + 1, isPositive), items: listOfLength(K + 1, isPositive) });

/** Of `gibbs`: λ, and of each side the mean and the packed precision that it was drawn at. */
export function isDraw(K: number): Shape {
  const isPrior = object({ mean: listOfLength(K + 1, isNumber), precision: listOfLength(triangle(K + 1), isNumber) });
  return object({ lambda: isNumber, users: isPrior, items: isPrior });
}
