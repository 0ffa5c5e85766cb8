// The machine code of Intel's cards as Mesa's ANV prints it. Branches are those of a structured language.

import { BlockList, type MachineCode } from "./machine-code.js";

const WORDS = {
  multiplyAdd: /^mad\b.*?>F /g,
  vector: /^(?!send|sync|if|else|endif|while|break)/,
  barrier: /^sync bar/,
  root: /^math (?:sqrt|rsq)/,
  load: /^send.* slm MsgDesc: \( load/,
  store: /^send.* slm MsgDesc: \( store/,
};

export function readIntel(text: string): MachineCode {
  const blocks = new BlockList(WORDS);
  let lanes = 0;
  // What is sent stands in a line of its own.
  for (const line of text.replace(/\n +(?=\w+ MsgDesc)/g, " ").split("\n")) {
    const label = /^(LABEL\d+):/.exec(line)?.[1];
    if (label !== undefined) blocks.begin(label);
    // It only waits, and the compiler's own count leaves it out.
    if (line.startsWith("sync nop")) continue;
    const found = /^(?:\(\S+\) )?((if|else|while|break)?\S*(?: \w+)?\((\d+)\) .*)/.exec(line);
    if (!found) continue;
    const [, code, branch, width] = found;
    blocks.add(code);
    if (branch === undefined) continue;
    // Branches are for all the lanes of a wave, which a card of Intel's calls channels of a thread.
    lanes = Number(width);
    const target = /JIP: +(\w+)/.exec(code)?.[1];
    blocks.end({ target, goesOn: true, passes: branch === "if" || branch === "else" });
  }
  return { lanes, blocks: blocks.linked() };
}
