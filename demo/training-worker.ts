// The worker behind the page. It holds ratings, engine and model, so that the page never waits for any of them.

import { expose, transfer, transferHandlers } from "comlink";
import {
  decodeModel,
  DeviceError,
  type DeviceInfo,
  encodeModel,
  type Engine,
  type FactorModel,
  FeatureTable,
  fit,
  type FitOptions,
  type HistoryEntry,
  type ModelName,
  openEngine,
  principalAxes,
  type RawId,
  type RatingStatistics,
  type Recommendation,
  ReferenceEngine,
  splitRatings,
  type Stop,
  WebGpuEngine,
} from "../src/index.js";
import { compareEngines, type Comparison } from "./comparison.js";
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
import { carryRemedies } from "./failure.js";

export interface Settings {
  readonly options: FitOptions & { readonly model: ModelName };
  /** Share of the ratings held out. */
  readonly share: number;
  /** Whether the genres of the titles shape their factors (`als`). */
  readonly genres: boolean;
  readonly device: "auto" | "cpu";
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
  readonly shelf: Shelf;
}

/** Titles as points: three coordinates each, and the share of the factors' variance that they show. */
export interface Cloud {
  readonly items: Uint32Array;
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
  #model: FactorModel | undefined;
  #modelName = "";
  #engine: Engine | undefined;
  #run: Run | undefined;

  /** What will compute, and what a person should know of it. */
  async device(): Promise<{ info: DeviceInfo; notice: string | undefined }> {
    let notice: string | undefined;
    this.#engine ??= await openEngine("auto", (text) => (notice = text));
    return { info: this.#engine.info, notice };
  }

  invent(size: BuiltInSize): DataSummary {
    this.#data = builtIn(size);
    return summaryOf(this.#data);
  }

  /** @throws RatingsError */
  async read(files: readonly File[], skipBadRows: boolean): Promise<DataSummary> {
    const { data, notes } = await readDropped(files, skipBadRows);
    this.#data = data;
    const summary = summaryOf(data, notes);
    try {
      await keep(data, summary);
    } catch {
      return { ...summary, notes: [...notes, "the browser had no room to keep it: drop it again after a reload"] };
    }
    return summary;
  }

  kept(): Promise<DataSummary | undefined> {
    return keptSummary();
  }

  /** Takes up the data that was kept. */
  async recall(): Promise<DataSummary | undefined> {
    const data = await keptData();
    if (data) this.#data = data;
    return data && summaryOf(data);
  }

  forget(): Promise<void> {
    return forget();
  }

  /** @throws what `fit` throws. */
  async train(settings: Settings, onSweep: (entry: HistoryEntry) => Promise<void>): Promise<Outcome> {
    const data = this.#data!;
    const run = (this.#run = new Run());
    const engine = settings.device === "cpu" ? new ReferenceEngine() : await this.#engineForTraining();
    const { train, heldOut } = splitRatings(data.ratings, { share: settings.share, seed: settings.options.seed });
    const { model, stop, device } = await fit(train, {
      ...settings.options,
      ...(settings.genres && { itemFeatures: FeatureTable.genres(data.ratings.catalogue) }),
      heldOut: heldOut.count > 0 ? heldOut : undefined,
      device: engine,
      signal: run.signal,
      // Waiting for the page's answer lets its other messages in, also when the CPU trains.
      onSweep: async (entry) => {
        await onSweep(entry);
        await run.turn();
      },
    });
    this.#model = model;
    this.#modelName = data.name;
    return { stop, device, shelf: shelfOf(model, data.name) };
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

  /** The best titles for someone who rated these, by their indices; folded in on the GPU while there is one. */
  async recommend(
    rated: readonly (readonly [item: number, rating: number])[],
    { n, alpha, genre, thompsonSeed }: ListOptions,
  ): Promise<Recommendation[]> {
    const model = this.#model!;
    const ofGenre = (id: RawId): boolean => model.catalogue.get(id)?.genres.includes(genre!) ?? false;
    const ratings = rated.map(([item, rating]) => [model.items.rawAt(item), rating] as const);
    const options = { n, alpha, thompsonSeed, filter: genre === undefined ? undefined : ofGenre };
    const engine = this.#engine;
    if (!engine || engine.info.software) return model.recommendFor(ratings, options);
    try {
      return await model.recommendForOn(engine, ratings, options);
    } catch (error) {
      // A lost device takes nothing from the visitor: the host folds in as well.
      if (error instanceof DeviceError) return model.recommendFor(ratings, options);
      throw error;
    }
  }

  /** The titles most alike, of those with some ratings. */
  similar(item: number, n: number): Recommendation[] {
    const model = this.#model!;
    return model.similarItems(model.items.rawAt(item), { n, minimumRatings: 10 });
  }

  /** Titles with ratings along the principal axes of their factors; undefined for a model without factors. */
  cloud(): Cloud | undefined {
    const { parameters, itemCounts } = this.#model!;
    const { factors: K, itemFactors } = parameters;
    if (K === 0) return undefined;
    const items = Uint32Array.from(itemCounts.keys()).filter((item) => itemCounts[item] > 0);
    const rows = new Float32Array(items.length * K);
    items.forEach((item, at) => rows.set(itemFactors.subarray(item * K, (item + 1) * K), at * K));
    const axes = Math.min(3, K);
    const { coordinates, shares } = principalAxes(rows, items.length, K, axes);
    const places = new Float32Array(items.length * 3);
    for (let at = 0; at < items.length; at++) places.set(coordinates.subarray(at * axes, (at + 1) * axes), at * 3);
    return transfer({ items, coordinates: places, share: shares.reduce((sum, share) => sum + share, 0) }, [items.buffer, places.buffer]);
  }

  /** The same training on the GPU and on the CPU. @throws DeviceError when there is no GPU. */
  async compare(settings: Settings, sweeps: number, onSweep: (done: number) => Promise<void>): Promise<Comparison | undefined> {
    const run = (this.#run = new Run());
    const { train, heldOut } = splitRatings(this.#data!.ratings, { share: settings.share || 0.2, seed: settings.options.seed });
    const features = settings.genres ? { itemFeatures: FeatureTable.genres(train.catalogue) } : {};
    const engine = await this.#engineForTraining();
    return await compareEngines(engine, train, heldOut, { ...settings.options, ...features, sweeps, signal: run.signal }, onSweep);
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

  /** The engine, opened anew when its device has been lost. */
  async #engineForTraining(): Promise<Engine> {
    if (this.#engine instanceof WebGpuEngine) {
      try {
        this.#engine.device.throwIfLost();
      } catch {
        this.#engine = undefined;
      }
    }
    return (this.#engine ??= await openEngine("auto"));
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
