// A real database: the example trains from a PostgreSQL cursor and writes every customer's list back.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../src/engine/open-engine.js";
import { Ratings } from "../src/ratings/ratings.js";
import { fit } from "../src/training/fit.js";
import { type Postgres, startPostgres, whyNoPostgres } from "./support/postgres.js";

const missing = whyNoPostgres();
if (missing) process.stdout.write(`Left out: ${missing}.\n`);

describe.skipIf(missing)("PostgreSQL", () => {
  let postgres: Postgres;
  let database: pg.Client;

  /** Runs the example as its reader would, and gives what it printed. `npm test` builds "dist/" first. */
  const runExample = async (): Promise<string> => {
    const env = { ...process.env, DATABASE_URL: postgres.url };
    return (await promisify(execFile)(process.execPath, ["examples/postgres.mjs"], { env })).stdout;
  };

  beforeAll(async () => {
    postgres = await startPostgres();
    database = new pg.Client({ connectionString: postgres.url });
    await database.connect();
    await database.query(readFileSync("examples/postgres.sql", "utf8"));
  });

  afterAll(async () => {
    await database?.end();
    await postgres?.stop();
  });

  const lists = async (): Promise<Map<string, number[]>> => {
    const { rows } = await database.query<{ customer: string; list: number[] }>(
      "select customer, array_agg(product order by rank) as list from recommendations group by customer order by customer",
    );
    return new Map(rows.map(({ customer, list }) => [customer, list]));
  };

  test("the example writes the lists that the library makes of the same rows in memory", async () => {
    expect(await runExample()).toMatch(/^\d{4} reviews by 200 customers\n1000 rows of lists written\n$/);
    const { rows } = await database.query<{ user: string; item: number; rating: string }>(
      `select customer as "user", product as item, stars as rating from reviews order by customer, product`,
    );
    const ratings = Ratings.from(rows.map(({ rating, ...row }) => ({ ...row, rating: Number(rating) })));
    const engine = await openEngine("cpu");
    const { model } = await fit(ratings, { model: "vb", factors: 4, sweeps: 15, device: engine });
    engine.destroy();
    const written = await lists();
    expect(written.size).toBe(200);
    for (const [customer, list] of written) expect(list).toEqual(model.recommend(customer, { n: 5 }).map(({ id }) => id));
  });

  test("nobody is given what they have reviewed, and most is of the shelf that they like", async () => {
    const { rows } = await database.query<{ reviewed: string; liked: string; all: string }>(`
      select count(*) filter (where exists (select from reviews v where v.customer = r.customer and v.product = r.product)) as reviewed,
        count(*) filter (where r.customer % 2 = r.product % 2) as liked, count(*) as all
      from recommendations r`);
    expect(rows[0]).toMatchObject({ reviewed: "0", all: "1000" });
    expect(Number(rows[0].liked)).toBeGreaterThan(950);
  });

  test("a second run takes the place of the first, and one that fails leaves the lists as they were", async () => {
    const before = await lists();
    await runExample();
    expect(await lists()).toEqual(before);
    await database.query("insert into reviews select 1, p, 'NaN', now() from generate_series(1, 60) p on conflict do nothing");
    await expect(runExample()).rejects.toThrow(/row \d+, .*its rating is NaN/);
    expect(await lists()).toEqual(before);
  });
});
