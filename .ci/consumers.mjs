// npm run consumers -- [NAME...]: the package as other projects take it.
// It is packed, installed into a fresh project per consumer, and built, checked or run there. Needs the npm registry.

import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

const TRAIN = `const { model, device } = await fit(syntheticRatings({ users: 30, items: 20, ratings: 200 }), { model: "als", factors: 2, sweeps: 3 });
console.log("trained on", device.name, model.recommend(1, { n: 2 }).length);
`;
const ESM = `import { fit, save, syntheticRatings } from "tastespace";\n${TRAIN}await save(model, "model.safetensors");\n`;
const COMMON = `const { fit, syntheticRatings } = require("tastespace");\n(async () => { ${TRAIN} })();\n`;
const TYPED = `import { fit, syntheticRatings } from "tastespace";\nimport { readPath, save } from "tastespace/node";\n${TRAIN}await save(model, "model.safetensors");\nexport { readPath };\n`;
const PAGE = `import { fit, syntheticRatings } from "tastespace";\n${TRAIN}`;

const trained = /trained on .+ 2$/m;
const node = (file) => [process.execPath, file];
const bin = (name, ...args) => ["npx", "--no-install", name, ...args];

/** What TypeScript makes of the package, with its own library's types checked. */
const typescript = (version, resolution, skipLibCheck) => ({
  name: `TypeScript ${version}, ${resolution}${skipLibCheck ? "" : ", skipLibCheck off"}`,
  packages: [`typescript@${version}`, "@types/node@20"],
  files: {
    "main.ts": TYPED,
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "es2022",
        module: resolution === "bundler" ? "esnext" : resolution,
        moduleResolution: resolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck,
        types: ["node"],
      },
      files: ["main.ts"],
    }),
  },
  commands: [bin("tsc")],
});

const CONSUMERS = [
  { name: "Node, ES modules", files: { "main.mjs": ESM }, commands: [node("main.mjs")], says: trained },
  { name: "Node, CommonJS", files: { "main.cjs": COMMON }, commands: [node("main.cjs")], says: trained },
  { name: "Bun", packages: ["bun"], files: { "main.mjs": ESM }, commands: [bin("bun", "main.mjs")], says: trained, scripts: true },
  {
    name: "Deno",
    packages: ["deno"],
    files: { "main.mjs": ESM },
    commands: [bin("deno", "run", "-A", "main.mjs")],
    says: trained,
    scripts: true,
  },
  ...["5.6", "latest"].flatMap((version) =>
    ["nodenext", "bundler"].flatMap((resolution) => [true, false].map((skip) => typescript(version, resolution, skip))),
  ),
  {
    name: "esbuild",
    packages: ["esbuild"],
    files: { "main.js": PAGE },
    commands: [bin("esbuild", "main.js", "--bundle", "--format=esm", "--minify", "--outfile=dist/main.js")],
    mostKibibytes: 1024,
  },
  {
    name: "Vite",
    packages: ["vite"],
    files: {
      "index.html": '<script type="module" src="/main.js"></script>',
      "main.js": PAGE,
      "vite.config.js": 'export default { build: { target: "es2022" } };',
    },
    commands: [bin("vite", "build")],
    mostKibibytes: 1024,
  },
  {
    name: "webpack",
    packages: ["webpack", "webpack-cli"],
    files: { "main.js": PAGE },
    commands: [bin("webpack", "--mode", "production", "--entry", "./main.js")],
    mostKibibytes: 1024,
  },
  {
    name: "Next.js",
    packages: ["next", "react", "react-dom"],
    files: {
      "app/layout.jsx": "export default function Layout({ children }) { return <html><body>{children}</body></html>; }",
      "app/page.jsx": `"use client";
import { useState } from "react";
import { fit, syntheticRatings } from "tastespace";
export default function Page() {
  const [name, setName] = useState("");
  const train = async () => setName((await fit(syntheticRatings({ users: 30, items: 20, ratings: 200 }), { model: "als", factors: 2 })).device.name);
  return <button onClick={train}>Train {name}</button>;
}`,
      "app/train/route.js": `import { fit, syntheticRatings } from "tastespace";
export const dynamic = "force-dynamic";
export async function GET() {
${TRAIN}return Response.json({ said: \`trained on \${device.name} \${model.recommend(1, { n: 2 }).length}\` });
}`,
    },
    commands: [bin("next", "build")],
    serves: { command: bin("next", "start", "-p", "4599"), at: "http://127.0.0.1:4599/train", says: /trained on .+ 2"/ },
  },
];

const kibibytes = (folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".js"))
    .reduce((sum, file) => sum + statSync(join(folder, file)).size / 1024, 0);

/** @returns what a served address answers, as soon as it answers. */
async function served({ command, at }, cwd) {
  const server = spawn(command[0], command.slice(1), { cwd, stdio: "ignore", detached: true });
  try {
    for (let tries = 0; tries < 60; tries++) {
      await after(500);
      const answer = await fetch(at).catch(() => undefined);
      if (answer?.ok) return await answer.text();
    }
    throw new Error(`${at} does not answer`);
  } finally {
    process.kill(-server.pid, "SIGTERM");
  }
}

async function take({ packages = [], files, commands, says, serves, mostKibibytes, scripts = false }, tarball, folder) {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  await run("npm", ["install", "--no-audit", "--no-fund", ...(scripts ? [] : ["--ignore-scripts"]), tarball, ...packages], { cwd: folder });
  let said = "";
  for (const [command, ...args] of commands) {
    const { stdout } = await run(command, args, { cwd: folder, maxBuffer: 1 << 26, timeout: 300_000 });
    said += stdout;
  }
  if (says && !says.test(said)) throw new Error(`it said: ${said}`);
  if (serves) {
    const answer = await served(serves, folder);
    if (!serves.says.test(answer)) throw new Error(`it answered: ${answer}`);
  }
  if (!mostKibibytes) return "";
  const size = Math.round(kibibytes(join(folder, "dist")));
  if (size > mostKibibytes) throw new Error(`the bundle has ${size} KiB, more than ${mostKibibytes}`);
  return `${size} KiB`;
}

const place = mkdtempSync(join(tmpdir(), "consumers-"));
const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", place], {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
const tarball = join(place, packed.trim().split("\n").at(-1));
const wanted = process.argv.slice(2);
let failed = 0;
for (const [at, consumer] of CONSUMERS.entries()) {
  if (wanted.length > 0 && !wanted.some((name) => consumer.name.includes(name))) continue;
  const folder = join(place, String(at));
  mkdirSync(folder);
  try {
    console.log(`${consumer.name.padEnd(44)} ${(await take(consumer, tarball, folder)) || "works"}`);
  } catch (error) {
    failed++;
    const text = [error.message, error.stdout, error.stderr].filter(Boolean).join("\n");
    console.log(`${consumer.name.padEnd(44)} FAILS\n  ${text.split("\n").slice(0, 12).join("\n  ")}`);
  }
  rmSync(folder, { recursive: true, force: true });
}
rmSync(place, { recursive: true, force: true });
process.exitCode = failed > 0 ? 1 : 0;
