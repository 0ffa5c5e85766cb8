// Lists of the best items: threads take batches of users and go through all items for each, panel by panel.

import type { SharedJob } from "../jobs.js";
import type { ThreadSession } from "./thread-session.js";

/** Items of a panel, as kernels/top-items.ts has them. */
export const PANEL_ITEMS = 64;
/** Panels between two pauses. */
const PANELS_AT_ONCE = 16;

export function* topItems(session: ThreadSession, { k, alpha, batch }: SharedJob & { do: "topItems" }): Generator<void, void> {
  const { memory, kernels, tickets } = session;
  const at = (name: string): number => memory.slot(name);
  const [users, items] = [memory.count("users rows"), memory.count("items rows")];
  const [start, seen, lists] = [memory.words("seen start"), memory.words("seen items"), memory.words("lists")];
  kernels.setLists(
    at("packed users"),
    at("packed panel"),
    at("scores"),
    at("list scores"),
    at("list items"),
    at("list lengths"),
    at("seen start"),
    at("seen items"),
    at("seen cursors"),
    k,
  );
  for (let ticket = tickets.take(); ticket * batch < users; ticket = tickets.take()) {
    const first = ticket * batch;
    const count = Math.min(batch, users - first);
    memory.pin("seen start", first, count + 1, "seen start");
    memory.slotWords("seen items", start[first + count] - start[first]).set(seen.subarray(start[first], start[first + count]));
    kernels.beginLists(memory.pin("users rows", first, count, "batch rows"), count, alpha);
    for (let item = 0; item < items; item += PANEL_ITEMS) {
      const inPanel = Math.min(PANEL_ITEMS, items - item);
      kernels.listPanel(memory.pin("items rows", item, inPanel, "panel rows"), item, inPanel, count);
      if ((item / PANEL_ITEMS) % PANELS_AT_ONCE === PANELS_AT_ONCE - 1) yield;
    }
    kernels.endLists(count);
    lists.set(memory.slotWords("list items", count * k), first * k);
    yield;
  }
}
