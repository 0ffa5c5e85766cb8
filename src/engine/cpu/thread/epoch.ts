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
/** Arrays that a step reads, and those of them that it writes. */
const STEPPED = ["rows", "shares", "squares"] as const;
const WRITTEN = ["rows", "squares"] as const;
type Stepped = (typeof STEPPED)[number];

/** @param addressOf of an array of one side; squares are asked for where rows carry them. */
function setEpoch(session: ThreadSession, job: SharedJob & { do: "epoch" }, addressOf: (side: Side, role: Stepped) => number): void {
  const { kernels, outline } = session;
  const { step, lambda, precisions, logistic, biases } = job;
  const { users, items } = precisions;
  const [userRows, itemRows] = SIDES.map((side) => addressOf(side, "rows"));
  const [userShares, itemShares] = SIDES.map((side) => addressOf(side, "shares"));
  const [userSquares, itemSquares] = SIDES.map((side) => (outline.spread === "squares" ? addressOf(side, "squares") : 0));
  kernels.setRated(userRows, itemRows, 0, 0, outline.globalMean);
  kernels.setEpoch(
    userShares,
    itemShares,
    userSquares,
    itemSquares,
    step,
    lambda,
    users.factors,
    items.factors,
    users.biases,
    items.biases,
    logistic,
    biases,
  );
}

/** Steps on the rows where they lie. */
function inPlace(session: ThreadSession, job: SharedJob & { do: "epoch" }): TakeRatings {
  const { memory, kernels } = session;
  setEpoch(session, job, (side, role) => memory.pin(`${side} ${role}`, 0, 0, ""));
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
  const { memory, kernels } = session;
  const copy = (side: Side, slot: string, rows: Uint32Array) => {
    const places = new Map<number, number>();
    memory.slotWords(slot, rows.length).set(rows.map((row) => places.get(row) ?? (places.set(row, places.size), places.size - 1)));
    const once = Uint32Array.from(places.keys());
    const has = (role: Stepped): boolean => memory.has(`${side} ${role}`);
    const at = STEPPED.filter(has).map((role) => [role, memory.gather(`${side} ${role}`, once, `gathered ${side} ${role}`)] as const);
    const putBack = (): void => {
      for (const role of WRITTEN.filter(has)) memory.scatter(`${side} ${role}`, once, `gathered ${side} ${role}`);
    };
    return { at: new Map<Stepped, number>(at), putBack };
  };
  return (from, count) => {
    const words = (slot: string): Uint32Array => memory.words(`epoch ${slot}`).subarray(from, from + count);
    const copies = { users: copy("users", "user", words("user")), items: copy("items", "item", words("item")) };
    setEpoch(session, job, (side, role) => copies[side].at.get(role)!);
    kernels.stepRatings(memory.slot("user"), memory.slot("item"), memory.pin("epoch value", from, count, "value"), count);
    for (const side of SIDES) copies[side].putBack();
  };
}
