// Opens a session's arrays and fills them: ratings, and rows to start from.
// They are handed over piece by piece, so that the calling thread never copies for long.

import { DeviceError } from "../../errors.js";
import { rowLengths, rowOfEach } from "../../ratings/csr.js";
import { type BlockPlan, dealRows, planBlocks } from "../blocks.js";
import { type Share, SIDES, weightsOf, type Workload, type WorkloadOutline } from "../engine.js";
import type { Crew } from "./crew.js";
import { bytesOf, type Elements, type Field, fieldsOf, rowStride } from "./fields.js";
import type { SessionOutline, SharedArrays } from "./jobs.js";
import { type MemoryPlan, planMemory } from "./memory-plan.js";

const PIECE = 1 << 20;

/** What a session knows of its workload once the arrays are with the threads. */
export interface SessionSetup {
  readonly session: number;
  readonly fields: readonly Field[];
  /** Groups of the blocks of stochastic steps. */
  readonly groups: number;
}

/** @throws DeviceError when there is no memory for it. */
export async function openMemory(crew: Crew, workload: Workload, memoryBytes: number): Promise<SessionSetup> {
  const { factors: K, byUser, spread, globalMean, operations } = workload;
  const train = { user: rowOfEach(byUser), item: byUser.index, value: byUser.value, weight: byUser.weight };
  const weighted = { training: byUser.weight !== undefined, heldOut: workload.heldOut?.weight !== undefined };
  const { epochs } = operations;
  const blocks = epochs && planBlocks(train, dealRows(lengthsOf(workload), epochs.seed), epochs.seed);
  const sizes = { itemRatings: workload.byItem.index.length, weighted };
  const fields = fieldsOf(outlineOf(workload), blocks?.groups ?? 0, sizes);
  const plan = planMemory(fields, K, crew.threads, memoryBytes);
  const outline: SessionOutline = { factors: K, globalMean, spread, weighted, plan };
  const session = await crew.open(outline, crew.shared ? sharedArrays(plan) : undefined);
  try {
    await fill(crew, session, workload, fields, blocks);
  } catch (error) {
    crew.close(session);
    throw error;
  }
  return { session, fields, groups: blocks?.groups ?? 0 };
}

function outlineOf({ factors, spread, byUser, byItem, heldOut, operations }: Workload): WorkloadOutline {
  const [users, items, ratings] = [byUser.count, byItem.count, byUser.value.length];
  return { factors, spread, users, items, ratings, heldOut: heldOut?.value.length ?? 0, operations };
}

/** Ratings of every row, wherever they are. */
const lengthsOf = ({ share, byUser, byItem }: Workload): Share["lengths"] =>
  share?.lengths ?? { users: rowLengths(byUser), items: rowLengths(byItem) };

/** The memory that threads share, exactly as large as it has to be, and the arrays outside it. @throws DeviceError */
export function sharedArrays(plan: MemoryPlan): SharedArrays {
  try {
    const outside = plan.fields.filter(({ address }) => address === undefined);
    return {
      memory: new WebAssembly.Memory({ initial: plan.pages, maximum: plan.pages, shared: true }),
      outside: Object.fromEntries(outside.map((field) => [field.name, new SharedArrayBuffer(bytesOf(field))])),
    };
  } catch (cause) {
    const bytes = plan.pages * 65536;
    throw new DeviceError("out-of-memory", `there are no ${bytes} bytes of memory for a training`, {
      cause,
      remedy: "take fewer factors, or close other programs",
    });
  }
}

async function fill(
  crew: Crew,
  session: number,
  workload: Workload,
  fields: readonly Field[],
  blocks: BlockPlan | undefined,
): Promise<void> {
  const { factors: K, byUser, byItem, heldOut, rows } = workload;
  const load = async (field: string, values: Elements): Promise<void> => {
    for (let from = 0; from < values.length; from += PIECE) {
      const piece = values.slice(from, from + PIECE);
      await crew.one(session, { do: "load", field, from, values: piece }, [piece.buffer as ArrayBuffer]);
    }
  };
  const csrs = { users: byUser, items: byItem };
  const named = new Set(fields.map(({ name }) => name));
  const weights = weightsOf(workload);
  for (const side of SIDES) {
    const { start, index, value, weight } = csrs[side];
    await load(`${side} start`, start);
    await load(`${side} index`, index);
    await load(`${side} value`, paired(value, weight));
    if (named.has(`${side} weights`)) await load(`${side} weights`, Float32Array.from(weights[side]));
    const count = csrs[side].count;
    const perPiece = Math.max(1, Math.floor(PIECE / rowStride(K)));
    const length = count === 0 ? 0 : (rows[side].covariances?.length ?? 0) / count;
    for (let from = 0; from < count; from += perPiece) {
      const to = Math.min(from + perPiece, count);
      const piece = {
        factors: rows[side].factors.slice(from * K, to * K),
        biases: rows[side].biases.slice(from, to),
        covariances: rows[side].covariances?.slice(from * length, to * length),
      };
      await crew.one(session, { do: "writeRows", side, from, rows: piece });
    }
  }
  if (heldOut) {
    await load("heldOut user", heldOut.user);
    await load("heldOut item", heldOut.item);
    await load("heldOut value", paired(heldOut.value, heldOut.weight));
  }
  if (blocks) {
    for (const side of SIDES)
      await load(
        `${side} shares`,
        Float32Array.from(weights[side], (weight) => (weight > 0 ? 1 / weight : 0)),
      );
    const { start, user, item, value, weight } = byRounds(blocks);
    await load("epoch start", start);
    await load("epoch user", user);
    await load("epoch item", item);
    await load("epoch value", paired(value, weight));
  }
  const copies = (kept: (name: string) => string) =>
    fields.flatMap(({ name, role }) => (role !== "kept" && named.has(kept(name)) ? [[name, kept(name)] as const] : []));
  const pairs = copies((name) => name.replace(" ", " kept "));
  for (const side of SIDES) if (named.has(`${side} before`)) pairs.push([`${side} rows`, `${side} before`]);
  await crew.one(session, { do: "copyFields", pairs });
}

/** Each value with its weight behind it, where there are weights. */
function paired(value: Float32Array, weight: Float32Array | undefined): Float32Array {
  if (!weight) return value;
  const pairs = new Float32Array(2 * value.length);
  for (let at = 0; at < value.length; at++) {
    pairs[2 * at] = value[at];
    pairs[2 * at + 1] = weight[at];
  }
  return pairs;
}

/** Blocks in the order in which an epoch takes them: the block of group g in round r is number r · B + g. */
function byRounds({ groups: B, start, user, item, value, weight }: BlockPlan): Omit<BlockPlan, "groups"> {
  const ordered = {
    start: new Uint32Array(B * B + 1),
    user: user.slice(),
    item: item.slice(),
    value: value.slice(),
    weight: weight?.slice(),
  };
  let at = 0;
  for (let round = 0; round < B; round++) {
    for (let group = 0; group < B; group++) {
      const block = group * B + ((group + round) % B);
      const [from, to] = [start[block], start[block + 1]];
      ordered.user.set(user.subarray(from, to), at);
      ordered.item.set(item.subarray(from, to), at);
      ordered.value.set(value.subarray(from, to), at);
      if (weight) ordered.weight!.set(weight.subarray(from, to), at);
      at += to - from;
      ordered.start[round * B + group + 1] = at;
    }
  }
  return ordered;
}
