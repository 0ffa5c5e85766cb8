// A PostgreSQL of the test's own: a temporary data folder, a free port of loopback, gone afterwards.
// It is taken from the machine; with TASTESPACE_TEST_POSTGRES=install, as continuous integration has
// it, root on Debian installs it first.

import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { setTimeout as after } from "node:timers/promises";
import pg from "pg";

export interface Postgres {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const DEBIAN = "/usr/lib/postgresql";
/** PostgreSQL refuses to run as root: it is run as `nobody` then. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

/** The folder of initdb and postgres; undefined where there is none. */
function folderOfPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...versions.map((version) => join(DEBIAN, version, "bin"))];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

/** Two test files may want it at once: one installs, and the other waits. */
function install(): void {
  const script = `[ -d ${DEBIAN} ] || { apt-get update -q && apt-get install -y -q --no-install-recommends postgresql; }`;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("flock", [join(tmpdir(), "tastespace-apt.lock"), "sh", "-c", script], { env, stdio: "ignore" });
}

/** Why no PostgreSQL can be started here, in words; undefined where one can. */
export function whyNoPostgres(): string | undefined {
  if (folderOfPrograms()) return undefined;
  if (process.env["TASTESPACE_TEST_POSTGRES"] !== "install")
    return "no PostgreSQL on this machine; with TASTESPACE_TEST_POSTGRES=install, root on Debian installs it";
  try {
    install();
  } catch (cause) {
    return `PostgreSQL cannot be installed: ${(cause as Error).message}`;
  }
  return folderOfPrograms() ? undefined : "PostgreSQL was installed, and its programs are not where they were expected";
}

export async function startPostgres(): Promise<Postgres> {
  const programs = folderOfPrograms()!;
  const folder = mkdtempSync(join(tmpdir(), "tastespace-postgres-"));
  if (isRoot) chownSync(folder, NOBODY.uid, NOBODY.gid);
  const as = { cwd: folder, ...(isRoot && NOBODY) };
  const data = join(folder, "data");
  const settings = ["-D", data, "-U", "tastespace", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  await promisify(execFile)(join(programs, "initdb"), settings, as);
  const port = await freePort();
  const server = spawn(join(programs, "postgres"), ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", "", "-F"], {
    ...as,
    stdio: "ignore",
  });
  const url = `postgres://tastespace@127.0.0.1:${port}/postgres`;
  for (let tries = 1; ; tries++) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      break;
    } catch (cause) {
      if (tries === 100 || server.exitCode !== null) {
        server.kill("SIGKILL");
        throw new Error("PostgreSQL does not start", { cause });
      }
      await after(200);
    }
  }
  return {
    url,
    stop: async () => {
      const ended = once(server, "exit");
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
