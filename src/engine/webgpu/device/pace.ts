// Submissions of measured length: long enough to keep the device busy, short enough that no
// watchdog ends them and a page stays smooth.

/** What a submission should take. Windows ends one of two seconds, Chrome one of ten. */
const TARGET_MS = 100;
/** Where the measuring starts: any adapter does more floating-point operations a millisecond. */
const SLOWEST_RATE = 1e6;
/** A rate measured on little work is mostly latency: it may grow by this factor a submission. */
const GROWTH = 8;
/** While one submission runs, the next waits behind it. */
const IN_FLIGHT = 2;

export class Pace {
  readonly #queue: GPUQueue;
  readonly #answer: (done: Promise<unknown>) => Promise<unknown>;
  /** Operations a millisecond. */
  #rate = SLOWEST_RATE;
  #inFlight: Promise<void>[] = [];
  #lastDone = 0;

  /** @param answer waits, but not for ever. */
  constructor(queue: GPUQueue, answer: (done: Promise<unknown>) => Promise<unknown>) {
    this.#queue = queue;
    this.#answer = answer;
  }

  /** Operations that the next submission may have. */
  get most(): number {
    return TARGET_MS * this.#rate;
  }

  /** Submits, and returns when there is room for one more. A device that is lost is not waited for. */
  async submit(commands: GPUCommandBuffer, operations: number): Promise<void> {
    const submitted = performance.now();
    this.#queue.submit([commands]);
    const done = this.#answer(this.#queue.onSubmittedWorkDone()).then(
      () => {
        const now = performance.now();
        const rate = operations / Math.max(0.01, now - Math.max(submitted, this.#lastDone));
        this.#lastDone = now;
        this.#rate = Math.min(GROWTH * this.#rate, Math.max(SLOWEST_RATE, rate));
      },
      () => {},
    );
    this.#inFlight.push(done);
    while (this.#inFlight.length > IN_FLIGHT - 1) await this.#inFlight.shift();
  }
}
