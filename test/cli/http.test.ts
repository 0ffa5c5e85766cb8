// What `tastespace serve` answers: the library's own answers as JSON, and for bad requests a 4xx with the typed error's
// code.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { httpApp } from "../../src/cli/http.js";
import { ServedModel, WatchedModel } from "../../src/cli/served-model.js";
import type { FactorModel } from "../../src/models/factor-model.js";
import { encodeModel } from "../../src/model-file.js";
import { save } from "../../src/node.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { explain, type Explanation } from "../../src/recommend/explain.js";
import { itemFilter } from "../../src/recommend/filters.js";
import { fit } from "../../src/training/fit.js";

const ratings = syntheticRatings({ users: 60, items: 50, ratings: 1500 });
const WRITTEN = new Date("2020-01-01T00:00:00Z");
let model: FactorModel;
let title: string;

const train = async (seed: number): Promise<FactorModel> =>
  (await fit(ratings, { model: "als", factors: 3, sweeps: 4, seed, device: "cpu" })).model;
const served = (of: FactorModel): ServedModel => new ServedModel(of, WRITTEN, "model.safetensors");
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

beforeAll(async () => {
  model = await train(1);
  title = model.catalogue.title(7);
});

const faults: unknown[] = [];
/** The parts of answers that tests look into. */
interface Answer {
  readonly items: { readonly predicted: number }[];
  readonly paths: Readonly<Record<string, string[]>>;
  readonly error: { readonly near: string[] };
}
const ask = async (path: string, body?: unknown): Promise<{ status: number; body: Answer; headers: Headers }> => {
  const app = httpApp({ served: served(model), refused: undefined, path: "model.safetensors" }, (fault) => faults.push(fault));
  const posted = body === undefined ? {} : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
  const answer = await app.request(path, posted);
  return { status: answer.status, body: (await answer.json()) as Answer, headers: answer.headers };
};

describe("answers are the library's", () => {
  test("for a user, with every parameter of a list, in the address and in a body", async () => {
    const wanted = model.recommend(5, {
      n: 4,
      alpha: 0.1,
      filterSeen: false,
      filter: itemFilter(model, { genres: ["Drama", "Comedy"], fromYear: 1950, toYear: 2020, minimumRatings: 3, exclude: [7] }),
    });
    expect(wanted.length).toBe(4);
    const filters = "genres=Drama&genres=Comedy&fromYear=1950&toYear=2020&minimumRatings=3&exclude=7";
    const got = await ask(`/recommend?user=5&n=4&alpha=0.1&filterSeen=false&clip=false&${filters}`);
    expect(got).toMatchObject({ status: 200, body: { items: asJson(wanted) } });
    expect(got.headers.get("X-Model-Written")).toBe(WRITTEN.toISOString());
    const asked = { n: 4, alpha: 0.1, filterSeen: false, clip: false, genres: ["Drama", "Comedy"], fromYear: 1950, toYear: 2020 };
    expect((await ask("/recommend", { user: 5, ...asked, minimumRatings: 3, exclude: [title] })).body).toEqual(got.body);
  });

  test("for someone new, by ids and by titles", async () => {
    const wanted = { items: asJson(model.recommendFor([[7, 5], [9, 1]], { n: 3 })) }; // prettier-ignore
    expect((await ask("/recommend", { rated: [[title, 5], [9, 1]], n: 3, clip: false })).body).toEqual(wanted); // prettier-ignore
    const address = new URLSearchParams([
      ["rated", `${title}=5`],
      ["rated", "9=1"],
      ["n", "3"],
      ["clip", "false"],
    ]);
    expect((await ask(`/recommend?${address}`)).body).toEqual(wanted);
  });

  test("on the scale of the ratings, unless clip is false", async () => {
    const loud = {
      rated: [
        [7, 7],
        [9, 7],
        [11, 7],
      ],
      n: 50,
    };
    const highest = (list: { predicted: number }[]): number => Math.max(...list.map(({ predicted }) => predicted));
    expect(highest((await ask("/recommend", loud)).body.items)).toBe(5);
    expect(highest((await ask("/recommend", { ...loud, clip: false })).body.items)).toBeGreaterThan(5);
  });

  test("similar items and users", async () => {
    const wanted = asJson(model.similarItems(7, { n: 3, minimumRatings: 10 }));
    expect((await ask(`/similar?item=${encodeURIComponent(title)}&n=3`)).body).toEqual({ item: 7, items: wanted });
    const users = asJson(model.similarUsers(4, { n: 3, minimumRatings: 10 }));
    expect((await ask("/similar", { user: 4, n: 3 })).body).toEqual({ user: 4, users });
  });

  test("explanations of someone new, and of a user by the ratings that are sent; predicted is on the scale, the sum is what it is", async () => {
    const keen = Array.from({ length: 20 }, (_, at): [number, number] => [at + 10, 5]);
    const best = model.recommendFor(keen, { n: 1 })[0];
    expect(best.predicted).toBeGreaterThan(5);
    const { predicted, sum } = (await ask("/explain", { item: best.id, rated: keen })).body as unknown as Explanation;
    expect({ predicted, sum }).toEqual({ predicted: 5, sum: expect.closeTo(best.predicted, 6) as number });
    expect((await ask("/explain", { item: title, rated: [[9, 1], [3, 5]] })).body).toEqual(asJson(explain(model, 7, [[9, 1], [3, 5]]))); // prettier-ignore
    const rated = ratings.ratedBy(5);
    expect((await ask("/explain", { item: 7, user: 5, rated })).body).toEqual(asJson(explain(model, 7, rated, { user: 5 })));
  });

  test("health, and what there is", async () => {
    expect((await ask("/health")).body).toMatchObject({
      status: "ok",
      model: { file: "model.safetensors", name: "als", factors: 3, users: 60, items: 50, ratings: 1500 },
    });
    expect((await ask("/")).body.paths["/explain"]).toEqual(["item", "user", "rated"]);
  });
});

test.each([
  ["/recommend", undefined, 400, "options", /say for whom/],
  ["/recommend?user=1&rated=7%3D5", undefined, 400, "options", /user and rated are given, and only one of them can be/],
  ["/recommend?user=nobody", undefined, 404, "unknown-id", /no user has the id "nobody"/],
  ["/recommend?user=1&limit=3", undefined, 400, "options", /"limit"/],
  ["/recommend?constructor=1&toString=2&__proto__=3", undefined, 400, "options", /"constructor", "toString", "__proto__"/],
  ["/recommend?user=1&n=x", undefined, 400, "options", /n is "x", and must be a whole number/],
  ["/recommend?user=1&n=", undefined, 400, "options", /n is "", and must be/],
  ["/recommend?user=1&n=0", undefined, 400, "options", /n is 0/],
  ["/recommend?user=1&user=2", undefined, 400, "options", /user is given 2 times/],
  ["/recommend?user=1&filterSeen=yes", undefined, 400, "options", /filterSeen is "yes", and must be true or false/],
  ["/recommend?user=1&genres=Operetta", undefined, 400, "options", /no item has the genre/],
  ["/recommend?user=1&coldItems=true", undefined, 400, "options", /knows no item features/],
  ["/recommend?rated=Heat", undefined, 400, "options", /rated "Heat" has no rating/],
  ["/recommend?rated=7%3D5&filterSeen=false", undefined, 400, "options", /filterSeen is for users/],
  ["/recommend", "", 400, "options", /the body is no JSON/],
  ["/recommend", "[1]", 400, "options", /in an object, not \[1\]/],
  ["/recommend", { user: null }, 400, "options", /user is null/],
  ["/recommend", { user: 1.5 }, 400, "options", /user is 1.5/],
  ["/recommend", { user: "x".repeat(501) }, 400, "options", /at most 500 letters/],
  ["/recommend", { rated: { 7: 5 } }, 400, "options", /must be a list of pairs/],
  ["/recommend", { rated: [[7, "5"]] }, 400, "options", /must be a list of pairs/],
  ["/recommend", { rated: [[7, 1e9]] }, 400, "ratings", /go from 1 to 5|go from/],
  ["/recommend", { rated: [["Nothing Like It", 5]] }, 404, "unknown-id", /no item is called/],
  ["/recommend?user=1&alpha=Infinity", undefined, 400, "options", /alpha is Infinity, and must be a number/],
  ["/recommend?user=1&n=9007199254740993", undefined, 400, "options", /n is 9007199254740993, and must be a whole/],
  ["/recommend", '{"user": 1, "n": 1e400}', 400, "options", /n is 1e400, and must be a whole number/],
  ["/recommend", `{"user": 1, "n": ${"9".repeat(300)}}`, 400, "options", /n is 9{100}…, and must be a whole number/],
  ["/recommend", '{"user": 9007199254740993}', 400, "options", /user is 9007199254740993, and must be an id/],
  ["/recommend?n=3", { user: 1 }, 400, "options", /in the address and in the body/],
  ["/recommend", '{"user": 42, "n": 1, "user": 43}', 400, "options", /^\/recommend: user is given 2 times$/],
  ["/recommend", '{"rated": [[1, 5]], "rated": [[2, 5]]}', 400, "options", /rated is given 2 times/],
  ["/recommend", '{"user": 1, "limit": 1, "limit": 2}', 400, "options", /no option "limit"/],
  ["/health?x=1", undefined, 400, "options", /^\/health has no option "x"$/],
  ["/?user=1", undefined, 400, "options", /^\/ has no option "user"$/],
  ["/similar", undefined, 400, "options", /say like what/],
  ["/similar?user=1&genres=Drama", undefined, 400, "options", /genres is of items/],
  ["/explain?user=1", undefined, 400, "options", /say which item/],
  ["/explain?item=7", undefined, 400, "options", /say for whom/],
  ["/explain?item=7&user=1", undefined, 400, "options", /cannot be read: .* does not say where its ratings are/],
  ["/nothing", undefined, 404, "options", /there is no path \/nothing/],
])("%s %j is answered with %i %s", async (path, body, status, code, message) => {
  expect(await ask(path, body)).toMatchObject({ status, body: { error: { code, message: expect.stringMatching(message) } } });
  expect(faults).toEqual([]);
});

test("what a model has not is refused as well: a weight of biases, a scale, and who rated how much", async () => {
  const { model: implicit } = await fit(ratings, { model: "implicit", factors: 2, sweeps: 2, device: "cpu", keepSeen: false });
  const app = httpApp({ served: served(implicit), refused: undefined, path: "x" }, (fault) => faults.push(fault));
  const refused = async (path: string): Promise<unknown> => await (await app.request(path)).json();
  const saying = (message: RegExp): object => ({ error: { code: "options", message: expect.stringMatching(message) as string } });
  expect(await refused("/recommend?rated=7%3D5&alpha=1")).toMatchObject(saying(/^alpha is 1 to no effect: this model of implicit has no/));
  expect(await refused("/recommend?rated=7%3D5&clip=false")).toMatchObject(saying(/^clip is false to no effect: implicit predicts no/));
  expect(await refused("/similar?user=1&minimumRatings=2")).toMatchObject(saying(/does not hold/));
  for (const path of ["/recommend?rated=7%3D5", "/similar?user=1"]) expect((await app.request(path)).status).toBe(200);
  expect(faults).toEqual([]);
});

test("a path without parameters says that it takes none", async () => {
  expect(await ask("/health?x=1")).toMatchObject({ body: { error: { remedy: "it takes none" } } });
});

test.each(['{"user": 9007199254740993}', '{"rated": [[9007199254740993, 5]]}', '{"user": 1, "include": [9007199254740993]}'])(
  "an id that JSON rounds is asked for as text: %s",
  async (body) => {
    expect(await ask("/recommend", body)).toMatchObject({
      status: 400,
      body: { error: { remedy: expect.stringMatching(/^give ids beyond 2⁵³ as text/) } },
    });
  },
);

test.each([{}, { "content-length": "100" }])("a client that hangs up in its body is no fault of the server: %j", async (headers) => {
  const told: unknown[] = [];
  const app = httpApp({ served: served(model), refused: undefined, path: "x" }, (fault) => told.push(fault));
  const body = new ReadableStream({
    start: (stream) => stream.enqueue(new TextEncoder().encode('{"user"')),
    pull: (stream) => stream.error(new Error("aborted")),
  });
  const answer = await app.request("/recommend", { method: "POST", headers, body, duplex: "half" } as RequestInit);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    error: { message: "the body ended before all of it had come", remedy: "send it again, whole" },
  });
  expect(told).toEqual([]);
});

test("a mistyped title is answered with the nearest", async () => {
  const { status, body } = await ask("/similar", { item: title.slice(0, -1) });
  expect(status).toBe(404);
  expect(body.error.near).toContain(title);
});

test("other methods, and bodies without end, are refused", async () => {
  const app = httpApp({ served: served(model), refused: undefined, path: "x" }, () => {});
  for (const path of ["/recommend", "/health", "/"]) {
    const answer = await app.request(path, { method: "DELETE" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")).toMatch(/GET/);
  }
  expect((await app.request("/recommend", { method: "POST", body: "x".repeat(2 ** 20 + 1) })).status).toBe(413);
});

test("a fault of the server tells the client nothing, and its owner all", async () => {
  const broken = served(model);
  vi.spyOn(broken.model, "recommend").mockImplementationOnce(() => {
    throw new Error("a secret");
  });
  const told: unknown[] = [];
  const answer = await httpApp({ served: broken, refused: undefined, path: "x" }, (fault) => told.push(fault)).request("/recommend?user=1");
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toMatch(/secret/);
  expect(told).toEqual([expect.objectContaining({ message: "a secret" })]);
});

describe("a model file that changes", () => {
  test("a request under way is answered by the model that it met", async () => {
    const later = await train(2);
    let giveRatings = (): void => {};
    const old = served(model);
    vi.spyOn(old, "training").mockReturnValue(new Promise((resolve) => (giveRatings = () => resolve(ratings))));
    const watched = { served: old, refused: undefined, path: "x" };
    const app = httpApp(watched, () => {});
    const slow = app.request("/explain?user=5&item=7");
    watched.served = new ServedModel(later, new Date(0), "x");
    const quick = await app.request("/recommend?user=5&clip=false");
    expect(await quick.json()).toEqual({ items: asJson(later.recommend(5)) });
    giveRatings();
    expect(await (await slow).json()).toEqual(asJson(explain(model, 7, ratings.ratedBy(5), { user: 5 })));
  });

  test("is taken up; what is no model is refused, said, and tried again when it has changed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tastespace-watch-"));
    const path = join(folder, "model.safetensors");
    await save(model, path);
    const heard: string[] = [];
    const watched = await WatchedModel.open(path, { onModel: () => heard.push("model"), onRefused: () => heard.push("refused") });
    onTestFinished(() => watched.close());
    const first = watched.served;
    const whole = encodeModel(await train(3));
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    await vi.waitFor(() => expect(heard).toEqual(["refused"]), 5000);
    expect(watched).toMatchObject({ served: first, refused: expect.stringMatching(/model.safetensors/) });
    writeFileSync(path, whole);
    await vi.waitFor(() => expect(heard).toEqual(["refused", "model"]), 5000);
    expect(watched.refused).toBeUndefined();
    expect(encodeModel(watched.served.model)).toEqual(whole);
    rmSync(path);
    await vi.waitFor(() => expect(watched.refused).toMatch(/no such file/), 5000);
    expect(encodeModel(watched.served.model)).toEqual(whole);
  });
});
