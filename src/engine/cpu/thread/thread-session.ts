// A session as one thread has it: its arrays, and the kernels on them.

import { columnStride } from "../fields.js";
import type { SessionOutline, SharedArrays, ThreadStart } from "../jobs.js";
import { type Kernels, SPREADS } from "./kernels.js";
import { SessionMemory } from "./session-memory.js";
import { Tickets } from "./tickets.js";

export class ThreadSession {
  readonly outline: SessionOutline;
  readonly memory: SessionMemory;
  readonly kernels: Kernels;
  readonly tickets: Tickets;
  readonly K: number;

  constructor(outline: SessionOutline, shared: SharedArrays | undefined, { module, thread, threads, control }: ThreadStart) {
    this.outline = outline;
    this.memory = new SessionMemory(outline, shared, thread);
    this.tickets = new Tickets(control, threads);
    this.K = outline.factors;
    const { memory } = this.memory;
    this.kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
    this.kernels.setShape(this.K, SPREADS[outline.spread]);
    this.kernels.setWeighted(outline.weighted.training, false);
    this.kernels.setTails();
    const at = (name: string): number => this.memory.slot(name);
    this.kernels.setGramScratch(
      at("matrix"),
      at("total"),
      at("staged"),
      at("weighed"),
      at("spreads"),
      at("spreadTotal"),
      at("vectors"),
      at("priorMatrix"),
    );
    this.kernels.setDescentScratch(at("descent"), at("priorMatrix"), at("vectors"));
  }

  /** The first of the thread's vectors: precisions. */
  setPrecisions(precisions: Float32Array): void {
    this.memory.slotFloats("vectors", columnStride(this.K)).set(precisions);
  }
}
