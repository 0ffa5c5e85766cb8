import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { calibration, calibrationOf } from "../../src/metrics/calibration.js";
import { seededRandom } from "../../src/random.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";

const normals = (count: number, deviation: number): number[] => {
  const random = seededRandom(7);
  return Array.from({ length: count }, () => deviation * random.normal());
};

test("intervals of the true Gaussian hold what they promise", () => {
  const { points, meanSquare } = calibrationOf(normals(100_000, 1));
  for (const { level, covered } of points) expect(Math.abs(covered - level)).toBeLessThan(5 * Math.sqrt((level * (1 - level)) / 100_000));
  expect(meanSquare).toBeCloseTo(1, 1);
});

test("deviations half as large as they are hold too little, twice as large too much", () => {
  const small = calibrationOf(normals(20_000, 2));
  const large = calibrationOf(normals(20_000, 0.5));
  for (const { level, covered } of small.points) expect(covered).toBeLessThan(level);
  for (const { level, covered } of large.points) expect(covered).toBeGreaterThan(level);
  expect(small.meanSquare).toBeGreaterThan(3.8);
  // Known: half of a normal lies within 0.6745 deviations.
  expect(calibrationOf([-0.6746, 0.6744], [0.5]).points[0].covered).toBe(0.5);
});

test("wider intervals hold more", () => {
  const covered = calibrationOf(normals(500, 1.3)).points.map((point) => point.covered);
  expect(covered).toEqual([...covered].sort((a, b) => a - b));
});

test("vb knows the noise of ratings of its own kind; models without spread are refused", async () => {
  const { train, heldOut } = splitRatings(syntheticRatings({ users: 300, items: 200, ratings: 15_000, noise: 0.7 }));
  const options = { factors: 4, heldOut, device: "cpu" } as const;
  const { points } = calibration((await fit(train, { ...options, model: "vb" })).model, heldOut);
  for (const { level, covered } of points.filter(({ level }) => level >= 0.2)) expect(Math.abs(covered - level)).toBeLessThan(0.08);
  const { model } = await fit(train, { ...options, sweeps: 1 });
  expect(() => calibration(model, heldOut)).toThrow(OptionsError);
  expect(() => calibrationOf([])).toThrow(OptionsError);
});
