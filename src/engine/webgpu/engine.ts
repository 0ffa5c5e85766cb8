// The WebGPU engine: ratings and parameters live on the device, a half-sweep is a list of dispatches, and only sums come back.

import type { ModelName } from "../../models/registry.js";
import type { Parameters } from "../../models/parameters.js";
import type { SeenItems } from "../../ratings/seen.js";
import type { DeviceInfo, Engine, MemoryReport, Problem, ProblemOutline, SessionOf } from "../engine.js";
import { WebGpuAlsSession } from "./als.js";
import { type Device, type GpuOptions, requestDevice } from "./device.js";
import type { GramTuning } from "./gram-kernel.js";
import { WebGpuGibbsSession } from "./gibbs.js";
import { BLOCK_BYTES_PER_RATING, WebGpuGdSession, WebGpuSgdSession } from "./gradient.js";
import { WebGpuImplicitSession } from "./implicit.js";
import { planMemory } from "./memory-plan.js";
import type { Spread } from "./tile-plan.js";
import { topItems } from "./top-items.js";
import { WebGpuVbSession } from "./vb.js";

/** How a GPU engine is opened. */
export interface WebGpuOptions extends GpuOptions {
  readonly tuning?: GramTuning | undefined;
}

const SESSIONS: {
  readonly [M in ModelName]: { open(device: Device, problem: Problem<M>, tuning?: GramTuning): Promise<SessionOf[M]> };
} = {
  als: WebGpuAlsSession,
  vb: WebGpuVbSession,
  gibbs: WebGpuGibbsSession,
  implicit: WebGpuImplicitSession,
  gd: WebGpuGdSession,
  sgd: WebGpuSgdSession,
  logistic: WebGpuSgdSession,
};

/** The GPU engine. */
export class WebGpuEngine implements Engine {
  readonly info: DeviceInfo;
  readonly device: Device;
  readonly #tuning: GramTuning | undefined;

  constructor(device: Device, tuning?: GramTuning) {
    this.device = device;
    this.#tuning = tuning;
    const { kind, name, software } = device.report;
    this.info = { kind, name, software };
  }

  /** @throws DeviceError of code "no-adapter" when WebGPU cannot be had here. */
  static async create(options: WebGpuOptions = {}): Promise<WebGpuEngine> {
    return new WebGpuEngine(await requestDevice({ ...options, matrices: options.tuning?.tensorCores }), options.tuning);
  }

  memory({ hyperparameters, features, ...counts }: ProblemOutline): MemoryReport {
    return planMemory(
      { ...counts, factors: hyperparameters.factors, spread: spreadOf(hyperparameters, features), copyBytes: copyBytesOf(hyperparameters) },
      this.device,
    );
  }

  async open<M extends ModelName>(problem: Problem<M>): Promise<SessionOf[M]> {
    return await this.device.checked("loading the ratings", () => SESSIONS[problem.model].open(this.device, problem, this.#tuning));
  }

  topItems(parameters: Parameters, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    return topItems(this.device, parameters, seen, k, alpha);
  }

  destroy(): void {
    this.device.destroy();
  }
}

/** What the rows of a training carry. */
function spreadOf(hyperparameters: ProblemOutline["hyperparameters"], features: boolean): Spread {
  if ("covariance" in hyperparameters) return hyperparameters.covariance;
  if ("stepSize" in hyperparameters) return "momentum" in hyperparameters ? "velocity" : "none";
  return features ? "means" : "none";
}

/** What stochastic steps keep of every rating beside its CSR. */
const copyBytesOf = (hyperparameters: ProblemOutline["hyperparameters"]): number =>
  "stepSize" in hyperparameters && !("momentum" in hyperparameters) ? BLOCK_BYTES_PER_RATING : 0;
