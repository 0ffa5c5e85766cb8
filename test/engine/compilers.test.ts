// What the compilers of cards that are not here say of the kernels: nothing may be spilled from registers to memory, and
// their machine code is what the count of its phases expects.

import { expect, test } from "vitest";
import { gramKernelsOf, hasPhases, judge, type Judged, missingCompilers } from "../../bench/compilers.js";
import { everyKernel } from "../../src/engine/webgpu/every-kernel.js";
import type { Kernel } from "../../src/engine/webgpu/device/kernel.js";

const plain = ({ name }: Kernel): boolean => !name.includes("sequential") && !name.includes("pulled");
const full = ({ name }: Kernel): boolean => name.includes(" full ");
const unjudged = (missing: readonly string[]): string => (missing.length > 0 ? ` (not judged here, without ${missing.join(", ")})` : "");

const FAMILIES = { navi31: "RDNA 3", "intel-dg2": "an Intel Arc A770", "nvidia-hopper": "an NVIDIA H100" };
// Lanes have one tile up to K = 86, two to 122, then three: there full covariances are too many for Intel's registers.
const kernels = [
  ...gramKernelsOf([10, 64, 86]).filter(plain),
  ...gramKernelsOf([100, 128]).filter((kernel) => plain(kernel) && !full(kernel)),
];
let judging: Promise<Judged> | undefined;
/** By all compilers at once, since Dawn's translation takes most of the time. */
const judged = async (): Promise<Judged> =>
  await (judging ??= judge(
    kernels,
    Object.keys(FAMILIES).filter((family) => missingCompilers(family).length === 0),
    hasPhases,
  ));

for (const [family, card] of Object.entries(FAMILIES)) {
  const missing = missingCompilers(family);
  test.runIf(missing.length === 0)(`no Gram-and-solve kernel spills registers on ${card}${unjudged(missing)}`, async () => {
    expect(kernels.length).toBeGreaterThan(20);
    const all = await judged();
    const rows = all.rows.filter((row) => row.family === family);
    const phases = all.phases.filter((row) => row.family === family);
    expect(rows.length).toBeGreaterThanOrEqual(kernels.length);
    expect(rows.filter(({ spilled }) => spilled > 0)).toEqual([]);
    // Rows of four lengths of each kernel: the longer, the less its solve weighs.
    expect(phases.length).toBe(4 * kernels.filter(hasPhases).length);
    for (let at = 0; at < phases.length; at += 4) {
      const shares = phases.slice(at, at + 4).map(({ usefulShare }) => usefulShare);
      // For NVIDIA's every word of a covariance is loaded and checked by itself, which outweighs the solve.
      const outweighs = family === "nvidia-hopper" && phases[at].kernel.includes(" full ");
      if (!outweighs) expect(shares, phases[at].kernel).toEqual([...shares].sort((a, b) => a - b));
      expect(Math.min(...shares), phases[at].kernel).toBeGreaterThan(0.02);
      expect(Math.max(...shares), phases[at].kernel).toBeLessThan(1);
    }
  });
}

const missingIntel = missingCompilers("intel-dg2");
test.runIf(missingIntel.length === 0)(
  `nor one of sequential updates or of stochastic steps there, at 128 factors${unjudged(missingIntel)}`,
  async () => {
    const narrow = { minimum: 8, maximum: 32 };
    const isForCards = ({ name }: Kernel): boolean => /^sgd-blocks K.*floats$/.test(name) && !name.includes("for software");
    const steps = everyKernel(128, narrow).filter(isForCards);
    const sequential = gramKernelsOf([128]).filter(({ name }) => name.includes("sequential"));
    expect([steps.length, sequential.length]).toEqual([8, 2]);
    const { rows } = await judge([...steps, ...sequential], ["intel-dg2"]);
    expect(rows.length).toBeGreaterThanOrEqual(10);
    expect(rows.filter(({ spilled }) => spilled > 0)).toEqual([]);
  },
);
