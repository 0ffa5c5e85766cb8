// The parts of a model, to make another of with some of them changed.

import type { FactorModel, FactorModelParts } from "../../src/models/factor-model.js";

export function partsOf(model: FactorModel): FactorModelParts {
  const { model: name, hyperparameters, parameters, users, items, catalogue, features, statistics, itemCounts, seen, heldOut } = model;
  return { model: name, hyperparameters, parameters, users, items, catalogue, features, statistics, itemCounts, seen, heldOut };
}
