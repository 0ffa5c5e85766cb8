// search, analyse and report from the command line.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-analysis-"));
const inFolder = (name: string): string => join(folder, name);
const json = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

interface Searched {
  readonly complete: boolean;
  readonly best: number;
  readonly trials: { number: number; point: Record<string, number>; rungs: { loss: number; losses: number[] }[] }[];
  readonly alternative?: { loss: number };
  readonly test?: { best: number; alternative: number };
}

/** Words of a command line as a shell takes them. */
const wordsOf = (line: string): string[] => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);

describe("search", () => {
  const grid = ["search", "--device", "cpu", "--factors", "1,4", "--tau", "5:20:2", "--gamma", "5", "--sweeps", "4"];

  test("tries a grid, tells the best with vb beside it, and writes it as JSON, CSV and SVG", async () => {
    const [file, csv, plot] = ["search.json", "search.csv", "search.svg"].map(inFolder);
    const { code, out, err } = await tastespace(...grid, "--test", "0.1", "--json", file, "--csv", csv, "--plot", plot);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const { trials, best, alternative, test: tested, complete } = json<Searched>(file);
    expect(complete).toBe(true);
    expect(trials.map(({ point }) => point)).toEqual([1, 4].flatMap((factors) => [5, 20].map((tau) => ({ factors, tau, gamma: 5 }))));
    const losses = trials.map(({ rungs }) => rungs[0].loss);
    expect(losses[best]).toBe(Math.min(...losses));
    expect(out).toContain(`held-out RMSE ${losses[best].toFixed(4)} of 4 trials`);
    expect(out).toContain(`vb       held-out RMSE ${alternative!.loss.toFixed(4)} with K = 4`);
    expect(out).toContain(`best ${tested!.best.toFixed(4)}, vb ${tested!.alternative.toFixed(4)}`);
    expect(out).not.toMatch(/NaN|undefined/);
    const rows = readFileSync(csv, "utf8").trim().split("\n");
    // Trials have one number, in JSON, in tables and in CSV.
    expect(out).toMatch(new RegExp(`^ *1  +${best}  `, "m"));
    expect(rows.slice(1, 5).map((row) => Number(row.split(",")[0]))).toEqual(trials.map(({ number }) => number));
    expect(rows[0]).toBe("trial,factors,tau,gamma,held-out RMSE,best sweeps,sweeps,seconds,error");
    expect(rows).toHaveLength(7);
    expect(rows[6]).toMatch(/^biases alone,0,,,0\.\d+,,,,$/);
    expect(readFileSync(plot, "utf8").split("<svg ").length - 1).toBe(3);
  });

  test("the train command that it tells trains to the loss that it told", async () => {
    const file = inFolder("told.json");
    const { out } = await tastespace(...grid, "--json", file, "--no-vb");
    const { trials, best } = json<Searched>(file);
    const line = /^train +tastespace (.*)$/m.exec(out)![1];
    const [run, model] = [inFolder("run.json"), inFolder("told.safetensors")];
    const words = wordsOf(line.replace("model.safetensors", model));
    expect((await tastespace(...words, "--device", "cpu", "--json", run)).code).toBe(0);
    const { history } = json<{ history: { heldOutRmse: number }[] }>(run);
    expect(Math.min(...history.map(({ heldOutRmse }) => heldOutRmse))).toBe(trials[best].rungs[0].loss);
    expect(out).toContain("--test 0.1 measures it on others");
  });

  test("Ctrl-C saves, and --resume goes on to the end that an uninterrupted search has", async () => {
    const file = inFolder("resumed.json");
    const long = [
      "search",
      "--device",
      "cpu",
      "--method",
      "random",
      "--trials",
      "6",
      "--factors",
      "8,16",
      "--tau",
      "2:50",
      "--sweeps",
      "12",
      "--no-vb",
    ];
    const child = spawn(process.execPath, ["dist/cli.js", ...long, "--json", file], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let interrupted = false;
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      // A second Ctrl-C would stop it at once.
      if (!interrupted && out.includes("best so far")) interrupted = child.kill("SIGINT");
    });
    const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
    expect(code).toBe(130);
    expect(out).toContain("the same command with --resume");
    const before = json<Searched>(file);
    expect(before.complete).toBe(false);
    expect(before.trials.length).toBeGreaterThan(0);
    expect(before.trials.length).toBeLessThan(6);
    const resumed = await tastespace(...long, "--json", file, "--resume");
    expect(resumed).toMatchObject({ code: 0, err: "" });
    expect(resumed.out).toContain(`${before.trials.length} of 6 trainings were done before`);
    await tastespace(...long, "--json", inFolder("whole.json"));
    const losses = (path: string): unknown =>
      json<Searched>(path).trials.map(({ number, point, rungs }) => [number, point, rungs[0].losses]);
    expect(losses(file)).toEqual(losses(inFolder("whole.json")));
    const other = await tastespace(...long.slice(0, -1), "--seed", "2", "--json", file, "--resume");
    expect(other).toMatchObject({ code: 2, err: expect.stringContaining("another plan") as string });
  });

  test("halving, folds, features and a model with a loss of its own", async () => {
    const halving = await tastespace("search", "--device", "cpu", "--method", "halving", "--trials", "6", "--eta", "2", "--sweeps", "8", "--folds", "2", "--item-features", "genres", "--json", inFolder("halving.json")); // prettier-ignore
    expect(halving).toMatchObject({ code: 0, err: "" });
    const rungs = json<Searched>(inFolder("halving.json")).trials.map((trial) => trial.rungs.length);
    expect(rungs.sort((a, b) => a - b)).toEqual([1, 1, 1, 2, 2, 2]);
    expect(halving.out).toMatch(/--item-features genres/);
    const logistic = await tastespace("search", "--device", "cpu", "--model", "logistic", "--positive-threshold", "4", "--factors", "2", "--tau", "0.01,0.1", "--gamma", "0.01", "--sweeps", "3"); // prettier-ignore
    expect(logistic).toMatchObject({ code: 0, err: "" });
    expect(logistic.out).toContain("held-out log-loss");
  });

  test("a failing point is told and the rest goes on", async () => {
    const { code, out } = await tastespace("search", "--device", "cpu", "--model", "gd", "--factors", "2", "--tau", "10", "--gamma", "5", "--step-size", "1e9,0.1", "--sweeps", "5", "--no-vb"); // prettier-ignore
    expect(code).toBe(0);
    expect(out).toMatch(/failed.*diverges/);
    expect(out).toContain("1 of 2 trials failed");
  });

  test("a ready-made split is refused: a search holds out its own", async () => {
    const rows = Array.from({ length: 40 }, (_, at) => `${1 + (at % 8)}\t${1 + (at % 5)}\t${1 + (at % 4)}\t${at}`);
    writeFileSync(inFolder("u1.base"), rows.slice(0, 30).join("\n"));
    writeFileSync(inFolder("u1.test"), rows.slice(30).join("\n"));
    const { code, err } = await tastespace("search", folder, "--split", "u1", "--device", "cpu");
    expect(err).toContain("a search holds out its own");
    expect(code).toBe(2);
  });

  test.each([
    [["--tau", "20:5"], /a range must rise/],
    [["--tau", "5,x10"], /tau is x10|must be/],
    [["--tau", "1:9:1"], /2 steps or more/],
    [["--tau", "1:9"], /a grid needs values/],
    [["--covariance", "full"], /als has no hyperparameter --covariance/],
    [["--resume"], /--resume needs --json/],
    [["--measure-by", "rmse"], /Allowed choices/],
  ] as const)("wrong usage exits with 2: %j", async (args, said) => {
    const { code, err } = await tastespace("search", "--device", "cpu", ...args);
    expect(err).toMatch(said);
    expect(code).toBe(2);
  });
});

describe("analyse and report", () => {
  const [model, run] = [inFolder("vb.safetensors"), inFolder("vb.json")];
  const trained = tastespace("train", "--model", "vb", "--device", "cpu", "--factors", "3", "--sweeps", "8", "--out", model, "--json", run);

  test("analyse tells of ratings without a model", async () => {
    const [file, figures] = [inFolder("data.json"), inFolder("data-figures")];
    const { code, out, err } = await tastespace("analyse", "--json", file, "--figures", figures);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/ratings by value[\s\S]*█[\s\S]*power law[\s\S]*most rated items/);
    const { data, model: none } = json<{ data: { ratings: number; histogram: { count: number }[] }; model: null }>(file);
    expect(data.ratings).toBe(60_000);
    expect(data.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(60_000);
    expect(none).toBeNull();
    expect(readdirSync(figures).sort()).toEqual(["most-rated.svg", "rating-histogram.svg", "ratings-by-item.svg", "ratings-by-user.svg"]);
  });

  test("analyse tells of a model, and of intervals that vb's held-out ratings lie in", async () => {
    await trained;
    const figures = inFolder("model-figures");
    const { code, out, err } = await tastespace("analyse", "--model", model, "--genres", "Horror,Comedy", "--similar", "1", "--rated", "2=5", "-n", "3", "--json", inFolder("model.json"), "--figures", figures); // prettier-ignore
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const part of [
      "most polarizing",
      "least polarizing",
      "recommendations by α",
      "within vb's intervals",
      "Most like",
      "α = 0.02",
      "α = 1",
    ])
      expect(out).toContain(part);
    expect(out).not.toMatch(/NaN|undefined/);
    const { calibration } = json<{ model: { calibration: { points: { level: number; covered: number }[] } } }>(
      inFolder("model.json"),
    ).model;
    for (const { level, covered } of calibration.points) if (level >= 0.3) expect(Math.abs(covered - level)).toBeLessThan(0.1);
    expect(readdirSync(figures)).toEqual(
      expect.arrayContaining(["map-model.svg", "polarizing-model.svg", "alpha-model.svg", "calibration-model.svg"]),
    );
  });

  test("of implicit, whose items have no biases, nothing is said of their weight", async () => {
    const [file, out] = [inFolder("implicit.safetensors"), inFolder("implicit.json")];
    expect(await tastespace("train", "--model", "implicit", "--factors", "2", "--sweeps", "2", "--device", "cpu", "--out", file)).toMatchObject({ code: 0 }); // prettier-ignore
    const figures = inFolder("implicit-figures");
    const looked = await tastespace("analyse", "--model", file, "--rated", "1=5", "--figures", figures, "--json", out);
    expect(looked).toMatchObject({ code: 0 });
    expect(looked.out).toContain("the model: implicit, K = 2");
    expect(looked.out).not.toContain("α");
    expect(looked.out.match(/^For someone who gave .* 5$/gm)).toHaveLength(1);
    expect((JSON.parse(readFileSync(out, "utf8")) as { model: object }).model).not.toHaveProperty("alpha");
    expect(readdirSync(figures).filter((name) => name.startsWith("alpha"))).toEqual([]);
    expect(readdirSync(figures).length).toBeGreaterThan(3);
  });

  test("a genre that is not there is refused with those that are", async () => {
    await trained;
    const { code, err } = await tastespace("analyse", "--model", model, "--genres", "Opera", "--figures", inFolder("none"));
    expect({ code, near: err.includes("Adventure, Animation, Comedy") }).toEqual({ code: 2, near: true });
  });

  test("a report whose model is gone says so and shows the rest; --no-data leaves the ratings out", async () => {
    await trained;
    const alone = inFolder("alone.json");
    writeFileSync(alone, readFileSync(run, "utf8").replace("vb.safetensors", "gone.safetensors"));
    const page = inFolder("alone.html");
    const { code, err } = await tastespace("report", alone, "--out", page, "--no-data");
    expect(code).toBe(0);
    expect(err).toMatch(/the model of .*alone\.json could not be read/);
    const html = readFileSync(page, "utf8");
    expect(html).toContain('id="rmse-by-sweep"');
    expect(html).not.toContain('id="rating-histogram"');
    expect(html).not.toContain('id="map-');
  });

  test("a run is found with its ratings and model from another folder, and after it has moved with them", async () => {
    const ratings = inFolder("ratings.csv");
    writeFileSync(ratings, readFileSync("data/tiny/ratings.csv"));
    await tastespace(
      "train",
      ratings,
      "--device",
      "cpu",
      "--factors",
      "2",
      "--out",
      inFolder("tiny.safetensors"),
      "--json",
      inFolder("tiny.json"),
    );
    const moved = mkdtempSync(join(tmpdir(), "tastespace-moved-"));
    for (const name of ["ratings.csv", "tiny.safetensors", "tiny.json"]) writeFileSync(join(moved, name), readFileSync(inFolder(name)));
    rmSync(ratings);
    const page = join(moved, "tiny.html");
    const { code, err } = await tastespace("report", join(moved, "tiny.json"), "--out", page, "--minimum-ratings", "5");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const figure of ["rating-histogram", "polarizing-tiny", "alpha-tiny"])
      expect(readFileSync(page, "utf8")).toContain(`id="${figure}"`);
  });

  test("of several models one without lists is said to have none; alone, a mistyped title is an error", async () => {
    await trained;
    const [gibbs, page] = [inFolder("gibbs.json"), inFolder("lists.html")];
    await tastespace("train", "--model", "gibbs", "--device", "cpu", "--factors", "2", "--sweeps", "0", "--out", inFolder("gibbs.safetensors"), "--json", gibbs); // prettier-ignore
    expect(await tastespace("report", run, gibbs, "--rated", "1=5", "--out", page)).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(page, "utf8")).toMatch(/Lists cannot be made: this gibbs model keeps no sample/);
    expect(readFileSync(page, "utf8")).toContain("For someone who gave ");
    expect(await tastespace("report", run, "--similar", "No Such Film", "--out", page)).toMatchObject({ code: 2 });
  });

  test("what is no run is refused, and nothing is written", async () => {
    writeFileSync(inFolder("other.json"), "{}");
    const page = inFolder("other.html");
    for (const file of [inFolder("other.json"), inFolder("nowhere.json"), "data/tiny/ratings.csv"]) {
      const { code, err } = await tastespace("report", file, "--out", page);
      expect(code).toBe(1);
      expect(err).toContain("tastespace train --json");
    }
    expect(existsSync(page)).toBe(false);
  });
});
