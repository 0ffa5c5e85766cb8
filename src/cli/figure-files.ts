// Figures into a folder, an SVG each.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Figure } from "../report/index.js";
import { count, dim, print } from "./terminal.js";

export async function writeFigures(folder: string, figures: readonly Figure[]): Promise<void> {
  const { standaloneSvg } = await import("../report/index.js");
  await mkdir(folder, { recursive: true });
  for (const figure of figures) await writeFile(join(folder, `${figure.name}.svg`), standaloneSvg(figure));
  print(`${dim("figures")}  ${count(figures.length)} in ${folder}`);
}
