// The machine code of AMD's cards as Mesa's RADV prints it.

import { BlockList, type MachineCode } from "./machine-code.js";

const WORDS = {
  // Two may be issued together, and a packed one is two.
  multiplyAdd: /\bv_(?:dual_)?(?:fma|fmac|fmaak|fmamk|mad|mac|madak|madmk)_f32|\bv_pk_fma_f3|(?<=\bv_pk_fma_f3)2/g,
  vector: /^v_/,
  barrier: /^s_barrier/,
  root: /^v_(?:sqrt|rsq)_f32/,
  load: /^ds_(?:load|read)/,
  store: /^ds_(?:store|write)/,
};

export function readAmd(text: string): MachineCode {
  const blocks = new BlockList(WORDS);
  for (const line of text.split("\n")) {
    const label = /^(\w+):/.exec(line)?.[1];
    if (label !== undefined) blocks.begin(label);
    const code = label === undefined ? line.split(";")[0].trim() : "";
    if (code === "") continue;
    blocks.add(code);
    const [operation, target] = code.split(/\s+/);
    if (operation === "s_branch" || operation === "s_endpgm") blocks.end({ target, goesOn: false });
    else if (operation.startsWith("s_cbranch")) blocks.end({ target, goesOn: true, passes: operation === "s_cbranch_execz" });
  }
  // The mask of the lanes at work has so many bits.
  return { lanes: /\bexec\b/.test(text) ? 64 : 32, blocks: blocks.linked() };
}
