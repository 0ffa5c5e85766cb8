// A vite plugin: `import kernels from "./kernels/index.ts?assembly"` compiles AssemblyScript into WebAssembly, twice,
// and gives both as base64 text: with SIMD128 alone, and with relaxed SIMD for fused multiply-adds. What was compiled
// is kept under .cache by a hash of the sources, so that only a change of them costs the compiler's time.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import type { Plugin } from "vite";

const QUERY = "?assembly";
const CACHE = fileURLToPath(new URL(".cache/assembly", import.meta.url));
// The memory is imported: whoever makes it decides how large it is and whether threads share it.
const OPTIONS = ["-O3", "--enable", "simd", "--runtime", "stub", "--noAssert", "--importMemory", "--maximumMemory", "65536"];
const BUILDS = { simd: [], relaxed: ["--enable", "relaxed-simd"] };

export function inlineAssembly(): Plugin {
  return {
    name: "inline-assembly",
    enforce: "pre",
    resolveId: (source, importer) => (source.endsWith(QUERY) && importer !== undefined ? resolve(dirname(importer), source) : undefined),
    async load(id) {
      if (!id.endsWith(QUERY)) return undefined;
      const entry = id.slice(0, -QUERY.length);
      const sources = readdirSync(dirname(entry))
        .filter((name) => name.endsWith(".ts"))
        .sort()
        .map((name) => join(dirname(entry), name));
      for (const file of sources) this.addWatchFile(file);
      return `export default ${await compiled(entry, sources)};`;
    },
  };
}

/** The builds of an entry, as JSON. */
async function compiled(entry: string, sources: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([asc.version, OPTIONS, BUILDS]));
  for (const file of sources) hash.update(basename(file)).update(readFileSync(file));
  const kept = join(CACHE, `${hash.digest("hex").slice(0, 32)}.json`);
  try {
    return readFileSync(kept, "utf8");
  } catch {
    const builds: Record<string, string> = {};
    for (const [name, flags] of Object.entries(BUILDS)) builds[name] = await compile(entry, flags);
    const json = JSON.stringify(builds);
    mkdirSync(CACHE, { recursive: true });
    // Put in place at once, since several processes may compile the same sources side by side.
    const whole = `${kept}.${process.pid}`;
    writeFileSync(whole, json);
    renameSync(whole, kept);
    return json;
  }
}

async function compile(entry: string, flags: readonly string[]): Promise<string> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([basename(entry), ...OPTIONS, ...flags, "--outFile", "kernels.wasm"], {
    readFile(name, base) {
      try {
        return readFileSync(join(dirname(entry), base === "." ? "" : base, name), "utf8");
      } catch {
        return null;
      }
    },
    writeFile(_, contents) {
      if (contents instanceof Uint8Array) binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`${entry} does not compile:\n${stderr.toString()}`, { cause: error });
  return Buffer.from(binary).toString("base64");
}
