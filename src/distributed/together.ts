// Several ranks in one process, for tests: they meet in memory.

import { RanksError } from "../errors.js";
import { addInOrder, type Communicator, type Numbers } from "./communicator.js";

/** Where ranks meet: each puts something down, and when all have, each takes what it needs. */
class Meeting {
  #given: unknown[] = [];
  #waiting: { resolve: (all: readonly unknown[]) => void; reject: (error: unknown) => void }[] = [];
  #what = "";
  #ended: RanksError | undefined;
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  bring(rank: number, what: string, given: unknown): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      if (this.#waiting.length > 0 && what !== this.#what)
        return this.end(new RanksError(`rank ${rank} asks for "${what}" while another asks for "${this.#what}"`));
      this.#what = what;
      this.#given[rank] = given;
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length < this.size) return;
      const [all, waiting] = [this.#given, this.#waiting];
      [this.#given, this.#waiting] = [[], []];
      for (const each of waiting) each.resolve(all);
    });
  }

  end(error: RanksError): void {
    this.#ended ??= error;
    for (const each of this.#waiting.splice(0)) each.reject(this.#ended);
  }
}

class Together implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly name = "ranks of one process";
  readonly traffic = { bytes: 0, ms: 0 };
  readonly #meeting: Meeting;

  constructor(rank: number, meeting: Meeting) {
    this.rank = this.localRank = rank;
    this.size = this.localSize = meeting.size;
    this.#meeting = meeting;
  }

  async gatherRows(rows: Numbers, width: number, counts: readonly number[]): Promise<void> {
    const first = (rank: number): number => counts.slice(0, rank).reduce((sum, count) => sum + count, 0) * width;
    const own = rows.slice(first(this.rank), first(this.rank + 1));
    const all = (await this.#meeting.bring(this.rank, `rows ${width} ${counts.join()}`, own)) as Numbers[];
    all.forEach((values, rank) => {
      if (rank === this.rank) return;
      this.traffic.bytes += values.byteLength;
      rows.set(values, first(rank));
    });
  }

  async gather<T extends Numbers>(values: T): Promise<T[]> {
    const all = (await this.#meeting.bring(this.rank, "gather", values.slice())) as T[];
    return all.map((each) => each.slice() as T);
  }

  async sum(values: Float64Array): Promise<Float64Array> {
    return addInOrder((await this.#meeting.bring(this.rank, "sum", values.slice())) as Float64Array[]);
  }

  async exchange<T extends Numbers>(parts: readonly T[]): Promise<T[]> {
    const given = parts.map((part) => part.slice() as T);
    const all = (await this.#meeting.bring(this.rank, "exchange", given)) as T[][];
    return all.map((each) => each[this.rank].slice() as T);
  }

  async barrier(): Promise<void> {
    await this.#meeting.bring(this.rank, "barrier", undefined);
  }

  abort(code: number): void {
    this.#meeting.end(new RanksError(`rank ${this.rank} ended all with code ${code}`));
  }

  async finish(): Promise<void> {}
}

/** So many ranks in this process. A call that not all make waits for ever; one that differs ends with a RanksError. */
export function ranksTogether(size: number): Communicator[] {
  const meeting = new Meeting(size);
  return Array.from({ length: size }, (_, rank) => new Together(rank, meeting));
}
