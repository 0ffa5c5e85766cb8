// Computing on the calling thread, where no worker can be had:
// in slices of some milliseconds, between which events are let in.

import type { Hand } from "./hand.js";
import type { Reply, Request } from "./jobs.js";
import { Executor } from "./thread/executor.js";

const SLICE_MS = 10;

export class CallingThread implements Hand {
  readonly #executor = new Executor();
  #ended = false;

  async ask(request: Request): Promise<Reply> {
    const steps = this.#executor.handle(request);
    let since = performance.now();
    for (;;) {
      if (this.#ended) throw new Error("the engine was destroyed");
      const { done, value } = steps.next();
      if (done) return value;
      if (performance.now() - since < SLICE_MS) continue;
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
  }

  end(): void {
    this.#ended = true;
  }

  kill(): void {
    this.end();
  }
}
