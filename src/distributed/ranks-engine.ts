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
import { checkOptions, namesOf, oneOf } from "../options.js";
import type { SeenItems } from "../ratings/seen.js";
import { grouped } from "../shown.js";
import type { Communicator } from "./communicator.js";
import { RanksSession } from "./ranks-session.js";
import { partOf, slicesOfWorkload } from "./slices.js";
import { checkWire, type Wire, WIRES } from "./wire.js";

/** How ranks work together. */
export interface RanksOptions {
  /**
   * How rows travel: "full", every bit of them; "halves", factors in half precision (`als`, `implicit`),
   * which every rank then holds so, for networks that are slow. Results are the same bits on any number
   * of ranks either way. Default "full".
   */
  readonly wire?: Wire | undefined;
}

const RANKS_NAMES = namesOf<RanksOptions>({ wire: oneOf(...WIRES) });

/**
 * Trains on all ranks: each makes one of these around an engine of its own, of the same kind, and makes the same calls.
 */
export class RanksEngine implements Engine {
  readonly info: DeviceInfo;
  readonly #inner: Engine;
  readonly #ranks: Communicator;
  readonly #wire: Wire;

  /** @throws OptionsError for a form of rows that is not known. */
  constructor(inner: Engine, ranks: Communicator, options: RanksOptions = {}) {
    checkOptions("RanksEngine", options, RANKS_NAMES);
    const { wire = "full" } = options;
    this.#inner = inner;
    this.#ranks = ranks;
    this.#wire = wire;
    this.info = wire === "halves" ? { ...inner.info, wire } : inner.info;
  }

  memory(outline: WorkloadOutline): MemoryReport | undefined {
    const { size } = this.#ranks;
    const share = (count: number): number => Math.ceil(count / size);
    return this.#inner.memory({ ...outline, ratings: share(outline.ratings), heldOut: share(outline.heldOut) });
  }

  /**
   * @throws RanksError when there are more ranks than rows;
   *   OptionsError when what is trained cannot do with rounded rows.
   */
  async open(workload: Workload): Promise<Session> {
    const { size, rank } = this.#ranks;
    checkWire(this.#wire, workload);
    if (size === 1 && this.#wire === "full") return await this.#inner.open(workload);
    for (const side of SIDES) {
      const { length: count } = workload.rows[side].biases;
      if (count >= size) continue;
      throw new RanksError(`rank ${count} has no ${side}: there are ${size} ranks, and ${grouped(count)} ${side}`, {
        remedy: `start ${count} ranks at most`,
      });
    }
    const slices = slicesOfWorkload(workload, size);
    const inner = await this.#inner.open(workload.share ? workload : partOf(workload, slices, rank));
    return new RanksSession(inner, this.#ranks, workload, slices, this.#wire);
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
