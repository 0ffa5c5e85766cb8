// node docs/run-code.mjs: runs the programs of README.md and code.md, and writes what they print below them. A
// test runs them too, and compares. A program is a block with a file's name behind its language; what it
// prints is the `text` block that follows.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = /^```(\w+) ([\w.-]+)\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;

/** Pages with programs. */
export const PAGES = ["README.md", "docs/code.md"];

/** The programs of a page: name, language, code, and what the page says that they print. */
export const programsOf = (page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(PROGRAM)].map(([block, language, name, code, printed]) => ({ page, block, language, name, code, printed })); // prettier-ignore

/** A folder with the built package in it, and what programs of the same page need. */
export function projectFolder() {
  const folder = mkdtempSync(join(tmpdir(), "tastespace-code-"));
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/tastespace"));
  for (const name of ["pg", "pg-cursor", "@types/node", "vite"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  return folder;
}

/** A program that goes on for ever is given a shorter minute, and ended after so many lines. */
const ENDLESS = { "every-minute.mjs": { from: "60_000", to: "100", lines: 2 } };
/** Where the guide's server is. */
const SERVER = "http://127.0.0.1:8787";

/** Runs a program in a folder and gives what it prints. Throws when it fails. */
export async function runProgram({ name, code }, folder, env = {}) {
  if (code.includes(SERVER)) return await withServer(folder, (url) => runProgram({ name, code: code.replace(SERVER, url) }, folder, env));
  const { from, to, lines } = ENDLESS[name] ?? {};
  writeFileSync(join(folder, name), lines === undefined ? code : code.replace(from, to));
  let file = name;
  if (name.endsWith(".mts")) {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const checked = spawnSync(process.execPath, [compiler, "--strict", "--target", "es2022", "--module", "nodenext", "--types", "node", name], { cwd: folder, encoding: "utf8" }); // prettier-ignore
    if (checked.status !== 0) throw new Error(`${name}\n${checked.stdout}`);
    file = name.replace(/\.mts$/, ".mjs");
  }
  const child = spawn(process.execPath, [file], { cwd: folder, env: { ...process.env, ...env } });
  let [printed, failed] = ["", ""];
  child.stderr.on("data", (text) => (failed += text));
  child.stdout.on("data", (text) => {
    printed += text;
    if (printed.split("\n").length > lines) child.kill();
  });
  const [exitCode, signal] = await once(child, "close");
  if (exitCode !== 0 && signal !== "SIGTERM") throw new Error(`${name} ended with ${exitCode}\n${printed}\n${failed}`);
  return printed;
}

/** Serves a model of the built-in ratings while something runs. */
async function withServer(folder, work) {
  const cli = join(root, "dist/cli.js");
  const model = join(folder, "served.safetensors");
  const trained = spawnSync(process.execPath, [cli, "train", "--device", "cpu", "--out", model], { encoding: "utf8" });
  if (trained.status !== 0) throw new Error(trained.stderr);
  const server = spawn(process.execPath, [cli, "serve", model, "--port", "0"], { env: { ...process.env, NO_COLOR: "1" } });
  try {
    let said = "";
    for await (const text of server.stdout) {
      said += text;
      const url = /serving {2}(\S+)/.exec(said)?.[1];
      if (url) return await work(url);
    }
    throw new Error(`the server ended: ${said}`);
  } finally {
    server.kill();
  }
}

async function main() {
  const folder = projectFolder();
  for (const page of PAGES) {
    for (const program of programsOf(page).filter(({ printed }) => printed !== undefined)) {
      const printed = await runProgram(program, folder);
      const text = readFileSync(join(root, page), "utf8");
      writeFileSync(join(root, page), text.replace(program.block, () => program.block.replace(/```text\n[\s\S]*?^```/m, () => `\`\`\`text\n${printed}\`\`\``))); // prettier-ignore
      process.stdout.write(`${page}: ${program.name}\n`);
    }
  }
  rmSync(folder, { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
