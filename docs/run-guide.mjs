// npm run figures [-- PATH]: runs every command of guide.md on ml-latest-small, or on PATH in its place, and takes the
// figures that the documentation shows into docs/figures/. The figures are so made by the very commands that the guide
// explains, and a test runs them too.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const docs = dirname(fileURLToPath(import.meta.url));
const cli = join(docs, "..", "dist", "cli.js");

/** The command lines of a page: those of its ```sh blocks. */
export const commandsOf = (markdown) =>
  [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) => block.split("\n").filter((line) => line.trim() !== ""));

/** Runs a command line of the guide in a folder. Throws when it fails. */
export function runCommand(line, folder) {
  const command = line.replace(/^tastespace /, `"${process.execPath}" "${cli}" `);
  const { status, stdout, stderr } = spawnSync(command, {
    cwd: folder,
    shell: true,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  if (status !== 0) throw new Error(`${line}\nended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Names of the figures that the pages of a folder show. */
export const figuresShown = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/\]\(figures\/([\w-]+\.svg)\)/g)].map(([, figure]) => figure))
    .filter((name, at, all) => all.indexOf(name) === at);

function main(path) {
  const data = existsSync(path) ? resolve(path) : path;
  const folder = join(docs, "..", ".cache", "guide");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const line of commandsOf(readFileSync(join(docs, "guide.md"), "utf8"))) {
    process.stdout.write(`\n$ ${line}\n`);
    process.stdout.write(runCommand(line.replaceAll("ml-latest-small", data), folder));
  }
  const into = join(docs, "figures");
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into);
  const shown = figuresShown(docs);
  for (const name of shown) copyFileSync(join(folder, "figures", name), join(into, name));
  process.stdout.write(`\n${shown.length} figures in ${into}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv[2] ?? "ml-latest-small");
