// Where the time of a device goes: a timestamp before and after every compute pass, on request.

/** Milliseconds that passes of one label took, and how many there were. */
export interface PassTimes {
  readonly label: string;
  readonly count: number;
  readonly ms: number;
}

/** The most that a query set may hold, by the standard. */
const QUERIES = 4096;
const TIMESTAMP_BYTES = 8;
const NANOSECONDS = 1e-6;

/** Of a device that has the feature "timestamp-query". Browsers round timestamps to 0.1 ms. */
export class Trace {
  readonly #gpu: GPUDevice;
  readonly #answer: <T>(answer: Promise<T>) => Promise<T>;
  #sets: GPUQuerySet[] = [];
  #labels: string[] = [];

  /** @param answer waits, but not for ever. */
  constructor(gpu: GPUDevice, answer: <T>(answer: Promise<T>) => Promise<T>) {
    this.#gpu = gpu;
    this.#answer = answer;
  }

  /** Where the next pass writes its times. */
  next(label: string): GPUComputePassTimestampWrites {
    const at = (2 * this.#labels.length) % QUERIES;
    if (at === 0) this.#sets.push(this.#gpu.createQuerySet({ type: "timestamp", count: QUERIES }));
    this.#labels.push(label);
    return { querySet: this.#sets.at(-1)!, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** The times of all passes since the last call, dearest first; they must have been submitted. */
  async take(): Promise<PassTimes[]> {
    const [sets, labels] = [this.#sets, this.#labels];
    [this.#sets, this.#labels] = [[], []];
    const bytes = sets.length * QUERIES * TIMESTAMP_BYTES;
    if (bytes === 0) return [];
    const resolved = this.#gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const read = this.#gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.#gpu.createCommandEncoder({ label: "trace" });
    sets.forEach((set, at) => encoder.resolveQuerySet(set, 0, QUERIES, resolved, at * QUERIES * TIMESTAMP_BYTES));
    encoder.copyBufferToBuffer(resolved, 0, read, 0, bytes);
    this.#gpu.queue.submit([encoder.finish()]);
    await this.#answer(read.mapAsync(GPUMapMode.READ));
    const stamps = new BigUint64Array(read.getMappedRange());
    const times = new Map<string, { count: number; ms: number }>();
    labels.forEach((label, at) => {
      const time = times.get(label) ?? { count: 0, ms: 0 };
      times.set(label, { count: time.count + 1, ms: time.ms + Number(stamps[2 * at + 1] - stamps[2 * at]) * NANOSECONDS });
    });
    for (const used of [...sets, resolved, read]) used.destroy();
    return [...times].map(([label, time]) => ({ label, ...time })).sort((a, b) => b.ms - a.ms);
  }
}
