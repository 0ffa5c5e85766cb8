// One computing thread as the calling thread sees it: it is asked, and it answers in the order it was asked.

import type { Reply, Request } from "./jobs.js";
import { bytesOfPlan } from "./memory-plan.js";

/** Of an engine. */
export const MOST_THREADS = 16;

export interface Hand {
  ask(request: Request, handedOver?: readonly ArrayBuffer[]): Promise<Reply>;
  end(): void;
  /** Ends the thread unasked, as an accident would. */
  kill(): void;
}

/** A worker of whichever platform. */
export interface PlatformWorker {
  post(request: Request, handedOver: readonly ArrayBuffer[]): void;
  /** @param onReply receives what the worker posts; `onDeath` why it ended, once. */
  listen(onReply: (reply: Reply) => void, onDeath: (cause: unknown) => void): void;
  /** Whether the process should wait for it. */
  hold(held: boolean): void;
  end(): void;
}

export class WorkerHand implements Hand {
  readonly #worker: PlatformWorker;
  readonly #asked: { readonly say: Request["say"]; resolve(reply: Reply): void; reject(error: unknown): void }[] = [];
  #dead: unknown;
  /** Is told why the worker ended without being asked to. */
  onDeath: (cause: unknown) => void = () => {};
  /** Bytes of the arrays of all sessions that it was ever told of. */
  sessionBytes = 0;

  constructor(worker: PlatformWorker) {
    this.#worker = worker;
    worker.listen(
      (reply) => {
        this.#asked.shift()?.resolve(reply);
        if (this.#asked.length === 0) worker.hold(false);
      },
      (cause) => {
        if (this.#dead !== undefined) return;
        this.fail(cause);
        this.onDeath(cause);
      },
    );
  }

  ask(request: Request, handedOver: readonly ArrayBuffer[] = []): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead);
      if (this.#asked.length === 0) this.#worker.hold(true);
      this.#asked.push({ say: request.say, resolve, reject });
      if (request.say === "open") this.sessionBytes += bytesOfPlan(request.outline.plan);
      this.#worker.post(request, handedOver);
    });
  }

  /** Whether it is at work on something, or dead. To close a session is no work. */
  get isBusy(): boolean {
    return this.#asked.some(({ say }) => say !== "close") || this.#dead !== undefined;
  }

  /** Ends all waiting, now and from now on. */
  fail(cause: unknown): void {
    this.#dead ??= cause;
    for (const asked of this.#asked.splice(0)) asked.reject(this.#dead);
    this.#worker.end();
  }

  end(): void {
    this.fail(new Error("the engine was destroyed"));
  }

  kill(): void {
    this.#worker.end();
  }
}
