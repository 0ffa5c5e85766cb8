// npm run kernels -- FOLDER [--factors 10,32]: writes the WGSL of every kernel that any model uses, one file each,
// named for the model, K and part.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SIDES } from "../src/engine/engine.js";
import { kernelsOf } from "../src/engine/webgpu/every-kernel.js";
import { MAX_FACTORS } from "../src/models/hyperparameters.js";
import { MODEL_NAMES, MODELS, spreadOf } from "../src/models/registry.js";
import { MAX_FACTORS_CG } from "../src/models/solver.js";

/** Lanes of a subgroup of the kernels that are written for software drivers. */
const SUBGROUPS = { minimum: 8, maximum: 8 };
/** What of a model's hyperparameters chooses other kernels than its defaults do. */
const VARIANTS: Readonly<Record<string, readonly object[]>> = {
  als: [
    { solver: "cholesky" },
    { solver: "cholesky", update: "sequential" },
    { solver: "cholesky", momentum: 0.5 },
    { solver: "cg" },
    { solver: "cg", update: "sequential" },
  ],
  implicit: [{ solver: "cholesky" }, { solver: "cg" }],
  vb: [{ covariance: "full" }, { covariance: "diagonal" }],
  sgd: [{ rate: "adagrad" }, { rate: "shared" }],
  logistic: [{ rate: "adagrad" }, { rate: "shared" }],
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { factors: { type: "string", default: "10,32,64,128" } } });
const [folder] = positionals;
if (folder === undefined) throw new Error("name the folder that the kernels are written to: npm run kernels -- FOLDER");
await mkdir(folder, { recursive: true });
const written = new Set<string>();
for (const model of MODEL_NAMES) {
  for (const factors of values.factors.split(",").map(Number)) {
    const definition = MODELS[model];
    for (const variant of VARIANTS[model] ?? [{}]) {
      if (factors > ("solver" in variant && variant.solver === "cg" ? MAX_FACTORS_CG : MAX_FACTORS)) continue;
      for (const pulls of definition.takesFeatures ? [[], SIDES] : [[]]) {
        const h = definition.complete({ factors, ...variant } as never);
        const use = { factors, spread: spreadOf(model, h as never), operations: { ...definition.operations(h as never, 1), pulls } };
        for (const { name, code } of kernelsOf(use, SUBGROUPS)) {
          const file = `${model} ${name}.wgsl`.replaceAll(" ", "_");
          await writeFile(join(folder, file), code);
          written.add(file);
        }
      }
    }
  }
}
console.log(`${written.size} kernels in ${folder}`);
