// Ctrl-C and SIGTERM, as `docker stop`, systemd and batch systems send it: what is under way is finished and saved,
// and a second signal ends the process at once.

import { notice } from "./terminal.js";

/** Exit codes of processes that a signal ended, as shells count them. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGUSR2: 140 } as const;

/** The signal that ends ranks in order: mpirun passes it on. */
const FROM_MPIRUN = "SIGUSR2";

/** What ends a command before its time. */
export interface Interrupts {
  readonly signal: AbortSignal;
  /** The exit code of a command that this has ended. */
  readonly code: number;
  /** From now on signals do what they do elsewhere. */
  stop(): void;
}

/**
 * Listens for signals that end a command in order.
 *
 * @param doing what is done now, in the words of a notice.
 * @param isRank whether mpirun has started the process. It ends ranks by SIGTERM, and they end at once: it kills those
 *   that do not. One that does not end with 0 takes the others with it, while the first may still be writing.
 */
export function listenForInterrupts(doing: string, isRank = false): Interrupts {
  const controller = new AbortController();
  const names = isRank ? (["SIGINT", FROM_MPIRUN] as const) : (["SIGINT", "SIGTERM"] as const);
  let code = 0;
  // One listener from beginning to end: a signal that comes while one takes the place of another is lost.
  const interrupt = (name: (typeof names)[number]): void => {
    if (controller.signal.aborted) process.exit(CODES[name]);
    if (!isRank) code = CODES[name];
    controller.abort();
    notice(`${doing}; ${name === "SIGINT" ? "press Ctrl-C again to stop" : "a second signal stops it"} at once`);
  };
  for (const name of names) process.on(name, interrupt);
  return {
    signal: controller.signal,
    get code() {
      return code;
    },
    stop() {
      for (const name of names) process.off(name, interrupt);
    },
  };
}
