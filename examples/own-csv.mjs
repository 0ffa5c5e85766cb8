// A table of one's own: any delimiter and column names, malformed rows counted,
// features of the items from a second table.

import { fit, readFeatures, readRatings, textSource } from "tastespace";

// In Node `readPath("books.csv")` takes a file, in a browser `readRatings(blobSource(file))` one that was dropped.
const readers = ["Ann", "Ben", "Cem", "Dia", "Eva", "Fay", "Gus", "Hal"];
const books = ["Moby-Dick", "Emma", "Persuasion", "Dracula", "Frankenstein", "Walden"];
const lines = readers.flatMap((reader, r) =>
  books.filter((_, b) => (r + b) % 3 !== 0).map((book, b) => `${reader};"${book}";${1 + ((r * 5 + b * 3) % 5)}`),
);
const table = ["Reader;Book;Stars", ...lines, "Ivo;Emma;plenty"].join("\n");

const { ratings, skippedRows } = await readRatings(textSource("books.csv", table), {
  columns: { user: "Reader", item: "Book", rating: "Stars" },
  duplicates: "mean",
  skipBadRows: true,
});
const { users, items, ratings: count, mean } = ratings.statistics();
console.log(`${count} ratings of ${items} books by ${users} readers, ${mean.toFixed(2)} stars on average; ${skippedRows} row left out`);

const shelves = "Emma,novel of manners\nPersuasion,novel of manners\nDracula,gothic\nFrankenstein,gothic\nCarmilla,gothic";
const itemFeatures = await readFeatures(textSource("shelves.csv", shelves));
const { model } = await fit(ratings, { factors: 2, tauUsers: 1, tauItems: 1, itemFeatures, device: "cpu" });
for (const { id, predicted } of model.recommend("Ann", { n: 3 })) console.log(`  ${predicted?.toFixed(2)}  ${id}`);
console.log(`  ${model.predict("Ann", "Carmilla").toFixed(2)}  Carmilla, which nobody has rated, as other gothic books go`);
