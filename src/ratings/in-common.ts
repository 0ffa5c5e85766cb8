// What two sets of ids have in common. Nothing at all is most often a mistake: another file, or ids of another kind.

import { firstOf, shown } from "../shown.js";
import { Ids, type RawId } from "./ids.js";
import type { Ratings } from "./ratings.js";

/** How many of some ids are among others. */
export interface InCommon {
  readonly common: number;
  readonly of: number;
  readonly among: number;
}

/** Whether fewer than half are in common that could be. */
export const isLittle = ({ common, of, among }: InCommon): boolean => 2 * common < Math.min(of, among);

/** How many ids of a list are among others. */
export function idsInCommon(given: Ids, among: Ids): InCommon {
  let common = 0;
  for (const id of given.raw) if (among.indexOf(id) >= 0) common++;
  return { common, of: given.size, among: among.size };
}

/** The users and the items of some ratings, and how many of them have others too. The two have the same ids. */
export function ratedInCommon(given: Ratings, others: Ratings): { users: InCommon; items: InCommon } {
  const between = (own: Uint32Array, theirs: Uint32Array, size: number): InCommon => {
    const [of, among] = [marks(own, size), marks(theirs, size)];
    let common = 0;
    for (let index = 0; index < size; index++) common += of.mark[index] & among.mark[index];
    return { common, of: of.count, among: among.count };
  };
  return {
    users: between(given.user, others.user, given.users.size),
    items: between(given.item, others.item, given.items.size),
  };
}

/** Whether any user or item of some ratings has others too. Where many have, the first few of these tell. */
export function haveRatedInCommon(given: Ratings, others: Ratings): boolean {
  const any = (own: Uint32Array, theirs: Uint32Array, size: number): boolean => {
    const { mark } = marks(own, size);
    return theirs.some((index) => mark[index] === 1);
  };
  return any(given.user, others.user, given.users.size) || any(given.item, others.item, given.items.size);
}

function marks(indices: Uint32Array, size: number): { mark: Uint8Array; count: number } {
  const mark = new Uint8Array(size);
  let count = 0;
  for (const index of indices) {
    count += 1 - mark[index];
    mark[index] = 1;
  }
  return { mark, count };
}

const EXAMPLES = 3;

/** The first ids of a list, for people: "it1", "it2", "it3" … */
export const someIds = (ids: Iterable<RawId>): string => firstOf(ids, EXAMPLES, shown);
