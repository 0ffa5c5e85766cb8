// tastespace serve: answers over HTTP from a model file, and from the file that takes its place.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Command } from "commander";
import { OptionsError } from "../errors.js";
import { counted } from "../report/words.js";
import { QUESTIONS } from "./http-answers.js";
import { wholeNumber } from "./options.js";
import { invocation } from "./invocation.js";
import { type ServedModel, WatchedModel } from "./served-model.js";
import { dim, notice, print } from "./terminal.js";

interface ServeFlags {
  host: string;
  port: number;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;
const LARGEST_PORT = 65_535;
/** Requests that take longer than this when the server is to stop are cut off. */
const STOP_WITHIN_MS = 10_000;

export function serveCommand(): Command {
  return new Command("serve")
    .description("Answer over HTTP, in JSON. A new model file in the place of the old one is taken up while it runs.")
    .argument("<model>", "a model file")
    .option("--port <n>", "the port; 0 takes any that is free", wholeNumber, 8787)
    .option("--host <name>", "the address to listen on; 0.0.0.0 is open to the network", "127.0.0.1")
    .addHelpText(
      "after",
      `
Paths, by GET with parameters in the address or by POST with a JSON object:
${Object.entries(QUESTIONS)
  .map(([path, { names }]) => `  ${path.padEnd(11)} ${[...names].join(", ")}`)
  .join("\n")}
  /health

Examples:
  tastespace serve model.safetensors
  curl "http://127.0.0.1:8787/recommend?user=42&n=5"
  curl "http://127.0.0.1:8787/recommend" --data '{"rated": [["Toy Story (1995)", 5], ["Heat (1995)", 2]], "alpha": 0.02}'`,
    )
    .action(serve);
}

async function serve(path: string, { host, port }: ServeFlags): Promise<void> {
  if (port < 0 || port > LARGEST_PORT) throw new OptionsError(`--port is ${port}: it must be from 0 to ${LARGEST_PORT}`);
  // Answers go elsewhere: a reader of the words that goes away ends nothing.
  invocation.outputs.inFiles = true;
  const [{ createAdaptorServer }, { httpApp }] = await Promise.all([import("@hono/node-server"), import("./http.js")]);
  const watched = await WatchedModel.open(path, {
    onModel: (served) => print(told(path, served)),
    onRefused: (reason) => notice(`the model from before stays: ${reason}`),
  });
  const app = httpApp(watched, (error) => notice(`a request failed: ${error instanceof Error ? error.stack : String(error)}`));
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const closing = closer(server);
  try {
    await listening(server, host, port);
  } catch (cause) {
    watched.close();
    throw cannotListen(cause as NodeJS.ErrnoException, host, port);
  }
  const { address, port: taken, family } = server.address() as AddressInfo;
  print(told(path, watched.served));
  print(`${dim("serving")}  http://${family === "IPv6" ? `[${address}]` : address}:${taken}`);
  if (!LOOPBACK.test(host)) notice(`${host} is open to the network, and whoever reaches it may ask`);
  await stopSignal();
  watched.close();
  closing();
  await stopped(server);
}

const told = (path: string, { model, written }: ServedModel): string =>
  `${dim("model")}    ${path}, written ${written.toISOString()}: ${model.model}, ${counted(model.users.size, "user")}, ${counted(model.items.size, "item")}`;

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => server.once("error", reject).listen(port, host, resolve));

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program has it",
  EACCES: "this user may not take it",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such host is known",
};

const cannotListen = ({ code, message }: NodeJS.ErrnoException, host: string, port: number): OptionsError =>
  new OptionsError(`${host}:${port} cannot be listened on: ${REASONS[code ?? ""] ?? message}`, {
    remedy: "--port and --host name another; --port 0 takes any port that is free",
  });

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
async function stopSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

/** @returns what makes all answers from then on, those to requests under way too, tell that their connection ends. */
function closer(server: Server): () => void {
  const underWay = new Set<ServerResponse>();
  let isClosing = false;
  server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive &&= !isClosing;
    underWay.add(response);
    response.once("close", () => underWay.delete(response));
  });
  return () => {
    isClosing = true;
    for (const response of underWay) response.shouldKeepAlive = false;
  };
}

/** Takes no more requests, and waits for those that are under way. */
async function stopped(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), STOP_WITHIN_MS);
  // A connection that is kept alive is idle only when its last answer has gone.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(late);
  clearInterval(idle);
}
