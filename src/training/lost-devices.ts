// Trainings outlive the device that they compute on: one that is lost is replaced, and the training
// goes on from its last checkpoint, or begins again where it takes none. Either way it ends with the
// bytes of one that nothing happened to.

import { DeviceError } from "../errors.js";
import type { DeviceInfo, Engine } from "../engine/engine.js";
import type { DeviceChoice } from "../engine/open-engine.js";
import type { Checkpoint } from "./checkpoint.js";
import type { HistoryEntry } from "./history.js";

/** A training that loses devices again and again is likely what they are lost by. */
const MOST_LOSSES = 3;

/** What of a training's options it takes to begin again, or to go on. */
interface Outliving {
  readonly device?: DeviceChoice | Engine | undefined;
  readonly memoryBytes?: number | undefined;
  readonly init?: unknown;
  readonly resume?: Checkpoint | undefined;
  readonly onSweep?: ((entry: HistoryEntry) => unknown) | undefined;
  readonly onCheckpoint?: ((checkpoint: Checkpoint) => void | Promise<void>) | undefined;
  readonly onNotice?: ((notice: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Is told the kind of engine that a training computes on. */
export type OnOpened = (kind: DeviceInfo["kind"]) => void;

/** Runs a training, again with other options after each device that is lost. @throws what the training throws. */
export async function outlivingDevices<O extends Outliving, T>(given: O, train: (options: O, opened: OnOpened) => Promise<T>): Promise<T> {
  let options = { ...given };
  let kind: DeviceInfo["kind"] | undefined;
  let last: Checkpoint | undefined;
  // Sweeps that are done again have been told.
  let told = given.resume?.history.at(-1)?.sweep ?? -1;
  const { onSweep, onCheckpoint } = given;
  for (let losses = 1; ; losses++) {
    try {
      const watched = {
        ...options,
        onSweep: (entry: HistoryEntry) => {
          if (entry.sweep <= told) return undefined;
          told = entry.sweep;
          return onSweep?.(entry);
        },
        onCheckpoint: onCheckpoint && ((checkpoint: Checkpoint) => onCheckpoint((last = checkpoint))),
      };
      return await train(watched, (now) => (kind = now));
    } catch (error) {
      if (!(error instanceof DeviceError) || error.code !== "device-lost" || losses > MOST_LOSSES || given.signal?.aborted) throw error;
      const { device = "auto" } = options;
      // An engine of the caller's is renewed in its place; one of ours is opened anew, of the same kind.
      if (typeof device === "string")
        options = { ...options, device: kind ?? device, memoryBytes: kind === "webgpu" ? options.memoryBytes : undefined };
      else if (device.renew) await device.renew();
      else throw error;
      const from = last ?? given.resume;
      if (last) options = { ...options, resume: last, init: undefined };
      const sweep = from?.history.at(-1)?.sweep;
      given.onNotice?.(
        `${error.message}; the training ${sweep === undefined ? "begins again" : `goes on after sweep ${sweep}`} on another device`,
      );
    }
  }
}
