// What a computing thread does when it is asked: opens sessions, and does jobs on them. Jobs are generators that pause
// between pieces of some milliseconds; a thread of its own runs them through, the calling thread lets events in.

import type { Job, Reply, Request, ThreadStart } from "../jobs.js";
import { epoch } from "./epoch.js";
import { slopes, takeStep } from "./gradient.js";
import { extrapolate } from "./moves.js";
import { sumRatings } from "./rating-sums.js";
import { sumRows } from "./row-sums.js";
import { readPacked, readRows, writePacked, writeRows } from "./rows.js";
import { solve } from "./solve.js";
import { ThreadSession } from "./thread-session.js";
import { resetTickets } from "./tickets.js";
import { topItems } from "./top-items.js";

export class Executor {
  readonly #sessions = new Map<number, ThreadSession>();
  #start: ThreadStart | undefined;

  /** @returns the reply to a job, pausing in between; other requests are answered by nothing but that they are done. */
  *handle(request: Request): Generator<void, Reply> {
    try {
      switch (request.say) {
        case "start":
          this.#start = request.start;
          return {};
        case "open":
          this.#sessions.set(request.session, new ThreadSession(request.outline, request.shared, this.#start!));
          return {};
        case "close":
          this.#sessions.delete(request.session);
          return {};
        case "forget":
          this.#sessions.clear();
          return {};
        case "do":
          return { given: yield* this.#do(this.#sessions.get(request.session)!, request.job) };
      }
    } catch (error) {
      return { failed: { message: error instanceof Error ? error.message : String(error), outOfMemory: error instanceof RangeError } };
    }
  }

  *#do(session: ThreadSession, job: Job): Generator<void, unknown> {
    const { memory } = session;
    // With one thread the counter is its own.
    if (this.#start!.threads === 1) resetTickets(this.#start!.control);
    switch (job.do) {
      case "load":
        memory.elements(job.field).set(job.values, job.from);
        return undefined;
      case "unload":
        return memory.elements(job.field).slice(job.from, job.from + job.count);
      case "writeRows":
        return yield* writeRows(session, job);
      case "readRows":
        return readRows(session, job);
      case "readPacked":
        return readPacked(session, job);
      case "writePacked":
        return writePacked(session, job);
      case "copyFields":
        for (const [from, to] of job.pairs) memory.elements(to).set(memory.elements(from));
        return undefined;
      case "solve":
        return yield* solve(session, job);
      case "sumRatings":
        return yield* sumRatings(session, job);
      case "sumRows":
        return yield* sumRows(session, job);
      case "extrapolate":
        return yield* extrapolate(session, job);
      case "slopes":
        return yield* slopes(session, job);
      case "takeStep":
        return yield* takeStep(session, job);
      case "epoch":
        return yield* epoch(session, job);
      case "topItems":
        return yield* topItems(session, job);
    }
  }
}

/** Runs a generator to its end. */
export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The buffers of a reply, which are handed over rather than copied. */
export function buffersOf(given: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(given)) return given.buffer instanceof ArrayBuffer ? [given.buffer] : [];
  if (typeof given !== "object" || given === null) return [];
  return Object.values(given).flatMap((value) => (ArrayBuffer.isView(value) ? buffersOf(value) : []));
}
