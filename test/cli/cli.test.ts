// The command line: its output, its files and its exit codes.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../src/random.js";
import { filmRatings } from "../../src/ratings/films.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-"));
const inFolder = (name: string): string => join(folder, name);
const model = inFolder("model.safetensors");

const json = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;
interface Run {
  readonly device: { kind: string; name: string; software: boolean };
  readonly data: { users: number; items: number; ratings: number; heldOut: number };
  readonly history: { sweep: number; objective: number; trainRmse: number; heldOutRmse: number | null; seconds: number }[];
  readonly seconds: Record<string, number>;
}

beforeAll(async () => {
  const { code, err } = await tastespace(
    "train",
    "--device",
    "cpu",
    "--factors",
    "6",
    "--sweeps",
    "5",
    "--out",
    model,
    "--json",
    inFolder("run.json"),
  );
  expect(err).toBe("");
  expect(code).toBe(0);
});

test("a list holds nothing that its user has rated, held out or not; beside a test file, what is held out may be listed", async () => {
  const random = seededRandom(5);
  const pairs = [...new Set(Array.from({ length: 2500 }, () => `${random.below(40)},i${random.below(90)}`))];
  const [table, test] = [inFolder("all.csv"), inFolder("test.csv")];
  const rows = pairs.map((pair) => `${pair},${1 + random.below(5)}`);
  writeFileSync(table, ["user,item,rating", ...rows].join("\n"));
  writeFileSync(test, ["user,item,rating", ...rows.filter((_, at) => at % 4 === 0)].join("\n"));
  const rest = inFolder("rest.csv");
  writeFileSync(rest, ["user,item,rating", ...rows.filter((_, at) => at % 4 !== 0)].join("\n"));
  const ratedIn = async (...flags: string[]): Promise<number> => {
    const [file, lists] = [inFolder("use.safetensors"), inFolder("lists.csv")];
    const trained = await tastespace("train", ...flags, "--factors", "2", "--sweeps", "2", "--device", "cpu", "--out", file);
    expect(trained).toMatchObject({ code: 0 });
    expect(await tastespace("recommend-all", file, "--out", lists, "--device", "cpu")).toMatchObject({ code: 0, err: "" });
    const listed = readFileSync(lists, "utf8").trim().split("\n").slice(1);
    expect(listed.length).toBeGreaterThan(300);
    return listed.filter((row) =>
      pairs.includes(
        row
          .split(",")
          .filter((_, at) => at === 0 || at === 2)
          .join(),
      ),
    ).length;
  };
  expect(await ratedIn(table)).toBe(0);
  expect(await ratedIn(rest, "--test", test)).toBeGreaterThan(0);
});

test.each([
  ["als", "--item-features", "genres"],
  ["vb", "--item-features", "genres,rated", "--user-features", "rated"],
  ["gibbs", "--item-features", "genres", "--user-features", "rated", "--burn-in", "1"],
  ["accurate", "--burn-in", "1"],
  ["vb", "--covariance", "diagonal", "--warm-up", "1"],
  ["vb", "--covariance", "full", "--no-learn"],
  ["gibbs", "--burn-in", "2", "--samples", "4"],
  ["implicit", "--confidence", "2"],
  ["gd", "--momentum", "0.5", "--step-size", "0.1"],
  ["sgd", "--decay", "0.1"],
  ["logistic", "--positive-threshold", "4"],
  ["logistic", "--negatives", "2"],
])("every model trains, is evaluated, recommends and predicts: %s %s %s", async (name, ...flags) => {
  const file = inFolder(`${name}.safetensors`);
  const trained = await tastespace("train", "--model", name, ...flags, "--factors", "3", "--sweeps", "4", "--device", "cpu", "--out", file);
  expect(trained).toMatchObject({ code: 0, err: "" });
  expect(trained.out).not.toMatch(/NaN|undefined/);
  const report = inFolder(`${name}.json`);
  const evaluated = await tastespace("evaluate", file, "--device", "cpu", "--json", report);
  expect(evaluated).toMatchObject({ code: 0, err: "" });
  expect(evaluated.out).not.toMatch(/NaN|undefined/);
  expect(json<{ ranking: { ndcg: number } }>(report).ranking.ndcg).toBeGreaterThan(0);
  const list = await tastespace("recommend", file, "--user", "1", "-n", "3");
  expect(list).toMatchObject({ code: 0, err: "" });
  const asNew = await tastespace("recommend", file, "--rated", "1=5", "-n", "3", ...(flags[1] === "genres" ? ["--cold-items"] : []));
  expect(asNew).toMatchObject({ code: 0, err: "" });
  const predicted = await tastespace("predict", file, "--user", "1", "--item", "1");
  expect(predicted).toMatchObject({ code: 0, err: "" });
  expect(predicted.out.includes("±")).toBe(["vb", "gibbs", "accurate"].includes(name));
});

test("the embedding of the features is shown and written as CSV", async () => {
  const [file, csv] = [inFolder("genres.safetensors"), inFolder("genres.csv")];
  await tastespace("train", "--item-features", "genres", "--factors", "2", "--sweeps", "3", "--device", "cpu", "--out", file);
  const { code, out } = await tastespace("features", file, "--csv", csv);
  expect(code).toBe(0);
  expect(out).toMatch(/Drama/);
  const [header, ...rows] = readFileSync(csv, "utf8").trim().split("\n");
  expect(header).toBe("feature,f1,f2,bias");
  expect(rows.length).toBe(18);
  expect(await tastespace("features", model)).toMatchObject({ code: 2 });
});

test("a flag of another model is refused with the flags that there are", async () => {
  const { code, err } = await tastespace("train", "--model", "gibbs", "--covariance", "full", "--device", "cpu");
  expect(code).toBe(2);
  expect(err).toMatch(/gibbs has no hyperparameter --covariance\n +it has --factors, --no-mean, .*--prior-scale$/m);
});

test("a reader that stops early is no failure", async () => {
  const child = spawn(process.execPath, ["dist/cli.js", "train", "--device", "cpu", "--sweeps", "300", "--no-early-stop"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
});

test("a test file that holds ratings to train on is noticed", async () => {
  const file = inFolder("leak.csv");
  writeFileSync(file, "user,item,rating\n1,2,3\n1,3,4\n2,2,5\n");
  const { err, code } = await tastespace("train", file, "--test", file, "--device", "cpu", "--sweeps", "1");
  expect(err).toContain(`3 of the 3 ratings of ${file} are among those to train on`);
  expect(code).toBe(0);
});

test("train writes the documented run file", () => {
  const run = json<Run>(inFolder("run.json"));
  expect(run.device).toEqual({
    kind: "cpu",
    name: expect.stringMatching(/^WebAssembly(, relaxed)? SIMD on \d+ threads?$/) as string,
    software: true,
  });
  expect(run.data).toEqual({ users: 1000, items: 668, ratings: 48_000, heldOut: 12_000 });
  expect(run.history.map(({ sweep }) => sweep)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(Object.keys(run.history[0])).toEqual(["sweep", "objective", "trainRmse", "heldOutRmse", "heldOutRmseClipped", "seconds"]);
  expect(Object.keys(run.seconds).sort()).toEqual(["index", "read", "total", "train", "upload"]);
});

test("evaluate finds the held-out RMSE that train printed", async () => {
  const { code, out } = await tastespace("evaluate", model, "--json", inFolder("metrics.json"));
  expect(code).toBe(0);
  const history = json<Run>(inFolder("run.json")).history;
  expect(json<{ rmse: number }>(inFolder("metrics.json")).rmse).toBeCloseTo(Math.min(...history.map(({ heldOutRmse }) => heldOutRmse!)), 5);
  expect(out).toMatch(/nDCG@10\s+0\.\d{4}/);
});

test("evaluate refuses to measure a model by what it was trained on, unless it is asked to", async () => {
  const file = inFolder("leak.safetensors");
  expect(await tastespace("train", "--factors", "2", "--sweeps", "2", "--seed", "3", "--device", "cpu", "--out", file)).toMatchObject({
    code: 0,
  });
  expect(await tastespace("evaluate", file)).toMatchObject({ code: 0 });
  const leaking = await tastespace("evaluate", file, "--seed", "1");
  expect(leaking.code).toBe(2);
  expect(leaking.err).toMatch(/was trained on [\d,]+ of the [\d,]+ ratings/);
  const allowed = await tastespace("evaluate", file, "--seed", "1", "--allow-trained");
  expect(allowed).toMatchObject({ code: 0, err: expect.stringContaining("was trained on") as string });
});

test("evaluate tells what is relevant, what was unknown or cold, and every user's values", async () => {
  const [csv, report] = [inFolder("users.csv"), inFolder("told.json")];
  writeFileSync(inFolder("strangers.csv"), "user,item,rating\n1,1,5\n1,2,4.5\n2,3,5\n77777,1,5\n3,88888,5\n");
  const flags = [
    "--test",
    inFolder("strangers.csv"),
    "--device",
    "cpu",
    "--per-user",
    csv,
    "--json",
    report,
    "--relevance-threshold",
    "4",
    "--allow-trained",
  ];
  writeFileSync(inFolder("own.csv"), "user,item,rating\n1,9,5\n2,9,5\n3,9,1\n");
  const { code, out } = await tastespace("evaluate", model, inFolder("own.csv"), ...flags);
  expect(code).toBe(0);
  expect(out).toMatch(/relevant: rated 4 or more\n/);
  expect(out).toMatch(/unknown to the model: 1 user and 1 item, in 2 held-out ratings/);
  expect(out).toMatch(/predicted without the terms of unknown users and items: 2 ratings\n/);
  for (const name of [
    "precision@10",
    "precision of min(k, relevant)@10",
    "recall@10",
    "hit rate@10",
    "nDCG@10",
    "MAP@10",
    "MRR@10",
    "AUC of unseen items",
  ])
    expect(out).toContain(name);
  const { ranking, gaps } = json<{ ranking: { recall: number; users: number }; gaps: object }>(report);
  expect(gaps).toMatchObject({ unknown: { users: 1, items: 1, ratings: 2 } });
  const [header, ...rows] = readFileSync(csv, "utf8")
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(","));
  expect(header.slice(0, 2)).toEqual(["user", "relevant"]);
  expect(rows.map((row) => row.slice(0, 2))).toEqual([
    ["1", "2"],
    ["2", "1"],
  ]);
  const recalls = rows.map((row) => Number(row[header.indexOf("recall")]));
  expect(ranking.recall).toBeCloseTo((recalls[0] + recalls[1]) / 2, 12);
});

test("a model of vb is measured with an unknown user too; with nobody left there is an error", async () => {
  const file = inFolder("stranger-vb.safetensors");
  await tastespace("train", "--model", "vb", "--factors", "2", "--sweeps", "3", "--device", "cpu", "--out", file);
  writeFileSync(inFolder("one.csv"), "user,item,rating\n1,1,5\nnobody,2,5\n");
  const flags = ["--device", "cpu", "--relevance-threshold", "4", "--allow-trained"];
  writeFileSync(inFolder("own-one.csv"), "user,item,rating\n1,9,5\n");
  const measured = await tastespace("evaluate", file, inFolder("own-one.csv"), "--test", inFolder("one.csv"), ...flags);
  expect(measured).toMatchObject({ code: 0 });
  expect(measured.out).toMatch(/log density\s+-?\d/);
  writeFileSync(inFolder("nobody.csv"), "user,item,rating\nnobody,2,5\n");
  const nobody = await tastespace("evaluate", file, "--test", inFolder("nobody.csv"), ...flags);
  expect(nobody.code).toBe(1);
  expect(nobody.err).toMatch(/no user is left to measure lists by/);
  expect(nobody.out).not.toContain("NaN");
});

test("where no list can be made, errors are measured all the same, and the reason is said", async () => {
  const report = inFolder("no-lists.json");
  const flags = ["--device", "cpu", "--json", report];
  const high = await tastespace("evaluate", model, "--relevance-threshold", "5.5", ...flags);
  expect(high).toMatchObject({ code: 0, err: expect.stringMatching(/note no user is left to measure lists by: .* none is rated 5.5 or more/) as string }); // prettier-ignore
  expect(high.err).toContain("or lower --relevance-threshold");
  expect(high.out).toMatch(/^RMSE +0\.\d{6}$/m);
  expect(high.out).toMatch(/^RMSE of the biases alone +\d/m);
  expect(high.out).not.toMatch(/nDCG|lists of|relevant:|NaN/);
  const { rmse, ranking } = json<{ rmse: number; ranking: null }>(report);
  expect({ rmse: rmse.toFixed(6), ranking }).toEqual({ rmse: /^RMSE +([\d.]+)$/m.exec(high.out)![1], ranking: null });
  const { user, item, value, users, items } = filmRatings();
  const rows = Array.from({ length: 50 }, (_, at) => [users.rawAt(user[at]), items.rawAt(item[at]), value[at]].join(","));
  writeFileSync(inFolder("trained.csv"), `user,item,rating\n${rows.join("\n")}\n`);
  const trained = await tastespace("evaluate", model, "--test", inFolder("trained.csv"), "--allow-trained", ...flags);
  expect(trained).toMatchObject({ code: 0, err: expect.stringContaining("no user is left to measure lists by") as string });
  expect(trained.out).toMatch(/^RMSE +0\.\d{6}$/m);
  // What was asked for and cannot be had is an error, and so it is where lists are all that there is to measure.
  const perUser = await tastespace("evaluate", model, "--relevance-threshold", "5.5", "--per-user", inFolder("none.csv"), ...flags);
  expect(perUser).toMatchObject({ code: 1, err: expect.stringMatching(/^error no user is left/m) as string });
  expect(existsSync(inFolder("none.csv"))).toBe(false);
  const implicit = inFolder("no-lists.safetensors");
  await tastespace("train", "--model", "implicit", "--factors", "2", "--sweeps", "2", "--device", "cpu", "--out", implicit);
  expect(await tastespace("evaluate", implicit, "--relevance-threshold", "5.5", "--device", "cpu")).toMatchObject({ code: 1 });
});

test("implicit is trained and searched by its lists", async () => {
  const trained = await tastespace("train", "--model", "implicit", "--factors", "3", "--sweeps", "4", "--device", "cpu");
  expect(trained).toMatchObject({ code: 0, err: "" });
  expect(trained.out).toMatch(/held-out nDCG@10 /);
  expect(trained.out).toMatch(/kept {5}sweep \d, held-out nDCG@10 0\.\d{4}/);
  const searched = await tastespace("search", "--model", "implicit", "--factors", "3", "--tau", "1,20", "--sweeps", "3", "--measure-by", "recall", "--device", "cpu"); // prettier-ignore
  expect(searched).toMatchObject({ code: 0, err: "" });
  expect(searched.out).toMatch(/best {5}held-out 1 − recall@10 0\.\d{4} of 2 trials/);
  expect(searched.out).toMatch(/tastespace train --model implicit .* --measure-by recall/);
});

test("train on webgpu and on cpu agree on the bias-only model of a file", async () => {
  const bias = async (device: string): Promise<Run> => {
    const path = inFolder(`${device}.json`);
    const { code } = await tastespace(
      "train",
      "data/tiny/ratings.csv",
      "--factors",
      "0",
      "--gamma",
      "0.1",
      "--holdout",
      "0",
      "--no-early-stop",
      "--device",
      device,
      "--json",
      path,
    );
    expect(code).toBe(0);
    return json<Run>(path);
  };
  const [cpu, webgpu] = [await bias("cpu"), await bias("webgpu")];
  expect(webgpu.device.kind).toBe("webgpu");
  expect(cpu.history.length).toBe(21);
  expect(webgpu.history[20].objective / cpu.history[20].objective).toBeCloseTo(1, 6);
  expect(webgpu.history[20].heldOutRmse).toBeNull();
});

describe.runIf(process.env["TASTESPACE_ML_SMALL"])("on the real ml-latest-small", () => {
  test.each(["cpu", "webgpu"])("the bias-only optimum is the known one, on %s", async (device) => {
    const path = inFolder("real.json");
    const flags = ["--factors", "0", "--lambda", "1", "--gamma", "0.1", "--holdout", "0", "--sweeps", "60", "--no-early-stop"];
    await tastespace("train", process.env["TASTESPACE_ML_SMALL"]!, ...flags, "--device", device, "--json", path);
    const last = json<Run>(path).history[60];
    expect(Math.abs(last.objective - 31441.371)).toBeLessThan(0.02);
    expect(Math.abs(last.trainRmse - 0.785909)).toBeLessThan(1e-5);
  });
});

test("recommend lists unseen items of a user, and for a new one by title", async () => {
  const known = await tastespace("recommend", model, "--user", "1", "-n", "3", "--json", inFolder("list.json"));
  expect(known.code).toBe(0);
  expect(known.out.trim().split("\n")).toHaveLength(5);
  const [first] = json<{ title: string }[]>(inFolder("list.json"));
  const fresh = await tastespace("recommend", model, "--rated", `${first.title}=5`, "--alpha", "0.02");
  expect(fresh.code).toBe(0);
  expect(fresh.out).not.toMatch(new RegExp(`^ *\\d+ +${first.title.replace(/[()]/g, "\\$&")}`, "m"));
});

test("shown predictions are on the scale of the ratings, unless asked for as they are; a rating on no such scale is refused", async () => {
  const shown = async (...flags: string[]): Promise<number[]> => {
    const json = inFolder("scale.json");
    expect(
      await tastespace("recommend", model, "--rated", "1=5", "--rated", "2=5", "-n", "60", "--alpha", "9", ...flags, "--json", json),
    ).toMatchObject({ code: 0 });
    return (JSON.parse(readFileSync(json, "utf8")) as { predicted: number }[]).map(({ predicted }) => predicted);
  };
  const [clipped, raw] = [await shown(), await shown("--no-clip")];
  expect(clipped).toEqual(raw.map((value) => Math.min(5, Math.max(0.5, value))));
  const refused = await tastespace("recommend", model, "--rated", "1=500");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("go from");
});

test("similar and predict take titles", async () => {
  const [{ title }] = json<{ title: string }[]>(inFolder("list.json"));
  expect((await tastespace("similar", model, title, "-n", "4")).out.trim().split("\n")).toHaveLength(6);
  expect((await tastespace("predict", model, "--user", "1", "--item", title)).out).toContain(title);
});

test("users like a user are listed; lists are written for chosen users, by name and from a file", async () => {
  const list = inFolder("users.json");
  expect((await tastespace("similar", model, "--user", "1", "-n", "4", "--json", list)).out.trim().split("\n")).toHaveLength(6);
  expect(json<{ id: number }[]>(list)).toHaveLength(4);
  expect(await tastespace("similar", model, "1", "--user", "1")).toMatchObject({ code: 2 });
  writeFileSync(inFolder("chosen.txt"), "5\n2\n\n5\n");
  const [named, listed] = [inFolder("named.csv"), inFolder("listed.csv")];
  await tastespace("recommend-all", model, "--users", "5,2", "-n", "3", "--device", "cpu", "--out", named);
  const { out } = await tastespace(
    "recommend-all",
    model,
    "--users",
    inFolder("chosen.txt"),
    "-n",
    "3",
    "--device",
    "cpu",
    "--out",
    listed,
  );
  expect(out).toContain("6 rows for 2 users");
  expect(readFileSync(listed, "utf8")).toBe(readFileSync(named, "utf8"));
  const users = readFileSync(listed, "utf8")
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(",")[0]);
  expect(users).toEqual(["5", "5", "5", "2", "2", "2"]);
});

test("a sorted file and a shuffled one give the same training and the same metrics", async () => {
  const [header, ...rows] = readFileSync("data/tiny/ratings.csv", "utf8").trim().split("\n");
  writeFileSync(inFolder("shuffled.csv"), [header, ...rows.reverse()].join("\n"));
  const results: unknown[] = [];
  for (const file of ["data/tiny/ratings.csv", inFolder("shuffled.csv")]) {
    const [out, run, report] = [inFolder("sorted.safetensors"), inFolder("sorted.json"), inFolder("sorted-metrics.json")];
    const trained = await tastespace(
      "train",
      file,
      "--sort",
      "--seed",
      "2",
      "--factors",
      "1",
      "--tau",
      "1",
      "--gamma",
      "1",
      "--sweeps",
      "3",
      "--device",
      "cpu",
      "--out",
      out,
      "--json",
      run,
    );
    expect(trained).toMatchObject({ code: 0, err: "" });
    expect(
      await tastespace("evaluate", out, file, "--sort", "--device", "cpu", "--relevance-threshold", "3", "--json", report),
    ).toMatchObject({
      code: 0,
    });
    results.push([json<Run>(run).history.map(({ objective, heldOutRmse }) => [objective, heldOutRmse]), json(report)]);
  }
  expect(results[1]).toEqual(results[0]);
});

test("the last of every user are held out, and measured again by evaluate", async () => {
  const [file, run, report] = [inFolder("last.safetensors"), inFolder("last-run.json"), inFolder("last.json")];
  const flags = ["data/tiny/ratings.csv", "--holdout-by", "last", "--holdout-last", "2", "--device", "cpu"];
  await tastespace("train", ...flags, "--factors", "0", "--sweeps", "2", "--out", file, "--json", run);
  const rows = readFileSync("data/tiny/ratings.csv", "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[0]);
  const counts = [...new Set(rows)].map((user) => rows.filter((other) => other === user).length);
  const held = counts.reduce((sum, count) => sum + Math.min(2, count - 1), 0);
  expect(json<Run>(run).data.heldOut).toBe(held);
  expect(await tastespace("evaluate", file, ...flags, "--json", report)).toMatchObject({ code: 0 });
  expect(json<{ heldOut: number }>(report).heldOut).toBe(held);
});

test("a training is resumed from its checkpoint", async () => {
  const flags = [
    "train",
    "--device",
    "cpu",
    "--factors",
    "3",
    "--no-early-stop",
    "--checkpoint",
    inFolder("point.safetensors"),
    "--checkpoint-every",
    "2",
  ];
  await tastespace(...flags, "--sweeps", "4");
  const { code, out } = await tastespace(...flags, "--sweeps", "6", "--resume", "--json", inFolder("resumed.json"));
  expect(code).toBe(0);
  expect(out).toContain("did all 6 sweeps");
  expect(out).toMatch(/trained in [\d.]+ m?s since sweep 4, [\d.]+ m?s in all/);
  expect(json<Run>(inFolder("resumed.json")).history).toHaveLength(7);
  // Fewer than are done: nothing is to be done, which is told.
  const fewer = await tastespace(...flags, "--sweeps", "3", "--resume");
  expect(fewer.code).toBe(0);
  expect(fewer.err).toContain("note the checkpoint is of sweep 6, beyond the 3 sweeps asked for: no sweep is added");
  // A new training takes the place of what is there, which is told before it does.
  const anew = await tastespace(...flags, "--sweeps", "2");
  expect(anew.out).not.toContain(" in all");
  expect(anew.err).toBe(
    `note ${inFolder("point.safetensors")} holds a checkpoint of sweep 6, which this training will replace: ` +
      "the same command with --resume goes on from it\n",
  );
  writeFileSync(inFolder("none.safetensors"), "something else");
  expect((await tastespace(...flags.slice(0, 6), "--sweeps", "2", "--checkpoint", inFolder("none.safetensors"))).err).toBe("");
});

test("a separate test file is measured by", async () => {
  writeFileSync(inFolder("test.csv"), "userId,movieId,rating\n1,1,4\n99,2,3\n");
  const { code } = await tastespace(
    "train",
    "data/tiny/ratings.csv",
    "--test",
    inFolder("test.csv"),
    "--device",
    "cpu",
    "--json",
    inFolder("tested.json"),
  );
  expect(code).toBe(0);
  expect(json<Run>(inFolder("tested.json")).data).toMatchObject({ heldOut: 2 });
});

describe("wrong usage exits with 2 and suggests the near", () => {
  test.each([
    [["trian"], /Did you mean train/],
    [["train", "--factor", "3"], /Did you mean --factors/],
    [["train", "--factors", "many"], /must be a number/],
    [["train", "--factors", "513"], /whole number from 0 to 512/],
    [["train", "--model", "als2"], /Allowed choices are als/],
    [["recommend", model], /say for whom/],
    [["recommend", model, "--user", "99999"], /no user has the id "99999"/],
  ] as const)("%j", async (args, said) => {
    const { code, err } = await tastespace(...args);
    expect(err).toMatch(said);
    expect(code).toBe(2);
  });
});

test("several engines in one process write the model file of one; what cannot be several is refused", async () => {
  const args = ["train", "--factors", "3", "--sweeps", "2", "--no-early-stop", "--out"];
  const [one, two] = [inFolder("one.safetensors"), inFolder("two.safetensors")];
  expect((await tastespace(...args, one, "--device", "cpu")).code).toBe(0);
  const { code, out, err } = await tastespace(...args, two, "--devices", "cpu,cpu");
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/^device +2 times WebAssembly SIMD/m);
  expect(readFileSync(two).equals(readFileSync(one))).toBe(true);
  for (const [list, why] of [
    ["0,1", "adapter 0 cannot be chosen"],
    ["cpu,webgpu", "as often as there are to be engines"],
    ["cuda", "it must be webgpu, cpu or reference"],
  ]) {
    const refused = await tastespace("train", "--devices", list);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(why);
  }
});

test("a mistyped title suggests the right one", async () => {
  const [{ title }] = json<{ title: string }[]>(inFolder("list.json"));
  const { code, err } = await tastespace("recommend", model, "--rated", `${title.slice(0, -8)}=5`);
  expect(err).toContain(`did you mean "${title}"`);
  expect(code).toBe(2);
});

test("a dry run says what the training would take, and trains nothing", async () => {
  const out = inFolder("planned.safetensors");
  const planned = await tastespace("train", "--dry-run", "--device", "cpu", "--factors", "4", "--sweeps", "7", "--out", out);
  expect(planned).toMatchObject({ code: 0, err: "" });
  expect(planned.out).toMatch(/host memory, ratings and indexes +\d/);
  expect(planned.out).toMatch(/7 sweeps +about \d/);
  expect(planned.out).not.toMatch(/NaN|undefined/);
  expect(existsSync(out)).toBe(false);
  expect(await tastespace("train", "--device-memory", "much")).toMatchObject({ code: 2, err: expect.stringContaining("4GiB") as string });
});

test("train says when it solves by conjugate gradients, whether asked to or not, and the run file has it", async () => {
  const trained = async (...flags: string[]) => await tastespace("train", "--device", "cpu", "--sweeps", "2", ...flags);
  expect((await trained("--factors", "3")).out).not.toMatch(/^solver/m);
  expect((await trained("--factors", "40", "--json", inFolder("cg.json"))).out).toMatch(/^solver +cg, 3 steps$/m);
  expect(json<{ hyperparameters: object }>(inFolder("cg.json")).hyperparameters).toMatchObject({ solver: "cg", cgSteps: 3 });
  const asked = await trained("--model", "implicit", "--factors", "3", "--solver", "cg", "--cg-steps", "1");
  expect(asked.out).toMatch(/^solver +cg, 1 step$/m);
  const refused = await trained("--factors", "200", "--solver", "cholesky");
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("--solver cg takes up to 512") as string });
});

test("a search tries solvers", async () => {
  const searched = await tastespace("search", "--device", "cpu", "--factors", "3", "--tau", "10", "--gamma", "5", "--solver", "cholesky,cg", "--cg-steps", "3"); // prettier-ignore
  expect(searched).toMatchObject({ code: 0 });
  expect(searched.out).toMatch(/cholesky/);
  expect(searched.out).toMatch(/\bcg\b/);
});

describe("failures exit with 1 and name file, line and remedy", () => {
  test("a malformed row", async () => {
    writeFileSync(inFolder("bad.csv"), "userId,movieId,rating\n1,1,4\n1,2,four\n");
    const { code, err } = await tastespace("train", inFolder("bad.csv"), "--device", "cpu");
    expect(err).toContain('bad.csv:3: rating "four" is not a number');
    expect(err).toContain("--skip-bad-rows");
    expect(code).toBe(1);
  });
  test("a file that is not there, and one that is no model", async () => {
    expect(await tastespace("train", "nowhere.csv")).toMatchObject({
      code: 1,
      err: expect.stringContaining("nowhere.csv: there is no such file") as string,
    });
    expect(await tastespace("recommend", "data/tiny/ratings.csv", "--user", "1")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no safetensors file") as string,
    });
  });
});

test("help shows examples; nothing in a pipe draws a progress bar", async () => {
  const { code, out } = await tastespace("train", "--help");
  expect(code).toBe(0);
  expect(out).toContain("Examples:");
  // eslint-disable-next-line no-control-regex
  expect((await tastespace("train", "data/tiny/ratings.csv", "--device", "cpu")).err).not.toMatch(/\u001b/);
});
