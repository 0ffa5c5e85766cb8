// An engine that several ranks make up, each with an engine of its own: what is trained on it does not know.

import {
  type DeviceInfo,
  type Engine,
  type MemoryReport,
  type ScoredRows,
  type Session,
  SIDES,
  type Workload,
  type WorkloadOutline,
} from "../engine/engine.js";
import { RanksError } from "../errors.js";
import type { SeenItems } from "../ratings/seen.js";
import type { Communicator } from "./communicator.js";
import { RanksSession } from "./ranks-session.js";
import { partOf, slicesOfWorkload } from "./slices.js";

/** Trains on all ranks: each makes one of these around an engine of its own, of the same kind, and makes the same calls. */
export class RanksEngine implements Engine {
  readonly info: DeviceInfo;
  readonly #inner: Engine;
  readonly #ranks: Communicator;

  constructor(inner: Engine, ranks: Communicator) {
    this.#inner = inner;
    this.#ranks = ranks;
    this.info = inner.info;
  }

  memory(outline: WorkloadOutline): MemoryReport | undefined {
    const { size } = this.#ranks;
    const share = (count: number): number => Math.ceil(count / size);
    return this.#inner.memory({ ...outline, ratings: share(outline.ratings), heldOut: share(outline.heldOut) });
  }

  /** @throws RanksError when there are more ranks than rows. */
  async open(workload: Workload): Promise<Session> {
    const { size, rank } = this.#ranks;
    if (size === 1) return await this.#inner.open(workload);
    for (const side of SIDES) {
      const { length: count } = workload.rows[side].biases;
      if (count >= size) continue;
      throw new RanksError(`rank ${count} has no ${side}: there are ${size} ranks, and ${count} ${side}`, {
        remedy: `start ${count} ranks at most`,
      });
    }
    const slices = slicesOfWorkload(workload, size);
    const inner = await this.#inner.open(workload.share ? workload : partOf(workload, slices, rank));
    return new RanksSession(inner, this.#ranks, workload, slices);
  }

  /** On each rank for itself. */
  async topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    return await this.#inner.topItems(rows, seen, k, alpha);
  }

  async anyOf(said: boolean): Promise<boolean> {
    const [count] = await this.#ranks.sum(Float64Array.of(said ? 1 : 0));
    return count > 0;
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
