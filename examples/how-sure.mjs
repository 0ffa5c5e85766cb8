// Variational Bayes learns its own precisions and knows how sure it is:
// an interval around every prediction, and a list that explores.

import { fit, splitRatings, syntheticRatings } from "tastespace";

const { train, heldOut } = splitRatings(syntheticRatings(), { share: 0.2, seed: 1 });
const { model } = await fit(train, { model: "vb", factors: 4, heldOut, device: "cpu" });

for (const item of [1, 100, 390]) {
  const { mean, deviation } = model.predictive(1, item);
  const count = model.itemCounts[model.items.indexOf(item)];
  console.log(`${model.catalogue.title(item)}, ${count} ratings: ${mean.toFixed(2)} ± ${deviation.toFixed(2)}`);
}

// About nine in ten held-out ratings lie within 1.645 deviations of their prediction.
let within = 0;
for (let at = 0; at < heldOut.count; at++) {
  const { mean, deviation } = model.predictive(heldOut.users.rawAt(heldOut.user[at]), heldOut.items.rawAt(heldOut.item[at]));
  if (Math.abs(heldOut.value[at] - mean) <= 1.645 * deviation) within++;
}
console.log(`\n${((100 * within) / heldOut.count).toFixed(1)} % of the held-out ratings lie in their 90 % interval`);

// Thompson sampling draws the scores from the posterior: items that the model is unsure of are tried now and then.
console.log("\nThe same user's list, drawn three times:");
for (const thompsonSeed of [1, 2, 3]) {
  const list = model.recommend(1, { n: 3, thompsonSeed });
  console.log(`  ${list.map(({ title }) => title).join(" · ")}`);
}
