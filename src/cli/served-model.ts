// The model that `tastespace serve` answers from: read from its file, and read anew when the file has changed.

import { stat } from "node:fs/promises";
import type { FactorModel } from "../models/factor-model.js";
import { load } from "../node.js";
import type { Ratings } from "../ratings/ratings.js";
import { trainedOn } from "./explain.js";

/** How often the file is looked at. Looking works where being told does not, as on network file systems. */
const LOOK_EVERY_MS = 500;

/** A model, when its file was written, and the ratings that it was trained on. */
export class ServedModel {
  readonly model: FactorModel;
  readonly written: Date;
  readonly #path: string;
  #training: Promise<Ratings> | undefined;

  constructor(model: FactorModel, written: Date, path: string) {
    this.model = model;
    this.written = written;
    this.#path = path;
  }

  /** Read when they are first asked for. @throws as the readers do; the next to ask tries again. */
  training(): Promise<Ratings> {
    this.#training ??= trainedOn(this.model, this.#path, { cache: true }).then(
      ({ train }) => train,
      (cause: unknown) => {
        this.#training = undefined;
        throw cause;
      },
    );
    return this.#training;
  }
}

/** What is heard of a file that changed. */
interface WatchEvents {
  readonly onModel: (served: ServedModel) => void;
  /** A changed file is no model, or has gone: the one from before stays. */
  readonly onRefused: (reason: string) => void;
}

/** Keeps the model of a file. */
export class WatchedModel {
  readonly path: string;
  /** Why the file as it stands now is not served; undefined when it is. */
  refused: string | undefined;
  readonly #events: WatchEvents;
  #served: ServedModel;
  #state: string;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(path: string, served: ServedModel, state: string, events: WatchEvents) {
    this.path = path;
    this.#served = served;
    this.#state = state;
    this.#events = events;
    this.#lookLater();
  }

  /** @throws ModelFileError */
  static async open(path: string, events: WatchEvents): Promise<WatchedModel> {
    const state = await stateOf(path);
    return new WatchedModel(path, await read(path), state, events);
  }

  get served(): ServedModel {
    return this.#served;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    const state = await stateOf(this.path);
    if (state !== this.#state && !this.#closed) {
      this.#state = state;
      try {
        this.#served = await read(this.path);
        this.refused = undefined;
        this.#events.onModel(this.#served);
      } catch (cause) {
        // A file that is still being written is another one at the next look.
        this.refused = (cause as Error).message;
        this.#events.onRefused(this.refused);
      }
    }
    this.#lookLater();
  }
}

/** Differs when the file does. */
async function stateOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : "none";
}

/** With what the first requests would else wait for. */
async function read(path: string): Promise<ServedModel> {
  const model = await load(path);
  const { mtime } = await stat(path);
  void model.itemPlaces;
  void model.foldInGram;
  model.catalogue.byTitle("");
  return new ServedModel(model, mtime, path);
}
