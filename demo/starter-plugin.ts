// A vite plugin: trains the model that the page begins with, and lays it and a list of all files beside the page. What
// was trained is kept under .cache by a hash of the code and the data that made it.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin, type Rolldown } from "vite";
import { inlineAssembly } from "../inline-assembly.js";
import { inlineScript } from "../inline-script.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const CACHE = here("../.cache/starter");
const NAMES = ["starter.safetensors", "starter.json"];

export function starterModel(): Plugin {
  let files: Promise<Record<string, Uint8Array>> | undefined;
  const made = (): Promise<Record<string, Uint8Array>> => (files ??= starterFiles());
  return {
    name: "starter-model",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = NAMES.find((known) => request.url?.split("?")[0].endsWith(`/${known}`));
        if (!name) next();
        else void made().then((all) => response.end(all[name]), next);
      });
    },
    async generateBundle(_, bundle) {
      const all = await made();
      for (const [fileName, source] of Object.entries(all)) this.emitFile({ type: "asset", fileName, source });
      const names = [...new Set([...Object.keys(bundle), ...NAMES])].filter(
        (name) => !name.endsWith(".map") && name !== "isolation-worker.js",
      );
      const version = createHash("sha256").update(names.sort().join()).update(all[NAMES[0]]).digest("hex").slice(0, 16);
      this.emitFile({ type: "asset", fileName: "files.json", source: JSON.stringify({ version, files: ["./", ...names] }) });
    },
  };
}

async function starterFiles(): Promise<Record<string, Uint8Array>> {
  const output = (await build({
    configFile: false,
    logLevel: "warn",
    plugins: [inlineScript(), inlineAssembly()],
    resolve: {
      alias: { "#gpu": here("../src/engine/webgpu/device/gpu-node.ts"), "#workers": here("../src/engine/cpu/workers-node.ts") },
    },
    build: {
      ssr: here("starter.ts"),
      write: false,
      minify: false,
      rolldownOptions: { output: { codeSplitting: false, entryFileNames: "starter.mjs" } },
    },
  })) as Rolldown.RolldownOutput;
  const { code } = output.output[0];
  const folder = join(CACHE, createHash("sha256").update(code).digest("hex").slice(0, 32));
  const kept = NAMES.map((name) => join(folder, name));
  if (!kept.every((path) => existsSync(path))) {
    mkdirSync(folder, { recursive: true });
    const script = join(folder, `starter-${process.pid}.mjs`);
    writeFileSync(script, code);
    const { starterFiles } = (await import(pathToFileURL(script).href)) as { starterFiles: () => Promise<Record<string, Uint8Array>> };
    for (const [name, bytes] of Object.entries(await starterFiles())) {
      // Put in place at once, since several builds may run side by side.
      const unfinished = join(folder, `${name}.${process.pid}`);
      writeFileSync(unfinished, bytes);
      renameSync(unfinished, join(folder, name));
    }
  }
  return Object.fromEntries(NAMES.map((name, at) => [name, readFileSync(kept[at])]));
}
