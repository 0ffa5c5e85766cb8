// npm start: builds, trains on the built-in ratings and recommends.
// It says so first, since building is silent and takes a while.

import { spawnSync } from "node:child_process";
import process from "node:process";

const FILM = "The Lord of the Rings: The Fellowship of the Ring (2001)";

process.stdout.write(`Tastespace: builds, trains a model on invented ratings of real films, then recommends to somebody who loves\n${FILM}.\n\n`);
const model = "dist/model.safetensors";
for (const [command, ...args] of [
  ["npm", "run", "--silent", "build"],
  [process.execPath, "dist/cli.js", "train", "--model", "vb", "--factors", "16", "--out", model],
  [process.execPath, "dist/cli.js", "recommend", model, "--rated", `${FILM}=5`, "--alpha", "0.5"],
]) {
  const { status } = spawnSync(command, args, { stdio: "inherit", shell: command === "npm" && process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}
