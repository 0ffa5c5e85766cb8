// Trains a model on four fifths of some ratings, measures it on the rest, recommends, and saves it.

import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filmRatings, fit, load, save, splitRatings } from "tastespace";

// Real films with invented ratings, so that there is nothing to download: `(await readPath("ml-latest-small")).ratings`
// reads your own.
const ratings = filmRatings();
const { train, heldOut } = splitRatings(ratings, { share: 0.2, seed: 1 });

// So few ratings are quickest on the CPU; leave `device` away to train on the GPU where there is one.
const { model, history, stop } = await fit(train, { model: "vb", factors: 10, heldOut, device: "cpu" });
const best = history.find(({ sweep }) => sweep === stop.bestSweep);
console.log(`held-out RMSE ${best?.heldOutRmse?.toFixed(3)} after ${stop.bestSweep} sweeps`);

console.log("\nFor user 1:");
for (const { title, predicted } of model.recommend(1, { n: 5 })) console.log(`  ${predicted?.toFixed(2)}  ${title}`);

// Someone whom the model has never met, by two ratings; a small alpha asks for taste rather than popularity.
const loved = model.findItem("Alien (1979)");
const hated = model.findItem("Mamma Mia! (2008)");
console.log("\nFor someone who loves Alien and not Mamma Mia!:");
const list = model.recommendFor(
  [
    [loved, 5],
    [hated, 1],
  ],
  { n: 5, alpha: 0.5 },
);
for (const { title, predicted } of list) console.log(`  ${predicted?.toFixed(2)}  ${title}`);

const path = join(tmpdir(), `tastespace-example-${process.pid}.safetensors`);
await save(model, path);
const loaded = await load(path);
console.log(`\nsaved and loaded, user 1's rating of item 2 is predicted the same: ${loaded.predict(1, 2) === model.predict(1, 2)}`);
await rm(path);
