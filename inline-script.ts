// A vite plugin: `import script from "./thread.ts?script"` gives a module with all that it imports as the text of one
// CommonJS script. A thread can then be started wherever its code was bundled to, in dist/, in tests, or in somebody's
// own bundle, with no file beside it.

import { dirname, resolve } from "node:path";
import { build, type Plugin, type Rolldown } from "vite";

const QUERY = "?script";

export function inlineScript(): Plugin {
  return {
    name: "inline-script",
    enforce: "pre",
    resolveId: (source, importer) => (source.endsWith(QUERY) && importer !== undefined ? resolve(dirname(importer), source) : undefined),
    async load(id) {
      if (!id.endsWith(QUERY)) return undefined;
      const entry = id.slice(0, -QUERY.length);
      const bundle = (await build({
        configFile: false,
        logLevel: "warn",
        build: { ssr: entry, write: false, minify: false, rolldownOptions: { output: { format: "cjs" } } },
      })) as Rolldown.RolldownOutput;
      for (const file of bundle.output[0].moduleIds) this.addWatchFile(file);
      return `export default ${JSON.stringify(bundle.output[0].code)};`;
    },
  };
}
