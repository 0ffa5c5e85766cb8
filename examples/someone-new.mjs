// Someone new joins a trained model without training again, is given a filtered list, and is told why.

import { explain, filmRatings, fit, itemFilter, partialFit, Ratings } from "tastespace";

const { model } = await fit(filmRatings(), { factors: 8, tauUsers: 4, tauItems: 4, device: "cpu" });

// Ann rates five films. Her factors solve her own equations against the items as they are; nothing else moves.
const loved = ["Some Like It Hot (1959)", "Notting Hill (1999)", "Amélie (2001)"];
const hated = ["Saw (2004)", "Halloween (1978)"];
const anns = Ratings.from([...loved, ...hated].map((title) => ["ann", model.findItem(title), loved.includes(title) ? 5 : 1]));
const bigger = partialFit(model, anns);
console.log(`${bigger.users.size - model.users.size} new user; user 1's prediction moved: ${bigger.predict(1, 2) !== model.predict(1, 2)}`);

const filter = itemFilter(bigger, { genres: ["Comedy", "Romance"], fromYear: 1960, minimumRatings: 20 });
const list = bigger.recommend("ann", { n: 3, filter });
for (const { title, predicted } of list) console.log(`  ${predicted?.toFixed(2)}  ${title}`);

const why = explain(bigger, list[0].id, anns.ratedBy("ann"), { user: "ann" });
console.log(`\nWhy ${why.title}?`);
console.log(`  ${why.mean.toFixed(2)} is the mean, ${why.itemBias.toFixed(2)} what everyone thinks of it, and of Ann's ratings`);
for (const { title, rating, contribution } of why.contributions)
  console.log(`  ${contribution.toFixed(3)} comes from ${rating} for ${title}`);
const sum = why.contributions.reduce((total, { contribution }) => total + contribution, why.mean + why.itemBias + why.remainder);
console.log(`  which is ${sum.toFixed(3)} in all; predicted ${why.predicted.toFixed(3)}`);
