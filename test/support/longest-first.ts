// Starts the files that take longest first, so that none of them is left to run alone at the end.
// Vitest knows how long files took only on a machine where they ran before; on any other it goes by their sizes.

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take more than a quarter of a minute, longest first; before them the first of the demo's, which builds it. */
const LONGEST = [
  "demo/demo.test.ts",
  "parity/conjugate-gradients.test.ts",
  "parity/gram-solve.test.ts",
  "parity/vb.test.ts",
  "engine/webgpu.test.ts",
  "cli/cli.test.ts",
  "parity/cpu/same-bits.test.ts",
  "parity/cpu/twin.test.ts",
  "distributed/ranks.test.ts",
  "demo/first-visit.test.ts",
  "training/resume.test.ts",
  "training/units.test.ts",
  "demo/trust.test.ts",
  "parity/weights.test.ts",
  "training/gradient.test.ts",
  "parity/implicit.test.ts",
  "parity/gibbs.test.ts",
  "engine/lost-devices.test.ts",
  "parity/sgd.test.ts",
  "demo/startup.test.ts",
  "cli/interrupt.test.ts",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(file));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
