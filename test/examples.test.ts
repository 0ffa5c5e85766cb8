// Every example runs on the built package as its reader would run it. `npm test` builds it first.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runNode } from "./support/command-line.js";

/** What each must print; an example that is not listed here fails. */
const EXPECTED: Record<string, readonly RegExp[]> = {
  "train-and-recommend.mjs": [/^held-out RMSE 0\.[67]\d+ after \d+ sweeps/, /predicted the same: true/],
  "how-sure.mjs": [/\(\d{4}\), \d+ ratings: \d\.\d\d ± 0\.\d\d/, /^(8[89]|9[01])\.\d % of the held-out ratings/m],
  "implicit-feedback.mjs": [/recall@3 on the held-out plays: 0\.[6-9]/, /^like Grieg: ((Holst|Ives|Janáček|Kodály|Liszt)(, )?){3}$/m],
  "cold-start.mjs": [/by genres: +0\.[78]/, /the user's bias: 0\.9/],
  "someone-new.mjs": [/^1 new user; user 1's prediction moved: false/, /which is (\d\.\d{3}) in all; predicted \1/],
  "own-csv.mjs": [/^32 ratings of 6 books by 8 readers.*1 row left out/, /Carmilla, which nobody has rated/],
  "compare-and-export.mjs": [/^vb +RMSE 0\.\d+ {2}nDCG@10 0\.\d+/m, /^3000 rows of lists by/m],
};

/** Run by test/postgres.test.ts, which starts a database. */
const WITH_DATABASE = "postgres.mjs";

const examples = readdirSync("examples").filter((file) => file.endsWith(".mjs"));

describe.each(examples)("%s", (file) => {
  if (file !== WITH_DATABASE)
    test("runs and prints what it should", async () => {
      const outcome = await runNode(`examples/${file}`);
      expect(outcome).toMatchObject({ code: 0, err: "" });
      expect(EXPECTED[file]).toBeDefined();
      for (const said of EXPECTED[file]) expect(outcome.out).toMatch(said);
      expect(outcome.out).not.toMatch(/NaN|undefined/);
    });

  test("is in the list of examples", () => {
    expect(readFileSync("examples/README.md", "utf8")).toContain(`(${file})`);
  });
});
