// Names of other libraries, as the tables of docs/code.md list them: an option by such a name, and a flag, is an error
// that says one of the words that its row has for it.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fit, MODEL_NAMES, splitRatings, syntheticRatings } from "../../src/node.js";
import { tastespace } from "../support/command-line.js";
import { refusal } from "../support/refusal.js";

const page = readFileSync("docs/code.md", "utf8");
const rows = page.slice(page.indexOf("## Coming from implicit")).matchAll(/^\| (.*`.*) \| (.*`.*) \|$/gm);
const codeIn = (cell: string): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, code]) => code);
/** The words of programs and of the command line, where a flag is written as an option is. */
const wordsIn = (text: string): string[] =>
  text
    .replaceAll(/(?<!\w)-+(?=\w)/g, "")
    .replaceAll(/(?<=\w)-(\w)/g, (_, letter: string) => letter.toUpperCase())
    .match(/[A-Za-z]\w*/g) ?? [];

/** Functions, and arguments that hold the data or what was trained: no options. */
const NO_OPTIONS = new Set(
  (
    "ranking_metrics_at_k train_test_split cross_validate GridSearchCV topn_pipeline crossfold_users sample_records " +
    "NDCG RecipRank RBP RunAnalysis RMSE MAE userFactors itemFactors Reader user items predictions test pipe"
  ).split(" "),
);

/** Names that code has for options: it is one, with a value or without, or the arguments of a call. */
function namesIn(code: string): string[] {
  const [name] = code.split("=");
  if (/^\w+$/.test(name)) return [name];
  const brackets = Array.from(code.matchAll(/\(([^()]*)/g), ([, all]) => all.split(","));
  return brackets.flat().map((argument) => argument.split("=")[0].trim());
}

/**
 * By name, the words of the right column in every row that has it; and what else it may be here: a weight of a
 * rating, the length of lists that are measured.
 */
const wordsOf = new Map<string, string[]>([["weight", ["weightColumn"]], ...["n", "N"].map((n): [string, string[]] => [n, ["k"]])]);
for (const [, left, right] of rows) {
  for (const name of codeIn(left).flatMap(namesIn)) {
    if (/^[a-zA-Z]\w*$/.test(name) && !NO_OPTIONS.has(name))
      wordsOf.set(name, [...(wordsOf.get(name) ?? []), ...codeIn(right).flatMap(wordsIn)]);
  }
}
const names = Array.from(wordsOf, ([name, words]) => ({ name, words }));

test("every name of the tables is found", () => {
  const expected =
    "N alpha coldStartStrategy df embedding_size epochs factors filter_already_liked_items iid implicitPrefs itemCol itemid " +
    "iterations k lr_all maxIter metricName n n_epochs n_factors neg_prop rank ratingCol rating_scale recalculate_user regParam " +
    "reg_all regularization uid userCol user_items userid userids weight";
  expect(new Set(wordsOf.keys())).toEqual(new Set(expected.split(" ")));
});

const { train } = splitRatings(syntheticRatings({ users: 20, items: 20, ratings: 150 }));

test.each(names.filter(({ name, words }) => !words.includes(name) || name === "weight"))(
  "$name is told what it is called here, as an option",
  async ({ name, words }) => {
    for (const model of MODEL_NAMES) {
      const said = await refusal(() => fit(train, { model, [name]: 0.1 } as never), " | ");
      // Of als it is the kind of regularization.
      if (name === "regularization" && model === "als") {
        expect(said).toMatch(/say tauUsers and tauItems/);
        continue;
      }
      const [, told] = said.split(new RegExp(`"${name}" is |\\|.*${name}`));
      const named = wordsIn(told ?? "").filter((word) => words.includes(word));
      expect(named, said).not.toEqual([]);
    }
  },
);

const COMMANDS = ["train", "search", "evaluate", "predict", "recommend", "partial-fit", "similar"];

test.each(names)("$name is told what it is called here, as a flag", async ({ name, words }) => {
  const dashed = name.replaceAll(/_|(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
  const flag = dashed.length === 1 ? `-${dashed}` : `--${dashed}`;
  const said = await Promise.all(COMMANDS.map((command) => tastespace(command, flag, "0.1")));
  const refused = said.filter(({ err }) => err.startsWith(`error: unknown option '${flag}'`));
  for (const { code, err } of refused) {
    expect(code).toBe(2);
    const told = err.split("\n")[1].replace(`(${flag} is `, "");
    // One that other commands have by the same name.
    if (/^an option of [a-z, -]+\)$/.test(told)) continue;
    expect(
      wordsIn(told).filter((word) => words.includes(word)),
      err,
    ).not.toEqual([]);
    expect(told).not.toMatch(/Did you mean|"/);
  }
  // Those that are left have the flag.
  expect(refused.length).toBeGreaterThan(1);
});
