// What sgd-blocks-subgroup.wgsl goes through: the ratings in the order in which its lanes take them, and tasks, each the
// ratings of one team between two dispatches.

import { type BlockPlan, familySteps } from "../../blocks.js";
import type { RowSlice } from "../../engine.js";

/** Words of a rating: user, item, the bits of value and weight. */
const RECORD_WORDS = 4;
export const RECORD_BYTES = 4 * RECORD_WORDS;

/** A dispatch has at least so many workgroups, if one of a single round has, so that all cores have some. */
const FEWEST_WORKGROUPS = 4;

/** Rounds that a dispatch takes, of a family of rounds (`roundsOf`) with B groups. */
export function roundsAtOnce(B: number, family: number, teams: number): number {
  let rounds = family;
  while (rounds > 1 && B / rounds < FEWEST_WORKGROUPS * teams) rounds /= 2;
  return rounds;
}

export interface BlockTasks {
  /** First task of each dispatch, and the end; the dispatch that begins with round r is number r. */
  readonly first: Uint32Array;
  /** First rating and number of ratings of each task, [tasks, 2]; the longest of a dispatch comes first, none is empty. */
  readonly tasks: Uint32Array;
  /** The ratings, task by task. */
  readonly records: Uint32Array;
}

/** Which blocks of a plan are meant, and the rows of both sides that are number 0 on the device. */
export interface BlockRange {
  readonly blocks: RowSlice;
  readonly itemGroups: RowSlice;
  readonly firstUser: number;
  readonly firstItem: number;
}

/**
 * @param atOnce rounds of a dispatch: all or half of a family, or one. The task of user group g then has the blocks of
 *   g, g + B/`atOnce`, … in the first of these rounds, then those in the next, and so on.
 */
export function blockTasks(plan: BlockPlan, atOnce: number, { blocks, itemGroups, firstUser, firstItem }: BlockRange): BlockTasks {
  const { groups: B, start, user, item, value, weight } = plan;
  const apart = B / atOnce;
  const steps = familySteps(atOnce);
  const eachBlock = (group: number, round: number, take: (from: number, to: number) => void): void => {
    for (const step of steps) {
      for (let userGroup = group; userGroup < B; userGroup += apart) {
        const itemGroup = (userGroup + round + step * apart) % B;
        const block = userGroup * B + itemGroup;
        if (isWithin(block, blocks) && isWithin(itemGroup, itemGroups)) take(start[block], start[block + 1]);
      }
    }
  };
  let ratings = 0;
  for (let block = blocks.from; block < blocks.to; block++) if (isWithin(block % B, itemGroups)) ratings += start[block + 1] - start[block];
  const records = new Uint32Array(RECORD_WORDS * ratings);
  const floats = new Float32Array(records.buffer);
  const first = new Uint32Array(apart + 1);
  const tasks: number[] = [];
  let written = 0;
  const write = (from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      const word = RECORD_WORDS * written++;
      records[word] = user[at] - firstUser;
      records[word + 1] = item[at] - firstItem;
      floats[word + 2] = value[at];
      floats[word + 3] = weight ? weight[at] : 1;
    }
  };
  const lengths = new Float64Array(apart);
  for (let round = 0; round < apart; round++) {
    for (let group = 0; group < apart; group++) {
      lengths[group] = 0;
      eachBlock(group, round, (from, to) => (lengths[group] += to - from));
    }
    for (const group of longestFirst(lengths, ratings)) {
      const before = written;
      eachBlock(group, round, write);
      if (written > before) tasks.push(before, written - before);
    }
    first[round + 1] = tasks.length / 2;
  }
  return { first, tasks: Uint32Array.from(tasks), records };
}

/**
 * Replaces lengths by their numbers: that of the longest comes first, those of equal ones in turn.
 *
 * @param most which no length is above.
 */
export function longestFirst(lengths: Float64Array, most: number): Float64Array {
  const count = lengths.length;
  // How far a length is from the most above, its number below: numbers sort faster than what they stand for.
  for (let at = 0; at < count; at++) lengths[at] = (most - lengths[at]) * count + at;
  lengths.sort();
  for (let at = 0; at < count; at++) lengths[at] %= count;
  return lengths;
}

const isWithin = (at: number, { from, to }: RowSlice): boolean => at >= from && at < to;
