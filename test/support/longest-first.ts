// Starts the files that take longest first, so that none of them is left to run alone at the end.
// Vitest knows how long files took only on a machine where they ran before; on any other it goes by their sizes.

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take more than a quarter of a minute, longest first; before them the first of the demo's, which builds it. */
const LONGEST = [
  "demo/demo.test.ts",
  "parity/conjugate-gradients.test.ts",
  "parity/gram-solve.test.ts",
  "demo/trust.test.ts",
  "parity/vb.test.ts",
  "cli/cli.test.ts",
  "parity/cpu/twin.test.ts",
  "distributed/ranks.test.ts",
  "demo/first-visit.test.ts",
  "parity/cpu/same-bits.test.ts",
  "engine/webgpu.test.ts",
  "parity/sgd.test.ts",
  "docs/guide.test.ts",
  "parity/weights.test.ts",
  "demo/startup.test.ts",
  "training/units.test.ts",
  "cli/interrupt.test.ts",
  "training/gradient.test.ts",
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
