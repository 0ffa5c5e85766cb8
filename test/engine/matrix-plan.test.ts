// How the Gram matrix is shared out among subgroup matrices, for every number of factors and the sizes that devices
// have.

import { expect, test } from "vitest";
import { requestDevice } from "../../src/engine/webgpu/device/device.js";
import { gramSolveKernel } from "../../src/engine/webgpu/rows/gram-kernels.js";
import { gatherMatrices, sharedMatrices, type MatrixPlan, planMatrices, workgroupBytes } from "../../src/engine/webgpu/rows/matrix-plan.js";
import { MAX_FACTORS } from "../../src/models/hyperparameters.js";
import { DeviceError } from "../../src/errors.js";

const SHAPES = [
  { size: 8, depth: 8, lanes: 8 },
  { size: 8, depth: 8, lanes: 32 },
  { size: 16, depth: 8, lanes: 32 },
  { size: 16, depth: 16, lanes: 32 },
  { size: 16, depth: 16, lanes: 64 },
];

const plans = (shape: (typeof SHAPES)[number]): MatrixPlan[] => Array.from({ length: MAX_FACTORS }, (_, at) => planMatrices(at + 1, shape));

test.each(SHAPES)("$size × $size × $depth, $lanes lanes: every K fits a device at default limits", (shape) => {
  for (const plan of plans(shape)) {
    expect(workgroupBytes(plan)).toBeLessThanOrEqual(16_384);
    expect(plan.team).toBeLessThanOrEqual(256);
    expect(plan.team % shape.lanes).toBe(0);
    expect(plan.stage % shape.depth).toBe(0);
    // Rows of staged halves begin at multiples of 16 bytes, as loads of matrices ask for.
    expect((8 * plan.staged) % 16).toBe(0);
    // The residual's rest has a column of its own, behind the tiles.
    expect(plan.side * shape.size).toBeGreaterThan(4 * plan.blocks);
  }
});

test.each(SHAPES)("$size × $size × $depth, $lanes lanes: each matrix of the lower triangle is added to once, by one subgroup", (shape) => {
  for (const plan of plans(shape)) {
    const shared = Array.from({ length: plan.subgroups }, (_, subgroup) => sharedMatrices(plan, subgroup));
    expect(Math.max(...shared.map((own) => own.length))).toBe(plan.chunk);
    // In the order by which shared/gather-matrices.wgsl finds them: row by row.
    let at = 0;
    for (let row = 0; row < plan.side; row++) {
      for (let column = 0; column <= row; column++, at++)
        expect(shared[Math.floor(at / plan.chunk)][at % plan.chunk]).toEqual([row, column]);
    }
    const text = gatherMatrices(plan);
    expect(text.match(/= subgroupMatrixMultiplyAccumulate/g)).toHaveLength(at);
    expect(text.match(/subgroupMatrixStore/g)).toHaveLength(plan.chunk * plan.subgroups);
  }
});

const kernelOf = (plan: MatrixPlan, factors: number, kind: "joint" | "sequential"): string =>
  gramSolveKernel(plan, { factors, kind, spread: "none", halves: true }).code;

test.each(SHAPES)("$size × $size × $depth, $lanes lanes: the kernel is written for every number of factors", (shape) => {
  for (const [at, plan] of plans(shape).entries()) {
    for (const kind of ["joint", "sequential"] as const) expect(kernelOf(plan, at + 1, kind)).toContain("fn whole_rows");
  }
});

test("where a device has subgroup matrices, the kernel compiles without a word from the compiler, for every number of factors", async () => {
  let device;
  try {
    device = await requestDevice({ defaultLimits: true, matrices: true });
  } catch (error) {
    // Where it has none, it says so.
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).message).toContain("offers no subgroup matrices");
    return;
  }
  for (let factors = 1; factors <= MAX_FACTORS; factors++) {
    for (const kind of ["joint", "sequential"] as const) {
      const code = kernelOf(planMatrices(factors, device.matrices!), factors, kind);
      const { messages } = await device.gpu.createShaderModule({ code }).getCompilationInfo();
      expect(messages.map(({ message }) => message)).toEqual([]);
    }
  }
  device.destroy();
});
