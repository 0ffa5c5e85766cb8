// Every command of the guide runs, on invented ratings in a folder like MovieLens', and
// draws the figures that the pages show. The first line of each command runs the built package, the others run here.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandsOf, figuresShown, runCommand } from "../../docs/run-guide.mjs";
import { ratingsOfEach } from "../../src/ratings/popularity.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-guide-"));
/** What the guide says of MovieLens, said of the invented films. */
const RENAMED = { "Toy Story (1995)": "", "Finding Nemo (2003)": "", "Alien (1979)": "", Children: "Comedy" };

/** Writes invented ratings as MovieLens does; the most rated films are those that stand for the guide's. */
function writeRatings(into: string): void {
  const { users, items, catalogue, ...ratings } = syntheticRatings({ users: 250, items: 150, ratings: 9000 });
  const counts = ratingsOfEach(syntheticRatings({ users: 250, items: 150, ratings: 9000 }), "items");
  const byCount = Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a]);
  (["Toy Story (1995)", "Finding Nemo (2003)", "Alien (1979)"] as const).forEach((title, place) => {
    RENAMED[title] = catalogue.title(items.rawAt(byCount[place]));
  });
  mkdirSync(into);
  const rows = Array.from(ratings.value, (value, at) => [users.rawAt(ratings.user[at]), items.rawAt(ratings.item[at]), value, at]);
  writeFileSync(join(into, "ratings.csv"), ["userId,movieId,rating,timestamp", ...rows.map((row) => row.join(","))].join("\n"));
  const films = [...catalogue.entries()].map(({ id, title, genres }) => `${id},"${title.replaceAll('"', '""')}",${genres.join("|")}`);
  writeFileSync(join(into, "movies.csv"), ["movieId,title,genres", ...films].join("\n"));
}

const wordsOf = (line: string): string[] => Array.from(line.matchAll(/"([^"]*)"|\S+/g), ([word, quoted]) => quoted ?? word);

/** Runs a line in the folder, in this process, and gives what it prints. */
async function runHere(line: string): Promise<string> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    const { code, out, err } = await tastespace(...wordsOf(line).slice(1));
    expect(code, `${line}\n${err}`).toBe(0);
    return out;
  } finally {
    process.chdir(before);
  }
}

test("the guide's commands run in order, and leave the figures that the pages show", async () => {
  writeRatings(join(folder, "ml-latest-small"));
  const commands = commandsOf(readFileSync("docs/guide.md", "utf8"));
  expect(commands.length).toBeGreaterThan(10);
  const built = new Set<string>();
  for (const command of commands) {
    const renamed = Object.entries(RENAMED).reduce((line, [from, to]) => line.replaceAll(from, to), command);
    const [program, name] = wordsOf(renamed);
    expect(program).toBe("tastespace");
    const line = renamed + (["train", "search", "evaluate"].includes(name) ? " --device cpu" : "");
    const out = built.has(name) ? await runHere(line) : runCommand(line, folder);
    built.add(name);
    expect(out).not.toMatch(/NaN|undefined/);
  }
  const report = readFileSync(join(folder, "report.html"), "utf8");
  for (const name of figuresShown("docs")) {
    expect(existsSync(join("docs/figures", name)), `${name} in docs/figures`).toBe(true);
    expect(report, name).toContain(`id="${name.replace(".svg", "")}"`);
  }
});
