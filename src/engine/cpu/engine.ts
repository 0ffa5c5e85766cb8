// The cpu engine: the operations of engine.ts as WebAssembly SIMD kernels on the threads of the processor.

import { DeviceError } from "../../errors.js";
import { checkOptions, FUNCTION, namesOf, numberAbove, wholeFrom } from "../../options.js";
import { howMany } from "../../shown.js";
import type { SeenItems } from "../../ratings/seen.js";
import type { DeviceInfo, Engine, MemoryReport, ScoredRows, Session, Workload, WorkloadOutline } from "../engine.js";
import { onAnother } from "../on-another.js";
import { Crew } from "./crew.js";
import { MOST_THREADS } from "./hand.js";
import { LARGEST_MEMORY } from "./memory-plan.js";
import { CpuSession } from "./session.js";
import { topItems } from "./top-items.js";
import { hasRelaxedSimd, type KernelBuild, kernelModule } from "./wasm-module.js";
import { processorCores, sharesMemory } from "#workers";

/** How the engine is opened. */
export interface CpuOptions {
  /** Default: one a processor core. At most 16. Results do not depend on it. */
  readonly threads?: number | undefined;
  /**
   * The largest WebAssembly memory a training may have, bytes.
   * Default: 4 GiB, all there is; what does not fit goes through it in pieces.
   */
  readonly memoryBytes?: number | undefined;
  /** Receives a sentence when fewer threads compute than were asked for. */
  readonly onNotice?: ((notice: string) => void) | undefined;
  /** For tests: builds and threads that the engine would not choose by itself. */
  readonly build?: KernelBuild | undefined;
  readonly memory?: "shared" | "own" | undefined;
  readonly workers?: boolean | undefined;
}

const CPU_NAMES = namesOf<CpuOptions>({
  threads: wholeFrom(1),
  memoryBytes: numberAbove(0),
  onNotice: FUNCTION,
  build: true,
  memory: true,
  workers: true,
});

/** Computes with WebAssembly SIMD on all cores: in worker threads in Node, in web workers in browsers. */
export class CpuEngine implements Engine {
  readonly info: DeviceInfo;
  readonly #another: () => Promise<Crew>;
  #crew: Crew;
  #renewed: Promise<void> | undefined;
  #destroyed = false;
  readonly #memoryBytes: number;

  private constructor(crew: Crew, memoryBytes: number, build: KernelBuild, another: () => Promise<Crew>) {
    this.#crew = crew;
    this.#another = another;
    this.#memoryBytes = memoryBytes;
    const simd = build === "relaxed" ? "WebAssembly, relaxed SIMD" : "WebAssembly SIMD";
    this.info = { kind: "cpu", name: `${simd} on ${howMany(crew.threads, "thread")}`, software: true };
  }

  /** @throws DeviceError of code "no-webassembly" where WebAssembly has no SIMD. */
  static async create(options: CpuOptions = {}): Promise<CpuEngine> {
    checkOptions("CpuEngine.create", options, CPU_NAMES);
    const { threads, memoryBytes = LARGEST_MEMORY, onNotice = () => {}, build = hasRelaxedSimd() ? "relaxed" : "simd" } = options;
    const shared = options.memory !== "own" && sharesMemory();
    const wanted = Math.min(threads ?? processorCores(), MOST_THREADS);
    if (shared && wanted < (threads ?? 0)) onNotice(`${wanted} threads compute instead of ${threads}: an engine has no more`);
    if (!shared && (threads ?? 1) > 1 && options.memory !== "own")
      onNotice(`one thread computes instead of ${threads}: memory is shared with workers only on cross-origin isolated pages`);
    const module = await kernelModule(shared, build);
    const unsharedModule = (): Promise<WebAssembly.Module> => kernelModule(false, build);
    const start = (): Promise<Crew> =>
      Crew.start({
        module,
        unsharedModule,
        threads: shared ? wanted : 1,
        shared,
        onNotice,
        withoutWorkers: options.workers === false,
      });
    return new CpuEngine(await start(), Math.min(memoryBytes, LARGEST_MEMORY), build, start);
  }

  memory(_outline: WorkloadOutline): MemoryReport | undefined {
    return undefined;
  }

  async open(workload: Workload): Promise<Session> {
    return await CpuSession.open(this.#crew, workload, this.#memoryBytes);
  }

  async topItems(rows: ScoredRows, seen: SeenItems, k: number, alpha: number): Promise<Uint32Array> {
    return await onAnother(this, () => topItems(this.#crew, rows, seen, k, alpha, this.#memoryBytes));
  }

  /** For tests: ends one thread as if it had died. */
  killThread(thread: number): void {
    this.#crew.kill(thread);
  }

  /** @throws DeviceError when the engine was destroyed. */
  async renew(): Promise<void> {
    if (this.#destroyed) throw new DeviceError("device-lost", "the cpu engine was destroyed", { remedy: "open an engine anew" });
    if (!this.#crew.isDead) return;
    this.#renewed ??= this.#another()
      .then((crew) => void (this.#crew = crew))
      .finally(() => (this.#renewed = undefined));
    await this.#renewed;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#crew.destroy();
  }
}
