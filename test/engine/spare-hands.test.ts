// Threads of the cpu engine that outlive it, for the next one.

import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { CpuEngine } from "../../src/engine/cpu/engine.js";
import { type PlatformWorker, WorkerHand } from "../../src/engine/cpu/hand.js";
import type { Reply, Request, SessionOutline } from "../../src/engine/cpu/jobs.js";
import { keepHand, takeHands } from "../../src/engine/cpu/spare-hands.js";
import { hotCase } from "../parity/cases.js";
import { coursesOf, expectSame, follow, pointSystem, type Seen, startOf, workloadOf } from "../parity/cpu/workloads.js";

const given = hotCase(8, 90, 70, 2000);

function endSpare(): void {
  for (const hand of takeHands(16)) hand.end();
}
beforeEach(endSpare);
afterAll(endSpare);

/** A worker that does what it is told, and writes it down. */
function fakeHand(): { hand: WorkerHand; said: string[]; answer: (reply: Reply) => void; die: () => void } {
  const said: string[] = [];
  let answer: (reply: Reply) => void;
  let die: (cause: unknown) => void;
  const worker: PlatformWorker = {
    post: (request: Request) => void said.push(request.say),
    listen: (onReply, onDeath) => void ([answer, die] = [onReply, onDeath]),
    hold: () => {},
    end: () => void said.push("end"),
  };
  return { hand: new WorkerHand(worker), said, answer: (reply) => answer(reply), die: () => die(new Error("a cable was pulled")) };
}

test("an engine that is destroyed leaves its threads to the next one, whatever that one's number of them", async () => {
  (await CpuEngine.create({ threads: 3 })).destroy();
  const engine = await CpuEngine.create({ threads: 2 });
  expect(engine.info.name).toContain("2 threads");
  const left = takeHands(16);
  expect(left).toHaveLength(1);
  left[0].end();
  engine.destroy();
  expect(takeHands(16)).toHaveLength(2);
});

test.each(Object.entries(coursesOf(7)))("threads that computed before compute the same bits: %s", async (_, course) => {
  const start = startOf(given, course);
  const seen = async (threads: number): Promise<Seen> => {
    const engine = await CpuEngine.create({ threads });
    const what = await follow(engine, start, course);
    engine.destroy();
    return what;
  };
  const fresh = await seen(2);
  expectSame(await seen(2), fresh);
  expectSame(await seen(3), fresh);
});

test("a thread that is at work is ended, and who waits for it is told", async () => {
  const { hand, said } = fakeHand();
  const asked = hand.ask({ say: "do", session: 0, job: { do: "copyFields", pairs: [] } });
  keepHand(hand);
  await expect(asked).rejects.toThrow("the engine was destroyed");
  expect(said).toEqual(["do", "end"]);
  expect(takeHands(16)).toHaveLength(0);
});

test("a thread that has yet to close a session is kept", async () => {
  const { hand, said, answer } = fakeHand();
  const closed = hand.ask({ say: "close", session: 0 });
  keepHand(hand);
  answer({});
  await closed;
  expect(said).toEqual(["close", "forget"]);
  expect(takeHands(16)).toHaveLength(1);
});

test("an engine that is destroyed soon after its session, however soon, leaves its threads", async () => {
  for (let turns = 0; turns < 4; turns++) {
    const engine = await CpuEngine.create({ threads: 2 });
    const session = await engine.open(workloadOf(given, { factors: 3, operations: { solve: "joint" } }));
    await session.solve("users", pointSystem(3));
    await session.readRows("users");
    session.destroy();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    engine.destroy();
    const hands = takeHands(16);
    expect(hands, `${turns} turns`).toHaveLength(2);
    for (const hand of hands) hand.end();
  }
});

test("a thread that is kept closes its sessions, and one that dies then is not taken", async () => {
  const { hand, said, answer, die } = fakeHand();
  keepHand(hand);
  answer({});
  expect(said).toEqual(["forget"]);
  die();
  expect(takeHands(16)).toHaveLength(0);
});

test("a thread whose sessions had much memory is ended, not kept", async () => {
  const opened = (pages: number): ReturnType<typeof fakeHand> => {
    const fake = fakeHand();
    void fake.hand.ask({
      say: "open",
      session: 0,
      outline: { plan: { pages, fields: [] } } as unknown as SessionOutline,
      shared: undefined,
    });
    fake.answer({});
    keepHand(fake.hand);
    return fake;
  };
  const [small, large] = [opened(1023), opened(1025)];
  expect(small.said).toEqual(["open", "forget"]);
  expect(large.said).toEqual(["open", "end"]);
  const kept = takeHands(16);
  expect(kept).toHaveLength(1);
  expect(kept[0]).toBe(small.hand);
});

test("threads that no engine takes are ended after a while", async () => {
  vi.useFakeTimers();
  try {
    const { hand, said } = fakeHand();
    keepHand(hand);
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(["forget", "end"]);
    expect(takeHands(16)).toHaveLength(0);
  } finally {
    vi.useRealTimers();
  }
});
