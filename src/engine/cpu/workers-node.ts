// Workers of Node. Their code is inlined, so that they start wherever this was bundled to.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { PlatformWorker } from "./hand.js";
import type { Reply, Request } from "./jobs.js";
// eslint-disable-next-line import/default
import script from "./thread/thread-node.ts?script";

export const processorCores = (): number => availableParallelism();

export const sharesMemory = (): boolean => typeof SharedArrayBuffer === "function";

export function startWorker(): PlatformWorker {
  const worker = new Worker(script, { eval: true, name: "tastespace" });
  worker.unref();
  return {
    post: (request: Request, handedOver) => worker.postMessage(request, [...handedOver]),
    listen(onReply, onDeath) {
      worker.on("message", (reply: Reply) => onReply(reply));
      worker.on("messageerror", onDeath);
      worker.on("error", onDeath);
      worker.on("exit", (code) => onDeath(new Error(`a thread ended with code ${code}`)));
    },
    hold: (held) => (held ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}
