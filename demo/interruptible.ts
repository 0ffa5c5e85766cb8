// An engine that a person can stop in the middle of a sweep. On the processor, half-sweeps are cut into slices,
// between which messages come in; a GPU that does not end its sweep in time is let go.

import type { Engine, RowSlice, Session, Side, System, Workload } from "../src/index.js";

/** What a slice should take. */
const SLICE_MS = 80;
/** Ratings of the first slice; the next ones are cut by the time that it took. */
const FIRST_SLICE = 100_000;
/** A row costs as much as so many ratings, however few it has. */
const ROW_COST = 4;
/** How long a GPU may go on with its sweep. */
const GRACE_MS = 700;

/**
 * The same engine for one training. Once the signal is given, half-sweeps and sums throw its reason,
 * by which `fit` knows that the sweep was given up and takes the best of those before.
 *
 * @param onOpen given what the engine holds, so that its rows can be read between sweeps.
 */
export function interruptible(engine: Engine, signal: AbortSignal, onOpen: (session: Session) => void = () => {}): Engine {
  return {
    info: engine.info,
    memory: (outline) => engine.memory(outline),
    topItems: (rows, seen, k, alpha) => engine.topItems(rows, seen, k, alpha),
    destroy: () => engine.destroy(),
    open: async (workload) => {
      const isGpu = engine.info.kind === "webgpu";
      const session = isGpu ? await openWithGrace(engine, workload, signal) : sliced(await engine.open(workload), workload, signal);
      onOpen(session);
      return session;
    },
  };
}

async function openWithGrace(engine: Engine, workload: Workload, signal: AbortSignal): Promise<Session> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let giveUp = (): void => {};
  // The driver may be busy for long, and hears of the end only then: nobody waits for that.
  const late = new Promise<never>((_, reject) => {
    giveUp = () => {
      reject(signal.reason as Error);
      engine.destroy();
    };
  });
  late.catch(() => {});
  const onAbort = (): void => void (timer = setTimeout(giveUp, GRACE_MS));
  signal.addEventListener("abort", onAbort);
  const release = (): void => {
    signal.removeEventListener("abort", onAbort);
    clearTimeout(timer);
  };
  try {
    const session = await Promise.race([engine.open(workload), late]);
    return new Proxy(session, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...given: unknown[]): unknown => {
          if (name === "destroy") release();
          const answer: unknown = value.apply(target, given);
          return answer instanceof Promise ? Promise.race([answer, late]) : answer;
        };
      },
    });
  } catch (error) {
    release();
    throw error;
  }
}

function sliced(session: Session, workload: Workload, signal: AbortSignal): Session {
  let most = FIRST_SLICE;
  const solve = async (side: Side, system: System, slice?: RowSlice): Promise<void> => {
    const { start, count } = side === "users" ? workload.byUser : workload.byItem;
    const end = slice?.to ?? count;
    for (let from = slice?.from ?? 0; from < end;) {
      signal.throwIfAborted();
      const to = sliceEnd(start, from, end, most);
      const began = performance.now();
      await session.solve(side, system, { from, to });
      // Reading nothing waits until the slice is done.
      await session.readRows(side, "current", { from: to, to });
      most *= Math.min(4, Math.max(0.25, SLICE_MS / (performance.now() - began)));
      from = to;
      await breath();
    }
    signal.throwIfAborted();
  };
  return withOther(session, {
    solve,
    sums: async (requests) => {
      signal.throwIfAborted();
      return await session.sums(requests);
    },
  });
}

/** The row behind a slice of about so many ratings, one row at least. */
function sliceEnd(start: Uint32Array, from: number, end: number, most: number): number {
  let to = from + 1;
  while (to < end && start[to + 1] - start[from] + ROW_COST * (to + 1 - from) <= most) to++;
  return to;
}

/** The session with some of its methods replaced. */
const withOther = (session: Session, other: Partial<Session>): Session =>
  new Proxy(session, {
    get(target, name) {
      const own = other[name as keyof Session];
      if (own) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });

/** Lets messages in: promises alone do not. */
const breath = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
