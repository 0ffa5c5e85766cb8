// npm start: builds, trains on the built-in ratings and recommends. It says so first, since building is silent and takes a while.

import { spawnSync } from "node:child_process";
import process from "node:process";

process.stdout.write("Tastespace: builds, trains a model on built-in ratings, then recommends for user 1.\n\n");
const model = "dist/model.safetensors";
for (const [command, ...args] of [
  ["npm", "run", "--silent", "build"],
  [process.execPath, "dist/cli.js", "train", "--out", model],
  [process.execPath, "dist/cli.js", "recommend", model, "--user", "1"],
]) {
  const { status } = spawnSync(command, args, { stdio: "inherit", shell: command === "npm" && process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}
