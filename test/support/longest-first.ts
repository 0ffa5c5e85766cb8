// Starts the files that take longest first, so that none of them is left to run alone at the end.
// Vitest knows how long files took only on a machine where they ran before; on any other it goes by their sizes.

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take more than half a minute of a processor, longest first. */
const LONGEST = [
  "parity/conjugate-gradients.test.ts",
  "parity/gram-solve.test.ts",
  "cli/cli.test.ts",
  "parity/vb.test.ts",
  "demo/demo.test.ts",
  "engine/webgpu.test.ts",
  "parity/cpu/twin.test.ts",
  "parity/cpu/same-bits.test.ts",
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
