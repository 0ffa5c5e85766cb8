// The engines that the worker has opened: one a kind, kept from training to training, opened anew when one is lost.

import { type DeviceChoice, type DeviceInfo, type Engine, openEngine, reportOf, requestAdapter, WebGpuEngine } from "../src/index.js";

/** What there is to compute with. */
export interface Means {
  /** What trains unless something else is chosen. */
  readonly auto: DeviceInfo;
  /** A GPU, or a software driver of one; undefined where there is no adapter. */
  readonly adapter: { readonly name: string; readonly software: boolean } | undefined;
}

export class Engines {
  readonly #opened = new Map<DeviceInfo["kind"], Engine>();
  #auto: DeviceInfo["kind"] | undefined;

  async means(): Promise<Means> {
    const adapter = await requestAdapter().then(reportOf, () => undefined);
    const { info } = await this.take("auto");
    return { auto: info, adapter: adapter && { name: adapter.name, software: adapter.software } };
  }

  /** @throws DeviceError when what is asked for cannot be had. */
  async take(choice: DeviceChoice): Promise<Engine> {
    const known = this.#known(choice === "auto" ? this.#auto : choice);
    if (known) return known;
    const engine = await openEngine(choice);
    const { kind } = engine.info;
    if (choice === "auto") this.#auto = kind;
    const other = this.#known(kind);
    if (other) {
      engine.destroy();
      return other;
    }
    this.#opened.set(kind, engine);
    return engine;
  }

  /** The GPU, where a hardware one is open. */
  get gpu(): Engine | undefined {
    const engine = this.#known("webgpu");
    return engine?.info.software ? undefined : engine;
  }

  /** Lets go of an engine that has failed. */
  drop(engine: Engine): void {
    engine.destroy();
    for (const [kind, opened] of this.#opened) if (opened === engine) this.#opened.delete(kind);
  }

  #known(kind: DeviceInfo["kind"] | undefined): Engine | undefined {
    const engine = kind && this.#opened.get(kind);
    if (!(engine instanceof WebGpuEngine)) return engine;
    try {
      engine.device.throwIfLost();
      return engine;
    } catch {
      this.drop(engine);
      return undefined;
    }
  }
}
