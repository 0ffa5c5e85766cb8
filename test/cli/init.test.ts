// A training that starts from a model: what the model was trained on is not held out, and who measures knows.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { load } from "../../src/node.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { trainedPairs } from "../../src/metrics/trained-pairs.js";
import { Ratings } from "../../src/ratings/ratings.js";
import type { RunFile } from "../../src/cli/run-file.js";
import { tastespace } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-init-"));
afterAll(() => rmSync(folder, { recursive: true }));
const inFolder = (name: string): string => join(folder, name);

const { users, items, ...all } = syntheticRatings({ users: 300, items: 100, ratings: 9000 });
const rows = Array.from(all.value, (value, at) => [users.rawAt(all.user[at]), items.rawAt(all.item[at]), value] as const);
const write = (name: string, kept: readonly (readonly unknown[])[]): string => {
  writeFileSync(inFolder(name), ["user,item,rating", ...kept.map((row) => row.join())].join("\n"));
  return inFolder(name);
};
// A day later there is one more in every ten rows, wherever its user's stand.
const monday = write("monday.csv", rows.filter((_, at) => at % 10 !== 3)); // prettier-ignore
const tuesday = write("tuesday.csv", rows);
const train = (...args: string[]) => tastespace("train", ...args, "--device", "cpu", "--factors", "4");
const before = inFolder("monday.safetensors");
beforeAll(async () => expect((await train(monday, "--out", before)).code).toBe(0));

test("ratings that the model to start from was trained on stay in training; the new model, its run and their readers know the split", async () => {
  const [model, run] = [inFolder("tuesday.safetensors"), inFolder("tuesday.json")];
  const { code, out, err } = await train(tuesday, "--init", before, "--out", model, "--json", run);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const [, trained, held, stayed] = /split +([\d,]+) to train on, ([\d,]+) held out; ([\d,]+) more would be, but .*monday.safetensors was/
    .exec(out)!
    .map((text) => Number(text.replaceAll(",", "")));
  expect(held + stayed).toBe(1800);
  expect(trained + held).toBe(9000);
  expect(stayed).toBeGreaterThan(1000);
  // What is held out is new to both.
  const { heldOut } = await load(model);
  const [yesterdays, todays] = [await load(before), await load(model)];
  const pairs = rows.filter(([user, item]) => {
    const m = todays.users.indexOf(user);
    return heldOut!.items.subarray(heldOut!.start[m], heldOut!.start[m + 1]).includes(todays.items.indexOf(item));
  });
  expect(pairs).toHaveLength(held);
  expect(trainedPairs(yesterdays, Ratings.from(pairs))).toBe(0);
  expect(trainedPairs(todays, Ratings.from(pairs))).toBe(0);
  // The same are measured later.
  const { history, stop } = JSON.parse(readFileSync(run, "utf8")) as RunFile;
  const measured = await tastespace("evaluate", model, "--device", "cpu");
  expect(measured.code).toBe(0);
  expect(measured.out).toContain(`${held} held-out ratings`);
  expect(Number(/^RMSE +([\d.]+)$/m.exec(measured.out)![1])).toBeCloseTo(history[stop.bestSweep].heldOutRmse!, 5);
  expect((await tastespace("evaluate", model, "--device", "cpu", "--holdout", "0.2", "--seed", "1")).out).toBe(measured.out);
  const other = await tastespace("evaluate", model, "--device", "cpu", "--seed", "2");
  expect(other).toMatchObject({
    code: 2,
    err: expect.stringMatching(/error the model was trained on [\d,]+ of the 1,800 ratings/) as string,
  });
  expect((await tastespace("report", run, "--out", inFolder("report.html"))).code).toBe(0);
  // And the day after goes on from there.
  expect((await train(tuesday, "--init", model, "--seed", "2")).out).toMatch(/held out; [\d,]+ more would be/);
});

test("the same ratings, split alike, are held out as before, and a checkpoint goes on with the split of its beginning", async () => {
  const again = await train(monday, "--init", before);
  expect(again.out).toContain("6,480 to train on, 1,620 held out\n");
  const [one, parts, checkpoint] = [inFolder("one.safetensors"), inFolder("parts.safetensors"), inFolder("checkpoint")];
  const args = [tuesday, "--init", before, "--no-early-stop"];
  expect((await train(...args, "--sweeps", "4", "--out", one)).code).toBe(0);
  expect((await train(...args, "--sweeps", "2", "--checkpoint", checkpoint)).code).toBe(0);
  const resumed = await train(...args, "--sweeps", "4", "--checkpoint", checkpoint, "--resume", "--out", parts);
  expect(resumed).toMatchObject({ code: 0, err: "" });
  expect(readFileSync(parts).equals(readFileSync(one))).toBe(true);
});

test("held-out ratings of one's own are refused where the model was trained on them, unless that is allowed", async () => {
  const file = write("test.csv", rows.slice(0, 1000));
  const refused = await train(tuesday, "--init", before, "--test", file);
  expect(refused.code).toBe(2);
  expect(refused.err).toMatch(/error the model to start from was trained on \d+ of the 1,000 ratings to measure by\n/);
  expect(refused.err).toContain("hold out others, as --holdout does, or give --allow-trained to measure by these all the same");
  const allowed = await train(tuesday, "--init", before, "--test", file, "--allow-trained");
  expect(allowed.code).toBe(0);
  expect(allowed.err).toMatch(/note the model to start from was trained on \d+ of the 1,000 ratings to measure by/);
  // The model that comes of it says so too.
  const model = inFolder("allowed.safetensors");
  const split = await train(tuesday, "--init", before, "--allow-trained", "--out", model);
  expect(split.out).toContain("7,200 to train on, 1,800 held out\n");
  expect(await tastespace("evaluate", model, "--device", "cpu")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/error the model that it started from was trained on [\d,]+ of the 1,800 ratings that it is to/) as string,
  });
  expect((await tastespace("evaluate", model, "--device", "cpu", "--allow-trained")).code).toBe(0);
  expect(await train(tuesday, "--allow-trained")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--allow-trained is true to no effect: there is no model to start from") as string,
  });
});

test("nothing left to hold out is an error, and a model that does not hold what it was trained on is told", async () => {
  const [whole, silent] = [inFolder("whole.safetensors"), inFolder("silent.safetensors")];
  await train(tuesday, "--holdout", "0", "--out", whole);
  const refused = await train(tuesday, "--init", whole);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("error the model to start from was trained on all 1,800 ratings to be held out");
  expect(refused.err).toContain("--holdout 0 holds none out; --allow-trained measures by them all the same");
  expect((await train(tuesday, "--init", whole, "--holdout", "0")).code).toBe(0);
  await train(monday, "--no-seen", "--out", silent);
  expect((await train(tuesday, "--init", silent)).err).toContain("does not hold what it was trained on: that nothing of it is held out");
  // Without its own memory the model of such a split cannot tell what was held out.
  await train(tuesday, "--init", before, "--no-seen", "--out", silent);
  expect(await tastespace("evaluate", silent, "--device", "cpu")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/[\d,]+ ratings of the split stayed in training, and the model does not hold which/) as string,
  });
});
