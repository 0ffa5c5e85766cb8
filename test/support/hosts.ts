// Hosts on one machine, each a network namespace behind a switch: what their ranks send each other goes through TCP.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PREFIX = `tastespace-${process.pid}`;
const hostName = (host: number | string): string => `${PREFIX}-${host}`;
const SWITCH = hostName("switch");
const addressOf = (host: number): string => `10.77.0.1${host}`;

const ip = (command: string): boolean => spawnSync("ip", command.split(" ")).status === 0;

/** What mpirun calls in the place of ssh: with a host and a command. */
const AGENT = `#!/bin/sh
address=$1; shift
host=${PREFIX}-\${address##*.1}
exec ip netns exec $host unshare --uts sh -c "hostname $host; $*"
`;

export interface Hosts {
  /** Starts the command line with one rank on each. */
  start(...args: string[]): ChildProcess;
  close(): void;
}

/** @returns undefined where no network namespaces can be made: without root, or without iproute2 or unshare. */
export function makeHosts(count: number): Hosts | undefined {
  const hosts = [...Array(count).keys()];
  const close = (): void => [...hosts.map(hostName), SWITCH].forEach((name) => ip(`netns del ${name}`));
  const isMade =
    spawnSync("unshare", ["--uts", "true"]).status === 0 &&
    [`netns add ${SWITCH}`, `-n ${SWITCH} link add br0 type bridge`, `-n ${SWITCH} link set br0 up`].every(ip) &&
    hosts.every((host) => {
      const name = hostName(host);
      return [
        `netns add ${name}`,
        `link add port${host} netns ${SWITCH} type veth peer name eth0 netns ${name}`,
        `-n ${SWITCH} link set port${host} master br0`,
        `-n ${SWITCH} link set port${host} up`,
        `-n ${name} link set lo up`,
        `-n ${name} addr add ${addressOf(host)}/24 dev eth0`,
        `-n ${name} link set eth0 up`,
      ].every(ip);
    });
  if (!isMade) {
    close();
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "tastespace-hosts-"));
  const agent = join(folder, "agent.sh");
  writeFileSync(agent, AGENT, { mode: 0o755 });
  const settings = {
    plm_rsh_agent: agent,
    pml: "ob1",
    btl: "tcp,self",
    btl_tcp_if_include: "eth0",
    oob_tcp_if_include: "eth0",
    mpi_yield_when_idle: "1",
  };
  const places = hosts.map((host) => `${addressOf(host)}:1`).join(",");
  const mca = Object.entries(settings).map(([name, value]) => `--mca ${name} ${value}`);
  const mpirun = ["mpirun --allow-run-as-root --bind-to none", `--host ${places} -n ${count}`, ...mca].join(" ");
  return {
    start(...args) {
      const command = `hostname ${hostName(0)}; exec ${mpirun} "$@"`;
      const inside = ["netns", "exec", hostName(0), "unshare", "--uts", "sh", "-c", command, "sh"];
      const env = { ...process.env, NO_COLOR: "1" };
      return spawn("ip", [...inside, process.execPath, resolve("dist/cli.js"), ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    },
    close() {
      close();
      rmSync(folder, { recursive: true });
    },
  };
}
