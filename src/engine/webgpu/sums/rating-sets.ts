// The ratings that sums go over: the training ratings where half-sweeps have them,
// the held-out ones in buffers of their own.

import type { RatingColumns } from "../../../ratings/rating-columns.js";
import { evenBlocks, ratingBlocks, ratingsPerBlock } from "../../blocks.js";
import type { Workload } from "../../engine.js";
import { uploadStorage } from "../device/buffers.js";
import type { Device } from "../device/device.js";
import type { RatingSets } from "./session-sums.js";
import type { RatingPieces } from "./sums.js";
import type { MemoryPlan } from "../memory/memory-plan.js";
import { cutRatings } from "../memory/pieces.js";
import type { RatingStore } from "../memory/rating-store.js";
import type { RowStore } from "../memory/row-store.js";
import { formatOf, packValues } from "../memory/values.js";

/** @param store the training ratings by user. @returns the sets, and the buffers made for them. */
export function ratingSets(
  device: Device,
  { byUser, heldOut, share }: Workload,
  plan: MemoryPlan,
  rows: RowStore,
  store: RatingStore,
): { sets: RatingSets; buffers: readonly GPUBuffer[] } {
  // Sessions that share a workload are asked for the same sums, also of no ratings.
  const { pieces, buffers } = heldOut && (heldOut.value.length > 0 || share) ? uploadHeldOut(device, heldOut, plan, rows) : NONE;
  return { sets: { training: trainingPieces(byUser.index.length, share?.lengths.users, store, rows), heldOut: pieces }, buffers };
}

/** Held-out ratings of a block: sessions that share a workload have whole runs of eight of them. */
const HELD_OUT_BLOCK = 1024;

const NONE: { pieces: RatingPieces | undefined; buffers: GPUBuffer[] } = { pieces: undefined, buffers: [] };

function trainingPieces(count: number, lengths: Uint32Array | undefined, store: RatingStore, rows: RowStore): RatingPieces {
  const most = ratingsPerBlock(lengths ? lengths.reduce((sum, length) => sum + length, 0) : count);
  const pieces = store.pieces.map(({ own, other, csr }, at) => {
    const { row, index, value } = store.buffers(at);
    return {
      user: row!,
      item: index,
      value,
      userRows: rows.shards.users[own].rows,
      itemRows: rows.shards.items[other].rows,
      count: csr.index.length,
      blocks: ratingBlocks(csr.start, { from: 0, to: csr.count }, most),
      load: store.streamed ? () => store.load(at, true) : undefined,
    };
  });
  return { count, format: store.format, pieces };
}

function uploadHeldOut(device: Device, heldOut: RatingColumns, { shards }: MemoryPlan, rows: RowStore): typeof NONE {
  const buffers: GPUBuffer[] = [];
  const upload = (label: string, data: Uint32Array | Float32Array): GPUBuffer => {
    const buffer = uploadStorage(device, label, data);
    buffers.push(buffer);
    return buffer;
  };
  const format = formatOf(heldOut);
  // Sums over draws take two floats per rating.
  const most = Math.floor(device.bindingBytes / 8);
  const pieces = cutRatings(heldOut, shards.users, shards.items, most).map(({ users, items, user, item, value, weight }) => ({
    user: upload("user of each held-out rating", user),
    item: upload("item of each held-out rating", item),
    value: upload("held-out ratings", packValues(value, format, weight)),
    userRows: rows.shards.users[users].rows,
    itemRows: rows.shards.items[items].rows,
    count: value.length,
    blocks: evenBlocks(value.length, HELD_OUT_BLOCK),
  }));
  return { pieces: { count: heldOut.value.length, format, pieces }, buffers };
}
