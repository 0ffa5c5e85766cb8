// Counts instead of ratings: how often someone played an artist says how sure we are that they like it.

import { fit, rankingMetrics, Ratings, splitRatings } from "tastespace";

// Two tastes: everyone plays mostly the artists of one side, the loved ones often.
const artists = ["Ada", "Bix", "Cleo", "Dizzy", "Ella", "Fela", "Grieg", "Holst", "Ives", "Janáček", "Kodály", "Liszt"];
const listeners = Array.from({ length: 60 }, (_, listener) => listener);
const plays = Ratings.from(
  listeners.flatMap((listener) =>
    artists.flatMap((artist, a) => {
      const own = a < 6 === listener < 30;
      const count = (listener * 7 + a * 13) % 10;
      return (own ? count < 7 : count === 9) ? [[`listener ${listener}`, artist, own ? 1 + 3 * count : 1]] : [];
    }),
  ),
);
const { train, heldOut } = splitRatings(plays, { share: 0.2, seed: 1 });

const { model } = await fit(train, { model: "implicit", factors: 2, confidence: 0.5, tauUsers: 1, tauItems: 1, device: "cpu" });
console.log(`recall@3 on the held-out plays: ${rankingMetrics(model, train, heldOut, { k: 3, relevanceThreshold: 0 }).recall.toFixed(2)}`);
console.log(
  "for listener 5:",
  model
    .recommend("listener 5", { n: 3 })
    .map(({ id }) => id)
    .join(", "),
);
console.log(
  "like Grieg:",
  model
    .similarItems("Grieg", { n: 3 })
    .map(({ id }) => id)
    .join(", "),
);
console.log(
  "for someone who played Holst twice:",
  model
    .recommendFor([["Holst", 2]], { n: 3 })
    .map(({ id }) => id)
    .join(", "),
);
