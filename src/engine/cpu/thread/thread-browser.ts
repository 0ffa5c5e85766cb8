// A computing thread in a browser.

import type { Request } from "../jobs.js";
import { buffersOf, Executor, finish } from "./executor.js";

const executor = new Executor();
self.addEventListener("message", ({ data }: MessageEvent<Request>) => {
  const reply = finish(executor.handle(data));
  self.postMessage(reply, { transfer: buffersOf(reply.given) });
});
