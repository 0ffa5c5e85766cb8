// What a table's content says against the way it was read. A person who says what is meant, by an option, is not asked.

import { RatingsError } from "../errors.js";
import { firstOf, grouped, howMany, plural } from "../shown.js";
import { FEWEST_ROWS } from "./column-kinds.js";
import type { FoundColumns } from "./columns.js";
import type { Ids } from "./ids.js";
import type { RatingColumns } from "./rating-columns.js";

/** Ratings that are looked at: enough for shares. */
const LOOKED_AT = 1 << 16;
/** A scale has no more steps than this. */
const MOST_STEPS = 21;
/** Share of zeros from which on they are hardly ratings, and of a value such as 99. */
const [ZEROS, OUTLIERS] = [0.25, 0.01];
/** Values that often stand for none. */
const STAND_INS = [99, 999, 9999, 255, -99, -999, -9999];

/** Distinct values and how often each occurs, among some of the ratings, evenly spread. */
function valuesOf(value: Float32Array): { counts: Map<number, number>; looked: number } {
  const step = Math.ceil(value.length / LOOKED_AT);
  const counts = new Map<number, number>();
  let looked = 0;
  for (let at = 0; at < value.length; at += step) {
    counts.set(value[at], (counts.get(value[at]) ?? 0) + 1);
    looked++;
  }
  return { counts, looked };
}

/** @throws RatingsError when many ratings lie outside an otherwise clear scale: −1, 0 or 99 for "not rated". */
export function doubtScale(value: Float32Array, file: string): void {
  if (value.length < FEWEST_ROWS) return;
  const { counts, looked } = valuesOf(value);
  const distinct = [...counts.keys()].sort((a, b) => a - b);
  const refuse = (odd: number, scale: string): RatingsError =>
    new RatingsError(
      `${file}: ${((100 * counts.get(odd)!) / looked).toFixed(0)} % of the ratings are ${odd}, all others from ${scale}: it may stand for "not rated"`,
      { file, remedy: `missing: ["${odd}"] leaves such rows out; missing: [] keeps ${odd} as a rating` },
    );
  for (const odd of [distinct[0], distinct.at(-1)!]) {
    if (odd === 0 && distinct[0] < 0) continue;
    const rest = distinct.filter((one) => one !== odd);
    if (rest.length < 4) continue;
    const [least, most] = [rest[0], rest.at(-1)!];
    const scale = `${least} to ${most}`;
    const share = counts.get(odd)! / looked;
    const isClear = rest.length <= MOST_STEPS && rest.every((one) => Number.isInteger(one * 2)) && most <= 10;
    if (odd < 0 && least >= 0 && (isClear || STAND_INS.includes(odd))) throw refuse(odd, scale);
    if (odd === 0 && isClear && least > 0 && share >= ZEROS) throw refuse(odd, scale);
    const range = most - least;
    if (STAND_INS.includes(odd) && share >= OUTLIERS && Math.min(Math.abs(odd - most), Math.abs(odd - least)) > range)
      throw refuse(odd, scale);
  }
}

/**
 * @param rows of all that gave the ids, and gave them alone; left out where other tables gave some.
 * @throws RatingsError when users that nobody has named number the rows; when users or items that nobody has named
 *   look like ratings, and the ratings do not.
 */
export function doubtColumns(
  { value }: RatingColumns,
  ids: { users: Ids; items: Ids },
  { unnamed, suggestion, taken }: Pick<FoundColumns, "unnamed" | "suggestion" | "taken">,
  file: string,
  rows: number | undefined,
): void {
  if (rows !== undefined && rows >= FEWEST_ROWS && unnamed.has("user") && ids.users.size === rows) {
    const { raw } = ids.users;
    throw new RatingsError(
      `${file}: each of the ${grouped(rows)} rows has a user of its own (${firstOf(raw, 3)}): they may be numbers of the rows`,
      {
        file,
        remedy:
          suggestion === taken
            ? `give a table with a column of users; or say ${taken} where every row has its own`
            : `say which column is which, such as ${suggestion}; or ${taken} where every row has its own user`,
      },
    );
  }
  if (value.length < FEWEST_ROWS || !unnamed.has("rating")) return;
  const ratings = valuesOf(value).counts.size;
  for (const [column, what] of [
    ["user", "users"],
    ["item", "items"],
  ] as const) {
    const { size, raw } = ids[what];
    if (!unnamed.has(column) || size > 11 || size > ratings) continue;
    if (!raw.every((id) => id !== "" && Number(id) >= 0 && Number(id) <= 10 && Number.isInteger(Number(id) * 2))) continue;
    throw new RatingsError(
      `${file}: there are ${size} ${what}, called ${firstOf(raw, 5)}, and ${grouped(ratings)} values of ratings: columns may be swapped`,
      { file, remedy: `say which column is which, such as ${suggestion}` },
    );
  }
}

/** @throws RatingsError when most rows name a pair that an earlier one has named. */
export function doubtDuplicates(rows: number, duplicateRows: number, file: string): void {
  if (rows < FEWEST_ROWS || duplicateRows * 2 <= rows) return;
  throw new RatingsError(
    `${file}: ${grouped(duplicateRows)} of ${grouped(rows)} rows name a user and an item that an earlier row has named`,
    {
      file,
      remedy:
        'duplicates: "count" or "sum" adds up a log of events, duplicates: "last" takes the last; or say which columns are users and items',
    },
  );
}

/** A whole number written with a point: "12.0". */
const POINTED_WHOLE = /^-?\d+\.0+$/;

/** What a person should know of ids that are written both as 12 and as 12.0: each counts as two. */
export function notesOnIds(ids: { users: Ids; items: Ids }, file: string): string[] {
  return (["users", "items"] as const).flatMap((what) => {
    const { raw } = ids[what];
    const twice = raw.filter((id) => typeof id === "string" && POINTED_WHOLE.test(id) && ids[what].indexOf(Number(id)) >= 0);
    if (twice.length === 0) return [];
    const [first] = twice;
    const are = `${howMany(twice.length, what.slice(0, -1))} ${plural(twice.length, "is", "are")}`;
    return [`${file}: ${are} written in two ways, as ${Number(first)} and ${first}, and taken for two each: write them alike`];
  });
}
