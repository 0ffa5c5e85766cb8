// Threads of engines that were destroyed, kept a while for the next engine: starting threads takes longer than a small
// training does. Here they know no session, and the process does not wait for them.

import { MOST_THREADS, type WorkerHand } from "./hand.js";

/** Milliseconds that they wait for an engine. */
const WAIT = 10_000;
/**
 * A thread whose sessions had more bytes than this, all together, is ended: an idle thread keeps what it does not use
 * any more, since nothing makes it collect its garbage.
 */
const MOST_BYTES = 64 * 2 ** 20;

let spare: WorkerHand[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Keeps a thread that nothing waits for, or ends it. */
export function keepHand(hand: WorkerHand): void {
  if (hand.isBusy || hand.sessionBytes > MOST_BYTES || spare.length >= MOST_THREADS) return hand.end();
  hand.onDeath = () => {
    spare = spare.filter((other) => other !== hand);
  };
  // Where it dies before it answers, it is dropped by its death.
  hand.ask({ say: "forget" }).catch(() => {});
  spare.push(hand);
  clearTimeout(timer);
  timer = setTimeout(() => {
    for (const each of spare.splice(0)) each.end();
  }, WAIT);
  // Node's timers hold its process; browsers' are numbers.
  if (typeof timer === "object") timer.unref();
}

/** @returns `count` threads, or as many as there are. They have to be started anew. */
export function takeHands(count: number): WorkerHand[] {
  return spare.splice(0, count);
}
