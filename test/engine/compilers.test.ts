// What the compilers of cards that are not here say of the kernels: nothing may be spilled from registers to memory.

import { expect, test } from "vitest";
import { countsOf, gramKernelsOf, missingCompilers, missingIntelCompiler } from "../../bench/compilers.js";

for (const [family, card, factors, missing] of [
  ["navi31", "RDNA 3", [10, 64], missingCompilers()],
  // Beyond K = 86 lanes hold four tiles, which are too many there.
  ["intel-dg2", "an Intel Arc A770", [10, 64, 86], missingIntelCompiler()],
] as const) {
  const unjudged = missing.length > 0 ? ` (not judged here, without ${missing.join(", ")})` : "";
  test.runIf(missing.length === 0)(`no Gram-and-solve kernel spills registers on ${card}${unjudged}`, async () => {
    const kernels = gramKernelsOf(factors).filter(({ name }) => !name.includes("sequential") && !name.includes("pulled"));
    expect(kernels.length).toBeGreaterThan(8);
    const counts = await countsOf(kernels, [family]);
    expect(counts.length).toBe(3 * kernels.length);
    expect(counts.filter(({ spilled }) => spilled > 0)).toEqual([]);
  });
}
