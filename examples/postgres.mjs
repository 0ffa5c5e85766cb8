// Trains on the rows of a PostgreSQL cursor and writes every customer's list back, in one transaction.
// Needs `npm install pg pg-cursor`, the tables of postgres.sql, and DATABASE_URL=postgres://….

import pg from "pg";
import Cursor from "pg-cursor";
import { Catalogue, fit, openEngine, Ratings, recommendAll } from "tastespace";

const database = new pg.Client({ connectionString: process.env.DATABASE_URL });
await database.connect();

/** The rows of a query, a batch at a time, so that they never lie in memory all at once. */
async function* rowsOf(/** @type {string} */ query, batch = 10_000) {
  const cursor = database.query(new Cursor(query));
  for (let rows = await cursor.read(batch); rows.length > 0; rows = await cursor.read(batch)) yield* rows;
  await cursor.close();
}

const products = await database.query("select id, name as title, array[shelf] as genres from products");

// `numeric` comes as text, so it is made a float8; names are the library's. `bigint` ids come as text, which is fine.
const ratings = await Ratings.fromAsync(
  rowsOf(`select customer as "user", product as item, stars::float8 as rating, written as time from reviews order by customer, product`),
  { catalogue: new Catalogue(products.rows) },
);
console.log(`${ratings.count} reviews by ${ratings.users.size} customers`);

const engine = await openEngine("cpu");
const { model } = await fit(ratings, { model: "vb", factors: 4, sweeps: 15, device: engine });

let written = 0;
await database.query("begin");
await database.query("delete from recommendations"); // readers see the old lists until the commit
for await (const list of recommendAll(engine, model, { n: 5 })) {
  await database.query("insert into recommendations select * from unnest($1::bigint[], $2::int[], $3::int[], $4::float4[])", [
    list.map(({ user }) => user),
    list.map(({ rank }) => rank),
    list.map(({ item }) => item),
    list.map(({ score }) => score),
  ]);
  written += list.length;
}
await database.query("commit");
console.log(`${written} rows of lists written`);

engine.destroy();
await database.end();
