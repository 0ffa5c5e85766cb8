// node bench/large-model.mjs FOLDER [USERS]: writes a model of 18 million users with ids that are text, 64 factors, 4.7
// GB, reads it in another process, and compares every number and id. Takes some 10 GB of memory; the file is deleted.

import { spawnSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ALS_DEFAULTS, Catalogue, FactorModel, Ids, load, save } from "../dist/node.js";

const [folder, users = "18000000", part] = process.argv.slice(2);
const M = Number(users);
const [N, K] = [50, 64];
const file = join(folder, "large.safetensors");

/** A number of 24 bits that its place gives. */
const numberAt = (at) => (Math.imul((at % 2 ** 32) | 0, 2654435761) >>> 8) / 2 ** 24 + Math.floor(at / 2 ** 24);
function filled(length, first) {
  const values = new Float32Array(length);
  for (let at = 0; at < length; at++) values[at] = numberAt(first + at);
  return values;
}
const idAt = (user) => `u${user.toString(36)}`;

function model() {
  const ids = new Ids();
  for (let user = 0; user < M; user++) ids.add(idAt(user));
  const parameters = {
    factors: K,
    globalMean: 3,
    userFactors: filled(M * K, 0),
    itemFactors: filled(N * K, 1),
    userBiases: filled(M, 2),
    itemBiases: filled(N, 3),
  };
  return new FactorModel({
    model: "als",
    hyperparameters: { ...ALS_DEFAULTS, factors: K },
    parameters,
    users: ids,
    items: new Ids(Array.from({ length: N }, (_, item) => item)),
    catalogue: new Catalogue([]),
    statistics: { ratings: M, users: M, items: N, mean: 3, minimum: 1, maximum: 5, density: 1 / N },
    itemCounts: new Uint32Array(N).fill(M / N),
    seen: undefined,
  });
}

async function compare() {
  const { parameters, users: ids } = await load(file);
  let different = 0;
  const check = (values, first) => {
    for (let at = 0; at < values.length; at++) if (values[at] !== Math.fround(numberAt(first + at))) different++;
  };
  check(parameters.userFactors, 0);
  check(parameters.itemFactors, 1);
  check(parameters.userBiases, 2);
  check(parameters.itemBiases, 3);
  let ordered = ids.size === M;
  for (let user = 0; user < M; user++)
    if (ids.rawAt(user) !== idAt(user) || (user % 1000 === 0 && ids.indexOf(idAt(user)) !== user)) ordered = false;
  console.log(
    `read: ${parameters.userFactors.length} user factors, ${different} numbers differ, ids ${ordered ? "are" : "ARE NOT"} the same`,
  );
  if (different > 0 || !ordered) process.exitCode = 1;
}

const memory = () => `${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(1)} GiB at most`;

const began = performance.now();
const told = (what) => console.log(`${what} in ${((performance.now() - began) / 1000).toFixed(0)} s, ${memory()}`);

if (part === "write") {
  await save(model(), file);
  told(`written: ${statSync(file).size} bytes`);
} else if (part === "read") {
  await compare();
  told("compared");
} else {
  // One after the other, so that memory is needed for one of them.
  try {
    for (const each of ["write", "read"]) {
      const args = ["--max-old-space-size=8000", fileURLToPath(import.meta.url), folder, users, each];
      process.exitCode ||= spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
    }
  } finally {
    rmSync(file, { force: true });
  }
}
