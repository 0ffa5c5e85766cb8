// Loops that a plan makes run once are written as blocks: what their number indexes, such as the one tile that a lane
// owns, is then known to be one variable, not an array's element. Compilers of GPUs see that by themselves. Software
// drivers that do not compile a kernel in half the time, and keep the tile in registers.

const HEAD = /for \(var (\w+) = 0u; \1 < ([^;]+); \1\+\+\) \{/g;
/** What would leave the loop, or its turn: a block has none. */
const LEAVES = /\b(continue|break)\b/;

/**
 * @param bounds what the loops are bounded by, as the text has it: names of constants, or products of them, that are 1.
 */
export function withoutLoopsOfOne(code: string, bounds: readonly string[]): string {
  let text = "";
  let from = 0;
  for (const { 0: head, 1: number, 2: bound, index } of code.matchAll(HEAD)) {
    if (index < from || !bounds.includes(bound!)) continue;
    const end = endOfBlock(code, index + head.length);
    const body = code.slice(index + head.length, end);
    if (LEAVES.test(withoutLoops(body))) throw new Error(`a loop over ${bound} is left early: ${body}`);
    text += `${code.slice(from, index)}{ const ${number} = 0u;${withoutLoopsOfOne(body, bounds)}`;
    from = end;
  }
  return text + code.slice(from);
}

/**
 * Loops that a compiler should leave as they are get a bound that it does not know: `turns`, of half-sweep.wgsl. llvmpipe
 * writes out the others, and its time grows faster than the text.
 *
 * @param bounds as of `withoutLoopsOfOne`.
 */
export function withLoopsLeftBe(code: string, bounds: readonly string[]): string {
  return code.replace(/for \(var (\w+) = 0u; \1 (<=?) (\w+);/g, (head, number: string, below: string, bound: string) =>
    bounds.includes(bound) ? `for (var ${number} = 0u; ${number} ${below} turns(${bound});` : head,
  );
}

/** A loop over the tiles of a lane. */
const SLOT_LOOP = /for \(var s = 0u; s < SLOTS; s\+\+\) \{/g;

/**
 * Loops over a lane's tiles are left, too, where these are below one another: they move up by one in each turn, so that
 * the first is always the one that is meant. See tile-turns.wgsl.
 */
export function withTilesInTurns(code: string): string {
  let text = "";
  let from = 0;
  for (const { 0: head, index } of code.matchAll(SLOT_LOOP)) {
    const end = endOfBlock(code, index + head.length);
    const body = code.slice(index + head.length, end);
    const turn = body.replace(/\b(tile|tile_row|tile_column)\[s\]/g, "$1[0]").replace(/\btile_place\(s\)/g, "tile_place(0u)");
    text += `${code.slice(from, index)}${head.replace("SLOTS", "turns(SLOTS)")}${turn}next_slot(); `;
    from = end;
  }
  return text + code.slice(from);
}

/** Where the block ends that has begun: its closing brace. */
function endOfBlock(code: string, from: number): number {
  let open = 1;
  for (let at = from; at < code.length; at++) {
    if (code[at] === "{") open++;
    if (code[at] === "}" && --open === 0) return at;
  }
  throw new Error(`a block is not closed: ${code.slice(from, from + 80)}`);
}

/** A body without those of the loops in it. */
function withoutLoops(body: string): string {
  const inner = /for \([^{]*\{/.exec(body);
  if (!inner) return body;
  const from = inner.index + inner[0].length;
  return body.slice(0, inner.index) + withoutLoops(body.slice(endOfBlock(body, from)));
}
