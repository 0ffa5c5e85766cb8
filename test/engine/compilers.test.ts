// What the compilers of cards that are not here say of the kernels: nothing may be spilled from registers to memory.

import { expect, test } from "vitest";
import { countsOf, gramKernelsOf, missingCompilers, missingIntelCompiler } from "../../bench/compilers.js";

const missing = missingCompilers();
const unjudged = missing.length > 0 ? ` (not judged here, without ${missing.join(", ")})` : "";

test.runIf(missing.length === 0)(`no Gram-and-solve kernel spills registers on RDNA 3${unjudged}`, async () => {
  const kernels = gramKernelsOf([10, 64]).filter(({ name }) => !name.includes("sequential") && !name.includes("pulled"));
  expect(kernels.length).toBeGreaterThan(8);
  const counts = await countsOf(kernels, ["navi31"]);
  expect(counts.length).toBe(3 * kernels.length);
  expect(counts.filter(({ spilled }) => spilled > 0)).toEqual([]);
});

const intel = missingIntelCompiler();
const unjudgedByIntel = intel.length > 0 ? ` (not judged here, without ${intel.join(", ")})` : "";

test.runIf(intel.length === 0)(`no Gram-and-solve kernel spills registers on an Intel Arc A770, to K = 86${unjudgedByIntel}`, async () => {
  const kernels = gramKernelsOf([10, 64, 86]).filter(({ name }) => !name.includes("sequential") && !name.includes("pulled"));
  const counts = await countsOf(kernels, ["intel-dg2"]);
  expect(counts.length).toBe(3 * kernels.length);
  expect(counts.filter(({ spilled }) => spilled > 0)).toEqual([]);
});
