// A model does not depend on the scale that ratings are written in: ratings times c give predictions times c,
// with the mean on ratings plus c give predictions c higher. Exact in standard units for powers of two, and in
// what is predicted for powers of four.

import { describe, expect, test } from "vitest";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit, type FitOptions, type FitResult } from "../../src/training/fit.js";
import { parametersTo, unitOf } from "../../src/training/units.js";
import { ENGINE_KINDS, testEngines } from "../support/engines.js";
import { named } from "../support/named-options.js";
import { FeatureTable } from "../../src/ratings/features.js";

const stars = syntheticRatings({ users: 90, items: 60, ratings: 1500, seed: 4 });
const engines = await testEngines();

/** The same ratings on another scale. */
const rescaled = ({ user, item, value, users, items, catalogue }: Ratings, c: number, shift = 0): Ratings =>
  new Ratings({ user, item, value: value.map((rating) => c * rating + shift) }, users, items, catalogue);

const SIDES = { itemFeatures: FeatureTable.genres(stars.catalogue), userFeatures: FeatureTable.ratedSets() };

const MODELS: readonly FitOptions[] = [
  { model: "als" },
  { model: "als", update: "sequential", momentum: 0.4 },
  { model: "als", regularization: "weighted", tauUsers: undefined },
  { model: "als", itemFeatures: FeatureTable.genres(stars.catalogue) },
  { model: "vb", covariance: "full", warmUp: 2 },
  { model: "vb", ...SIDES, warmUp: 2 },
  { model: "gibbs", ...SIDES, burnIn: 2, samples: 3 },
  { model: "vb", covariance: "diagonal", warmUp: 2 },
  { model: "gibbs", burnIn: 2, samples: 3 },
  { model: "gd" },
  { model: "sgd" },
  { model: "sgd", rate: "shared" },
];

describe.each(ENGINE_KINDS)("on %s", (kind) => {
  const trained = async (options: FitOptions, c: number, shift = 0): Promise<FitResult & { heldOut: Ratings }> => {
    const { train, heldOut } = splitRatings(rescaled(stars, c, shift), { seed: 4 });
    const device = engines[kind];
    return { ...(await fit(train, { factors: 3, sweeps: 5, earlyStop: false, heldOut, device, ...options })), heldOut };
  };

  test.each(named(MODELS))("powers of two change nothing in standard units, to the bit: %s", async (_, options) => {
    const plain = await trained(options, 1);
    for (const c of [2, 0.25, 64]) {
      const other = await trained(options, c);
      const errors = ({ history }: FitResult) => history.map(({ heldOutRmse, trainRmse }) => [heldOutRmse, trainRmse] as const);
      expect(errors(other)).toEqual(errors(plain).map((pair) => pair.map((error) => c * error!)));
      expect(other.stop).toEqual(plain.stop);
      if (c === 2) continue;
      // √c is a power of two as well: what is saved is exactly so many times as large.
      const { heldOut, model } = plain;
      for (let at = 0; at < heldOut.count; at++)
        expect(other.model.predictAt(heldOut.user[at], heldOut.item[at])).toBe(c * model.predictAt(heldOut.user[at], heldOut.item[at]));
    }
  });

  test.each(named(MODELS))("any other factor and any shift change nothing but by rounding: %s", async (_, options) => {
    const plain = await trained(options, 1);
    for (const [c, shift] of [
      [20, 0],
      [1, -7],
      [-3, 100],
    ] as const) {
      const other = await trained(options, c, shift);
      const [before, after] = [plain, other].map(({ history }) => history.at(-1)!.heldOutRmse!);
      // A negative factor turns ratings round: for random starting factors and draws that is another start.
      if (c > 0) expect(after / (c * before)).toBeCloseTo(1, 4);
      else expect(after / (-c * before)).toBeCloseTo(1, 1);
      if (c < 0 || options.model === "gibbs") continue;
      for (const [m, n] of [
        [0, 0],
        [5, 7],
        [20, 3],
      ] as const)
        expect((other.model.predictAt(m, n) - shift) / c).toBeCloseTo(plain.model.predictAt(m, n), 3);
    }
  });
});

test("hyperparameters that are given are in the unit of the ratings, and are kept as they were written", async () => {
  const { train, heldOut } = splitRatings(stars);
  const s = unitOf(train);
  const options = { factors: 2, sweeps: 6, earlyStop: false, device: engines.reference, seed: 2 } as const;
  const given = await fit(train, { ...options, heldOut, lambda: 2, tauUsers: 3, gammaItems: 0.7 });
  expect(given.model.hyperparameters).toMatchObject({ lambda: 2, tauUsers: 3, gammaItems: 0.7 });
  const twenty = { train: rescaled(train, 20), heldOut: rescaled(heldOut, 20) };
  const same = await fit(twenty.train, { ...options, heldOut: twenty.heldOut, lambda: 2 / 400, tauUsers: 3 / 20, gammaItems: 0.7 / 400 });
  expect(same.history.at(-1)!.heldOutRmse! / given.history.at(-1)!.heldOutRmse!).toBeCloseTo(20, 4);
  const defaults = (await fit(train, options)).model.hyperparameters as unknown as Record<string, number>;
  expect(defaults["lambda"] * s * s).toBeCloseTo(1, 12);
  expect(defaults["tauItems"] * s).toBeCloseTo(10, 12);
  expect(defaults["gammaUsers"] * s * s).toBeCloseTo(5, 12);
});

test("parameters go into standard units and back", async () => {
  const { model } = await fit(stars, { model: "vb", factors: 3, sweeps: 3, device: engines.reference });
  const back = parametersTo(parametersTo(model.parameters, 20), 1 / 20);
  for (const name of ["userFactors", "itemBiases"] as const)
    back[name].forEach((value, at) => expect(value).toBeCloseTo(model.parameters[name][at], 5));
  back.posterior!.users.forEach((value, at) => expect(value).toBeCloseTo(model.parameters.posterior!.users[at], 5));
  expect(back.posterior!.precisions.lambda).toBeCloseTo(model.parameters.posterior!.precisions.lambda, 10);
});
