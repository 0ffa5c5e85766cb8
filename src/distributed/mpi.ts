// MPI through koffi: Open MPI, whose handles are addresses of its globals, and MPICH, whose handles are numbers. No
// compiler and no mpi.h are needed. This is the only file that imports koffi.

import { promisify } from "node:util";
import { RanksError } from "../errors.js";
import { addInOrder, type Communicator, concatenated, cutInto, type Numbers } from "./communicator.js";

type Koffi = typeof import("koffi").default;
type Native = ReturnType<ReturnType<Koffi["load"]>["func"]>;

/** Ranks call from their main thread and from koffi's, one at a time or at once. */
const THREAD_MULTIPLE = 3;
/** dlopen: bind when called, make symbols known to plugins, never unload. */
const RTLD_LAZY = 1;
const RTLD_GLOBAL = 0x100;
const RTLD_NODELETE = 0x1000;
/** Elements of one message at most: counts are C ints. */
const MOST_AT_ONCE = 2 ** 30;

const FUNCTIONS = {
  init: "int MPI_Init_thread(intptr_t argc, intptr_t argv, int required, _Out_ int *provided)",
  finalize: "int MPI_Finalize()",
  rank: "int MPI_Comm_rank(intptr_t comm, _Out_ int *rank)",
  size: "int MPI_Comm_size(intptr_t comm, _Out_ int *size)",
  split: "int MPI_Comm_split_type(intptr_t comm, int type, int key, intptr_t info, void *made)",
  contiguous: "int MPI_Type_contiguous(int count, intptr_t old, void *made)",
  commit: "int MPI_Type_commit(void *type)",
  free: "int MPI_Type_free(void *type)",
  gatherAll: "int MPI_Allgatherv(intptr_t send, int n, intptr_t type, void *all, int *counts, int *first, intptr_t each, intptr_t comm)",
  exchange:
    "int MPI_Alltoallv(void *send, int *counts, int *first, intptr_t type, void *got, int *gotCounts, int *gotFirst, intptr_t each, intptr_t comm)",
  barrier: "int MPI_Barrier(intptr_t comm)",
  abort: "int MPI_Abort(intptr_t comm, int code)",
  handler: "int MPI_Comm_set_errhandler(intptr_t comm, intptr_t handler)",
  errorText: "int MPI_Error_string(int code, void *text, _Out_ int *length)",
} as const;

/** Constants of the two libraries' headers. */
interface Handles {
  readonly world: number;
  readonly types: { readonly f32: number; readonly f64: number; readonly u32: number; readonly byte: number; readonly none: number };
  readonly inPlace: number;
  readonly returnErrors: number;
  readonly noInfo: number;
  readonly sharedHost: number;
  /** Bytes of a handle. */
  readonly bytes: 4 | 8;
}

const MPICH: Handles = {
  world: 0x44000000,
  types: { f32: 0x4c00040a, f64: 0x4c00080b, u32: 0x4c00043b, byte: 0x4c00010d, none: 0x0c000000 },
  inPlace: -1,
  returnErrors: 0x54000001,
  noInfo: 0x1c000000,
  sharedHost: 1,
  bytes: 4,
};

const openMpi = (symbol: (name: string) => number): Handles => ({
  world: symbol("ompi_mpi_comm_world"),
  types: {
    f32: symbol("ompi_mpi_float"),
    f64: symbol("ompi_mpi_double"),
    u32: symbol("ompi_mpi_uint32_t"),
    byte: symbol("ompi_mpi_byte"),
    none: symbol("ompi_mpi_datatype_null"),
  },
  inPlace: 1,
  returnErrors: symbol("ompi_mpi_errors_return"),
  noInfo: symbol("ompi_mpi_info_null"),
  sharedHost: 0,
  bytes: 8,
});

/** The library that `mpirun` belongs to, by what it tells its processes; another by its path in TASTESPACE_MPI. */
function libraryPath(env: NodeJS.ProcessEnv): string {
  const given = env["TASTESPACE_MPI"];
  if (given) return given;
  if (process.platform === "darwin") return env["PMI_SIZE"] && !env["OMPI_COMM_WORLD_SIZE"] ? "libmpich.dylib" : "libmpi.dylib";
  return env["PMI_SIZE"] && !env["OMPI_COMM_WORLD_SIZE"] ? "libmpich.so.12" : "libmpi.so.40";
}

/**
 * Joins the ranks that `mpirun` started.
 *
 * @param most elements of one message; for tests.
 * @throws RanksError when there is no koffi, no MPI, or another than the two known.
 */
export async function joinMpi(env: NodeJS.ProcessEnv = process.env, most = MOST_AT_ONCE): Promise<Communicator> {
  const remedy = "install Open MPI or MPICH, or give the path of its library in TASTESPACE_MPI";
  let koffi: Koffi;
  try {
    ({ default: koffi } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ "koffi"));
  } catch (cause) {
    throw new RanksError("several ranks were started, and koffi, through which they reach MPI, is not installed", {
      cause,
      remedy: "npm install koffi",
    });
  }
  const path = libraryPath(env);
  let library: ReturnType<Koffi["load"]>;
  try {
    // Pinned: MPI's threads may outlive Node's environment, which closes what it has opened.
    const libc = koffi.load(process.platform === "darwin" ? "libSystem.dylib" : "libc.so.6");
    libc.func("void *dlopen(const char *path, int flags)")(path, RTLD_LAZY | RTLD_GLOBAL | RTLD_NODELETE);
    library = koffi.load(path, { global: true });
  } catch (cause) {
    throw new RanksError(`the MPI library ${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      remedy,
    });
  }
  const handles = handlesOf(koffi, library, path, remedy);
  return new Mpi(library, handles.handles, handles.name, most);
}

/** @throws RanksError when the library says that it is another. Its version may be asked before it is started. */
function handlesOf(koffi: Koffi, library: ReturnType<Koffi["load"]>, path: string, remedy: string): { handles: Handles; name: string } {
  const text = Buffer.alloc(8192);
  const length: [number] = [0];
  let name: string;
  try {
    library.func("int MPI_Get_library_version(void *text, _Out_ int *length)")(text, length);
    name = text
      .toString("utf8", 0, length[0])
      .split(/[\n\0,]/)[0]
      .trim();
  } catch (cause) {
    throw new RanksError(`${path} is no MPI library: it has no MPI_Get_library_version`, { cause, remedy });
  }
  if (name.startsWith("Open MPI")) return { name, handles: openMpi((symbol) => Number(koffi.address(library.symbol(symbol)))) };
  if (name.startsWith("MPICH")) return { name: name.replace(/\s+/g, " "), handles: MPICH };
  throw new RanksError(`${path} is "${name}", which is neither Open MPI nor MPICH`, { remedy });
}

class Mpi implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly name: string;
  readonly traffic = { bytes: 0, ms: 0 };
  readonly #handles: Handles;
  readonly #most: number;
  readonly #call: Readonly<Record<keyof typeof FUNCTIONS, Native>>;
  readonly #rowTypes = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(library: ReturnType<Koffi["load"]>, handles: Handles, name: string, most: number) {
    this.name = name;
    this.#most = most;
    this.#handles = handles;
    this.#call = Object.fromEntries(Object.entries(FUNCTIONS).map(([key, text]) => [key, library.func(text)])) as Readonly<
      Record<keyof typeof FUNCTIONS, Native>
    >;
    const provided: [number] = [0];
    this.#check("MPI_Init_thread", this.#call.init(0, 0, THREAD_MULTIPLE, provided) as number);
    if (provided[0] < THREAD_MULTIPLE)
      throw new RanksError(`${name} lets only one thread call it`, { remedy: "install one that was built with MPI_THREAD_MULTIPLE" });
    const { world } = handles;
    const one = (what: string, call: Native, comm: number): number => {
      const out: [number] = [0];
      this.#check(what, call(comm, out) as number);
      return out[0];
    };
    this.#check("MPI_Comm_set_errhandler", this.#call.handler(world, handles.returnErrors) as number);
    this.rank = one("MPI_Comm_rank", this.#call.rank, world);
    this.size = one("MPI_Comm_size", this.#call.size, world);
    const host = this.#word();
    this.#check("MPI_Comm_split_type", this.#call.split(world, handles.sharedHost, 0, handles.noInfo, host) as number);
    this.localRank = one("MPI_Comm_rank", this.#call.rank, Number(host[0]));
    this.localSize = one("MPI_Comm_size", this.#call.size, Number(host[0]));
  }

  async gatherRows(rows: Numbers, width: number, counts: readonly number[]): Promise<void> {
    const given = Int32Array.from(counts);
    const { inPlace, types, world } = this.#handles;
    const type = this.#rowType(rows, width);
    const first = firstOf(given);
    await this.#async("MPI_Allgatherv", "gatherAll", inPlace, 0, types.none, rows, given, first, type, world);
    const total = counts.reduce((sum, count) => sum + count, 0);
    this.traffic.bytes += (total - counts[this.rank]) * width * rows.BYTES_PER_ELEMENT;
  }

  async gather<T extends Numbers>(values: T): Promise<T[]> {
    const counts = new Float64Array(this.size);
    counts[this.rank] = values.length;
    await this.gatherRows(counts, 1, Array<number>(this.size).fill(1));
    const make = (length: number): T => new (values.constructor as new (length: number) => T)(length);
    const all = make(counts.reduce((sum, count) => sum + count, 0));
    const parts = cutInto(all, counts);
    const most = Math.max(1, Math.floor(this.#most / this.size));
    const longest = Math.max(...counts);
    if (longest <= most) {
      parts[this.rank].set(values);
      await this.gatherRows(all, 1, Array.from(counts));
      return parts;
    }
    // In rounds, so that no round has more than a count can hold.
    for (let from = 0; from < longest; from += most) {
      const now = Array.from(counts, (count) => Math.min(most, Math.max(0, count - from)));
      const piece = make(now.reduce((sum, count) => sum + count, 0));
      const pieces = cutInto(piece, now);
      pieces[this.rank].set(values.subarray(from, from + now[this.rank]));
      await this.gatherRows(piece, 1, now);
      pieces.forEach((each, rank) => each.length > 0 && parts[rank].set(each, from));
    }
    return parts;
  }

  async sum(values: Float64Array): Promise<Float64Array> {
    return addInOrder(await this.gather(values));
  }

  async exchange<T extends Numbers>(parts: readonly T[]): Promise<T[]> {
    // What every rank sends to every other, in one call: rows of a table.
    const { rank, size } = this;
    const table = new Float64Array(size * size);
    table.set(
      parts.map((part) => part.length),
      rank * size,
    );
    await this.gatherRows(table, size, Array<number>(size).fill(1));
    const lengths = Array.from({ length: size }, (_, from) => table[from * size + rank]);
    const longest = table.reduce((most, length) => Math.max(most, length), 0);
    const make = (length: number): T => new (parts[0].constructor as new (length: number) => T)(length);
    const { world } = this.#handles;
    const type = this.#rowType(parts[0], 1);
    const most = Math.max(1, Math.floor(this.#most / this.size));
    const call = async (send: T, sent: number[], all: T, taken: number[]): Promise<void> => {
      const [counts, got] = [Int32Array.from(sent), Int32Array.from(taken)];
      await this.#async("MPI_Alltoallv", "exchange", send, counts, firstOf(sent), type, all, got, firstOf(taken), type, world);
      this.traffic.bytes += all.byteLength - taken[rank] * all.BYTES_PER_ELEMENT;
    };
    const all = make(lengths.reduce((sum, length) => sum + length, 0));
    const got = cutInto(all, lengths);
    if (longest <= most) {
      await call(
        concatenated(parts),
        parts.map((part) => part.length),
        all,
        lengths,
      );
      return got;
    }
    for (let from = 0; from < longest; from += most) {
      const now = (length: number): number => Math.min(most, Math.max(0, length - from));
      const [sent, taken] = [parts.map((part) => now(part.length)), lengths.map(now)];
      const piece = make(taken.reduce((sum, count) => sum + count, 0));
      await call(concatenated(parts.map((part, to) => part.subarray(from, from + sent[to]) as T)), sent, piece, taken);
      cutInto(piece, taken).forEach((part, each) => part.length > 0 && got[each].set(part, from));
    }
    return got;
  }

  async barrier(): Promise<void> {
    await this.#async("MPI_Barrier", "barrier", this.#handles.world);
  }

  abort(code: number): void {
    this.#call.abort(this.#handles.world, code);
  }

  async finish(): Promise<void> {
    await this.#last;
    for (const type of this.#rowTypes.values()) {
      const handle = this.#word();
      handle[0] = this.#handles.bytes === 8 ? BigInt(type) : type;
      this.#check("MPI_Type_free", this.#call.free(handle) as number);
    }
    this.#check("MPI_Finalize", this.#call.finalize() as number);
  }

  /** A row of so many numbers as one element, so that counts are rows: they fit an int at any size. */
  #rowType(values: Numbers, width: number): number {
    const { types } = this.#handles;
    const base =
      values instanceof Float32Array ? "f32" : values instanceof Float64Array ? "f64" : values instanceof Uint8Array ? "byte" : "u32";
    if (width === 1) return types[base];
    const key = `${base} ${width}`;
    let known = this.#rowTypes.get(key);
    if (known === undefined) {
      const made = this.#word();
      this.#check("MPI_Type_contiguous", this.#call.contiguous(width, types[base], made) as number);
      this.#check("MPI_Type_commit", this.#call.commit(made) as number);
      this.#rowTypes.set(key, (known = Number(made[0])));
    }
    return known;
  }

  #word(): BigInt64Array | Int32Array {
    return this.#handles.bytes === 8 ? new BigInt64Array(1) : new Int32Array(1);
  }

  /** Calls on koffi's thread, one after the other: ranks make the same calls in the same order. */
  async #async(what: string, call: keyof typeof FUNCTIONS, ...given: unknown[]): Promise<void> {
    const done = this.#last.then(async () => {
      const began = performance.now();
      const code = await (promisify(this.#call[call].async) as unknown as (...all: unknown[]) => Promise<number>)(...given);
      this.traffic.ms += performance.now() - began;
      this.#check(what, code);
    });
    this.#last = done.catch(() => {});
    await done;
  }

  /** @throws RanksError with the library's own words. */
  #check(what: string, code: number): void {
    if (code === 0) return;
    const text = Buffer.alloc(8192);
    const length: [number] = [0];
    this.#call.errorText(code, text, length);
    throw new RanksError(`${what} failed: ${text.toString("utf8", 0, length[0])}`);
  }
}

/** Where each rank's elements begin. */
function firstOf(counts: ArrayLike<number>): Int32Array {
  const first = new Int32Array(counts.length);
  for (let rank = 1; rank < counts.length; rank++) first[rank] = first[rank - 1] + counts[rank - 1];
  return first;
}
