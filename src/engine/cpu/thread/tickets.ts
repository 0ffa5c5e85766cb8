// What threads share of a job: a counter that they take pieces from, and a barrier. No lock is ever held.

/** Places of the control array. The caller sets `TICKET` to 0 before each job, while all threads are idle. */
const TICKET = 0;
const ARRIVED = 1;
const GENERATION = 2;
export const CONTROL_LENGTH = 16;

/** Looks at the barrier before sleeping: rounds of stochastic steps are short. */
const SPINS = 2000;

export class Tickets {
  readonly #control: Int32Array;
  readonly threads: number;

  constructor(control: Int32Array, threads: number) {
    this.#control = control;
    this.threads = threads;
  }

  /** The next piece's number, each once, from 0. */
  take(): number {
    return Atomics.add(this.#control, TICKET, 1);
  }

  /**
   * Waits for all threads; the counter is at 0 again behind it. When a thread dies, the others are ended from outside.
   */
  meet(): void {
    const control = this.#control;
    if (this.threads === 1) {
      control[TICKET] = 0;
      return;
    }
    const generation = Atomics.load(control, GENERATION);
    if (Atomics.add(control, ARRIVED, 1) === this.threads - 1) {
      Atomics.store(control, ARRIVED, 0);
      Atomics.store(control, TICKET, 0);
      Atomics.add(control, GENERATION, 1);
      Atomics.notify(control, GENERATION);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(control, GENERATION) !== generation) return;
    while (Atomics.load(control, GENERATION) === generation) Atomics.wait(control, GENERATION, generation);
  }
}

/** Starts the counter of the next job. */
export function resetTickets(control: Int32Array): void {
  Atomics.store(control, TICKET, 0);
  Atomics.store(control, ARRIVED, 0);
}
