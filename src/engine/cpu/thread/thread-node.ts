// A computing thread in Node.

import { parentPort } from "node:worker_threads";
import type { Request } from "../jobs.js";
import { buffersOf, Executor, finish } from "./executor.js";

const executor = new Executor();
parentPort!.on("message", (request: Request) => {
  const reply = finish(executor.handle(request));
  parentPort!.postMessage(reply, buffersOf(reply.given));
});
