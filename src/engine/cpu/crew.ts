// The threads of an engine. They do one job after the other, in the order that jobs come in; a job that all
// take part in is done when the last of them is. When one dies all are ended, since others may wait for it, and
// every wait ends with a DeviceError.

import { DeviceError } from "../../errors.js";
import { CallingThread } from "./calling-thread.js";
import { type Hand, WorkerHand } from "./hand.js";
import type { Job, Reply, Request, SharedArrays, SharedJob, SessionOutline, SoleJob } from "./jobs.js";
import { CONTROL_LENGTH, resetTickets } from "./thread/tickets.js";
import { keepHand, takeHands } from "./spare-hands.js";
import { startWorker } from "#workers";

interface CrewOptions {
  readonly module: WebAssembly.Module;
  /** For the calling thread, which has a memory of its own. */
  readonly unsharedModule: () => Promise<WebAssembly.Module>;
  readonly threads: number;
  /** Whether threads share memory; else there is one. */
  readonly shared: boolean;
  /** Computes on the calling thread when no worker can be started. */
  readonly onNotice: (notice: string) => void;
  /** For tests: as if no worker could be had. */
  readonly withoutWorkers?: boolean | undefined;
}

export class Crew {
  readonly shared: boolean;
  readonly threads: number;
  readonly #control: Int32Array;
  #hands: readonly Hand[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #dead: DeviceError | undefined;
  #sessions = 0;

  private constructor({ threads, shared }: CrewOptions) {
    this.shared = shared;
    this.threads = threads;
    const bytes = 4 * CONTROL_LENGTH;
    this.#control = new Int32Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  }

  /** @throws DeviceError when a thread ends while it starts. */
  static async start(options: CrewOptions): Promise<Crew> {
    try {
      if (options.withoutWorkers) throw new Error("workers are not wanted");
      return await new Crew(options).#begin(options, (crew) => crew.#workerHands());
    } catch (error) {
      const cause = error instanceof DeviceError ? error.cause : error;
      const why = cause instanceof Error ? cause.message : String(cause);
      options.onNotice(`training on the calling thread, slowly and in slices: no worker can be started (${why})`);
      const alone = { ...options, module: await options.unsharedModule(), threads: 1, shared: false };
      return await new Crew(alone).#begin(alone, () => [new CallingThread()]);
    }
  }

  async #begin({ module }: CrewOptions, hands: (crew: Crew) => readonly Hand[]): Promise<Crew> {
    try {
      this.#hands = hands(this);
      const control = this.#control;
      const { threads } = this;
      await Promise.all(this.#hands.map((hand, thread) => hand.ask({ say: "start", start: { module, thread, threads, control } })));
      return this;
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  #workerHands(): readonly WorkerHand[] {
    const hands = takeHands(this.threads);
    try {
      while (hands.length < this.threads) hands.push(new WorkerHand(startWorker()));
    } catch (error) {
      for (const hand of hands) hand.end();
      throw error;
    }
    for (const hand of hands) hand.onDeath = (cause) => this.#die(cause);
    return hands;
  }

  /** @returns the session's number. @throws DeviceError when there is no memory for it. */
  async open(outline: SessionOutline, shared: SharedArrays | undefined): Promise<number> {
    const session = this.#sessions++;
    await this.#submit(() => this.#askAll({ say: "open", session, outline, shared }));
    return session;
  }

  close(session: number): void {
    // Of an engine that is destroyed there is nothing to close.
    this.#submit(() => this.#askAll({ say: "close", session })).catch(() => {});
  }

  /** Has all threads do a job. @returns what each gives. */
  all(session: number, job: SharedJob): Promise<unknown[]> {
    return this.#submit(() => {
      resetTickets(this.#control);
      return this.#askAll({ say: "do", session, job });
    });
  }

  /** Has the first thread do a job. @param handedOver buffers of the job that are not needed any more. */
  one(session: number, job: SoleJob, handedOver: readonly ArrayBuffer[] = []): Promise<unknown> {
    return this.#submit(async () => givenBy(job, await this.#hands[0].ask({ say: "do", session, job }, handedOver)));
  }

  /** Whether a thread has died, or all were ended. */
  get isDead(): boolean {
    return this.#dead !== undefined;
  }

  /** Ends one thread as if it had died. */
  kill(thread: number): void {
    this.#hands[thread].kill();
  }

  /** Keeps threads that nothing waits for, for the next crew. */
  destroy(): void {
    const hands = this.#dead ? [] : this.#hands;
    this.#dead ??= new DeviceError("device-lost", "the cpu engine was destroyed", { remedy: "open an engine anew" });
    for (const hand of hands) {
      if (hand instanceof WorkerHand) keepHand(hand);
      else hand.end();
    }
  }

  async #askAll(request: Request): Promise<unknown[]> {
    const replies = await Promise.all(this.#hands.map((hand) => hand.ask(request)));
    return replies.map((reply) => givenBy(request.say === "do" ? request.job : undefined, reply));
  }

  /** Puts work behind all that was submitted before. */
  #submit<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => {
      if (this.#dead) throw this.#dead;
      try {
        return await work();
      } catch (error) {
        throw this.#dead ?? error;
      }
    });
    this.#last = done.catch(() => {});
    return done;
  }

  #die(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#dead ??= new DeviceError("device-lost", `a thread of the cpu engine ended: ${why}`, {
      cause,
      remedy: "open an engine anew; where memory is short, take fewer threads or factors",
    });
    for (const hand of this.#hands) hand.end();
  }
}

function givenBy(job: Job | undefined, { given, failed }: Reply): unknown {
  if (!failed) return given;
  const what = job ? `the job "${job.do}" failed` : "a session could not be opened";
  throw new DeviceError(failed.outOfMemory ? "out-of-memory" : "device-lost", `${what}: ${failed.message}`, {
    remedy: failed.outOfMemory ? "take fewer factors or threads" : "open an engine anew",
  });
}
