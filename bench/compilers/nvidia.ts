// The machine code of NVIDIA's cards as Mesa's compiler NAK prints it. A scheduler issues one instruction a cycle, of
// whatever kind, so that any stands in the place of a multiply-add.

import { BlockList, type MachineCode } from "./machine-code.js";

const LANES = 32;
const WORDS = {
  multiplyAdd: /^ffma\b/g,
  vector: /^/,
  barrier: /^bar\.sync/,
  root: /^mufu\.(?:sqrt|rsq)/,
  load: /^ld\.shared/,
  store: /^st\.shared/,
};

export function readNvidia(text: string): MachineCode {
  const blocks = new BlockList(WORDS);
  for (const block of inOrder(text.split(/\n(?=block)/).filter((part) => part.startsWith("block")))) {
    const [head, ...lines] = block.split("\n");
    blocks.begin(/ (L\d+) /.exec(head)?.[1]);
    for (const line of lines) {
      const found = /^(@\S+)? +(?:[\w., ]+ = )?([a-z].*?) *\/\//.exec(line);
      if (!found) continue;
      const [, predicate, code] = found;
      blocks.add(code);
      if (code.startsWith("exit")) blocks.end({ goesOn: false });
      // Predicates of a lane stand before a branch, those of the whole warp behind.
      const branch = /^bra (\S+) (L\d+)/.exec(code);
      if (branch) blocks.end({ target: branch[2], goesOn: predicate !== undefined || branch[1] !== "pT", passes: branch[1] === "pT" });
    }
  }
  return { lanes: LANES, blocks: blocks.linked() };
}

/** The last blocks of loops, which NAK puts behind all others, stand behind those that lead to them. */
function inOrder(blocks: readonly string[]): string[] {
  const end = blocks.findIndex((block) => block.includes("} -> []")) + 1;
  const from = blocks.map((block, number) => (number < end ? undefined : Number(/(\d+)\] -> \{/.exec(block)?.[1])));
  const withThoseBehind = (block: string, number: number): string[] => [
    block,
    ...blocks.flatMap((other, behind) => (from[behind] === number ? withThoseBehind(other, behind) : [])),
  ];
  return blocks.slice(0, end).flatMap(withThoseBehind);
}
