// Ours beside what others offer: the same ratings, the same split, the same starting factors, the same hyperparameters
// in each one's own convention, in one run. Held-out errors and ranking metrics are computed here for all, from the
// factors or predictions that each leaves.

import { basename } from "node:path";
import { openEngine } from "../src/engine/open-engine.js";
import type { Engine } from "../src/engine/engine.js";
import type { Problem } from "../src/models/registry.js";
import { WebGpuEngine } from "../src/engine/webgpu/engine.js";
import { rankingMetrics } from "../src/metrics/ranking.js";
import { alsHyperparameters, type AlsHyperparameters } from "../src/models/als.js";
import { FactorModel } from "../src/models/factor-model.js";
import { implicitHyperparameters } from "../src/models/implicit.js";
import { MAX_FACTORS } from "../src/models/hyperparameters.js";
import { type Solver, SOLVERS } from "../src/models/solver.js";
import { type Parameters, predictRating } from "../src/models/parameters.js";
import { type HyperparametersOf, openTraining, type TrainingOf } from "../src/models/registry.js";
import { seededRandom } from "../src/random.js";
import { buildCsr } from "../src/ratings/csr.js";
import { readPath } from "../src/ratings/files.js";
import { ratingsOfEach } from "../src/ratings/popularity.js";
import { type Split, splitRatings } from "../src/ratings/split.js";
import { SYNTHETIC_SHAPES, syntheticRatings } from "../src/ratings/synthetic.js";
import type { BenchOptions } from "./options.js";
import { fit, type FitOptions } from "../src/training/fit.js";
import type { HistoryEntry } from "../src/training/history.js";
import { median } from "./median.js";
import { libmf } from "./peers/libmf.js";
import { canImport, python } from "./peers/python.js";
import { warmUp } from "./warm-up.js";

const SWEEPS = 15;
/** Gradient descent learns less in an epoch than a sweep of exact solves does. */
const EPOCHS = 30;
const EXPLICIT = { lambda: 1, tau: 20, gamma: 5 };
const IMPLICIT = { confidence: 1, tau: 10 };
/** What mf-train takes when it is told nothing, for users and items. */
const LIBMF_DEFAULT = [0.1, 0.1];
/** Its η, which ours takes where it has its schedule. */
const LIBMF_STEP = 0.1;
const RELEVANT = 4;
/** Of the runs that seconds to LIBMF's error are told of. */
const REPEATS = 3;

interface Entry {
  readonly factors: number;
  readonly name: string;
  readonly device: string;
  readonly sweeps: number;
  readonly secondsPerSweep: number;
  readonly heldOutRmse?: number | undefined;
  readonly ndcg?: number | undefined;
  readonly recall?: number | undefined;
}

export async function peers(options: BenchOptions): Promise<object> {
  const { data, shape, factors } = options;
  const ratings = data ? (await readPath(data)).ratings : syntheticRatings(SYNTHETIC_SHAPES[shape]);
  const split = splitRatings(ratings, { share: 0.2, seed: 1 });
  const { train, heldOut } = split;
  console.log(
    `${data ? basename(data) : shape}: ${train.count.toLocaleString("en-US")} ratings to train on, ${heldOut.count.toLocaleString("en-US")} held out, ${train.users.size} × ${train.items.size}`,
  );
  const engines: Engine[] = await enginesOf(options);
  const rows: { explicit: Entry[]; implicit: Entry[] } = { explicit: [], implicit: [] };
  const missing = new Set<string>();
  console.log(`\nratings: λ = ${EXPLICIT.lambda}, τ = ${EXPLICIT.tau}, γ = ${EXPLICIT.gamma}\n${HEADER}  held-out RMSE`);
  for (const K of options.kinds.includes("explicit") ? factors : []) {
    for await (const entry of explicitEntries(K, split, affordable(engines, K, train.count, missing), options, missing))
      rows.explicit.push(print(entry));
  }
  for (const K of options.kinds.some((kind) => kind === "explicit" || kind === "sgd") ? factors : [])
    for await (const entry of libmfEntries(K, split, engines[0], options, missing)) rows.explicit.push(print(entry));
  console.log(
    `\nimplicit feedback: α = ${IMPLICIT.confidence}, τ = ${IMPLICIT.tau}; relevant: held-out ratings of ${RELEVANT} or more\n${HEADER}        nDCG@10      recall@10`,
  );
  for (const K of options.kinds.includes("implicit") ? factors : [])
    for await (const entry of implicitEntries(K, split, affordable(engines, K, train.count, missing), options, missing))
      rows.implicit.push(print(entry));
  for (const engine of engines) engine.destroy();
  for (const text of missing) console.log(`not compared: ${text}`);
  return {
    data: data ? basename(data) : shape,
    train: train.count,
    heldOut: heldOut.count,
    explicit: EXPLICIT,
    implicit: IMPLICIT,
    rows,
    missing: [...missing],
  };
}

/** `als` on every engine beside batched ALS in PyTorch, which takes the GPU too, where it can. */
export async function gpuPeers(options: BenchOptions): Promise<object> {
  const { shape, factors } = options;
  const split = splitRatings(syntheticRatings(SYNTHETIC_SHAPES[shape]), { share: 0.2, seed: 1 });
  const engines = await enginesOf(options);
  const missing = new Set<string>();
  const rows: Entry[] = [];
  console.log(`${shape}: ${split.train.count.toLocaleString("en-US")} ratings to train on\n${HEADER}  held-out RMSE`);
  for (const K of factors) {
    const able = affordable(engines, K, split.train.count, missing);
    for await (const entry of explicitEntries(K, split, able, options, missing)) rows.push(print(entry));
  }
  for (const engine of engines) engine.destroy();
  for (const text of missing) console.log(`not compared: ${text}`);
  return { shape, train: split.train.count, rows, missing: [...missing] };
}

/** The cpu engine first; a GPU, hardware or not, where there is an adapter; the reference: those that are asked for. */
async function enginesOf({ engines: kinds }: BenchOptions): Promise<Engine[]> {
  const opened: Engine[] = [];
  for (const kind of ["cpu", "webgpu", "reference"] as const) {
    if (!kinds.includes(kind)) continue;
    const engine = await openEngine(kind, console.log).catch((error: unknown) => console.log(String(error)));
    if (engine) opened.push(engine);
  }
  return opened;
}

/** The float64 reference does about so many operations per second. */
const REFERENCE_RATE = 0.8e9;
const MOST_REFERENCE_SECONDS = 120;

/** The engines, without the reference where it would take minutes. */
function affordable(engines: readonly Engine[], K: number, ratings: number, missing: Set<string>): readonly Engine[] {
  const seconds = (2 * SWEEPS * ratings * (K + 2) * (K + 3)) / REFERENCE_RATE;
  if (seconds <= MOST_REFERENCE_SECONDS) return engines;
  missing.add(`the float64 reference at K = ${K}, which would take some ${Math.round(seconds)} s`);
  return engines.filter(({ info }) => info.kind !== "reference");
}

/** Exact solves as far as they go, and conjugate gradients. */
const solversOf = (K: number, { solvers }: BenchOptions): readonly Solver[] =>
  SOLVERS.filter((solver) => solvers.includes(solver) && (solver === "cg" || K <= MAX_FACTORS));

async function* explicitEntries(
  K: number,
  split: Split,
  engines: readonly Engine[],
  options: BenchOptions,
  missing: Set<string>,
): AsyncGenerator<Entry> {
  const { python: interpreter } = options;
  const { train } = split;
  const plain = (solver: Solver): AlsHyperparameters =>
    alsHyperparameters({
      factors: K,
      solver,
      lambda: EXPLICIT.lambda,
      tauUsers: EXPLICIT.tau,
      tauItems: EXPLICIT.tau,
      gammaUsers: EXPLICIT.gamma,
      gammaItems: EXPLICIT.gamma,
    });
  const start = startingParameters(split, K, true);
  for (const engine of engines)
    for (const solver of solversOf(K, options)) yield await oursExplicit(`tastespace als, ${solver}`, engine, split, plain(solver), start);
  if (K > MAX_FACTORS) return;
  if (await canImport(interpreter, "torch")) {
    const { version, device, seconds, parameters } = await python(interpreter, "torch_als.py", [], {
      train,
      start,
      settings: { ...EXPLICIT, sweeps: SWEEPS },
      biases: true,
    });
    yield { ...timed(K, `batched als in PyTorch ${version}`, device, seconds), heldOutRmse: rmseOf(parameters, split) };
  } else missing.add(`PyTorch, which ${interpreter} cannot import: pip install torch, or --python PATH of an interpreter that can`);
}

/** LIBMF with our precisions in its convention, and with its own default; each beside ours on the same objective. */
async function* libmfEntries(
  K: number,
  split: Split,
  engine: Engine,
  { libmf: folder }: BenchOptions,
  missing: Set<string>,
): AsyncGenerator<Entry> {
  const { train } = split;
  const ours = [train.users.size, train.items.size].map((count) => (EXPLICIT.tau * count) / train.count);
  for (const [lambdaUsers, lambdaItems] of [ours, LIBMF_DEFAULT]) {
    const given = `λ = ${lambdaUsers.toFixed(2)}, ${lambdaItems.toFixed(2)}`;
    const result = await libmf(folder, split, { factors: K, epochs: EPOCHS, lambdaUsers, lambdaItems });
    if (result) yield { factors: K, name: `LIBMF, ${given}`, ...result, sweeps: EPOCHS };
    else
      missing.add(
        "LIBMF: build mf-train and mf-predict from github.com/cjlin1/libmf, and put them on the PATH or name their folder by --libmf",
      );
    const same = alsHyperparameters({
      factors: K,
      tauUsers: lambdaUsers,
      tauItems: lambdaItems,
      biases: false,
      mean: false,
      regularization: "weighted",
    });
    yield await oursExplicit(`tastespace als, LIBMF's, ${given}`, engine, split, same, startingParameters(split, K, false));
    const target = result?.heldOutRmse;
    for (const [name, asked] of Object.entries(TO_LIBMF))
      yield await secondsTo(name, asked, target, engine, split, K, lambdaUsers, lambdaItems);
  }
}

async function* implicitEntries(
  K: number,
  split: Split,
  engines: readonly Engine[],
  options: BenchOptions,
  missing: Set<string>,
): AsyncGenerator<Entry> {
  const { python: interpreter } = options;
  const { train } = split;
  const hyperparameters = (solver: Solver) =>
    implicitHyperparameters({
      factors: K,
      solver,
      confidence: IMPLICIT.confidence,
      counts: "raw",
      tauUsers: IMPLICIT.tau,
      tauItems: IMPLICIT.tau,
    });
  const start = startingParameters(split, K, false);
  for (const engine of engines) {
    for (const solver of solversOf(K, options)) {
      const { parameters, seconds } = await sweep(engine, problemOf("implicit", split, hyperparameters(solver), start));
      yield { ...timed(K, `tastespace implicit, ${solver}`, engine.info.name, seconds), ...ranking(parameters, split) };
    }
  }
  if (!(await canImport(interpreter, "implicit"))) {
    missing.add(
      `the library implicit, which ${interpreter} cannot import: pip install implicit, or --python PATH of an interpreter that can`,
    );
    return;
  }
  for (const [solver, name] of [
    ["exact", "exact solves"],
    ["cg", "conjugate gradients"],
  ] as const) {
    if (!solversOf(K, options).includes(solver === "exact" ? "cholesky" : "cg")) continue;
    const { version, device, seconds, parameters } = await python(interpreter, "implicit_als.py", [solver], {
      train,
      start,
      settings: { ...IMPLICIT, sweeps: SWEEPS },
      biases: false,
    });
    yield { ...timed(K, `implicit ${version}, ${name}`, device, seconds), ...ranking(parameters, split) };
  }
}

/** What is trained until it has LIBMF's error. */
const TO_LIBMF: Readonly<Record<string, FitOptions>> = {
  als: { model: "als" },
  sgd: { model: "sgd", stepSize: LIBMF_STEP },
  "sgd, one rate": { model: "sgd", rate: "shared" },
};

/**
 * A training with measurements after every sweep, and the seconds that it takes to a held-out RMSE that
 * another reached. `als` has LIBMF's own objective; `sgd`'s precisions are those of an average row, since ours
 * are not scaled by numbers of ratings.
 */
async function secondsTo(
  name: string,
  asked: FitOptions,
  target: number | undefined,
  engine: Engine,
  { train, heldOut }: Split,
  K: number,
  lambdaUsers: number,
  lambdaItems: number,
): Promise<Entry> {
  const perRow = { users: train.count / train.users.size, items: train.count / train.items.size };
  const options: FitOptions =
    asked.model === "als"
      ? { tauUsers: lambdaUsers, tauItems: lambdaItems, biases: false, mean: false, regularization: "weighted" }
      : { tauUsers: lambdaUsers * perRow.users, tauItems: lambdaItems * perRow.items };
  const shared = { factors: K, lambda: 1, heldOut, sweeps: EPOCHS, earlyStop: false, device: engine } as const;
  const run = async () => (await fit(train, { ...shared, ...options, ...asked } as FitOptions)).history;
  const reachedIn = (history: readonly HistoryEntry[]) =>
    target === undefined ? undefined : history.find(({ heldOutRmse }) => heldOutRmse! <= target);
  const secondsOf = (history: readonly HistoryEntry[]): number => (reachedIn(history) ?? history.at(-1)!).seconds;
  // The shortest, as of LIBMF: what else the machine does only ever adds to it.
  let history = await run();
  for (let repeat = 1; repeat < REPEATS; repeat++) {
    const again = await run();
    if (secondsOf(again) < secondsOf(history)) history = again;
  }
  const reached = reachedIn(history);
  const best = Math.min(...history.map(({ heldOutRmse }) => heldOutRmse!));
  const told = reached ? `${reached.seconds.toFixed(2)} s, ${reached.sweep} sweeps, to LIBMF's RMSE` : "LIBMF's RMSE not reached";
  const seconds = history.slice(1).map(({ seconds: after }, at) => after - history[at].seconds);
  return { ...timed(K, `tastespace ${name}, measured: ${told}`, engine.info.name, seconds), sweeps: EPOCHS, heldOutRmse: best };
}

async function oursExplicit(
  name: string,
  engine: Engine,
  split: Split,
  hyperparameters: AlsHyperparameters,
  start: Parameters,
): Promise<Entry> {
  const { parameters, seconds } = await sweep(engine, problemOf("als", split, hyperparameters, start));
  return { ...timed(start.factors, name, engine.info.name, seconds), heldOutRmse: rmseOf(parameters, split) };
}

/**
 * What all that train by sweeps have in common; the time is the median of all but the first,
 * in which kernels are warmed up.
 */
function timed(factors: number, name: string, device: string, seconds: readonly number[]): Entry {
  return { factors, name, device, sweeps: SWEEPS, secondsPerSweep: median(seconds.slice(1)) };
}

/** Trains without measuring in between. */
async function sweep(
  engine: Engine,
  problem: Problem<"als"> | Problem<"implicit">,
): Promise<{ parameters: Parameters; seconds: number[] }> {
  const open = (): Promise<TrainingOf["als"] | TrainingOf["implicit"]> =>
    problem.model === "als" ? openTraining(engine, problem) : openTraining(engine, problem);
  const warming = await open();
  await warmUp(engine, () => warming.sweep(1));
  warming.destroy();
  const session = await open();
  const seconds: number[] = [];
  for (let number = 1; number <= SWEEPS; number++) {
    const started = performance.now();
    await session.sweep(number);
    if (engine instanceof WebGpuEngine) await engine.device.gpu.queue.onSubmittedWorkDone();
    else await session.session.readRows("users", "current", { from: 0, to: 1 });
    seconds.push((performance.now() - started) / 1000);
  }
  const parameters = await session.read();
  session.destroy();
  return { parameters, seconds };
}

function problemOf<M extends "als" | "implicit">(
  model: M,
  { train }: Split,
  hyperparameters: HyperparametersOf[M],
  initial: Parameters,
): Problem<M> {
  const [M, N] = [train.users.size, train.items.size];
  return { model, seed: 1, hyperparameters, byUser: buildCsr(train, "users", M), byItem: buildCsr(train, "items", N), initial };
}

/** Small random item factors, which every peer starts from; users are solved first. */
function startingParameters({ train }: Split, K: number, mean: boolean): Parameters {
  const random = seededRandom(1);
  const [M, N] = [train.users.size, train.items.size];
  return {
    factors: K,
    userFactors: new Float32Array(M * K),
    itemFactors: Float32Array.from({ length: N * K }, () => 0.1 * random.normal()),
    userBiases: new Float32Array(M),
    itemBiases: new Float32Array(N),
    globalMean: mean ? Math.fround(train.statistics().mean) : 0,
  };
}

/** Without biases and mean, a pair with an entity without training ratings is given their mean, as mf-predict does. */
function rmseOf(parameters: Parameters, { train, heldOut }: Split): number {
  const { mean } = train.statistics();
  const [users, items] = [ratingsOfEach(train, "users"), ratingsOfEach(train, "items")];
  let squares = 0;
  for (let at = 0; at < heldOut.count; at++) {
    const [user, item] = [heldOut.user[at], heldOut.item[at]];
    const unknown = parameters.globalMean === 0 && (users[user] === 0 || items[item] === 0);
    squares += (heldOut.value[at] - (unknown ? mean : predictRating(parameters, user, item))) ** 2;
  }
  return Math.sqrt(squares / heldOut.count);
}

function ranking(parameters: Parameters, { train, heldOut }: Split): { ndcg: number; recall: number } {
  const model = new FactorModel({
    model: "implicit",
    hyperparameters: implicitHyperparameters({ factors: parameters.factors }),
    parameters,
    users: train.users,
    items: train.items,
    catalogue: train.catalogue,
    statistics: train.statistics(),
    itemCounts: ratingsOfEach(train, "items"),
  });
  const { ndcg, recall } = rankingMetrics(model, train, heldOut, { k: 10, relevanceThreshold: RELEVANT });
  return { ndcg, recall };
}

const HEADER = `${"K".padStart(5)}   ${"".padEnd(42)}${"sweeps".padStart(7)}${"ms a sweep".padStart(13)}${"training, s".padStart(13)}`;

function print(entry: Entry): Entry {
  const { factors, name, device, sweeps, secondsPerSweep, heldOutRmse, ndcg, recall } = entry;
  const figures = [heldOutRmse, ndcg, recall]
    .filter((figure) => figure !== undefined)
    .map((figure) => figure.toFixed(4).padStart(15))
    .join("");
  console.log(
    `${String(factors).padStart(5)}   ${name.padEnd(42)}${String(sweeps).padStart(7)}${(1000 * secondsPerSweep).toFixed(1).padStart(13)}${(sweeps * secondsPerSweep).toFixed(2).padStart(13)}${figures}   ${device}`,
  );
  return entry;
}
