// Ratings of any size: whatever trains can be saved and loaded, and what cannot is refused before training.

import { describe, expect, test } from "vitest";
import { decodeModel, encodeModel, fit, FactorModel, Ratings, RatingsError } from "../../src/node.js";
import { seededRandom } from "../../src/random.js";

const random = seededRandom(7);
const stars = Array.from({ length: 200 }, (_, at) => [at % 20, random.below(12), 1 + random.below(5)] as const);
const MODELS_OF_RATINGS = ["als", "vb", "gibbs", "gd", "sgd"] as const;
const SMALLER_UNIT = "give ratings in a smaller unit: multiply all by the same number";

const predictions = (model: FactorModel): number[] =>
  model.users.raw.flatMap((user) => model.items.raw.map((item) => model.predict(user, item)));

describe.each(MODELS_OF_RATINGS)("%s", (model) => {
  test.each(Array.from({ length: 61 }, (_, at) => at - 45))("of ratings times 1e%d is saved and loaded, or refused", async (power) => {
    // One digit and a power of ten, as text has it.
    const train = async () =>
      await fit(Ratings.from(stars.map(([user, item, rating]) => [user, item, Number(`${rating / 5}e${power}`)])), {
        model,
        factors: 2,
        sweeps: 4,
        ...(model === "gibbs" && { burnIn: 1 }),
        device: "reference",
      });
    if (power < -13) {
      await expect(train()).rejects.toThrow(RatingsError);
      await expect(train()).rejects.toMatchObject({ remedy: expect.stringContaining(SMALLER_UNIT) as string });
      return;
    }
    const { model: trained } = await train();
    const before = predictions(trained);
    const scale = Number(`1e${power}`);
    expect(before.every((value) => Math.abs(value) < 2 * scale)).toBe(true);
    expect(Math.max(...before) - Math.min(...before)).toBeGreaterThan(0.1 * scale);
    const loaded = decodeModel(encodeModel(trained));
    expect(predictions(loaded)).toEqual(before);
    expect(encodeModel(loaded)).toEqual(encodeModel(trained));
  });
});
