// What models do where nothing is said, in the words of help.

import { MODEL_NAMES, type ModelName, MODELS } from "../models/registry.js";

/** "10; logistic: 8": the value of the first model, and those of others that have another. */
export function valuesText(values: readonly (readonly [model: ModelName, value: string])[]): string {
  const models = new Map<string, ModelName[]>();
  for (const [model, value] of values) models.set(value, [...(models.get(value) ?? []), model]);
  return [...models].map(([value, own], at) => (at === 0 ? value : `${own.join(", ")}: ${value}`)).join("; ");
}

/** What every model does by default, in words: "20; gibbs, sgd: 100". */
export const defaultOfModels = (of: (definition: (typeof MODELS)[ModelName]) => unknown): string =>
  valuesText(MODEL_NAMES.map((model) => [model, String(of(MODELS[model]))]));
