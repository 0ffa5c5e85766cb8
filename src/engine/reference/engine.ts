// The reference engine: float64, one thread, written to be read. Every other engine is tested against it.

import type { SeenItems } from "../../ratings/seen.js";
import type { DeviceInfo, Engine, ScoredRows, Session, Workload } from "../engine.js";
import { ReferenceSession } from "./session.js";
import { topItems } from "./top-items.js";

/** The reference engine: float64, one thread. */
export class ReferenceEngine implements Engine {
  readonly info: DeviceInfo = { kind: "reference", name: "float64 reference", software: true };

  memory(): undefined {
    return undefined;
  }

  async open(workload: Workload): Promise<Session> {
    return new ReferenceSession(workload);
  }

  async topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    return topItems(rows, seen, k, alpha);
  }

  destroy(): void {}
}
