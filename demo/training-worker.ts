// The worker behind the page. It holds ratings, engine and model, so that the page never waits for any of them.

import { expose, transfer, transferHandlers } from "comlink";
import {
  type AskedColumns,
  decodeModel,
  type DeviceChoice,
  DeviceError,
  type DeviceInfo,
  encodeModel,
  explain,
  type Engine,
  type FactorModel,
  FeatureTable,
  fit,
  type FitOptions,
  type HistoryEntry,
  type Ids,
  type ModelName,
  type Predicted,
  type RawId,
  type Ratings,
  ratingsOfEach,
  type RatingStatistics,
  type ListedItem,
  type Recommendation,
  type Session,
  splitRatings,
  type Stop,
  WebGpuEngine,
} from "../src/index.js";
import { films } from "../src/ratings/films.js";
import { type Comparison, type Lap, raceEngines } from "./comparison.js";
import {
  builtIn,
  type BuiltInSize,
  type Data,
  type DataSummary,
  FILMS,
  forget,
  forgetModel,
  keep,
  keepModel,
  keptData,
  keptModel,
  keptSummary,
  readDropped,
  STARTER,
  type StarterReport,
  summaryOf,
} from "./data.js";
import { Engines, type Means } from "./engines.js";
import { carryRemedies } from "./failure.js";
import { interruptible } from "./interruptible.js";
import { type Report, reportOf } from "./report.js";
import { foldedIn, placed, type Placed, placeOf, type Rated, reachOf } from "./you.js";

export interface Settings {
  readonly options: FitOptions & { readonly model: ModelName };
  /** Share of the ratings held out. */
  readonly share: number;
  /** Whether the genres of the titles shape their factors, and whether it counts who rated what. */
  readonly genres: boolean;
  readonly rated: boolean;
  readonly device: DeviceChoice;
}

/** What the page needs to know of a model: its titles, in index order. */
export interface Shelf {
  readonly name: string;
  readonly model: ModelName;
  readonly predicts: Predicted;
  /** Whether it knows how sure it is. */
  readonly hasPosterior: boolean;
  readonly factors: number;
  readonly ids: readonly RawId[];
  readonly titles: readonly string[];
  readonly genres: readonly (readonly string[])[];
  /** Who directed them, of those that the library knows by itself; else empty. */
  readonly directors: readonly string[];
  /** Ratings of every title. */
  readonly counts: Uint32Array;
  readonly statistics: RatingStatistics;
}

export interface Outcome {
  readonly stop: Stop;
  readonly device: DeviceInfo;
  /** Undefined when no sweep was better than the random start: what model there was before, there is still. */
  readonly shelf: Shelf | undefined;
  readonly report?: Report | undefined;
  /** Whether better sweeps than that were lost with a GPU that would not stop. */
  readonly lost?: boolean | undefined;
}

/** Titles as points: three coordinates each, and the share of the factors' variance that they show. */
export interface Cloud {
  readonly ids: readonly RawId[];
  readonly coordinates: Float32Array;
  readonly share: number;
}

interface ListOptions {
  readonly n: number;
  readonly alpha: number;
  readonly genre?: string | undefined;
  readonly thompsonSeed?: number | undefined;
}

/** A title on the list, with the rating that speaks most for it. */
export interface Listed extends Recommendation {
  readonly why?: { readonly id: RawId; readonly contribution: number } | undefined;
}

/**
 * How the first prediction of a list comes about: mean + itemBias + userBias + Σ you·title, of models that predict so.
 */
export interface Sum {
  readonly id: RawId;
  readonly mean: number;
  readonly itemBias: number;
  readonly userBias: number;
  readonly you: readonly number[];
  readonly title: readonly number[];
}

export interface Answer {
  readonly list: readonly Listed[];
  /** Where the visitor is among the titles of the map, in its coordinates; undefined for a model without factors. */
  readonly you: readonly [number, number, number] | undefined;
  readonly sum: Sum | undefined;
}

/** What the page begins with. */
export interface Opening {
  readonly shelf: Shelf;
  readonly report: Report | undefined;
}

interface NamedMap {
  readonly name: string;
  readonly ids: readonly RawId[];
  readonly placed: Placed;
}

/** Ends when the engine's device is lost: by what says so. */
async function lossOf(engine: Engine): Promise<void> {
  if (!(engine instanceof WebGpuEngine)) return await new Promise(() => {});
  await engine.device.gpu.lost;
  engine.device.throwIfLost();
}

/** A training or comparison under way, which the page can hold up and end. */
class Run {
  readonly #abort = new AbortController();
  #held: Promise<void> | undefined;
  #release = (): void => {};

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  hold(): void {
    this.#held ??= new Promise((resolve) => (this.#release = resolve));
  }

  goOn(): void {
    this.#release();
    this.#held = undefined;
  }

  end(): void {
    this.#abort.abort();
    this.goOn();
  }

  /** What is awaited after every sweep. @throws DeviceError when the device is lost meanwhile. */
  async turn(engine: Engine): Promise<void> {
    if (this.#held) await Promise.race([this.#held, lossOf(engine)]);
  }
}

/** Makes built-in data once, when they are first asked for. */
function whenAsked(size: BuiltInSize): () => Data {
  let made: Data | undefined;
  return () => (made ??= builtIn(size));
}

export class Workshop {
  /** Gives the data, which are made when they are first asked for. */
  #data = whenAsked(STARTER.size);
  /** What the starter's data are, when it has come: they need not be made to be shown. */
  #starterData: DataSummary | undefined;
  /** The last data dropped here, by its key in the browser's storage: another tab may have put its own there since. */
  #own: { readonly key: string; readonly data: Data } | undefined;
  #model: FactorModel | undefined;
  #modelName = "";
  #reach = 1;
  /** The last map that was drawn: the next one is turned towards it. */
  #drawn: NamedMap | undefined;
  /** The map of the present model; undefined until it is asked for. */
  #map: NamedMap | undefined;
  readonly #engines = new Engines();
  #run: Run | undefined;

  /** What there is to compute with. */
  means(): Promise<Means> {
    return this.#engines.means();
  }

  /**
   * Takes up the model of the last visit, or else the one that the build has trained.
   *
   * @param starter the address of the latter's files, without their extension.
   * @returns undefined when neither can be had.
   */
  async begin(starter: string): Promise<Opening | undefined> {
    const kept = await keptModel();
    if (kept) {
      try {
        return { shelf: this.#take(decodeModel(kept.bytes, kept.name), kept.name), report: kept.report };
      } catch {
        // It is of another version.
      }
    }
    return await this.restart(starter);
  }

  /**
   * Takes up the model that the build has trained, and forgets the one that was kept; undefined when it cannot be had.
   */
  async restart(starter: string): Promise<Opening | undefined> {
    try {
      const [model, report] = await Promise.all(["safetensors", "json"].map((extension) => fetch(`${starter}.${extension}`)));
      if (!model.ok || !report.ok) return undefined;
      const shelf = this.#take(decodeModel(new Uint8Array(await model.arrayBuffer()), "the starter"), FILMS);
      void forgetModel();
      const told = (await report.json()) as StarterReport;
      this.#starterData = told.data;
      return { shelf, report: told };
    } catch {
      return undefined;
    }
  }

  #take(model: FactorModel, name: string): Shelf {
    this.#model = model;
    this.#modelName = name;
    this.#map = undefined;
    this.#reach = reachOf(model.parameters);
    return shelfOf(model, name);
  }

  invent(size: BuiltInSize): DataSummary {
    this.#data = whenAsked(size);
    const known = size === STARTER.size ? this.#starterData : undefined;
    return known ?? summaryOf(this.#data());
  }

  /** @throws RatingsError */
  async read(files: readonly File[], skipBadRows: boolean, columns?: AskedColumns): Promise<DataSummary> {
    const { data, notes } = await readDropped(files, skipBadRows, columns);
    const key = crypto.randomUUID();
    this.#own = { key, data };
    this.#data = () => data;
    const summary = { ...summaryOf(data, notes), key };
    try {
      await keep(key, data, summary);
    } catch {
      return { ...summary, notes: [...notes, "the browser had no room to keep it: drop it again after a reload"] };
    }
    return summary;
  }

  kept(): Promise<DataSummary | undefined> {
    return keptSummary();
  }

  /** Takes up the data of this key; undefined when this tab does not hold it and the browser does not keep it. */
  async recall(key: string): Promise<DataSummary | undefined> {
    if (this.#own?.key !== key) {
      const data = await keptData(key);
      if (!data) return undefined;
      this.#own = { key, data };
    }
    const { data } = this.#own;
    this.#data = () => data;
    return { ...summaryOf(data), key };
  }

  async forget(key: string): Promise<void> {
    // A model of the data is not kept beyond them.
    const name = this.#own?.key === key ? this.#own.data.name : (await keptData(key))?.name;
    if (name !== undefined && (await keptModel())?.name === name) await forgetModel();
    if (this.#own?.key === key) this.#own = undefined;
    await forget(key);
  }

  /** @throws what `fit` throws. */
  async train(settings: Settings, onSweep: (entry: HistoryEntry, cloud?: Cloud) => Promise<void>): Promise<Outcome> {
    const data = this.#data();
    const run = (this.#run = new Run());
    const engine = await this.#engines.take(settings.device);
    const { train, heldOut } = splitRatings(data.ratings, { share: settings.share, seed: settings.options.seed });
    let sweep = 0;
    let session: Session | undefined;
    const counts = ratingsOfEach(train, "items");
    let drawn = -Infinity;
    try {
      const { model, stop, device, history } = await fit(train, {
        ...settings.options,
        ...featuresOf(settings, train),
        heldOut: heldOut.count > 0 ? heldOut : undefined,
        device: interruptible(engine, run.signal, (opened) => (session = opened)),
        signal: run.signal,
        // Waiting for the page's answer lets its other messages in, also when the CPU trains.
        onSweep: async (entry) => {
          sweep = entry.sweep;
          const due = performance.now() - drawn > (counts.length > MANY_TITLES ? SELDOM_MS : OFTEN_MS);
          const K = settings.options.factors ?? 0;
          if (due && session && K > 0) {
            const { factors } = await session.readRows("items");
            await onSweep(entry, cloudOf(this.#draw(data.name, data.ratings.items, counts, factors, factors.length / counts.length)));
            drawn = performance.now();
          } else await onSweep(entry);
          await run.turn(engine);
        },
      });
      if (stop.bestSweep === 0) return { stop, device, shelf: undefined };
      const report = reportOf(history, stop, device, train, heldOut);
      const shelf = this.#take(model, data.name);
      // Once the page has its answer.
      setTimeout(() => void keepModel({ name: data.name, bytes: encodeModel(model) as Uint8Array<ArrayBuffer>, report }));
      return { stop, device, shelf, report };
    } catch (error) {
      if (error instanceof DeviceError || run.signal.aborted) this.#engines.drop(engine);
      if (!run.signal.aborted) throw error;
      // A GPU that did not end its sweep was let go, and what it had learned with it.
      return { stop: { reason: "aborted", sweep, bestSweep: 0 }, device: engine.info, shelf: undefined, lost: sweep > 0 };
    }
  }

  pause(): void {
    this.#run?.hold();
  }

  resume(): void {
    this.#run?.goOn();
  }

  cancel(): void {
    this.#run?.end();
  }

  /**
   * The best titles for someone who rated these, and why; folded in on the GPU while there is one. Titles that the
   * model does not know are left out. They are chosen by their scores, and listed by the predictions that the page
   * shows.
   */
  async recommend(rated: Rated, options: ListOptions): Promise<Answer> {
    const model = this.#model!;
    const ratings = rated.filter(([id]) => model.items.indexOf(id) >= 0);
    const chosen = await this.#chosen(model, ratings, options);
    const list = chosen
      .map((entry) => ({ ...entry, predicted: model.clipped(entry.predicted) }))
      .map((entry): Listed => ({ ...entry, why: ratings.length > 0 ? mainReason(model, entry.id, ratings) : undefined }));
    if (model.parameters.factors === 0) return { list, you: undefined, sum: undefined };
    const { factors, bias } = foldedIn(model, ratings);
    const { placed } = this.#mapOf(model);
    const you =
      ratings.length > 0
        ? placeOf(
            placed,
            factors.map((value) => value * this.#reach),
          )
        : undefined;
    return { list, you, sum: list.length > 0 && isSum(model) ? sumOf(model, list[0].id, factors, bias) : undefined };
  }

  async #chosen(model: FactorModel, ratings: Rated, { n, alpha, genre, thompsonSeed }: ListOptions): Promise<Recommendation[]> {
    const ofGenre = (id: RawId): boolean => model.catalogue.get(id)?.genres.includes(genre!) ?? false;
    const options = { n, alpha, thompsonSeed, filter: genre === undefined ? undefined : ofGenre };
    const byPrediction = (list: Recommendation[]): Recommendation[] =>
      thompsonSeed === undefined ? list.sort((a, b) => b.predicted - a.predicted) : list;
    const { gpu } = this.#engines;
    if (!gpu) return byPrediction(model.recommendFor(ratings, options));
    try {
      return byPrediction(await model.recommendForOn(gpu, ratings, options));
    } catch (error) {
      // A lost device takes nothing from the visitor: the host folds in as well.
      if (error instanceof DeviceError) return byPrediction(model.recommendFor(ratings, options));
      throw error;
    }
  }

  /** The titles most alike, of those with some ratings; none when the model does not know the title. */
  similar(id: RawId, n: number): ListedItem[] {
    const model = this.#model!;
    return model.items.indexOf(id) < 0 ? [] : model.similarItems(id, { n, minimumRatings: 10 });
  }

  /** Titles with ratings along the principal axes of their factors; undefined for a model without factors. */
  cloud(): Cloud | undefined {
    const model = this.#model!;
    return model.parameters.factors === 0 ? undefined : cloudOf(this.#mapOf(model));
  }

  #mapOf({ parameters, itemCounts, items }: FactorModel): NamedMap {
    return (this.#map ??= this.#draw(this.#modelName, items, itemCounts, parameters.itemFactors, parameters.factors));
  }

  /** Places the titles with ratings, turned towards where they lay before. */
  #draw(name: string, items: Ids, counts: Uint32Array, factors: Float32Array, K: number): NamedMap {
    const known = Uint32Array.from(counts.keys()).filter((item) => counts[item] > 0);
    const rows = new Float32Array(known.length * K);
    known.forEach((item, at) => rows.set(factors.subarray(item * K, (item + 1) * K), at * K));
    const ids = Array.from(known, (item) => items.rawAt(item));
    let before: Float32Array | undefined;
    if (this.#drawn?.name === name) {
      const { ids: old, placed } = this.#drawn;
      const lay = new Map(old.map((id, at) => [id, at]));
      before = new Float32Array(ids.length * 3).fill(NaN);
      for (const [at, id] of ids.entries()) {
        const was = lay.get(id);
        if (was !== undefined) before.set(placed.coordinates.subarray(was * 3, was * 3 + 3), at * 3);
      }
    }
    this.#drawn = { name, ids, placed: placed(rows, known.length, K, before) };
    return this.#drawn;
  }

  /**
   * The same training on all there is: the GPU, the threads of the CPU, the reference.
   * A software GPU runs when it is what the settings say.
   *
   * @returns undefined when it was stopped. @throws what `fit` throws.
   */
  async race(settings: Settings, sweeps: number, onLap: (lap: Lap) => Promise<void>): Promise<Comparison | undefined> {
    const run = (this.#run = new Run());
    const { train, heldOut } = splitRatings(this.#data().ratings, { share: settings.share || 0.2, seed: settings.options.seed });
    const features = featuresOf(settings, train);
    const { auto } = await this.#engines.means();
    const entrants: DeviceChoice[] = auto.kind === "webgpu" || settings.device === "webgpu" ? ["webgpu", "cpu"] : ["cpu"];
    const engines = [];
    for (const entrant of entrants) {
      try {
        engines.push(await this.#engines.take(entrant));
      } catch (error) {
        // The CPU's engine is missing where WebAssembly has no SIMD: the others race without it.
        if (!(error instanceof DeviceError)) throw error;
      }
    }
    engines.push(await this.#engines.take("reference"));
    const options = { ...settings.options, ...features, sweeps, signal: run.signal };
    try {
      return await raceEngines(engines, train, heldOut, options, onLap);
    } catch (error) {
      if (error instanceof DeviceError || run.signal.aborted) for (const engine of engines) this.#engines.drop(engine);
      if (run.signal.aborted) return undefined;
      throw error;
    }
  }

  /** The bytes of the model's file. */
  file(): { bytes: Uint8Array<ArrayBuffer>; name: string } {
    const bytes = encodeModel(this.#model!) as Uint8Array<ArrayBuffer>;
    const name = `tastespace-${this.#model!.model}-${this.#modelName.replace(/[^\w.-]+/g, "-")}.safetensors`;
    return transfer({ bytes, name }, [bytes.buffer]);
  }

  /** @throws ModelFileError */
  async load(file: File): Promise<Shelf> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const name = file.name.replace(/\.safetensors$/, "");
    const shelf = this.#take(decodeModel(bytes, file.name), name);
    void keepModel({ name, bytes, report: undefined });
    return shelf;
  }
}

/** The side information that the settings ask for. */
function featuresOf({ genres, rated }: Settings, { catalogue }: Ratings): Pick<FitOptions, "itemFeatures" | "userFeatures"> {
  const sets = rated ? [FeatureTable.ratedSets()] : [];
  const ofItems = [...(genres ? [FeatureTable.genres(catalogue)] : []), ...sets];
  return {
    ...(ofItems.length > 0 && { itemFeatures: FeatureTable.join(ofItems) }),
    ...(rated && { userFeatures: sets[0] }),
  };
}

/** Whether predictions are a mean, two biases and one dot product. */
const isSum = ({ predicts, parameters }: FactorModel): boolean => predicts === "rating" && !parameters.draws;

/** A map is drawn anew while it trains at most so often; of many titles seldom. */
const OFTEN_MS = 90;
const SELDOM_MS = 1200;
const MANY_TITLES = 6000;

const cloudOf = ({ ids, placed: { coordinates, share } }: NamedMap): Cloud => ({ ids, coordinates: coordinates.slice(), share });

/** The rating that speaks most for a title; undefined where none does, or the model cannot say. */
function mainReason(model: FactorModel, id: RawId, ratings: Rated): Listed["why"] {
  try {
    const { contributions } = explain(model, id, ratings);
    // What somebody likes tells them more than what they do not: a low rating is named where no high one speaks for the
    // title.
    const middle = (model.statistics.minimum + model.statistics.maximum) / 2;
    const main = contributions.find(({ rating, contribution }) => rating > middle && contribution > 0) ?? contributions[0];
    return main.contribution > 0 ? { id: main.id, contribution: main.contribution } : undefined;
  } catch {
    // Models that were trained on drawn negatives keep too little of them to explain by.
    return undefined;
  }
}

function sumOf({ items, parameters }: FactorModel, id: RawId, factors: Float64Array, userBias: number): Sum {
  const { factors: K, itemFactors, itemBiases, globalMean: mean } = parameters;
  const n = items.indexOf(id);
  return { id, mean, itemBias: itemBiases[n], userBias, you: [...factors], title: [...itemFactors.subarray(n * K, (n + 1) * K)] };
}

/** Who directed the films that the library knows, by title and year. */
const directorOf = new Map(films().map(({ title, year, director }) => [`${title} (${year})`, director]));

function shelfOf({ model, predicts, parameters, items, catalogue, itemCounts, statistics }: FactorModel, name: string): Shelf {
  return {
    name,
    model,
    predicts,
    hasPosterior: parameters.posterior !== undefined,
    factors: parameters.factors,
    ids: items.raw,
    titles: items.raw.map((id) => catalogue.title(id)),
    genres: items.raw.map((id) => catalogue.get(id)?.genres ?? []),
    directors: items.raw.map((id) => directorOf.get(catalogue.title(id)) ?? ""),
    counts: itemCounts,
    statistics,
  };
}

carryRemedies(transferHandlers);
expose(new Workshop());
