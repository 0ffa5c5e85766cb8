// What the parity tests draw has the rows that their titles promise, however few rows many factors leave.

import { expect, test } from "vitest";
import { MOST_SEGMENT_RATINGS } from "../../src/engine/webgpu/rows/schedule.js";
import { buildCsr, rowLengths } from "../../src/ratings/csr.js";
import { hotCase } from "./cases.js";

test.each(
  [1, 7, 16, 31, 64, 100, 128].flatMap((K) =>
    [
      [97, 301, 9000],
      [47, 101, 4500],
      [57, 131, 6000],
      [157, 161, 6000],
    ].map(([users, items, count]) => [K, users, items, count] as const),
  ),
)("a hot row is cut, others are empty and of one rating, and items are more than factors: K = %i, %i × %i", (K, users, items, count) => {
  const hot = hotCase(K + 2, users, items, count, K);
  const { value } = hot.ratings;
  const lengths = rowLengths(buildCsr(hot.ratings, "users", hot.users));
  expect(lengths[0]).toBeGreaterThan(MOST_SEGMENT_RATINGS);
  expect(Math.abs(lengths[0] - value.length / 3)).toBeLessThan(20);
  expect(lengths).toContain(0);
  expect(lengths).toContain(1);
  expect(hot.items).toBeGreaterThanOrEqual(Math.min(items, K));
});
