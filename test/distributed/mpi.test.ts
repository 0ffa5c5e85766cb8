// Trainings under mpirun: their model files are those of one process, whatever the ranks; what is wrong names its rank.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, test } from "vitest";
import { makeHosts } from "../support/hosts.js";
import { ended, type Ran, runRanks, startRanks, withMpi } from "../support/mpirun.js";

const folder = mkdtempSync(join(tmpdir(), "tastespace-ranks-"));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);

const SETTINGS: readonly (readonly string[])[] = [
  ["--model", "als"],
  ["--model", "als", "--momentum", "0.5", "--item-features", "genres"],
  ["--model", "vb", "--warm-up", "1"],
  ["--model", "gibbs", "--burn-in", "1"],
  ["--model", "implicit"],
  ["--model", "gd"],
  ["--model", "sgd"],
  ["--model", "logistic", "--positive-threshold", "4"],
];

describe.runIf(withMpi)("under mpirun", () => {
  test.each(SETTINGS)("the model file is that of one process, on 2 and 4 ranks: %s %s %s %s", async (...given) => {
    const args = [
      ...given.filter((arg) => typeof arg === "string"),
      "--device",
      "cpu",
      "--factors",
      "4",
      "--sweeps",
      "3",
      "--no-early-stop",
    ];
    const { status } = spawnSync(process.execPath, ["dist/cli.js", "train", ...args, "--out", place("one")]);
    expect(status).toBe(0);
    for (const ranks of [2, 4]) {
      const { code, stdout, stderr } = await runRanks(ranks, "train", ...args, "--out", place("several"));
      expect(stderr).toBe("");
      expect(code).toBe(0);
      // Rank 0 alone speaks.
      expect(stdout.match(/^data /gm)).toHaveLength(1);
      expect(stdout).toContain(`ranks    ${ranks}, by Open MPI`);
      expect(readFileSync(place("several")).equals(readFileSync(place("one")))).toBe(true);
    }
  });

  test("on webgpu the model file is that of one process, on 2 ranks", async () => {
    const ratings = Array.from({ length: 900 }, (_, at) => `u${(at * 7) % 41},i${(at * at) % 23},${1 + (at % 5)}`);
    const args = ["train", csv("gpu.csv", ratings), "--model", "gibbs", "--burn-in", "1", "--device", "webgpu", "--factors", "3"];
    const more = ["--sweeps", "3", "--no-early-stop", "--duplicates", "last", "--out"];
    const { status } = spawnSync(process.execPath, ["dist/cli.js", ...args, ...more, place("one")]);
    expect(status).toBe(0);
    const { code } = await runRanks(2, ...args, ...more, place("several"));
    expect(code).toBe(0);
    expect(readFileSync(place("several")).equals(readFileSync(place("one")))).toBe(true);
  });

  test("with halves on the wire the model file is the same on 1, 2 and 4 ranks, and other models are refused", async () => {
    const args = ["--device", "cpu", "--factors", "5", "--sweeps", "3", "--no-early-stop", "--wire", "halves"];
    const { status } = spawnSync(process.execPath, ["dist/cli.js", "train", ...args, "--out", place("one")]);
    expect(status).toBe(0);
    for (const ranks of [2, 4]) {
      const { code, stderr } = await runRanks(ranks, "train", ...args, "--out", place("several"));
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(readFileSync(place("several")).equals(readFileSync(place("one")))).toBe(true);
    }
    const { code, stderr } = await runRanks(2, "train", ...args, "--model", "vb");
    expect(code).not.toBe(0);
    expect(stderr).toContain("error halves on the wire are for als and implicit: the bound would no longer rise with every sweep");
    const several = await runRanks(2, "train", "--devices", "cpu,cpu");
    expect(several.stderr).toContain("error a rank has one device");
  });

  test.each([1, 3, 4])("%i ranks gather, exchange and add as they promise, in messages of a few elements", async (ranks) => {
    const group = { ranks, args: ["8"], script: "test/distributed/communicator.mjs" };
    const { code, stdout, stderr } = await ended(startRanks([group]));
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toBe(`${ranks} ranks agree\n`);
  });

  const csv = (name: string, rows: readonly string[]): string => {
    writeFileSync(place(name), ["user,item,rating", ...rows, ""].join("\n"));
    return place(name);
  };
  const rows = Array.from({ length: 60 }, (_, at) => `u${at % 7},i${(at * 5) % 11},${1 + (at % 5)}`);

  test("ranks that are asked for other things are named, with what differs", async () => {
    const path = csv("ratings.csv", rows);
    const args = ["train", path, "--device", "cpu"];
    const { code, stderr } = await ended(
      startRanks([
        { ranks: 1, args },
        { ranks: 2, args: [...args, "--factors", "3"] },
      ]),
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain("error rank 1 has options that differ from those of rank 0");
    expect(stderr.match(/^error /gm)).toHaveLength(1);
  });

  test("ranks that see another file under the same name are named", async () => {
    const args = ["train", "ratings.csv", "--device", "cpu"];
    mkdirSync(place("elsewhere"));
    csv("ratings.csv", rows);
    csv("elsewhere/ratings.csv", [...rows.slice(1), "u1,i1,3"]);
    const { code, stderr } = await ended(
      startRanks([
        { ranks: 2, args, cwd: folder },
        { ranks: 1, args, cwd: place("elsewhere") },
      ]),
    );
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/error rank 2 has ratings that differ from those of rank 0/);
  });

  test.each([0, 1])("a file that is not there on rank %i alone ends all ranks, and is named", async (missing) => {
    mkdirSync(place(`without-${missing}`));
    csv("here.csv", rows);
    const args = ["train", "here.csv", "--device", "cpu"];
    const groups = [0, 1].map((rank) => ({ ranks: 1, args, cwd: rank === missing ? place(`without-${missing}`) : folder }));
    const { code, stderr } = await ended(startRanks(groups));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(missing === 0 ? /^error here\.csv: there is no such file/m : /^error rank 1: here\.csv: there is no such file/m);
  });

  test("a plan says what ranks would send, and how much of it is needed", async () => {
    const path = csv("plan.csv", rows);
    const { code, stdout, stderr } = await runRanks(2, "train", path, "--device", "reference", "--dry-run");
    expect(stderr).toContain("every rank reads all ratings: a plan is made of a sample of them");
    expect(code).toBe(0);
    expect(stdout).toMatch(/rows that a rank receives a sweep +9 +\(its ratings refer to \d+ % of them\)/);
  });

  test("SIGUSR2 to mpirun ends all ranks in order, with 0; SIGTERM ends them at once", async () => {
    const path = csv("signals.csv", rows);
    const signalled = async (signal: NodeJS.Signals, file: string): Promise<Ran> => {
      const args = ["train", path, "--device", "cpu", "--factors", "2", "--no-early-stop", "--sweeps", "1000000", "--out", place(file)];
      const job = startRanks([{ ranks: 2, args }]);
      let out = "";
      let sent = false;
      job.stdout!.on("data", (text) => {
        out += String(text);
        if (!sent && /^ +3 /m.test(out)) sent = job.kill(signal);
      });
      return await ended(job);
    };
    const { code, stdout } = await signalled("SIGUSR2", "in-order.safetensors");
    expect(stdout).toMatch(/interrupted after sweep \d+/);
    expect(code).toBe(0);
    expect(existsSync(place("in-order.safetensors"))).toBe(true);
    const killed = await signalled("SIGTERM", "at-once.safetensors");
    expect(killed.stdout).not.toContain("interrupted after");
    expect(existsSync(place("at-once.safetensors"))).toBe(false);
  });

  test("each rank reads its share, and the checkpoint goes on with any number of ranks", async () => {
    const path = csv(
      "shares.csv",
      Array.from({ length: 3000 }, (_, at) => `u${(at * 7) % 83},i${(at * at) % 61},${1 + (at % 5)}`),
    );
    const args = ["train", path, "--device", "cpu", "--factors", "3", "--model", "vb", "--no-early-stop"];
    const train = (...more: string[]): void => {
      expect(spawnSync(process.execPath, ["dist/cli.js", ...args, ...more]).status).toBe(0);
    };
    train("--sweeps", "6", "--out", place("one"));
    for (const [at, ranks] of [2, 3].entries()) {
      const resumed = ["--checkpoint", place("checkpoint"), "--resume", "--sweeps", String(2 + at)];
      const { code, stdout, stderr } = await runRanks(ranks, ...args, ...resumed);
      expect(stderr.replace(/^note .* starts anew\n/, "")).not.toMatch(/^error/m);
      expect(code).toBe(0);
      expect(stdout).toContain("data     ");
    }
    train("--sweeps", "6", "--checkpoint", place("checkpoint"), "--resume", "--out", place("several"));
    expect(readFileSync(place("several")).equals(readFileSync(place("one")))).toBe(true);
  });

  test("of a Parquet file each rank reads its share", async () => {
    const columnData = Object.entries({ user: [7, 83], item: [5, 61], rating: [1, 5] }).map(([name, [step, of]]) => {
      return { name, data: Array.from({ length: 3000 }, (_, at) => (at * step) % of), type: "INT32" as const };
    });
    writeFileSync(place("shares.parquet"), new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 700 })));
    const args = ["train", place("shares.parquet"), "--device", "cpu", "--factors", "3", "--sweeps", "2", "--no-early-stop"];
    expect(spawnSync(process.execPath, ["dist/cli.js", ...args, "--out", place("one")]).status).toBe(0);
    const { code, stdout, stderr } = await runRanks(3, ...args, "--out", place("several"));
    expect(stderr).not.toContain("every rank reads all ratings");
    expect(code).toBe(0);
    expect(stdout).toContain("(Parquet)");
    expect(readFileSync(place("several")).equals(readFileSync(place("one")))).toBe(true);
  });

  test("between hosts, over TCP, the model file is that of one process", async ({ skip }) => {
    const hosts = makeHosts(2);
    if (!hosts) return skip("no network namespaces can be made here, which takes root");
    try {
      const ratings = Array.from({ length: 900 }, (_, at) => `u${(at * 7) % 41},i${(at * at) % 23},${1 + (at % 5)}`);
      const args = ["train", csv("hosts.csv", ratings), "--device", "cpu", "--model", "vb", "--factors", "3", "--sweeps", "2"];
      const more = ["--no-early-stop", "--duplicates", "last", "--out"];
      expect(spawnSync(process.execPath, ["dist/cli.js", ...args, ...more, place("one")]).status).toBe(0);
      const { code, stdout, stderr } = await ended(hosts.start(...args, ...more, place("several")));
      expect(stderr).not.toMatch(/^error/m);
      expect(code).toBe(0);
      expect(stdout).toContain("ranks    2, by Open MPI");
      expect(readFileSync(place("several")).equals(readFileSync(place("one")))).toBe(true);
    } finally {
      hosts.close();
    }
  });

  test("more ranks than rows are refused", async () => {
    const path = csv(
      "few.csv",
      Array.from({ length: 40 }, (_, at) => `${"ab"[at % 2]},i${at >> 1},${1 + (at % 5)}`),
    );
    const { code, stderr } = await runRanks(4, "train", path, "--device", "cpu", "--holdout", "0");
    expect(code).not.toBe(0);
    expect(stderr).toContain("error rank 2 has no users: there are 4 ranks, and 2 users");
    expect(stderr.match(/^error /gm)).toHaveLength(1);
  });

  test("a library that is no MPI is refused by name, and other commands than train are", async () => {
    const wrong = await ended(startRanks([{ ranks: 1, args: ["train"] }], { TASTESPACE_MPI: "libc.so.6" }));
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain("libc.so.6 is no MPI library: it has no MPI_Get_library_version");
    const info = await runRanks(2, "info");
    expect(info.code).not.toBe(0);
    expect(info.stderr).toContain("info runs in one process, not on 2 ranks");
  });
});
