// The page's end of the worker: calls that return promises, and errors that keep their remedy on the way across.

import { proxy, type Remote, transferHandlers, wrap } from "comlink";
import type { Workshop } from "./training-worker.js";
import { carryRemedies } from "./failure.js";

export type RemoteWorkshop = Remote<Workshop>;

/** A callback that the worker may call. */
export const called = proxy;

/**
 * @returns the worker, and what rejects when it cannot be started: calls of it would wait for ever.
 * @throws where there are no workers.
 */
export function openWorkshop(): { workshop: RemoteWorkshop; dead: Promise<never> } {
  carryRemedies(transferHandlers);
  const worker = new Worker(new URL("./training-worker.ts", import.meta.url), { type: "module", name: "tastespace" });
  const dead = new Promise<never>((_, reject) => {
    worker.addEventListener("error", ({ message }) => {
      reject(new Error(message || "the worker of this page did not start: the browser, or something in it, blocks it"));
    });
  });
  return { workshop: wrap<Workshop>(worker), dead };
}
