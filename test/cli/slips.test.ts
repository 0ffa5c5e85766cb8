// What people mistype: each is told what they typed, as they typed it, and what to do, before anything long begins.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { invocation } from "../../src/cli/invocation.js";
import { trainCommand } from "../../src/cli/train.js";
import { asTyped } from "../../src/cli/typed-names.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-slips-"));
const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const rows = Array.from({ length: 60 }, (_, at) => `u${at % 10},i${at % 7},${1 + (at % 5)}`).join("\n");
const table = written("table.csv", `user,item,rating\n${rows}\n`);
const lines = (count: number, line: (at: number) => string): string => Array.from({ length: count }, (_, at) => line(at)).join("\n");
const events = written("events.csv", `user,item\n${lines(60, (at) => `u${at % 5},i${at % 2}`)}`);
const swapped = written("swapped.csv", "points,who is it,3rd\n4,heat,ann\n3,babe,ann\n");
const numbered = written(
  "numbered.csv",
  lines(30, (at) => `${1 + (at % 5)},i${at},ann`),
);
const odd = written("odd.csv", `user,item,rating\n${lines(40, (at) => `u${at % 20},i${at % 39},${at % 7 < 4 ? 0 : 1 + (at % 10)}`)}`);
const empty = written("empty.csv", "");
const junk = written("junk.checkpoint", "junk\n");
const train = ["train", table, "--device", "cpu"];

test.each<[args: string[], code: number, said: RegExp]>([
  [["train", "--epochs", "3"], 2, /unknown option '--epochs'\n\(--epochs is called --sweeps here\)/],
  [["recommend", "model", "-k", "3"], 2, /\(-k is called -n here\)/],
  [["train", "--learning-rate", "1"], 2, /\(--learning-rate is called --step-size here\)/],
  [["train", "--factor", "1"], 2, /Did you mean --factors/],
  [["train", "--implicit-prefs"], 2, /\(--implicit-prefs is --model implicit here\)/],
  [["train", "--alpha", "40"], 2, /\(--alpha is called --confidence here\)/],
  [["train", "--regularization", "0.1"], 2, /choices are plain, weighted\.\n\(how strong it is say --tau-users and --tau-items, /],
  [["search", "--regularization", "0.1"], 2, /it must be "plain" or "weighted"\n +how strong it is say --tau-users and --tau-items, /],
  [["evaluate", "model", "--rank", "5"], 2, /\(--rank is called --factors here, and is an option of train, search\)/],
  [["evaluate", "model", "--step-size", "5"], 2, /\(--step-size is an option of train, search\)/],
  [["recommend", "model", "--filter-already-liked-items"], 2, /is what is done here, unless --include-seen is given\)/],
  [["train", "--tau", "-1"], 2, /^error --tau is -1: it must be 0 or greater$/m],
  [["train", "--tau-users", "-1"], 2, /^error --tau-users is -1/m],
  [["train", "--factors", "999"], 2, /^error --factors is 999/m],
  [["train", "--model", "gibbs", "--prior-scale", "0"], 2, /^error --prior-scale is 0: it must be greater than 0$/m],
  [["train", "--sweeps", "-1"], 2, /it must be 0 or greater/],
  [["train", "--threads", "0"], 2, /it must be 1 or greater/],
  [["train", "--patience", "0"], 2, /it must be 1 or greater/],
  [["train", "--tolerance", "-1"], 2, /it must be 0 or greater/],
  [["train", "--resume"], 2, /--resume needs --checkpoint FILE/],
  [["train", "--init", "nope"], 1, /^error nope cannot be read/m],
  [["train", "--item-features", "nope"], 1, /^error nope: there is no such file or folder/m],
  [["train", events], 1, /count or sum adds up a log of events, --duplicates last takes the last/],
  [["train", events, "--duplicates", "error"], 1, /^ +--duplicates last, first, mean, sum or count says which rating counts$/m],
  [["train", swapped], 1, /such as --user-column "who is it" --item-column 3rd --rating-column points$/m],
  [["train", numbered], 1, /such as --user-column 2 --item-column 3 --rating-column 1$/m],
  [["train", odd], 1, /^ +--missing 0 leaves such rows out; --missing none keeps 0 as a rating$/m],
  [["train", folder, "--split", "u1"], 1, /^ +leave --split out to hold ratings out at random$/m],
  [["train", table, "--encoding", "nope"], 2, /^error --encoding is "nope"/m],
  [
    ["train", "--factors", "200", "--solver", "cholesky"],
    2,
    /^error --factors is 200: with --solver cholesky .*\n +--solver cg takes up to 512$/m,
  ],
  [["train", "--model", "gibbs", "--device", "cpu", "--wire", "halves"], 2, /leave --wire out/],
  [["recommend", "nowhere", "--user", "1"], 1, /^ +write one by tastespace train … --out FILE$/m],
  [["train", "ml-latset-small"], 1, /did you mean "ml-latest-small"\?/],
  [["train", empty], 1, /empty\.csv: it is empty\n/],
  [[...train, "--checkpoint", junk, "--resume"], 1, /junk\.checkpoint: it is no safetensors file/],
  [[...train, "--model", "logistic"], 1, /say with --positive-threshold which ratings are positive/],
  [["recommend", "model", "--user", "1", "--rated", "1=5"], 2, /--user ID and --rated TITLE=RATING are given, and only one of them can be/],
  [
    ["train", "nowhere", "--device", "cpu", "--device-memory", "1GiB"],
    2,
    /^error --device-memory is \d+ to no effect: the device is "cpu"\n +give --device webgpu, or no --device-memory$/m,
  ],
  [["train", "nowhere", "--device", "cpu", "--tensor-cores"], 2, /^error --tensor-cores is true to no effect/m],
  [["train", "nowhere", "--device", "reference", "--threads", "2"], 2, /^error --threads is 2 to no effect/m],
  [
    ["train", "nowhere", "--measure-every", "2"],
    2,
    /^error --measure-every is 2 to no effect: no lists are measured\n +give --measure-by ndcg, recall or auc$/m,
  ],
  [["train", "nowhere", "--checkpoint-every", "2"], 2, /^error --checkpoint-every is 2 to no effect/m],
  [["train", "nowhere", "--patience", "2", "--no-early-stop"], 2, /'--patience <n>' cannot be used with option '--no-early-stop'/],
  [["train", "nowhere", "--holdout", "1"], 2, /^error --holdout is 1: it must be a share, at least 0 and below 1$/m],
  [["train", "nowhere", "--holdout-last", "2"], 2, /^error --holdout-last is 2 to no effect: .*\n +give --holdout-by last$/m],
  [
    ["train", "nowhere", "--holdout-by", "last", "--holdout-last", "2", "--holdout", "0.3"],
    2,
    /^error --holdout-last is 2 to no effect: .*0\.3.*\n +leave --holdout 0\.3 away$/m,
  ],
  [["train", "nowhere", "--holdout", "0.1", "--test", "x"], 2, /^error --test and --holdout exclude each other$/m],
  [["train", "nowhere", "--model", "gd", "--item-features", "genres"], 2, /^error gd takes no features$/m],
  [
    ["train", "--split", "u1"],
    2,
    /^error --split is "u1" to no effect: the invented ratings are in no file\n +give the path of your ratings$/m,
  ],
  [["train", "--rating-column", "2"], 2, /^error --rating-column is "2" to no effect/m],
  [["train", "nowhere", "--item-features", "genres,rated,genres"], 2, /^error "genres,rated,genres" lists genres twice$/m],
  [
    ["train", "nowhere", "--user-features", "genres"],
    2,
    /^error users have no genres\n +genres are features of items: --item-features genres$/m,
  ],
  [["evaluate", "nowhere", "-k", "0"], 2, /'-k <count>' argument '0' is invalid. it must be 1 or greater/],
  [["analyse", "nowhere", "--genres", "Drama"], 2, /^error --genres is "Drama" to no effect: no map of a model is drawn$/m],
  [["analyse", "nowhere", "--similar", "7"], 2, /^error --similar is "7" to no effect: there is no model to list items by$/m],
  [["train", "nowhere", "--checkpoint", junk, "--resume"], 1, /junk\.checkpoint: it is no safetensors file/],
  [["search", "nowhere", "--trials", "-1", "--method", "random"], 2, /^error --trials is -1: it must be a whole number, 1 or greater$/m],
  [["search", "nowhere", "--trials", "3"], 2, /^error --trials is 3 to no effect: .*\n +give --method random or halving$/m],
  [["search", "nowhere", "--eta", "4"], 2, /^error --eta is 4 to no effect: the method is "grid"\n +give --method halving$/m],
  [["search", "nowhere", "--folds", "3", "--holdout", "0.3"], 2, /^error --holdout is 0.3 to no effect: folds are held out$/m],
  [["search", "nowhere", "--holdout", "2"], 2, /^error --holdout is 2: it must be a share/m],
  [["search", "nowhere", "--factors", "1000"], 2, /^error --factors is 1000/m],
  [["search", "nowhere", "--item-features", "nope"], 1, /^error nope: there is no such file or folder/m],
  [
    ["predict", "nowhere", "--user", "1", "--item", "2", "--delimiter", ";"],
    2,
    /^error --delimiter is ";" to no effect: no file is read\n +give it with --pairs$/m,
  ],
  [["explain", "nowhere", "--rated", "1=5", "--item", "2", "--rating-column", "3"], 2, /^error --rating-column is "3" to no effect: /m],
  [["explain", "nowhere", "--rated", "1=5", "--item", "2", "--data", "x"], 2, /^error --data is "x" to no effect: .*\n +give --user/m],
  [["explain", "nowhere", "--rated", "1=5", "--item", "2", "--holdout", "0.3"], 2, /^error --holdout is 0.3 to no effect: /m],
  [["predict", "nowhere", "--user", "1", "--item", "2", "--sort"], 2, /^error --sort is true to no effect: no file is read$/m],
  [["predict", "nowhere", "--user", "1", "--item", "2", "--no-cache"], 2, /^error --no-cache is true to no effect: no file is read$/m],
  [["predict", "nowhere", "--pairs", "x", "--item", "2"], 2, /^error --item is "2" to no effect: the pairs are those of --pairs$/m],
  [["recommend", "nowhere", "--rated", "1=5", "--include-seen"], 2, /^error --include-seen is true to no effect: /m],
  [["similar", "nowhere", "--user", "1", "--genre", "Drama"], 2, /^error --genre is "Drama" to no effect: users are listed/m],
  [["similar", "nowhere", "--user", "1", "--to-year", "1990"], 2, /^error --to-year is 1990 to no effect: users are listed/m],
  [["export", "nowhere", "--out", "x", "--format", "npz", "--side", "users"], 2, /^error --side is "users" to no effect: npz holds both/m],
  [
    ["export", "nowhere", "--out", "x", "--format", "index", "--side", "items"],
    2,
    /^error --side is "items" to no effect: an index is of/m,
  ],
  [["export", "nowhere", "--out", "x", "--format", "csv", "--alpha", "3"], 2, /^error --alpha is 3 to no effect: csv is no index$/m],
  [["export", "nowhere", "--out", "x", "--format", "csv", "--nearest", "score"], 2, /^error --nearest is "score" to no effect: csv is no/m],
  [
    ["export", "nowhere", "--out", "x", "--format", "index", "--nearest", "similar", "--alpha", ".5"],
    2,
    /^error --alpha is 0.5 to no effect: items like an item are near by their factors alone\n +leave --alpha away$/m,
  ],
  [["analyse", "nowhere", "--minimum-ratings", "3"], 2, /^error --minimum-ratings is 3 to no effect: there is no model$/m],
  [["analyse", "nowhere", "--other-data"], 2, /^error --other-data is true to no effect: there is no model$/m],
  [["analyse", "nowhere", "--seed", "3"], 2, /^error --seed is 3 to no effect: no intervals are measured$/m],
  [["analyse", "nowhere", "--model", "x", "-n", "3"], 2, /^error -n is 3 to no effect: no list is made$/m],
  [["report", "nowhere", "--alpha", "3", "--similar", "7"], 2, /^error --alpha is 3 to no effect: no list of somebody is made$/m],
  [["similar", "model", "7", "--user", "1"], 2, /an item and --user ID are given/],
])("%j", async (args, code, said) => {
  const ran = await tastespace(...args);
  expect(ran.err).toMatch(said);
  expect(ran.code).toBe(code);
});

test.each([
  ["give memoryBytes a number of bytes", "give --device-memory a number of bytes"],
  ['go on with device: "cpu"', "go on with --device cpu"],
  ['take solver: "cholesky"', "take --solver cholesky"],
  ['go on with wire: "halves"', "go on with --wire halves"],
  ["give tauUsers a positive value, and gammaUsers where", "give --tau-users a positive value, and --gamma-users where"],
  ['say columns: { time: "a }", rating: 0 }, or columns.weight', 'say --time-column "a }" --rating-column 1, or --weight-column'],
  ['missing: ["99", "-1"] leaves them out; missing: [] keeps them', "--missing 99,-1 leaves them out; --missing none keeps them"],
  ["give factors: 5", "give --factors 5"],
  ["it has factors, tauUsers, mean, cgSteps", "it has --factors, --tau-users, --no-mean, --cg-steps"],
  ['als has no hyperparameter "negatives"', "als has no hyperparameter --negatives"],
  ["skipBadRows: true leaves such rows out", "--skip-bad-rows leaves such rows out"],
  // No options of this command, or none at all.
  ['coldStart: "mean" takes the mean', 'coldStart: "mean" takes the mean'],
  ["space: { factors: [8], tau: [1] }", "space: { factors: [8], tau: [1] }"],
  ["missing.csv: 25 % of the ratings are 0", "missing.csv: 25 % of the ratings are 0"],
  ["leave out items without a rating", "leave out items without a rating"],
])("of train, %s is %s", (written, typed) => {
  invocation.command = trainCommand();
  expect(asTyped(written)).toBe(typed);
});

test("an item of a file of pairs that is not known is told in the words of the command line, and counts have separators", async () => {
  const many = written("many.csv", `user,item,rating\n${lines(4000, (at) => `u${at % 40},i${at % 1013},${1 + (at % 5)}`)}\n`);
  const model = join(folder, "many.safetensors");
  await tastespace("train", many, "--device", "cpu", "--sweeps", "1", "--out", model);
  const pairs = written("pairs.csv", "user,item\nu1,i1\nu1,nothing\n");
  const { err, code } = await tastespace("predict", model, "--pairs", pairs);
  expect(err).toMatch(/^error no item has the id "nothing" among the 1,013 of the model\n +an item is known by ratings; the ids are/m);
  expect(code).toBe(2);
  const none = await tastespace("evaluate", model, many, "--relevance-threshold", "6", "--device", "cpu");
  expect(none.err).toMatch(/of 800 held-out ratings 0 are of users/);
});

test("hyperparameters are named by the flags of train where the command has none for them", async () => {
  const model = join(folder, "likes.safetensors");
  await tastespace(...train, "--model", "logistic", "--positive-threshold", "4", "--tau-users", "0", "--sweeps", "1", "--out", model);
  const { err, code } = await tastespace("explain", model, "--rated", "i1=5", "--item", "i2");
  expect(err).toMatch(/^error a logistic model is explained by its precisions, and --tau-users or --gamma-users is 0$/m);
  expect(code).toBe(2);
});

test("nothing to train on is told with what to type", () => {
  invocation.command = trainCommand();
  expect(asTyped("Ratings.from(rows) makes them of rows, readPath(path) reads a file")).toBe(
    "give a file with rows of user, item and rating",
  );
  expect(asTyped("thompsonSeed is 1.5: it must be a whole number")).toMatch(/^--thompson is 1.5/);
});

test("what the library notices is named as it is typed, too", async () => {
  const { err, code } = await tastespace(...train, "--tau-features", "3", "--sweeps", "0");
  expect(err).toContain("note --tau-features is 3 to no effect, since there are no features: give --item-features or --user-features");
  expect(err).toContain("note --sweeps is 0, so the model is the untrained one");
  expect(code).toBe(0);
});

test("a model without what users rated says which flags help", async () => {
  const model = join(folder, "unseen.safetensors");
  await tastespace(...train, "--no-seen", "--out", model);
  const { err, code } = await tastespace("recommend", model, "--user", "u1");
  expect(err).toMatch(/^ +train without --no-seen, or give --include-seen$/m);
  expect(code).toBe(2);
});

test("a model to start from with another number of factors is refused before any rating is read", async () => {
  const model = join(folder, "five.safetensors");
  await tastespace(...train, "--factors", "5", "--sweeps", "1", "--out", model);
  const { err, code } = await tastespace("train", "nowhere", "--init", model);
  expect(err).toMatch(/^error the model to start from has 5 factors, not 10\n +give --factors 5$/m);
  expect(code).toBe(2);
});

test("what a model has not is not weighed, nor clipped: implicit has no biases of items and predicts no ratings", async () => {
  const [implicit, als, out] = [join(folder, "implicit.safetensors"), join(folder, "als.safetensors"), join(folder, "lists.csv")];
  await tastespace(...train, "--model", "implicit", "--sweeps", "2", "--out", implicit);
  await tastespace(...train, "--sweeps", "2", "--out", als);
  const asked = [
    ["recommend", "--user", "u1", "--alpha", "0.5"],
    ["recommend", "--rated", "i1=5", "--alpha", "1"],
    ["recommend-all", "--out", out, "--device", "cpu", "--alpha", "0.5"],
    ["evaluate", "--device", "cpu", "--alpha", "0.5"],
    ["export", "--format", "index", "--out", out, "--alpha", "0.5"],
    ["analyse", "--rated", "i1=5", "--alpha", "0.5"],
  ];
  for (const [command, ...flags] of asked) {
    const { err, code } = await tastespace(command, ...(command === "analyse" ? [table, "--model", implicit] : [implicit]), ...flags);
    expect(err, command).toMatch(/^error --alpha is \S+ to no effect: this model of implicit has no item biases to weigh\n +leave --alpha away$/m); // prettier-ignore
    expect(code).toBe(2);
  }
  for (const flags of [
    ["recommend", implicit, "--user", "u1", "--no-clip"],
    ["predict", implicit, "--user", "u1", "--item", "i1", "--no-clip"],
  ])
    expect((await tastespace(...flags)).err).toMatch(/^error --no-clip is true to no effect: implicit predicts no ratings/m);
  expect(await tastespace("recommend", als, "--user", "u1", "--alpha", "0.5", "--no-clip")).toMatchObject({ code: 0 });
  expect(await tastespace("recommend", implicit, "--user", "u1")).toMatchObject({ code: 0 });
  expect((await tastespace("analyse", table, "--model", als, "--holdout", "0.2")).err).toMatch(/no intervals are measured$/m);
});

test("users like a user of a model that forgot who rated what: a number of ratings is refused, not passed over", async () => {
  const model = join(folder, "forgot.safetensors");
  await tastespace(...train, "--no-seen", "--out", model);
  expect(await tastespace("similar", model, "--user", "u1")).toMatchObject({ code: 0, err: "" });
  const { err, code } = await tastespace("similar", model, "--user", "u1", "--minimum-ratings", "3");
  expect(err).toMatch(/^ +train without --no-seen, or leave --minimum-ratings out$/m);
  expect(code).toBe(2);
});

test("a model in the place of a table is called one, with what takes it, and a table in the place of a model too", async () => {
  const [model, checkpoint, run] = ["taken.safetensors", "taken.checkpoint", "taken.json"].map((name) => join(folder, name));
  await tastespace(...train, "--factors", "2", "--sweeps", "1", "--out", model, "--checkpoint", checkpoint, "--json", run);
  const said = async (...args: string[]): Promise<string> => (await tastespace(...args)).err.replaceAll(/^note.*\n/gm, "").trim();
  const isModel = (remedy: string): string => `error ${model}: it is a model, not a table\n      ${remedy}`;
  expect(await said("analyse", model)).toBe(isModel(`give a table, or look at the model: tastespace analyse --model "${model}"`));
  expect(await said("train", model)).toBe(isModel(`give a table, and start from the model with --init "${model}"`));
  for (const args of [
    ["search", model],
    ["evaluate", model, model],
    ["evaluate", model, "--test", model],
    ["predict", model, "--pairs", model],
    ["partial-fit", model, model, "--out", join(folder, "x")],
    ["explain", model, "--user", "u1", "--item", "i1", "--data", model],
  ])
    expect(await said(...args), args.join(" ")).toBe(isModel("give a table"));
  expect(await said("train", checkpoint)).toBe(`error ${checkpoint}: it is the checkpoint of a training, not a table\n      give a table`);
  expect(await said("train", table, "--item-features", model)).toContain("it is a model, not a table");
  const asModel = [
    ["recommend", "--user", "u1"],
    ["evaluate"],
    ["predict", "--user", "u1", "--item", "i1"],
    ["similar", "i1"],
    ["export", "--format", "csv", "--out", join(folder, "x")],
    ["partial-fit", table, "--out", join(folder, "x")],
    ["serve"],
  ];
  for (const [command, ...flags] of asModel)
    for (const file of [table, run])
      expect(await said(command, file, ...flags)).toBe(
        `error ${file}: it is no safetensors file, but text\n      give a model file: tastespace train … --out FILE writes one`,
      );
  expect(await said("analyse", "--model", table)).toContain("but text");
  expect(await said("train", table, "--init", table)).toContain("but text");
  expect(await said("recommend", checkpoint, "--user", "u1")).toMatch(
    /the checkpoint of a training, and no model\n +go on with the training/,
  );
});

test("a list that filters have left nothing of says so", async () => {
  const model = join(folder, "model.safetensors");
  await tastespace(...train, "--out", model);
  const { out, code } = await tastespace("recommend", model, "--user", "u1", "--minimum-ratings", "5000");
  expect(code).toBe(0);
  expect(out).toMatch(/nothing: no item passes the filters/);
});
