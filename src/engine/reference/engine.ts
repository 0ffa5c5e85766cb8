// The CPU reference engine: float64, one thread, written to be read. The WebGPU engine is tested against it.

import type { ModelName } from "../../models/registry.js";
import type { DeviceInfo, Engine, Problem, SessionOf } from "../engine.js";
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

export class ReferenceEngine implements Engine {
  readonly info: DeviceInfo = { kind: "cpu", name: "float64 reference", software: true };

  async open<M extends ModelName>(problem: Problem<M>): Promise<SessionOf[M]> {
    return new SESSIONS[problem.model](problem);
  }

  destroy(): void {}
}
