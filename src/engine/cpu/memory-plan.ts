// Which arrays lie in a session's WebAssembly memory, and where: all of them where they fit.
// What does not fit lies outside, and threads copy the pieces that they work on into scratch of their own.

import { DeviceError } from "../../errors.js";
import { bytesOf, columnStride, type Field, type FieldRole, rowStride } from "./fields.js";

/** Below lies what the module itself keeps: constants and tables. */
const FIRST_BYTE = 1 << 16;
const PAGE = 1 << 16;
const ALIGNMENT = 64;
/** The largest memory that 32-bit addresses reach, less a page, so that no address is 2³². */
export const LARGEST_MEMORY = 2 ** 32 - PAGE;

/** Ratings of a block of a sum over ratings, and rows of a block of a sum over rows. */
export const SUM_RATINGS = 8192;
export const SUM_ROWS = 1024;

export interface PlacedField extends Field {
  /** Where it lies in the memory; undefined: outside. */
  readonly address?: number | undefined;
}

/** Scratch of one thread, by name: bytes from the thread's first one. */
type Scratch = Readonly<Record<string, { readonly offset: number; readonly bytes: number }>>;

export interface MemoryPlan {
  readonly fields: readonly PlacedField[];
  /** Ratings and rows that a thread takes at a time where a piece has to be copied. */
  readonly pieceRatings: number;
  readonly pieceRows: number;
  readonly scratch: Scratch;
  /** Where the first thread's scratch begins, and how much each has. */
  readonly scratchAddress: number;
  readonly scratchBytes: number;
  readonly pages: number;
}

/** Of the memory and of all arrays outside it. */
export const bytesOfPlan = ({ pages, fields }: MemoryPlan): number =>
  fields.reduce((bytes, field) => bytes + (field.address === undefined ? bytesOf(field) : 0), pages * PAGE);

/** What a thread copies: `unit` says how many of them a piece has. */
const PIECES: Readonly<Partial<Record<FieldRole, { readonly slots: readonly string[]; readonly unit: "ratings" | "rows" }>>> = {
  rows: { slots: ["own rows"], unit: "rows" },
  pulls: { slots: ["own pulls"], unit: "rows" },
  velocity: { slots: ["own velocity"], unit: "rows" },
  before: { slots: ["own before"], unit: "rows" },
  spreads: { slots: ["own spreads"], unit: "rows" },
  logDeterminants: { slots: ["own logDeterminants"], unit: "rows" },
  weights: { slots: ["own weights"], unit: "rows" },
  start: { slots: ["start"], unit: "rows" },
  index: { slots: ["index"], unit: "ratings" },
  user: { slots: ["user"], unit: "ratings" },
  item: { slots: ["item"], unit: "ratings" },
  value: { slots: ["value"], unit: "ratings" },
  sums: { slots: ["predictions", "densities"], unit: "ratings" },
};
/** Rows that ratings refer to, copied side by side, of either side. */
const GATHERED: readonly FieldRole[] = ["rows", "spreads", "shares", "squares"];

/** Pieces to try, the largest first. Whole stages and blocks, so that no sum depends on them. */
const PIECE_SIZES = [
  [SUM_RATINGS, SUM_ROWS],
  [1024, 128],
  [256, 32],
  [32, 32],
] as const;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * @param extra scratch beyond what solving a row takes, bytes by name.
 * @throws DeviceError when even small pieces do not fit.
 */
export function planMemory(
  fields: readonly Field[],
  K: number,
  threads: number,
  most: number,
  extra: Readonly<Record<string, number>> = {},
): MemoryPlan {
  const resident = fields.filter((field) => field.priority !== undefined);
  const all = new Set(resident);
  const whole = lay(fields, all, K, threads, PIECE_SIZES[0], extra);
  if (whole.pages * PAGE <= most) return whole;
  for (const size of PIECE_SIZES) {
    const chosen = new Set<Field>();
    const none = lay(fields, chosen, K, threads, size, extra);
    const last = size === PIECE_SIZES.at(-1);
    if (none.pages * PAGE > (last ? most : most / 2)) continue;
    // Scratch for what is outside is kept whole, so that what still fits can be judged one by one.
    let free = most - none.pages * PAGE;
    for (const field of [...resident].sort((a, b) => a.priority! - b.priority!)) {
      const bytes = aligned(bytesOf(field));
      if (bytes > free || chosen.has(field)) continue;
      chosen.add(field);
      free -= bytes;
    }
    return lay(fields, chosen, K, threads, size, extra);
  }
  const least = lay(fields, new Set(), K, threads, PIECE_SIZES.at(-1)!, extra).pages * PAGE;
  throw new DeviceError("out-of-memory", `${threads} threads need ${least} bytes of WebAssembly memory, and may have ${most}`, {
    remedy: "take fewer factors or threads",
  });
}

function lay(
  fields: readonly Field[],
  chosen: ReadonlySet<Field>,
  K: number,
  threads: number,
  [pieceRatings, pieceRows]: readonly [number, number],
  extra: Readonly<Record<string, number>>,
): MemoryPlan {
  let end = FIRST_BYTE;
  const take = (bytes: number): number => {
    const address = end;
    end += aligned(bytes);
    return address;
  };
  const placed = fields.map((field) => ({ ...field, address: chosen.has(field) ? take(bytesOf(field)) : undefined }));
  const scratch: Record<string, { offset: number; bytes: number }> = {};
  let scratchBytes = 0;
  const add = (name: string, bytes: number): void => {
    if (scratch[name] && scratch[name].bytes >= bytes) return;
    scratch[name] = { offset: scratchBytes, bytes };
    scratchBytes += aligned(bytes);
  };
  for (const [name, bytes] of Object.entries(kernelScratch(fields, K))) add(name, bytes);
  // Training ratings have no column of users: it is written where it is needed, as are places of gathered rows.
  for (const name of ["user", "item"]) add(name, 4 * pieceRatings);
  for (const field of placed) {
    if (field.address !== undefined || field.priority === undefined) continue;
    const each = bytesOf({ ...field, count: 1 });
    const piece = PIECES[field.role];
    for (const slot of piece?.slots ?? []) add(slot, each * (piece!.unit === "rows" ? pieceRows + 1 : pieceRatings));
  }
  // Where one array of a row has to be gathered, all are.
  if (placed.some(({ role, address }) => GATHERED.includes(role) && address === undefined)) {
    for (const field of placed) {
      if (!GATHERED.includes(field.role)) continue;
      for (const side of ["users", "items"]) add(`gathered ${side} ${field.role}`, bytesOf({ ...field, count: pieceRatings }));
    }
  }
  for (const [name, bytes] of Object.entries(extra)) add(name, bytes);
  const scratchAddress = take(0);
  return {
    fields: placed,
    pieceRatings,
    pieceRows,
    scratch,
    scratchAddress,
    scratchBytes,
    // The last block of a packed triangle is read whole.
    pages: Math.ceil((scratchAddress + threads * scratchBytes + ALIGNMENT) / PAGE),
  };
}

/** What the kernels themselves work in. */
function kernelScratch(fields: readonly Field[], K: number): Record<string, number> {
  const column = 4 * columnStride(K);
  const square = column * columnStride(K);
  const spreads = 4 * Math.max(rowStride(K), ...fields.filter(({ role }) => role === "spreads").map(({ stride }) => stride));
  return {
    matrix: square,
    total: square,
    priorMatrix: square,
    prior: 4 * (((K + 1) * (K + 2)) / 2 + columnStride(K)),
    staged: 32 * column,
    weighed: 32 * column,
    spreads,
    spreadTotal: spreads,
    vectors: 4 * column,
    // The states of four rows that go side by side, four vectors of each, and theirs number by number.
    descent: 1024 + 4 * rowStride(K) * (16 + 4),
    // Sums of a block, float64: at most those of moments.
    sums: 8 * (columnStride(K) + 1) * columnStride(K),
  };
}
