// tastespace info: the adapter that training would use, its limits, and whether it is a software one.

import { Command } from "commander";
import { version } from "../../package.json";
import { DeviceError } from "../errors.js";
import { type AdapterReport, requestDevice } from "../engine/webgpu/device/device.js";
import { MAX_FACTORS } from "../models/hyperparameters.js";
import { MAX_FACTORS_CG } from "../models/solver.js";
import { writeJson } from "./output.js";
import { count, print, table } from "./terminal.js";

const SHOWN_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
];

export function infoCommand(): Command {
  return new Command("info")
    .description("Show the GPU adapter that training would use.")
    .option("--json <file>", "write all of it here")
    .action(async ({ json }: { json?: string }) => {
      const { adapter, missing } = await findAdapter();
      const rows = [
        ["tastespace", version],
        ["node", process.version],
        ["adapter", adapter ? adapter.name : `none: ${missing}`],
      ];
      if (adapter) {
        rows.push(["vendor", adapter.vendor], ["architecture", adapter.architecture], ["driver", adapter.description]);
        rows.push(["software", adapter.software ? "yes: it computes on the CPU" : "no"]);
        rows.push(...SHOWN_LIMITS.map((limit) => [limit, count(adapter.limits[limit])]));
        rows.push(["features", adapter.features.join(", ")]);
      }
      rows.push(["largest factors", `${MAX_FACTORS}; ${MAX_FACTORS_CG} by conjugate gradients`]);
      print(table(["", ""], rows));
      await writeJson(json, { version, node: process.version, adapter: adapter ?? null, missing });
    });
}

async function findAdapter(): Promise<{ adapter?: AdapterReport; missing?: string }> {
  try {
    const device = await requestDevice();
    device.destroy();
    return { adapter: device.report };
  } catch (error) {
    if (error instanceof DeviceError) return { missing: error.message };
    throw error;
  }
}
