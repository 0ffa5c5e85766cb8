// Epochs of stochastic steps: round by round, threads take runs of blocks, which share no rows,
// and meet before the next round.

import { type Side, SIDES } from "../../engine.js";
import type { SharedJob } from "../jobs.js";
import { gathers } from "./rated-rows.js";
import type { ThreadSession } from "./thread-session.js";

/** Runs of blocks that a round is cut into for each thread, so that none waits long for another. */
const RUNS_PER_THREAD = 4;

export function* epoch(session: ThreadSession, job: SharedJob & { do: "epoch" }): Generator<void, void> {
  const { memory, tickets } = session;
  const { rounds, groups, taken } = job;
  const start = memory.words("epoch start");
  const perRun = Math.max(1, Math.ceil((taken.to - taken.from) / (RUNS_PER_THREAD * tickets.threads)));
  const take = gathers(session, "users") || gathers(session, "items") ? gathered(session, job) : inPlace(session, job);
  for (const round of rounds) {
    for (let run = tickets.take(); taken.from + run * perRun < taken.to; run = tickets.take()) {
      const first = round * groups + taken.from + run * perRun;
      const last = Math.min(first + perRun, round * groups + taken.to);
      for (let from = start[first]; from < start[last]; from += memory.pieceRatings)
        take(from, Math.min(memory.pieceRatings, start[last] - from));
    }
    tickets.meet();
    yield;
  }
}

type TakeRatings = (from: number, count: number) => void;

function setEpoch({ kernels }: ThreadSession, job: SharedJob & { do: "epoch" }, userShares: number, itemShares: number): void {
  const { step, lambda, precisions, logistic, biases } = job;
  const { users, items } = precisions;
  kernels.setEpoch(userShares, itemShares, step, lambda, users.factors, items.factors, users.biases, items.biases, logistic, biases);
}

/** Steps on the rows where they lie. */
function inPlace(session: ThreadSession, job: SharedJob & { do: "epoch" }): TakeRatings {
  const { memory, kernels, outline } = session;
  kernels.setRated(memory.pin("users rows", 0, 0, ""), memory.pin("items rows", 0, 0, ""), 0, 0, outline.globalMean);
  setEpoch(session, job, memory.pin("users shares", 0, 0, ""), memory.pin("items shares", 0, 0, ""));
  return (from, count) =>
    kernels.stepRatings(
      memory.pin("epoch user", from, count, "user"),
      memory.pin("epoch item", from, count, "item"),
      memory.pin("epoch value", from, count, "value"),
      count,
    );
}

/** Steps on copies of the rows that the ratings join, each once, which then go back. */
function gathered(session: ThreadSession, job: SharedJob & { do: "epoch" }): TakeRatings {
  const { memory, kernels, outline } = session;
  const copy = (side: Side, slot: string, rows: Uint32Array) => {
    const places = new Map<number, number>();
    memory.slotWords(slot, rows.length).set(rows.map((row) => places.get(row) ?? (places.set(row, places.size), places.size - 1)));
    const once = Uint32Array.from(places.keys());
    const [at, shares] = ["rows", "shares"].map((role) => memory.gather(`${side} ${role}`, once, `gathered ${side} ${role}`));
    return { at, shares, putBack: () => memory.scatter(`${side} rows`, once, `gathered ${side} rows`) };
  };
  return (from, count) => {
    const [users, items] = SIDES.map((side) => {
      const slot = side === "users" ? "user" : "item";
      return copy(side, slot, memory.words(`epoch ${slot}`).subarray(from, from + count));
    });
    kernels.setRated(users.at, items.at, 0, 0, outline.globalMean);
    setEpoch(session, job, users.shares, items.shares);
    kernels.stepRatings(memory.slot("user"), memory.slot("item"), memory.pin("epoch value", from, count, "value"), count);
    users.putBack();
    items.putBack();
  };
}
