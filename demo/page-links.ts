// A vite plugin: the links at the foot of the page. The guide and the licence lie beside the page; the repository and
// the package are linked as soon as package.json names a repository.

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const FILES = { "guide.txt": "../docs/guide.md", "licence.txt": "../LICENSE" } as const;

export function pageLinks(): Plugin {
  return {
    name: "page-links",
    transformIndexHtml(html) {
      const { name, repository } = JSON.parse(read("../package.json")) as { name: string; repository?: string | { url: string } };
      const url = (typeof repository === "string" ? repository : repository?.url)?.replace(/^git\+/, "").replace(/\.git$/, "");
      const links = [
        ...(url
          ? [
              ["Repository", url],
              ["Package", `https://www.npmjs.com/package/${name}`],
            ]
          : []),
        ["Guide", "./guide.txt"],
        ["Licence", "./licence.txt"],
      ];
      return html.replace("<!--links-->", links.map(([text, href]) => `<a href="${href}">${text}</a>`).join("\n"));
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const known = Object.entries(FILES).find(([file]) => request.url?.split("?")[0].endsWith(`/${file}`));
        if (known) response.setHeader("Content-Type", "text/plain; charset=utf-8").end(read(known[1]));
        else next();
      });
    },
    generateBundle() {
      // A byte order mark tells hosts that name no character set.
      for (const [fileName, path] of Object.entries(FILES)) this.emitFile({ type: "asset", fileName, source: `\uFEFF${read(path)}` });
    },
  };
}
