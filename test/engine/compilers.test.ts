// What the compilers of cards that are not here say of the kernels: nothing may be spilled from registers to memory, and
// their machine code is what the count of its phases expects.

import { expect, test } from "vitest";
import { gramKernelsOf, hasPhases, judge, missingCompilers, missingIntelCompiler } from "../../bench/compilers.js";
import { everyKernel } from "../../src/engine/webgpu/every-kernel.js";
import type { Kernel } from "../../src/engine/webgpu/device/kernel.js";

const plain = ({ name }: Kernel): boolean => !name.includes("sequential") && !name.includes("pulled");
const full = ({ name }: Kernel): boolean => name.includes(" full ");
const unjudged = (missing: readonly string[]): string => (missing.length > 0 ? ` (not judged here, without ${missing.join(", ")})` : "");

const [missing, missingIntel] = [missingCompilers(), missingIntelCompiler()];
const judged = async (kernels: readonly Kernel[], family: string) => {
  const { rows, phases } = await judge(kernels, [family], hasPhases);
  expect(rows.length).toBeGreaterThanOrEqual(kernels.length);
  return { spilled: rows.filter(({ spilled }) => spilled > 0), phases };
};

for (const [family, card, missingHere] of [
  ["navi31", "RDNA 3", missing],
  ["intel-dg2", "an Intel Arc A770", missingIntel],
] as const) {
  test.runIf(missingHere.length === 0)(`no Gram-and-solve kernel spills registers on ${card}${unjudged(missingHere)}`, async () => {
    // Lanes have one tile up to K = 86, two to 122, then three: there full covariances are too many for Intel's registers.
    const kernels = [
      ...gramKernelsOf([10, 64, 86]).filter(plain),
      ...gramKernelsOf([100, 128]).filter((kernel) => plain(kernel) && !full(kernel)),
    ];
    expect(kernels.length).toBeGreaterThan(20);
    const { spilled, phases } = await judged(kernels, family);
    expect(spilled).toEqual([]);
    // Rows of four lengths of each kernel: the longer, the less its solve weighs. Intel's machine code is not read.
    expect(phases.length).toBe(family === "intel-dg2" ? 0 : 4 * kernels.filter(hasPhases).length);
    for (let at = 0; at < phases.length; at += 4) {
      const shares = phases.slice(at, at + 4).map(({ usefulShare }) => usefulShare);
      expect(shares, phases[at].kernel).toEqual([...shares].sort((a, b) => a - b));
      expect(shares[0], phases[at].kernel).toBeGreaterThan(0.02);
      expect(shares[3], phases[at].kernel).toBeLessThan(1);
    }
  });
}

test.runIf(missingIntel.length === 0)(
  `nor one of sequential updates or of stochastic steps there, at 128 factors${unjudged(missingIntel)}`,
  async () => {
    const narrow = { minimum: 8, maximum: 32 };
    const steps = everyKernel(128, narrow).filter(({ name }) => name.startsWith("sgd-blocks K") && name.endsWith("floats"));
    const sequential = gramKernelsOf([128]).filter(({ name }) => name.includes("sequential"));
    expect([steps.length, sequential.length]).toEqual([8, 2]);
    expect((await judged([...steps, ...sequential], "intel-dg2")).spilled).toEqual([]);
  },
);
