// Workers of browsers. Their code is inlined, so that they start wherever this was bundled to.

import type { PlatformWorker } from "./hand.js";
import type { Reply, Request } from "./jobs.js";
// eslint-disable-next-line import/default
import script from "./thread/thread-browser.ts?script";

export const processorCores = (): number => navigator.hardwareConcurrency || 1;

/** Pages share memory with their workers only when they are cross-origin isolated. */
export const sharesMemory = (): boolean => typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated;

export function startWorker(): PlatformWorker {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "tastespace" });
  return {
    post: (request: Request, handedOver) => worker.postMessage(request, [...handedOver]),
    listen(onReply, onDeath) {
      worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => onReply(data));
      worker.addEventListener("messageerror", () => onDeath(new Error("a thread's answer could not be read")));
      worker.addEventListener("error", (event) => onDeath(new Error(event.message || "a thread could not be started")));
    },
    hold: () => {},
    end() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
