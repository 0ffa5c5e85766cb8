// The demo as hosts serve it, for all test files of a run: it is built when the first of them asks for a file of it.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import demoConfig from "../../demo/vite.config.js";
import { cacheFolder } from "../support/chromium-package.js";

export interface Served {
  /** Where its files lie, as soon as one of them was asked for. */
  readonly folder: string;
  /** By a host that sends the headers of an isolated page. */
  readonly url: string;
  /** By a host that sends nothing but files. */
  readonly plainUrl: string;
}

declare module "vitest" {
  interface ProvidedContext {
    demo: Served;
  }
}

const ROOT = fileURLToPath(new URL("../../demo", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".txt": "text/plain",
  ".png": "image/png",
};
/** What a host may say: that its answers depend on who asks, and that a browser is not to keep them. */
const CAREFUL = { Vary: "Origin", "Cache-Control": "no-store" };

/** Vitest calls this once, before all test files, in the process that starts those in which they run. */
export default async function serveDemo(project: TestProject): Promise<() => void> {
  const folder = join(cacheFolder, "demo");
  let built: Promise<unknown> | undefined;
  project.onTestsRerun(async () => void (built = undefined));
  const vite = join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");
  const make = (): Promise<unknown> =>
    (built ??= promisify(execFile)(process.execPath, [vite, "build", ROOT, "--outDir", folder, "--emptyOutDir", "--logLevel", "warn"], {
      // As visitors get it: Vitest's own word for it would bring the development builds of packages.
      env: { ...process.env, NODE_ENV: "production" },
    }));

  const serve = async (below: string, headers: Record<string, string>) => {
    const server = createServer((request, response) => {
      const path = new URL(request.url!, "http://host").pathname.replace(below, "").replace(/^$/, "index.html");
      const answer = (status: number, content: Uint8Array | string, more?: Record<string, string>): void =>
        void response.writeHead(status, more).end(content);
      make().then(
        () =>
          readFile(join(folder, path)).then(
            (bytes) => answer(200, bytes, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream", ...headers }),
            () => answer(404, ""),
          ),
        (error: Error) => answer(500, `The demo cannot be built: ${error.stack}`),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${below}` };
  };
  const isolating = await serve("/some/path/", demoConfig.preview!.headers as Record<string, string>);
  const plain = await serve("/plain/", CAREFUL);
  project.provide("demo", { folder, url: isolating.url, plainUrl: plain.url });
  return () => {
    for (const { server } of [isolating, plain]) {
      server.close();
      server.closeAllConnections();
    }
  };
}
