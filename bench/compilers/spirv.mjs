// node spirv.mjs FILE.wgsl ENTRY: prints an entry point as Dawn's compiler translates it for Vulkan.
// A process of its own, because what Dawn prints goes to standard output.

import { readFileSync } from "node:fs";
import { create, globals } from "webgpu";

const gpu = create(["enable-dawn-features=dump_shaders,disable_symbol_renaming"]);
// Collected, Dawn's GPU object takes the process down.
Object.assign(globalThis, globals, { gpu });
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("no adapter to translate by");
const requiredFeatures = ["subgroups", "shader-f16"].filter((name) => adapter.features.has(name));
const device = await adapter.requestDevice({ requiredFeatures });
const [, , file, entryPoint] = process.argv;
const module = device.createShaderModule({ code: readFileSync(file, "utf8") });
await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint } });
device.destroy();
process.exit(0);
