// npm run licences: the licences of all dependencies by the lock file, and what runs when they are installed.
// It fails for a licence that is not on the list, and for a script of our own that installing would run.

import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), "utf8"));

/** What is installed with the package, or bundled into it: licences that ask for their text to be kept, and no more. */
const PERMISSIVE = ["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "BlueOak-1.0.0", "Unlicense", "CC0-1.0"];
/** Tools of development, of which nothing is passed on. */
const TOOLS = [...PERMISSIVE, "Zlib", "MPL-2.0", "Python-2.0", "CC-BY-4.0"];
/** As some packages write it. */
const spelled = (licence) => (licence === "Apache 2.0" ? "Apache-2.0" : licence);

/** Whether one of "A OR B", or all of "A AND B", are on a list. */
function isAllowed(licence, list) {
  const plain = licence.replace(/[()]/g, "");
  return plain.split(" OR ").some((choice) => choice.split(" AND ").every((part) => list.includes(spelled(part.trim()))));
}

const counts = new Map();
const faults = [];
for (const [path, { link, license, dev, hasInstallScript, version }] of Object.entries(read("package-lock.json").packages)) {
  // The package itself, and its own workspaces.
  if (!path.includes("node_modules/") || link) continue;
  const name = `${path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)} ${version}`;
  const side = dev ? "tools" : "passed on";
  if (license === undefined || !isAllowed(license, dev ? TOOLS : PERMISSIVE))
    faults.push(`${name} (${side}): licence ${license ?? "not told"}`);
  const key = `${side.padEnd(10)} ${spelled(license ?? "none")}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
  if (hasInstallScript) console.log(`runs a script when it is installed (${side}): ${name}`);
}
for (const [key, count] of [...counts].sort()) console.log(`${key.padEnd(28)} ${count}`);
const { scripts } = read("package.json");
for (const name of ["preinstall", "install", "postinstall"]) if (name in scripts) faults.push(`package.json has the script ${name}`);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
