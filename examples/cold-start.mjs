// Cold start: items that nobody has rated are predicted by their genres, which have factors of their own.

import { FeatureTable, fit, predictRatings, Ratings, splitRatings, syntheticRatings } from "tastespace";

// Ten items stay in the catalogue and lose all their ratings.
const all = syntheticRatings({ users: 400, items: 120, ratings: 12_000 });
const unrated = new Set(all.items.raw.slice(20, 30));
const triples = Array.from(all.value, (value, at) => ({ user: all.users.rawAt(all.user[at]), item: all.items.rawAt(all.item[at]), value }));
const ratings = Ratings.from(
  triples.filter(({ item }) => !unrated.has(item)).map(({ user, item, value }) => [user, item, value]),
  { catalogue: all.catalogue },
);
const lost = Ratings.from(triples.filter(({ item }) => unrated.has(item)).map(({ user, item, value }) => [user, item, value]));

const { train, heldOut } = splitRatings(ratings, { share: 0.1, seed: 1 });
const itemFeatures = FeatureTable.genres(ratings.catalogue);
const { model } = await fit(train, { factors: 4, tauUsers: 5, tauItems: 5, tauFeatures: 1, itemFeatures, heldOut, device: "cpu" });
const { model: blind } = await fit(train, { factors: 4, tauUsers: 5, tauItems: 5, heldOut, device: "cpu" });

const rmseOf = (of) => {
  const { row, predicted } = predictRatings(of, lost, { coldStart: "mean" });
  return Math.sqrt(row.reduce((sum, at, place) => sum + (lost.value[at] - predicted[place]) ** 2, 0) / row.length);
};
console.log(`RMSE on ${lost.count} ratings of items without any in training`);
console.log(`  by genres:                       ${rmseOf(model).toFixed(3)}`);
console.log(`  by the mean and the user's bias: ${rmseOf(blind).toFixed(3)}`);
console.log(`pairs that "drop" would leave out: ${predictRatings(blind, lost, { coldStart: "drop" }).cold}`);

console.log("\nFor user 1, items without ratings too:");
const list = model.recommend(1, { n: 120, coldItems: true }).filter(({ ratings: count }) => count === 0);
for (const { title, genres, predicted } of list.slice(0, 3)) console.log(`  ${predicted?.toFixed(2)}  ${title} (${genres.join(", ")})`);
