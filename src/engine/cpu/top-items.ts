// The best items of every user, as the calling thread has them made:
// rows and seen items go to the threads, lists come back.

import type { SeenItems } from "../../ratings/seen.js";
import { NO_ITEM, type ScoredRows } from "../engine.js";
import type { Crew } from "./crew.js";
import { type Field, rowStride } from "./fields.js";
import type { Elements } from "./fields.js";
import { planMemory } from "./memory-plan.js";
import { sharedArrays } from "./open-memory.js";
import { PANEL_ITEMS } from "./thread/top-items.js";

const PIECE = 1 << 20;
const MOST_USERS = 128;
/** Lists of a batch of users take at most so much of a thread's scratch, or those of four users. */
const LIST_BYTES = 1 << 22;

/**
 * Lists [M, k] row-major, best first; `NO_ITEM` where fewer are left.
 *
 * @throws DeviceError when there is no memory for them.
 */
export async function topItems(
  crew: Crew,
  rows: ScoredRows,
  seen: SeenItems,
  k: number,
  alpha: number,
  memoryBytes: number,
): Promise<Uint32Array> {
  const { factors: K, userFactors, userBiases, itemFactors, itemBiases } = rows;
  const [users, items] = [userBiases.length, itemBiases.length];
  const lists = new Uint32Array(users * k).fill(NO_ITEM);
  if (lists.length === 0 || items === 0) return lists;
  const S = rowStride(K);
  const batch = Math.max(4, Math.min(MOST_USERS, 4 * Math.floor(LIST_BYTES / (8 * k) / 4)));
  const field = (name: string, type: Field["type"], stride: number, count: number, priority?: number): Field => ({
    name,
    role: "listed",
    type,
    stride,
    count,
    state: false,
    priority,
  });
  const fields = [
    field("users rows", "f32", S, users),
    field("items rows", "f32", S, items, 0),
    field("seen start", "u32", 1, users + 1),
    field("seen items", "u32", 1, seen.items.length),
    field("lists", "u32", k, users),
  ];
  const plan = planMemory(fields, K, crew.threads, memoryBytes, {
    "batch rows": 4 * S * batch,
    "packed users": 4 * S * batch,
    "panel rows": 4 * S * PANEL_ITEMS,
    "packed panel": 4 * S * PANEL_ITEMS,
    scores: 4 * 4 * PANEL_ITEMS,
    "list scores": 4 * k * batch,
    "list items": 4 * k * batch,
    "list lengths": 4 * batch,
    "seen cursors": 4 * batch,
    "seen start": 4 * (batch + 1),
    "seen items": 4 * mostSeen(seen.start, batch),
  });
  const outline = { factors: K, globalMean: 0, spread: "none", weighted: { training: false, heldOut: false }, plan } as const;
  const session = await crew.open(outline, crew.shared ? sharedArrays(plan) : undefined);
  const load = async (name: string, values: Elements): Promise<void> => {
    for (let from = 0; from < values.length; from += PIECE) {
      const piece = values.slice(from, from + PIECE);
      await crew.one(session, { do: "load", field: name, from, values: piece }, [piece.buffer as ArrayBuffer]);
    }
  };
  try {
    for (const [side, factors, biases] of [
      ["users", userFactors, userBiases],
      ["items", itemFactors, itemBiases],
    ] as const) {
      const perPiece = Math.ceil(PIECE / S);
      for (let from = 0; from < biases.length; from += perPiece) {
        const to = Math.min(from + perPiece, biases.length);
        const piece = { factors: factors.slice(from * K, to * K), biases: biases.slice(from, to) };
        await crew.one(session, { do: "writeRows", side, from, rows: piece });
      }
    }
    await load("seen start", seen.start);
    await load("seen items", seen.items);
    await crew.all(session, { do: "topItems", k, alpha, batch });
    for (let from = 0; from < lists.length; from += PIECE) {
      const count = Math.min(PIECE, lists.length - from);
      lists.set((await crew.one(session, { do: "unload", field: "lists", from, count })) as Uint32Array, from);
    }
    return lists;
  } finally {
    crew.close(session);
  }
}

/** Items that the users of a batch have seen, at most. */
function mostSeen(start: Uint32Array, batch: number): number {
  let most = 0;
  const users = start.length - 1;
  for (let first = 0; first < users; first += batch) most = Math.max(most, start[Math.min(first + batch, users)] - start[first]);
  return most;
}
