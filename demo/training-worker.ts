// The worker behind the page. It holds ratings, engine and model, so that the page never waits for any of them.

import { expose, transfer, transferHandlers } from "comlink";
import {
  decodeModel,
  type DeviceChoice,
  DeviceError,
  type DeviceInfo,
  encodeModel,
  type FactorModel,
  FeatureTable,
  fit,
  type FitOptions,
  type HistoryEntry,
  type ModelName,
  principalAxes,
  type RawId,
  type RatingStatistics,
  type Recommendation,
  splitRatings,
  type Stop,
} from "../src/index.js";
import { type Comparison, type Lap, raceEngines } from "./comparison.js";
import {
  builtIn,
  type BuiltInSize,
  type Data,
  type DataSummary,
  forget,
  keep,
  keptData,
  keptSummary,
  readDropped,
  summaryOf,
} from "./data.js";
import { Engines, type Means } from "./engines.js";
import { carryRemedies } from "./failure.js";
import { interruptible } from "./interruptible.js";

export interface Settings {
  readonly options: FitOptions & { readonly model: ModelName };
  /** Share of the ratings held out. */
  readonly share: number;
  /** Whether the genres of the titles shape their factors (`als`). */
  readonly genres: boolean;
  readonly device: DeviceChoice;
}

/** What the page needs to know of a model: its titles, in index order. */
export interface Shelf {
  readonly name: string;
  readonly model: ModelName;
  readonly factors: number;
  readonly ids: readonly RawId[];
  readonly titles: readonly string[];
  readonly genres: readonly (readonly string[])[];
  /** Ratings of every title. */
  readonly counts: Uint32Array;
  readonly statistics: RatingStatistics;
}

export interface Outcome {
  readonly stop: Stop;
  readonly device: DeviceInfo;
  /** Undefined when no sweep was better than the random start: what model there was before, there is still. */
  readonly shelf: Shelf | undefined;
  /** Whether better sweeps than that were lost with a GPU that would not stop. */
  readonly lost?: boolean | undefined;
}

/** Titles as points: three coordinates each, and the share of the factors' variance that they show. */
export interface Cloud {
  readonly ids: readonly RawId[];
  readonly coordinates: Float32Array;
  readonly share: number;
}

export interface ListOptions {
  readonly n: number;
  readonly alpha: number;
  readonly genre?: string | undefined;
  readonly thompsonSeed?: number | undefined;
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

  /** What is awaited after every sweep. */
  async turn(): Promise<void> {
    await this.#held;
  }
}

export class Workshop {
  #data: Data | undefined;
  /** The last data dropped here, by its key in the browser's storage: another tab may have put its own there since. */
  #own: { readonly key: string; readonly data: Data } | undefined;
  #model: FactorModel | undefined;
  #modelName = "";
  readonly #engines = new Engines();
  #run: Run | undefined;

  /** What there is to compute with. */
  means(): Promise<Means> {
    return this.#engines.means();
  }

  invent(size: BuiltInSize): DataSummary {
    this.#data = builtIn(size);
    return summaryOf(this.#data);
  }

  /** @throws RatingsError */
  async read(files: readonly File[], skipBadRows: boolean): Promise<DataSummary> {
    const { data, notes } = await readDropped(files, skipBadRows);
    const key = crypto.randomUUID();
    this.#own = { key, data };
    this.#data = data;
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
    this.#data = this.#own.data;
    return { ...summaryOf(this.#data), key };
  }

  async forget(key: string): Promise<void> {
    if (this.#own?.key === key) this.#own = undefined;
    await forget(key);
  }

  /** @throws what `fit` throws. */
  async train(settings: Settings, onSweep: (entry: HistoryEntry) => Promise<void>): Promise<Outcome> {
    const data = this.#data!;
    const run = (this.#run = new Run());
    const engine = await this.#engines.take(settings.device);
    const { train, heldOut } = splitRatings(data.ratings, { share: settings.share, seed: settings.options.seed });
    let sweep = 0;
    try {
      const { model, stop, device } = await fit(train, {
        ...settings.options,
        ...(settings.genres && { itemFeatures: FeatureTable.genres(data.ratings.catalogue) }),
        heldOut: heldOut.count > 0 ? heldOut : undefined,
        device: interruptible(engine, run.signal),
        signal: run.signal,
        // Waiting for the page's answer lets its other messages in, also when the CPU trains.
        onSweep: async (entry) => {
          sweep = entry.sweep;
          await onSweep(entry);
          await run.turn();
        },
      });
      if (stop.bestSweep === 0) return { stop, device, shelf: undefined };
      this.#model = model;
      this.#modelName = data.name;
      return { stop, device, shelf: shelfOf(model, data.name) };
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
   * The best titles for someone who rated these; folded in on the GPU while there is one.
   * Titles that the model does not know are left out.
   */
  async recommend(
    rated: readonly (readonly [id: RawId, rating: number])[],
    { n, alpha, genre, thompsonSeed }: ListOptions,
  ): Promise<Recommendation[]> {
    const model = this.#model!;
    const ofGenre = (id: RawId): boolean => model.catalogue.get(id)?.genres.includes(genre!) ?? false;
    const ratings = rated.filter(([id]) => model.items.indexOf(id) >= 0);
    const options = { n, alpha, thompsonSeed, filter: genre === undefined ? undefined : ofGenre };
    const { gpu } = this.#engines;
    if (!gpu) return model.recommendFor(ratings, options);
    try {
      return await model.recommendForOn(gpu, ratings, options);
    } catch (error) {
      // A lost device takes nothing from the visitor: the host folds in as well.
      if (error instanceof DeviceError) return model.recommendFor(ratings, options);
      throw error;
    }
  }

  /** The titles most alike, of those with some ratings; none when the model does not know the title. */
  similar(id: RawId, n: number): Recommendation[] {
    const model = this.#model!;
    return model.items.indexOf(id) < 0 ? [] : model.similarItems(id, { n, minimumRatings: 10 });
  }

  /** Titles with ratings along the principal axes of their factors; undefined for a model without factors. */
  cloud(): Cloud | undefined {
    const { parameters, itemCounts, items: known } = this.#model!;
    const { factors: K, itemFactors } = parameters;
    if (K === 0) return undefined;
    const items = Uint32Array.from(itemCounts.keys()).filter((item) => itemCounts[item] > 0);
    const rows = new Float32Array(items.length * K);
    items.forEach((item, at) => rows.set(itemFactors.subarray(item * K, (item + 1) * K), at * K));
    const axes = Math.min(3, K);
    const { coordinates, shares } = principalAxes(rows, items.length, K, axes);
    const places = new Float32Array(items.length * 3);
    for (let at = 0; at < items.length; at++) places.set(coordinates.subarray(at * axes, (at + 1) * axes), at * 3);
    const ids = Array.from(items, (item) => known.rawAt(item));
    return transfer({ ids, coordinates: places, share: shares.reduce((sum, share) => sum + share, 0) }, [places.buffer]);
  }

  /**
   * The same training on all there is: the GPU, the threads of the CPU, the reference.
   * A software GPU runs when it is what the settings say.
   *
   * @returns undefined when it was stopped. @throws what `fit` throws.
   */
  async race(settings: Settings, sweeps: number, onLap: (lap: Lap) => Promise<void>): Promise<Comparison | undefined> {
    const run = (this.#run = new Run());
    const { train, heldOut } = splitRatings(this.#data!.ratings, { share: settings.share || 0.2, seed: settings.options.seed });
    const features = settings.genres ? { itemFeatures: FeatureTable.genres(train.catalogue) } : {};
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
    this.#model = decodeModel(new Uint8Array(await file.arrayBuffer()), file.name);
    this.#modelName = file.name.replace(/\.safetensors$/, "");
    return shelfOf(this.#model, this.#modelName);
  }
}

function shelfOf({ model, parameters, items, catalogue, itemCounts, statistics }: FactorModel, name: string): Shelf {
  return {
    name,
    model,
    factors: parameters.factors,
    ids: items.raw,
    titles: items.raw.map((id) => catalogue.title(id)),
    genres: items.raw.map((id) => catalogue.get(id)?.genres ?? []),
    counts: itemCounts,
    statistics,
  };
}

carryRemedies(transferHandlers);
expose(new Workshop());
