// What is held out is not seen: a model recommends it as readily as anything else that its user has not rated.

import { expect, test } from "vitest";
import { seenItems } from "../../src/ratings/seen.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit } from "../../src/training/fit.js";

const { train, heldOut } = splitRatings(syntheticRatings({ users: 80, items: 60, ratings: 1600, seed: 3 }));

test("seen are the training ratings, user by user in ascending order, and no others", () => {
  const { start, items } = seenItems(train);
  for (let user = 0; user < train.users.size; user++) {
    const own = Array.from(train.item).filter((_, at) => train.user[at] === user);
    expect([...items.subarray(start[user], start[user + 1])]).toEqual(own.sort((a, b) => a - b));
  }
});

test.each(["als", "implicit"] as const)("lists of %s hit as many held-out items as scores ranked by hand do, whatever it was measured by", async (name) => {
  const hits = async (measured: boolean): Promise<number> => {
    const { model } = await fit(train, { model: name, factors: 3, sweeps: 3, heldOut: measured ? heldOut : undefined, keeps: "last", earlyStop: false, device: "cpu" });
    const wanted = new Set(Array.from(heldOut.user, (user, at) => `${user}:${heldOut.item[at]}`));
    let listed = 0;
    let byHand = 0;
    train.users.raw.forEach((id, m) => {
      const seen = new Set(Array.from(train.item).filter((_, at) => train.user[at] === m));
      const scored = train.items.raw.map((item, n) => ({ n, score: model.predict(id, item) })).filter(({ n }) => !seen.has(n));
      scored.sort((a, b) => b.score - a.score);
      byHand += scored.slice(0, 10).filter(({ n }) => wanted.has(`${m}:${n}`)).length;
      listed += model.recommend(id).filter((item) => wanted.has(`${m}:${train.items.indexOf(item.id)}`)).length;
    });
    expect(listed).toBe(byHand);
    return listed;
  };
  const alone = await hits(false);
  expect(alone).toBeGreaterThan(50);
  expect(await hits(true)).toBe(alone);
}); // prettier-ignore
