// The CPU reference engine: float64, one thread, written to be read. The WebGPU engine is tested against it.

import type { ModelName } from "../../models/registry.js";
import type { Parameters } from "../../models/parameters.js";
import type { SeenItems } from "../../ratings/seen.js";
import { scoreItems, topScored } from "../../recommend/score.js";
import { type DeviceInfo, type Engine, NO_ITEM, type Problem, type SessionOf } from "../engine.js";
import { ReferenceAlsSession } from "./als.js";
import { ReferenceGibbsSession } from "./gibbs.js";
import { ReferenceGradientSession } from "./gradient.js";
import { ReferenceImplicitSession } from "./implicit.js";
import { ReferenceVbSession } from "./vb.js";

const SESSIONS: { readonly [M in ModelName]: new (problem: Problem<M>) => SessionOf[M] } = {
  als: ReferenceAlsSession,
  vb: ReferenceVbSession,
  gibbs: ReferenceGibbsSession,
  implicit: ReferenceImplicitSession,
  gd: ReferenceGradientSession,
  sgd: ReferenceGradientSession,
  logistic: ReferenceGradientSession,
};

/** The CPU engine: float64, one thread. */
export class ReferenceEngine implements Engine {
  readonly info: DeviceInfo = { kind: "cpu", name: "float64 reference", software: true };

  memory(): undefined {
    return undefined;
  }

  async open<M extends ModelName>(problem: Problem<M>): Promise<SessionOf[M]> {
    return new SESSIONS[problem.model](problem);
  }

  async topItems(parameters: Parameters, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    const { factors: K, userFactors, userBiases } = parameters;
    const lists = new Uint32Array(userBiases.length * k).fill(NO_ITEM);
    for (let user = 0; user < userBiases.length; user++) {
      const left = new Set(seen.items.subarray(seen.start[user], seen.start[user + 1]));
      const scores = scoreItems(userFactors.subarray(user * K, (user + 1) * K), parameters, alpha);
      lists.set(topScored(scores, k, (item) => !left.has(item)), user * k); // prettier-ignore
    }
    return lists;
  }

  destroy(): void {}
}
