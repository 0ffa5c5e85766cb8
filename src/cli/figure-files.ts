// Figures into a folder, an SVG each.

import { join } from "node:path";
import { makeFolder, writeDurably } from "../durable-file.js";
import type { Figure } from "../report/index.js";
import { count, dim, print } from "./terminal.js";

export async function writeFigures(folder: string, figures: readonly Figure[]): Promise<void> {
  const { standaloneSvg } = await import("../report/index.js");
  await makeFolder(folder);
  for (const figure of figures) await writeDurably(join(folder, `${figure.name}.svg`), standaloneSvg(figure));
  print(`${dim("figures")}  ${count(figures.length)} in ${folder}`);
}
