// Where the page stands: one state for all its parts, which listen to it and hold none of their own.

import type { DataSummary } from "./data.js";
import type { Shelf } from "./training-worker.js";

/** What the worker is busy with. */
type Phase = "idle" | "training" | "paused" | "stopping" | "racing" | "ending";

/** From which phase one comes to which. */
const WAYS: { readonly [P in Phase]: readonly Phase[] } = {
  idle: ["training", "racing"],
  training: ["paused", "stopping", "idle"],
  paused: ["training", "stopping", "idle"],
  stopping: ["idle"],
  racing: ["ending", "idle"],
  ending: ["idle"],
};

export interface State {
  readonly phase: Phase;
  /** What can be trained on; undefined while it is being read, or could not be. */
  readonly data: DataSummary | undefined;
  /** The model that answers; undefined until there is one. */
  readonly shelf: Shelf | undefined;
}

export class Stage {
  #state: State = { phase: "idle", data: undefined, shelf: undefined };
  readonly #listeners: ((state: State, before: State) => void)[] = [];

  get state(): State {
    return this.#state;
  }

  /** Whether a training or a race can begin. */
  get isOpen(): boolean {
    return this.#state.phase === "idle" && this.#state.data !== undefined;
  }

  /** Tells of every change, and of the present state at once. */
  listen(listener: (state: State, before: State) => void): void {
    this.#listeners.push(listener);
    listener(this.#state, this.#state);
  }

  /** @returns whether there is a way there; where there is none, nothing changes. */
  go(phase: Phase): boolean {
    if (!WAYS[this.#state.phase].includes(phase)) return false;
    this.#set({ phase });
    return true;
  }

  setData(data: DataSummary | undefined): void {
    this.#set({ data });
  }

  setShelf(shelf: Shelf): void {
    this.#set({ shelf });
  }

  #set(part: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...part };
    for (const listener of this.#listeners) listener(this.#state, before);
  }
}
