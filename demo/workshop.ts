// The page's end of the worker: calls that return promises, and errors that keep their remedy on the way across.

import { proxy, type Remote, transferHandlers, wrap } from "comlink";
import type { Workshop } from "./training-worker.js";
import { carryRemedies } from "./failure.js";

export type RemoteWorkshop = Remote<Workshop>;

/** A callback that the worker may call. */
export const called = proxy;

export function openWorkshop(): RemoteWorkshop {
  carryRemedies(transferHandlers);
  return wrap<Workshop>(new Worker(new URL("./training-worker.ts", import.meta.url), { type: "module", name: "tastespace" }));
}
