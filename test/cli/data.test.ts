// One's own data from the command line: what is said of it, and what a model remembers of it.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterAll, expect, test } from "vitest";
import { accuracy } from "../../src/metrics/accuracy.js";
import { load } from "../../src/node.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { splitRatings } from "../../src/ratings/split.js";
import { ratingsThatCount } from "../../src/ratings/weights.js";
import { fit } from "../../src/training/fit.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-"));
const inFolder = (...names: string[]): string => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true }));
const BIASES = ["--device", "cpu", "--factors", "0", "--sweeps", "2"];
/** Sixty rows of a rating, a film and a person; a quarter of them are not rated. */
const survey = `points;what;who\n${Array.from({ length: 60 }, (_, at) => `${at % 4 === 0 ? 99 : 1 + (at % 5)};f${at % 10};p${Math.floor(at / 10)}\n`).join("")}`;

test("what a table was taken for is said in a line, and evaluate reads it alike without being told, in another place too", async () => {
  mkdirSync(inFolder("here"));
  writeFileSync(inFolder("here", "survey.csv"), survey);
  const model = inFolder("here", "model.safetensors");
  const asked = await tastespace("train", inFolder("here", "survey.csv"), ...BIASES);
  expect(asked).toMatchObject({ code: 1, err: expect.stringContaining("which column holds the users is not clear") as string });
  expect(asked.err).toContain("--user-column what --item-column who --rating-column points");
  const reading = ["--user-column", "who", "--item-column", "what"];
  const refused = await tastespace("train", inFolder("here", "survey.csv"), ...reading, ...BIASES);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("--missing 99 leaves such rows out") as string });
  const trained = await tastespace("train", inFolder("here", "survey.csv"), ...reading, "--missing", "99", "--seed", "5", ...BIASES, "--out", model); // prettier-ignore
  expect(trained.out).toContain("columns  who → user, what → item, points → rating");
  expect(trained.err).toContain("15 rows without a rating left out (--missing 99)");
  const report = inFolder("report.json");
  const rmse = (): number => (JSON.parse(readFileSync(report, "utf8")) as { rmse: number }).rmse;
  expect(await tastespace("evaluate", model, "--device", "cpu", "--json", report)).toMatchObject({ code: 0 });
  const [, printed] = /held-out RMSE ([\d.]+)/.exec(trained.out)!;
  expect(rmse()).toBeCloseTo(Number(printed), 4);
  cpSync(inFolder("here"), inFolder("there"), { recursive: true });
  rmSync(inFolder("here"), { recursive: true });
  writeFileSync(inFolder("there", "survey.csv"), `${survey}5;f1;p9\n`);
  const moved = ["evaluate", inFolder("there", "model.safetensors"), "--device", "cpu", "--json", report];
  const refusedAgain = await tastespace(...moved);
  expect(refusedAgain).toMatchObject({ code: 2, err: expect.stringContaining("has 46 ratings; when") as string });
  expect(await tastespace(...moved, "--allow-trained")).toMatchObject({
    code: 0,
    err: expect.stringContaining("has 46 ratings; when") as string,
  });
});

test("a model that new users have joined, in another folder, still knows where its ratings are; one solved from others does not", async () => {
  mkdirSync(inFolder("trained"));
  mkdirSync(inFolder("joined"));
  const table = (persons: readonly string[]): string =>
    `user,item,rating\n${persons.flatMap((person, at) => Array.from({ length: 10 }, (_, n) => `${person},f${n},${1 + ((at + n * 3) % 5)}\n`)).join("")}`;
  writeFileSync(inFolder("trained", "own.csv"), table(["ann", "bo", "cy", "di"]));
  writeFileSync(inFolder("more.csv"), table(["eve"]));
  writeFileSync(inFolder("again.csv"), table(["ann"]));
  const model = inFolder("trained", "model.safetensors");
  const joined = inFolder("joined", "model.safetensors");
  const report = inFolder("joined.json");
  const rmse = async (of: string): Promise<number> => {
    expect(await tastespace("evaluate", of, "--device", "cpu", "--json", report)).toMatchObject({ code: 0 });
    return (JSON.parse(readFileSync(report, "utf8")) as { rmse: number }).rmse;
  };
  expect(await tastespace("train", inFolder("trained", "own.csv"), "--seed", "5", ...BIASES, "--out", model)).toMatchObject({ code: 0 });
  expect(await tastespace("partial-fit", model, inFolder("more.csv"), "--out", joined)).toMatchObject({ code: 0 });
  expect(await rmse(joined)).toBe(await rmse(model));
  const refit = await tastespace("partial-fit", model, inFolder("again.csv"), "--refit", "users", "--out", joined);
  expect(refit).toMatchObject({ code: 0 });
  expect(await tastespace("evaluate", joined)).toMatchObject({
    code: 2,
    err: expect.stringContaining("does not say where its ratings are") as string,
  });
});

test("a held-out last rating of every user is found again, and another split can be asked for", async () => {
  const rows = Array.from({ length: 40 }, (_, at) => `p${at % 4},f${Math.floor(at / 4)},${1 + ((at * 3) % 5)},${1000 + ((at * 7) % 40)}\n`);
  writeFileSync(inFolder("timed.csv"), `user,item,rating,timestamp\n${rows.join("")}p9,f10,4,999\n`);
  const model = inFolder("timed.safetensors");
  const report = inFolder("timed.json");
  const heldOut = async (...flags: string[]): Promise<number> => {
    expect(await tastespace("evaluate", model, "--device", "cpu", "--json", report, ...flags)).toMatchObject({ code: 0 });
    return (JSON.parse(readFileSync(report, "utf8")) as { heldOut: number }).heldOut;
  };
  const last = ["--holdout-by", "last", "--holdout-last", "2"];
  expect(await tastespace("train", inFolder("timed.csv"), "--sort", ...last, ...BIASES, "--out", model)).toMatchObject({ code: 0 });
  expect(await heldOut()).toBe(8);
  expect(await heldOut("--holdout-last", "3", "--allow-trained")).toBe(12);
  expect(await heldOut("--holdout", "0.4", "--allow-trained")).toBe(16);
  expect(await heldOut("--holdout-by", "random", "--holdout", "0.25", "--allow-trained")).toBe(10);
  writeFileSync(inFolder("timed-test.csv"), "user,item,rating\np1,f10,5\n");
  expect(await tastespace("train", inFolder("timed.csv"), "--test", inFolder("timed-test.csv"), ...BIASES, "--out", model)).toMatchObject({
    code: 0,
  });
  expect(await heldOut()).toBe(1);
  expect(await heldOut("--holdout-by", "last", "--allow-trained")).toBe(4);
});

test("positives alone are learned from by implicit and logistic, and refused by models of ratings, with the line to type", async () => {
  const path = inFolder("likes.csv");
  writeFileSync(path, Array.from({ length: 60 }, (_, at) => `p${at % 12},f${(at * 7) % 25}\n`).join(""));
  expect(await tastespace("train", path, ...BIASES)).toMatchObject({
    code: 2,
    err: expect.stringContaining("--model implicit, or with --model logistic --negatives 4") as string,
  });
  for (const model of [["implicit"], ["logistic", "--negatives", "2"]]) {
    const { code, out } = await tastespace("train", path, "--device", "cpu", "--factors", "2", "--sweeps", "2", "--model", ...model);
    expect(code).toBe(0);
    expect(out).toContain("column 1 → user, column 2 → item; no ratings: every row counts as 1");
  }
});

test("likes and dislikes in words train logistic and models of ratings, and a dislike is nothing to implicit", async () => {
  // Films 0 to 4 are liked by all, and the others by nobody; every user has seen some of each.
  const seen = Array.from({ length: 200 }, (_, at) => ({ user: `u${at % 20}`, film: (7 * Math.floor(at / 20) + at) % 10 }));
  const rows = seen.filter((_, at) => at % 3 > 0).map(({ user, film }) => `${user},f${film},${film < 5 ? "True" : "False"}\n`);
  const [path, out] = [inFolder("steam.csv"), inFolder("steam.safetensors")];
  writeFileSync(path, `user,item,voted_up\n${rows.join("")}`);
  for (const model of ["logistic", "implicit", "als"]) {
    const trained = await tastespace("train", path, "--model", model, "--device", "cpu", "--holdout", "0", "--out", out);
    expect(trained).toMatchObject({ code: 0, out: expect.stringContaining("voted_up → rating, true → 1, false → 0") as string });
    const known = await load(out);
    for (const { user } of seen.slice(0, 20)) {
      const [liked, not] = ["f0", "f9"].map((film) => known.predict(user, film));
      expect(liked).toBeGreaterThan(not + 0.02);
      if (model === "implicit") expect(not).toBeCloseTo(0, 4);
    }
  }
});

test("standard input is read, and rows left out are named", () => {
  const input = `user,item,rating\n${survey
    .split("\n")
    .slice(1, -1)
    .map((row) => row.split(";").reverse().join(","))
    .join("\n")}\nann,x,many\n`;
  const args = ["-c", `node dist/cli.js train - --missing 99 --skip-bad-rows ${BIASES.join(" ")} 2>&1`];
  const out = execFileSync("bash", args, { input, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
  expect(out).toContain("standard input: 45 ratings, 6 users, 10 items");
  expect(out).toContain('1 malformed row left out:\n       standard input:62: rating "many" is not a number');
});

test("a zip archive is trained on as it is, and evaluate finds its ratings and titles again", async () => {
  const rows = survey.split("\n").slice(1, -1).map((row) => row.split(";").reverse().join(",")); // prettier-ignore
  const files = {
    "set/ratings.csv": `user,item,rating\n${rows.join("\n")}\n`,
    "set/movies.csv": "movieId,title,genres\nf1,Heat (1995),Crime\n",
  };
  writeFileSync(inFolder("set.zip"), zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))));
  const model = inFolder("zipped.safetensors");
  const trained = await tastespace("train", inFolder("set.zip"), "--missing", "99", "--out", model, ...BIASES);
  expect(trained.out).toContain("set.zip (MovieLens): 45 ratings, 6 users, 10 items");
  expect((await load(model)).catalogue.title("f1")).toBe("Heat (1995)");
  expect((await tastespace("evaluate", model)).code).toBe(0);
});

test("ids in JSON beyond 2⁵³ are as many users as there are, and each is found by its digits", async () => {
  const lines = Array.from(
    { length: 60 },
    (_, at) => `{"user":${9007199254740992n + BigInt(at % 12)},"item":${at % 5},"rating":${1 + (at % 4)}}`,
  );
  writeFileSync(inFolder("long.jsonl"), `${lines.join("\n")}\n`);
  const model = inFolder("long.safetensors");
  const trained = await tastespace("train", inFolder("long.jsonl"), "--out", model, ...BIASES);
  expect(trained.out).toContain("long.jsonl: 60 ratings, 12 users, 5 items");
  expect(await tastespace("predict", model, "--user", "9007199254740993", "--item", "1")).toMatchObject({ code: 0 });
});

test("a model of standard input says how each command is given its ratings", async () => {
  const model = inFolder("piped.safetensors");
  const input = `user,item,rating\n${Array.from({ length: 40 }, (_, at) => `p${at % 8},f${(at * 3) % 10},${1 + (at % 5)}`).join("\n")}\n`;
  execFileSync("node", ["dist/cli.js", "train", "-", ...BIASES, "--out", model], { input });
  const told = async (...args: string[]): Promise<string> => (await tastespace(...args)).err.replaceAll(/\s+/g, " ");
  expect(await told("evaluate", model)).toMatch(/was trained on standard input.*give the file that holds its ratings: evaluate MODEL PATH/);
  expect(await told("explain", model, "--user", "p1", "--item", "f1")).toMatch(/give the file that holds its ratings: --data PATH/);
  expect(await told("analyse", "--model", model)).toMatch(/give the file that holds its ratings: analyse PATH --model MODEL/);
});

test("titles of one's own come with the model; those that fit no item are noticed", async () => {
  writeFileSync(inFolder("own.csv"), "user,item,rating\n1,10,4\n1,11,3\n2,10,5\n2,11,2\n3,10,4\n");
  writeFileSync(inFolder("films.csv"), "title,id,year\nHeat,10,1995\nBabe,11,1995\n");
  writeFileSync(inFolder("others.csv"), "title,id\nHeat,tt10\n");
  const model = inFolder("own.safetensors");
  const train = (items: string) => tastespace("train", inFolder("own.csv"), "--items", inFolder(items), ...BIASES, "--out", model);
  expect((await train("others.csv")).err).toContain("none of its 1 items is among the 2 that are rated");
  expect(await train("films.csv")).toMatchObject({ code: 0, err: "" });
  expect((await tastespace("predict", model, "--user", "1", "--item", "heat (1995)")).out).toContain("Heat (1995)");
});

test("the command that a search tells its user to copy reads the ratings alike", async () => {
  writeFileSync(inFolder("survey.csv"), survey);
  const reading = ["--user-column", "who", "--item-column", "what", "--missing", "99", "--scale", "1:5"];
  const { code, out } = await tastespace("search", inFolder("survey.csv"), ...reading, "--factors", "0", "--sort", "--gamma", "1,5", "--sweeps", "2", "--device", "cpu"); // prettier-ignore
  expect(code).toBe(0);
  expect(out).toMatch(/tastespace train .* --user-column who --item-column what --missing 99 --scale 1:5 --sort/);
});

test("what needs a person is wrong usage", async () => {
  writeFileSync(inFolder("a.csv"), "user,item,rating\n1,10,4\n");
  const say = (text: string) => ({ code: 2, err: expect.stringContaining(text) as string });
  expect(await tastespace("train", inFolder("a.csv"), "--scale", "5:1")).toMatchObject(say("the first number must be less"));
  expect(await tastespace("train", inFolder("a.csv"), "--encoding", "klingon")).toMatchObject(say("no such encoding"));
  expect(await tastespace("train", inFolder("a.csv"), "--user-column", "0")).toMatchObject(say("there is no column 0"));
});

test("a model knows its ratings from others, however their rows are ordered, and those of run files too", async () => {
  const rows = Array.from({ length: 200 }, (_, at) => `${at % 20},${(at * 7) % 31},${1 + ((at * at) % 5)}`);
  const write = (name: string, lines: readonly string[]): string => {
    writeFileSync(inFolder(name), `user,item,rating\n${lines.join("\n")}\n`);
    return inFolder(name);
  };
  const given = write("given.csv", rows);
  const model = inFolder("knows.safetensors");
  const run = inFolder("knows.json");
  expect(await tastespace("train", given, "--factors", "2", "--device", "cpu", "--out", model, "--json", run)).toMatchObject({ code: 0 });
  const changed = [rows[0].replace(/\d$/, (digit) => String((Number(digit) % 5) + 1)), ...rows.slice(1)];
  const other = write("other.csv", changed);
  const shuffled = write("shuffled.csv", [...rows].reverse());
  const explain = (data: string, ...more: string[]) => tastespace("explain", model, "--data", data, "--user", "1", "--item", "7", ...more);
  const analyse = (data: string, ...more: string[]) => tastespace("analyse", data, "--model", model, ...more);
  const refused = { code: 2, err: expect.stringContaining("there were as many, but others") as string };
  for (const look of [explain, analyse]) {
    expect(await look(shuffled)).toMatchObject({ code: 0 });
    expect(await look(other)).toMatchObject(refused);
    expect(await look(other, "--other-data")).toMatchObject({ code: 0 });
  }
  expect(await tastespace("evaluate", model, other, "--device", "cpu")).toMatchObject(refused);
  expect((await tastespace("analyse", "--model", model)).out).toContain("given.csv: ");
  write("given.csv", changed);
  const report = await tastespace("report", run, "--out", inFolder("knows.html"));
  expect(report).toMatchObject({ code: 0, err: expect.stringContaining("no longer those that it was trained on") as string });
});

test("weights are read by --weight-column, and the model's own column is measured by again", async () => {
  const rows = Array.from({ length: 80 }, (_, at) => [`p${at % 8}`, `f${Math.floor(at / 8)}`, 1 + ((at * 3) % 5), (at % 5) / 2] as const);
  writeFileSync(inFolder("weighed.csv"), `user,item,rating,people\n${rows.map((row) => `${row.join(",")}\n`).join("")}`);
  const [model, report] = [inFolder("weighed.safetensors"), inFolder("weighed.json")];
  const trained = await tastespace("train", inFolder("weighed.csv"), "--weight-column", "people", ...BIASES, "--out", model);
  expect(trained.out).toContain("columns  user → user, item → item, rating → rating, people → weight");
  const ratings = Ratings.from(rows.map(([user, item, rating, weight]) => [user, item, rating, null, weight]));
  const { train, heldOut } = splitRatings(ratings, { share: 0.2, seed: 1 });
  const { model: same } = await fit(train, { heldOut, device: "cpu", factors: 0, sweeps: 2 });
  expect((await load(model)).parameters).toEqual(same.parameters);
  expect((await load(model)).statistics).toEqual(ratingsThatCount(train).statistics());
  expect(await tastespace("evaluate", model, "--device", "cpu", "--json", report)).toMatchObject({ code: 0 });
  const { rmse } = JSON.parse(readFileSync(report, "utf8")) as { rmse: number };
  expect(rmse).toBe(accuracy(same, heldOut).rmse);
  expect(rmse).not.toBeCloseTo(accuracy(same, plain(heldOut)).rmse, 3);
  const none = await tastespace("train", inFolder("weighed.csv"), "--weight-column", "persons", ...BIASES);
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('there is no column "persons"') as string });
});

const plain = ({ user, item, value, users, items }: Ratings): Ratings => new Ratings({ user, item, value }, users, items);

const rows = (count: number, user: string, item: string): string =>
  `user,item,rating\n${Array.from({ length: count }, (_, at) => `${user}${at % 12},${item}${(at * 7) % 20},${1 + (at % 5)}\n`).join("")}`;

test("a test file is told with what of it is known, and refused where nothing is, in train and evaluate alike", async () => {
  writeFileSync(inFolder("known.csv"), rows(60, "u", "i"));
  writeFileSync(inFolder("strange.csv"), rows(60, "x", "y"));
  writeFileSync(inFolder("few.csv"), `${rows(60, "x", "y")}u1,i19,3\n`);
  const model = inFolder("known.safetensors");
  const train = (...flags: string[]) => tastespace("train", inFolder("known.csv"), ...BIASES, ...flags);
  const refused = {
    code: 1,
    err: expect.stringMatching(
      /^error .*strange\.csv: none of its 12 users and 20 items is among those of .*known\.csv\n +give ratings of the same users and items: users are "x0", "x1", "x2" … there, and "u0", "u1", "u2" … in/m,
    ) as string,
  };
  expect(await train("--test", inFolder("strange.csv"))).toMatchObject(refused);
  const few = await train("--test", inFolder("few.csv"));
  expect(few.err).toMatch(/note .*few\.csv: of its 13 users and 21 items only 1 user and 1 item are among those of .*known\.csv/);
  expect(few.out).toMatch(/^data +.*known\.csv: 60 ratings, 12 users, 20 items$/m);
  expect(few.out).toMatch(/^test +.*few\.csv: 61 ratings, 13 users \(1 known\), 21 items \(1 known\)$/m);
  expect((await train("--out", model)).code).toBe(0);
  expect(await tastespace("evaluate", model, "--test", inFolder("strange.csv"), "--device", "cpu")).toMatchObject(refused);
  expect(await tastespace("evaluate", model, inFolder("strange.csv"), "--other-data", "--device", "cpu")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^error .*strange\.csv: the model knows none of the 12 users and 20 items$/m) as string,
  });
  for (const coldStart of ["mean", "drop"])
    expect(await tastespace("predict", model, "--pairs", inFolder("strange.csv"), "--cold-start", coldStart)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error .*strange\.csv: the model knows none of the 12 users and 20 items of the ratings$/m) as string,
    });
  expect(await tastespace("partial-fit", model, inFolder("strange.csv"), "--out", inFolder("bigger.safetensors"))).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^error .*strange\.csv: the model knows none of the 12 users and 20 items of the ratings$/m) as string,
  });
});

test("a test file of nobody who is known goes with features, and the model is looked at with them", async () => {
  writeFileSync(inFolder("known.csv"), rows(60, "u", "i"));
  writeFileSync(inFolder("strange.csv"), rows(60, "x", "y"));
  const features = ["i", "y"].flatMap((item) => Array.from({ length: 20 }, (_, n) => `${item}${n},${n % 2 ? "red" : "blue"}\n`)).join("");
  writeFileSync(inFolder("colours.csv"), `item,feature\n${features}`);
  const model = inFolder("featured.safetensors");
  const flags = ["--item-features", inFolder("colours.csv"), "--test", inFolder("strange.csv"), "--model", "vb", "--factors", "2"];
  const trained = await tastespace("train", inFolder("known.csv"), ...flags, "--sweeps", "2", "--device", "cpu", "--out", model);
  expect(trained).toMatchObject({ code: 0 });
  expect(await tastespace("explain", model, "--user", "u0", "--item", "i1")).toMatchObject({ code: 0 });
  expect(await tastespace("analyse", "--model", model)).toMatchObject({ code: 0 });
});

test("ways of holding out are refused where what is held out is given, and so is a split of a single file", async () => {
  writeFileSync(inFolder("known.csv"), rows(60, "u", "i"));
  const train = (...flags: string[]) => tastespace("train", inFolder("known.csv"), ...BIASES, ...flags);
  expect(await train("--test", inFolder("known.csv"), "--holdout-by", "last")).toMatchObject({
    code: 2,
    err: expect.stringContaining('error --holdout-by is "last" to no effect: --test gives the held-out ratings') as string,
  });
  expect(await train("--split", "u1", "--holdout-by", "time")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--split gives the held-out ratings") as string,
  });
  for (const command of ["train", "search", "analyse"])
    expect(await tastespace(command, inFolder("known.csv"), "--split", "u1")).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^error --split is "u1" to no effect: .*known\.csv is a single file\n +give the folder that holds u1\.base/m,
      ) as string,
    });
  const model = inFolder("held.safetensors");
  expect((await train("--out", model)).code).toBe(0);
  expect(await tastespace("evaluate", model, "--test", inFolder("known.csv"), "--holdout", "0.3")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--test and --holdout exclude each other") as string,
  });
});

test("a partial fit takes all ratings that it is given, so that a split of a folder is refused", async () => {
  writeFileSync(inFolder("known.csv"), rows(60, "u", "i"));
  const model = inFolder("split.safetensors");
  expect((await tastespace("train", inFolder("known.csv"), ...BIASES, "--out", model)).code).toBe(0);
  mkdirSync(inFolder("ready"));
  writeFileSync(inFolder("ready", "u1.base"), "u1\ti1\t3\t4\n");
  writeFileSync(inFolder("ready", "u1.test"), "u2\ti1\t3\t4\n");
  const refused = await tastespace("partial-fit", model, inFolder("ready"), "--split", "u1", "--out", inFolder("bigger.safetensors"));
  expect(refused).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^error --split holds ratings out.*\n +.*u1\.base by itself$/m) as string,
  });
});

test("a file of features is told with its columns and how many of it are rated, and refused where none is", async () => {
  writeFileSync(inFolder("known.csv"), rows(60, "u", "i"));
  writeFileSync(inFolder("years.csv"), "id,genre,year\ni1,Comedy,1990\ni2,Drama,1991\nq,Drama,1990\n");
  writeFileSync(inFolder("strangers.csv"), "id,genre\nq1,Comedy\nq2,Drama\n");
  const train = (command: string, ...flags: string[]) =>
    tastespace(command, inFolder("known.csv"), "--device", "cpu", "--factors", "2", "--sweeps", "2", ...flags);
  for (const command of ["train", "search"]) {
    const { out, code } = await train(command, "--item-features", inFolder("years.csv"), ...(command === "search" ? ["--tau", "1"] : []));
    expect(out).toMatch(
      /^features .*years\.csv: id → id; genre, year → features {2}\(4 features of 3 ids, 2 of them among the 20 rated\)$/m,
    );
    expect(code).toBe(0);
    expect(await train(command, "--item-features", inFolder("strangers.csv"))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error .*strangers\.csv: none of the 2 items is among the 20 rated$/m) as string,
    });
  }
});

test("features of users that a folder holds are told where they are taken, and left out where they are of others", async () => {
  mkdirSync(inFolder("old"));
  writeFileSync(inFolder("old", "ratings.dat"), Array.from({ length: 40 }, (_, at) => `${1 + (at % 8)}::${1 + ((at * 3) % 11)}::${1 + (at % 5)}::1\n`).join("")); // prettier-ignore
  const train = async (first: number) => {
    writeFileSync(inFolder("old", "users.dat"), `${first}::F::25::10::48067\n${first + 1}::M::35::7::1\n`);
    return await tastespace(
      "train",
      inFolder("old"),
      "--model",
      "accurate",
      "--factors",
      "2",
      "--burn-in",
      "1",
      "--sweeps",
      "2",
      "--device",
      "cpu",
    );
  };
  const known = await train(1);
  expect(known.out).toMatch(/^features users\.dat: column 1 → id; sex, age, occupation → features {2}\(6 features of 2 ids, all of them/m);
  expect(known.out).toMatch(/^chosen .*features of users/m);
  const others = await train(101);
  expect(others.err).toContain("users.dat: none of its 2 users is among the 8 who rate, so it is left out");
  expect([others.code, others.out.includes("features of users")]).toEqual([0, false]);
});

test("titles of one's own that fit few items are told with both numbers", async () => {
  writeFileSync(inFolder("known.csv"), rows(60, "u", "i"));
  writeFileSync(inFolder("few-films.csv"), `id,title\ni1,Heat\n${Array.from({ length: 9 }, (_, at) => `q${at},Babe\n`).join("")}`);
  const { err, out } = await tastespace("train", inFolder("known.csv"), ...BIASES, "--items", inFolder("few-films.csv"));
  expect(err).toContain("few-films.csv: only 1 of its 10 items is among the 20 that are rated");
  expect(out).toMatch(/^titles .*few-films\.csv: 1 of the 20 items$/m);
});

test("titles beside a file of ratings are told, and those of films are left out of books", async () => {
  mkdirSync(inFolder("shelf"));
  writeFileSync(inFolder("shelf", "movies.csv"), "movieId,title,genres\n1,Heat (1995),Crime\n2,Babe (1995),Children\n");
  const train = (item: string) => {
    writeFileSync(inFolder("shelf", "ratings.csv"), `user,${item},rating\n1,1,4\n1,2,3\n2,1,5\n2,3,2\n3,1,4\n`);
    return tastespace("train", inFolder("shelf", "ratings.csv"), ...BIASES);
  };
  expect(await train("movieId")).toMatchObject({ out: expect.stringMatching(/^titles {3}movies\.csv: 2 of the 3 items$/m) as string });
  const books = await train("bookId");
  expect(books.out).not.toContain("titles");
  expect(books.err).toMatch(/movies\.csv beside the ratings is left out: .*"bookId"; given by --items, it is taken all the same/);
});
