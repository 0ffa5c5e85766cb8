// npm run release:check [-- --all]: whether this commit can be published.
// Every check is run and told, also after one has failed; --all adds what takes minutes. It publishes nothing.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const MOST_BYTES = 3 * 2 ** 20;
/** Files that a package must hold, and beginnings of what it may. */
const REQUIRED = ["README.md", "CHANGELOG.md", "LICENSE", "dist/index.js", "dist/node.js", "dist/cli.js", "dist/types/index.d.ts", "dist/types/node.d.ts", "shaders/gram-solve.wgsl", "docs/models.md"]; // prettier-ignore
const ALLOWED =
  /^(dist\/|shaders\/|data\/|docs\/[\w-]+\.md$|examples\/[\w-]+\.(mjs|sql|md)$|(README|CHANGELOG)\.md$|LICENSE$|package\.json$)/;

/** Runs a command; what it prints is told when it fails. */
function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8", shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`${stdout}${stderr}`.trim().split("\n").slice(-15).join("\n"));
  return stdout;
}

const json = (path) => JSON.parse(readFileSync(`${root}/${path}`, "utf8"));
const { version } = json("package.json");

const CHECKS = {
  "nothing is uncommitted": () => {
    const changed = run("git", "status", "--porcelain");
    if (changed) throw new Error(changed.trim());
  },
  "the version is not tagged yet": () => {
    if (run("git", "tag", "--list", `v${version}`)) throw new Error(`v${version} is a tag`);
  },
  "package-lock.json has the version": () => {
    const locked = json("package-lock.json").version;
    if (locked !== version) throw new Error(`it has ${locked}, and package.json ${version}: run npm install`);
  },
  "CHANGELOG.md has the version, with a date": () => {
    const heading = /^## .*$/m.exec(readFileSync(`${root}/CHANGELOG.md`, "utf8"))?.[0];
    if (!new RegExp(`^## ${version.replaceAll(".", "\\.")} \\(\\d{4}-\\d\\d-\\d\\d\\)$`).test(heading ?? ""))
      throw new Error(`its first heading is "${heading}", and must be "## ${version} (YYYY-MM-DD)"`);
  },
  "types, lint and format": () => run("npm", "run", "--silent", "check"),
  "licences of all dependencies": () => run("npm", "run", "--silent", "licences"),
  "it builds": () => run("npm", "run", "--silent", "build"),
  "the package holds what it should, and no more": () => {
    const [{ files, size }] = JSON.parse(run("npm", "pack", "--dry-run", "--ignore-scripts", "--json"));
    const names = files.map(({ path }) => path);
    const missing = REQUIRED.filter((name) => !names.includes(name));
    const foreign = names.filter((name) => !ALLOWED.test(name));
    if (missing.length > 0) throw new Error(`missing: ${missing.join(", ")}`);
    if (foreign.length > 0) throw new Error(`not to be published: ${foreign.join(", ")}`);
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, more than ${MOST_BYTES}`);
    return `${names.length} files, ${(size / 2 ** 20).toFixed(1)} MiB`;
  },
  "entries and types resolve (publint)": () => run("npx", "--no-install", "publint", "--strict"),
  "entries and types resolve (attw)": () => run("npx", "--no-install", "attw", "--pack", ".", "--profile", "esm-only"),
};
const LONG_CHECKS = {
  "all tests": () => run("npm", "test"),
  "the package in other projects": () => run("npm", "run", "--silent", "consumers"),
  fuzzing: () => run("npm", "run", "--silent", "fuzz"),
  "trainings that are killed": () => run("npm", "run", "--silent", "kills", "--", "10"),
};

let failed = 0;
for (const [name, check] of Object.entries({ ...CHECKS, ...(process.argv.includes("--all") && LONG_CHECKS) })) {
  try {
    const told = check();
    console.log(`passed  ${name}${told && told.length < 60 ? `: ${told.trim()}` : ""}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}\n  ${error.message.replaceAll("\n", "\n  ")}`);
  }
}
console.log(failed === 0 ? `\n${version} can be published: npm publish` : `\n${failed} checks failed`);
process.exitCode = failed > 0 ? 1 : 0;
