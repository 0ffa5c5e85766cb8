// The parts of a model, to make another of with some of them changed.

import type { FactorModel, FactorModelParts } from "../../src/models/factor-model.js";

/** All but where its ratings came from. */
export const partsOf = (model: FactorModel): FactorModelParts => ({ ...(model as FactorModelParts), source: undefined });
