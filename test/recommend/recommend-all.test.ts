import { afterAll, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import { openEngine } from "../../src/engine/open-engine.js";
import { OptionsError, UnknownIdError } from "../../src/errors.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { itemFilter } from "../../src/recommend/filters.js";
import { recommendAll, type RecommendAllOptions, type RecommendedItem } from "../../src/recommend/recommend-all.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 50, items: 40, ratings: 700 });
const { model } = await fit(ratings, { factors: 3, tauUsers: 1, tauItems: 1, sweeps: 4, device: "cpu" });
const engines: Record<string, Engine> = { cpu: await openEngine("cpu"), webgpu: await openEngine("webgpu") };
afterAll(() => Object.values(engines).forEach((engine) => engine.destroy()));

async function all(engine: Engine, options?: RecommendAllOptions, of = model): Promise<RecommendedItem[]> {
  const rows: RecommendedItem[] = [];
  for await (const batch of recommendAll(engine, of, options)) rows.push(...batch);
  return rows;
}

const filter = itemFilter(model, { minimumRatings: 15 });

test.each([
  ["cpu", {}],
  ["cpu", { n: 3, alpha: 0.1, filter }],
  ["cpu", { n: 99, filterSeen: false, filter }],
  ["webgpu", {}],
  ["webgpu", { n: 4, alpha: 0.1, filter }],
] as const)("every user is given the list of recommend, on %s: %o", async (name, options) => {
  const rows = await all(engines[name], options);
  for (const user of model.users.raw) {
    const list = rows.filter((row) => row.user === user);
    const expected = model.recommend(user, options);
    expect(list.map(({ item }) => item)).toEqual(expected.map(({ id }) => id));
    expect(list.map(({ rank }) => rank)).toEqual(expected.map((_, at) => at + 1));
    list.forEach(({ score, title }, at) => {
      expect(score).toBeCloseTo(expected[at].score, 10);
      expect(title).toBe(expected[at].title);
    });
  }
});

test.each(["cpu", "webgpu"] as const)("a model for use lists nothing that was held out of its training, on %s", async (name) => {
  const { train, heldOut } = splitRatings(ratings, { share: 0.3 });
  const rated = new Set([...ratings.user].map((m, at) => `${ratings.users.rawAt(m)}:${ratings.items.rawAt(ratings.item[at])}`));
  const wrong = async (keepSeen: true | "all"): Promise<number> => {
    const { model } = await fit(train, { factors: 3, tauUsers: 1, tauItems: 1, sweeps: 4, device: "cpu", heldOut, keepSeen });
    const rows = await all(engines[name], { n: 5 }, model);
    for (const user of model.users.raw) {
      const listed = rows.filter((row) => row.user === user).map(({ item }) => item);
      expect(listed).toEqual(model.recommend(user, { n: 5 }).map(({ id }) => id));
    }
    return rows.filter(({ user, item }) => rated.has(`${user}:${item}`)).length;
  };
  expect(await wrong(true)).toBeGreaterThan(20);
  expect(await wrong("all")).toBe(0);
});

test.each(["cpu", "webgpu"] as const)("chosen users are given their lists, each once, in the order asked for, on %s", async (name) => {
  const users = [7, "3", 41, 7];
  const rows = await all(engines[name], { n: 4, users });
  expect([...new Set(rows.map(({ user }) => user))]).toEqual([7, 3, 41]);
  for (const user of [7, 3, 41]) {
    const list = rows.filter((row) => row.user === user);
    expect(list.map(({ item }) => item)).toEqual(model.recommend(user, { n: 4 }).map(({ id }) => id));
  }
  await expect(all(engines[name], { users: [1, "nobody"] })).rejects.toThrow(UnknownIdError);
  await expect(all(engines[name], { users: [] })).rejects.toThrow(/no user is chosen/);
});

test("what leaves nothing to list is refused", async () => {
  await expect(all(engines["cpu"], { filter: () => false })).rejects.toThrow(/the filter keeps none of the 40 items/);
  await expect(all(engines["cpu"], { n: 0 })).rejects.toThrow(OptionsError);
  const forgetful = (await fit(ratings, { factors: 0, sweeps: 1, device: "cpu", keepSeen: false })).model;
  await expect(all(engines["cpu"], {}, forgetful)).rejects.toThrow(/does not hold which items/);
  expect((await all(engines["cpu"], { n: 2, filterSeen: false }, forgetful)).length).toBe(100);
});
