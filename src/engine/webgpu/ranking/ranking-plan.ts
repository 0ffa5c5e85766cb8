// How the ranking kernels are cut: the tiles of the matrix product with its loops written out,
// and the places that a list is chosen in.

/** Tiles of item-scores.wgsl. */
export interface ScorePlan {
  /** vec4s a row is padded to: whole stages. */
  readonly blocks: number;
  /** vec4s of a row staged at a time. */
  readonly depth: number;
  /** Lanes of a workgroup along users and items. */
  readonly lanes: readonly [users: number, items: number];
  /** Users and items per lane. */
  readonly patch: readonly [users: number, items: number];
  /** Users and items per workgroup: lanes times patch. */
  readonly tile: readonly [users: number, items: number];
}

/** Depths of a stage: with the tiles below, at most 5 · 192 vec4s, 15 KiB of the 16 that every device has. */
const DEPTHS = [5, 4, 3, 2, 1];

const LANES = [8, 16] as const;
/** 64 accumulators a lane: sixteen vec4s read from workgroup memory serve 256 multiply-adds. */
const PATCH = [8, 8] as const;

/** The depth is the one that pads rows least; of several, the largest. */
export function planScores(K: number): ScorePlan {
  const wanted = Math.ceil(K / 4);
  const padded = (depth: number): number => Math.ceil(wanted / depth) * depth;
  const depth = DEPTHS.reduce((best, candidate) => (padded(candidate) < padded(best) ? candidate : best));
  return { blocks: padded(depth), depth, lanes: LANES, patch: PATCH, tile: [LANES[0] * PATCH[0], LANES[1] * PATCH[1]] };
}

/** What a place holds that is not to be listed: a seen item, or none. */
export const MASKED = -3.4e38;

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/**
 * Constants and functions that item-scores.wgsl names.
 *
 * @param loopsLeft whether the vec4s of a stage and a lane's users have loops, whose bounds the compiler does not know,
 *   so that the kernel compiles sooner on some drivers.
 */
export function scoreLoops({ blocks, depth, lanes, patch, tile }: ScorePlan, loopsLeft: boolean): string {
  const [users, items] = [range(patch[0]), range(patch[1])];
  const pairs = users.flatMap((i) => items.map((j) => [i, j] as const));
  const fn = (signature: string, statements: readonly string[]): string =>
    `fn ${signature} {\n${statements.map((statement) => `  ${statement}\n`).join("")}}`;
  const sum = (i: number, j: number): string =>
    ["x", "y", "z", "w"].reduce((text, c) => `fma(u_${i}.${c}, v_${j}.${c}, ${text})`, `score_${i}_${j}`);
  const products = (d: string): string[] => [
    "{",
    ...users.map((i) => `let u_${i} = staged_users[user + ${i}u * LANES_USERS + ${d} * TILE_USERS];`),
    ...items.map((j) => `let v_${j} = staged_items[item + ${j}u * LANES_ITEMS + ${d} * TILE_ITEMS];`),
    ...pairs.map(([i, j]) => `score_${i}_${j} = ${sum(i, j)};`),
    "}",
  ];
  const write = (user: string, i: number, j: number): string =>
    `scores[at + ${user} * LANES_USERS * settings.items + ${j}u * LANES_ITEMS] = score_${i}_${j};`;
  /** Each user in its turn is the first, so that none is indexed. */
  const movedUp = pairs.filter(([i]) => i > 0).map(([i, j]) => `score_${i - 1}_${j} = score_${i}_${j};`);
  // No run has 2³¹ users.
  const turns = "fn turns(count: u32) -> u32 { return count + (settings.users >> 31u); }";
  return [
    `const LANES_USERS = ${lanes[0]}u;`,
    `const LANES_ITEMS = ${lanes[1]}u;`,
    "const LANES = LANES_USERS * LANES_ITEMS;",
    `const TILE_USERS = ${tile[0]}u;`,
    `const TILE_ITEMS = ${tile[1]}u;`,
    `const DEPTH = ${depth}u;`,
    `const STAGES = ${blocks / depth}u;`,
    ...pairs.map(([i, j]) => `var<private> score_${i}_${j}: f32;`),
    ...(loopsLeft ? [turns] : []),
    fn("start_scores(item: u32)", [
      ...items.map((j) => `let offset_${j} = item_offsets[item + ${j}u * LANES_ITEMS];`),
      ...pairs.map(([i, j]) => `score_${i}_${j} = offset_${j};`),
    ]),
    fn(
      "add_products(user: u32, item: u32)",
      loopsLeft ? ["for (var d = 0u; d < turns(DEPTH); d++)", ...products("d")] : range(depth).flatMap((d) => products(`${d}u`)),
    ),
    fn("write_scores(user: u32, item: u32)", [
      "let at = user * settings.items + item;",
      ...(loopsLeft
        ? [`for (var i = 0u; i < turns(${patch[0]}u); i++) {`, ...items.map((j) => write("i", 0, j)), ...movedUp, "}"]
        : pairs.map(([i, j]) => write(`${i}u`, i, j))),
    ]),
    "",
  ].join("\n");
}

/** Places are pairs of a score and an item: 1024 of them take half of the workgroup memory that every device has. */
const PLACES = { fewest: 64, most: 1024 };
/**
 * Places per rank: with more, lists are sorted less often, but more is sorted each time, which on a software
 * driver is what takes the time. There, too, a workgroup of one SIMD register spares the switching that
 * every barrier of a wider one takes.
 */
const HARDWARE = { lanes: 256, placesPerRank: 4 };
const SOFTWARE = { lanes: 8, placesPerRank: 2 };

export interface ListPlan {
  /** Lanes of a workgroup. */
  readonly lanes: number;
  /** Ranks made in a round: at most half of the places. */
  readonly ranks: number;
  /** A power of two. */
  readonly places: number;
}

export function planList(k: number, software: boolean): ListPlan {
  const { lanes, placesPerRank } = software ? SOFTWARE : HARDWARE;
  const rounds = Math.max(1, Math.ceil(k / (PLACES.most / 2)));
  const ranks = Math.ceil(k / rounds);
  const fewest = Math.max(PLACES.fewest, lanes);
  return { lanes, ranks, places: Math.min(PLACES.most, Math.max(fewest, 2 ** Math.ceil(Math.log2(placesPerRank * ranks)))) };
}

export function listConstants({ lanes, places }: ListPlan): string {
  return `const LANES = ${lanes}u;\nconst PLACES = ${places}u;\nconst MASKED = ${MASKED};\n`;
}
