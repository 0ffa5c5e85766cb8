// One engine made of several in one process, each with a device of its own:
// they share a training out as ranks do, and meet in memory.

import {
  type BatchStep,
  type DeviceInfo,
  type Engine,
  type EngineState,
  type Epoch,
  type MemoryReport,
  type RowChoice,
  type Rows,
  type RowSlice,
  type ScoredRows,
  type Session,
  type Side,
  type SumRequest,
  type SumResults,
  type System,
  type Which,
  type Workload,
  type WorkloadOutline,
} from "../engine/engine.js";
import { OptionsError } from "../errors.js";
import type { SeenItems } from "../ratings/seen.js";
import type { Communicator } from "./communicator.js";
import { RanksEngine } from "./ranks-engine.js";
import { ranksTogether } from "./together.js";

/** Trains on several engines of one kind at once: what comes out has the same bits as that of one of them. */
export class DevicesEngine implements Engine {
  readonly info: DeviceInfo;
  // Declared only: an engine that cannot be renewed has no such part, not even an undefined one.
  declare readonly renew?: () => Promise<void>;
  readonly #engines: readonly Engine[];

  /** @param engines of one kind; they are destroyed with this one. @throws OptionsError */
  constructor(engines: readonly Engine[]) {
    const [first] = engines;
    if (!first) throw new OptionsError("there is no engine: several make up one");
    const other = engines.find(({ info }) => info.kind !== first.info.kind);
    if (other) {
      throw new OptionsError(`${other.info.kind} and ${first.info.kind} do not make up one engine: they round differently`, {
        remedy: "give engines of one kind",
      });
    }
    this.#engines = engines;
    this.info = engines.length === 1 ? first.info : { ...first.info, name: `${engines.length} times ${first.info.name}` };
    if (engines.every((engine) => typeof engine.renew === "function"))
      this.renew = async () => void (await Promise.all(engines.map(async (engine) => await engine.renew?.())));
  }

  /** Of each of the engines. */
  memory(outline: WorkloadOutline): MemoryReport | undefined {
    const [ranks] = ranksTogether(this.#engines.length);
    return new RanksEngine(this.#engines[0], ranks).memory(outline);
  }

  /** @throws RanksError when there are more engines than rows of a side. */
  async open(workload: Workload): Promise<Session> {
    if (this.#engines.length === 1) return await this.#engines[0].open(workload);
    const ranks = ranksTogether(this.#engines.length);
    const opened = await Promise.allSettled(this.#engines.map((engine, at) => new RanksEngine(engine, ranks[at]).open(workload)));
    const sessions = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const failed = opened.find((each) => each.status === "rejected");
    if (!failed) return new DevicesSession(sessions, ranks);
    for (const session of sessions) session.destroy();
    throw failed.reason;
  }

  /** On the first of the engines. */
  async topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    return await this.#engines[0].topItems(rows, seen, k, alpha);
  }

  destroy(): void {
    for (const engine of this.#engines) engine.destroy();
  }
}

/** Makes every call on all sessions, which hold the same rows: what the first gives, all give. */
class DevicesSession implements Session {
  readonly #sessions: readonly Session[];
  readonly #ranks: readonly Communicator[];

  constructor(sessions: readonly Session[], ranks: readonly Communicator[]) {
    this.#sessions = sessions;
    this.#ranks = ranks;
  }

  async solve(side: Side, system: System, slice?: RowSlice): Promise<void> {
    await this.#all((session) => session.solve(side, system, slice));
  }

  async writePulls(side: Side, pulls: Float64Array): Promise<void> {
    await this.#all((session) => session.writePulls(side, pulls));
  }

  async extrapolate(side: Side, momentum: number): Promise<void> {
    await this.#all((session) => session.extrapolate(side, momentum));
  }

  async batchStep(step: BatchStep): Promise<void> {
    await this.#all((session) => session.batchStep(step));
  }

  async runEpoch(epoch: Epoch): Promise<void> {
    await this.#all((session) => session.runEpoch(epoch));
  }

  async sums<const R extends Readonly<Record<string, SumRequest>>>(requests: R): Promise<SumResults<R>> {
    return await this.#all((session) => session.sums(requests));
  }

  keep(): void {
    for (const session of this.#sessions) session.keep();
  }

  async readRows(side: Side, which?: Which, slice?: RowSlice): Promise<Rows> {
    return await this.#sessions[0].readRows(side, which, slice);
  }

  async writeRows(side: Side, rows: Rows, from?: number): Promise<void> {
    await this.#all((session) => session.writeRows(side, rows, from));
  }

  async readPacked(side: Side, rows: RowChoice): Promise<Float32Array | Float64Array> {
    return await this.#sessions[0].readPacked(side, rows);
  }

  async writePacked(side: Side, rows: RowChoice, packed: Float32Array | Float64Array): Promise<void> {
    await this.#all((session) => session.writePacked(side, rows, packed));
  }

  async readState(): Promise<EngineState> {
    return await this.#all((session) => session.readState());
  }

  async writeState(state: EngineState): Promise<void> {
    await this.#all((session) => session.writeState(state));
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
  }

  /** @throws what the first session threw that failed; the others, which would wait for it, end with it. */
  async #all<T>(call: (session: Session) => Promise<T>): Promise<T> {
    let failure: { error: unknown } | undefined;
    const results = await Promise.all(
      this.#sessions.map(async (session, at) => {
        try {
          return await call(session);
        } catch (error) {
          failure ??= { error };
          this.#ranks[at].abort(1);
          return undefined;
        }
      }),
    );
    if (failure) throw failure.error;
    return results[0] as T;
  }
}
