// How far packed bytes may grow: tables of ratings grow some five times, what grows hundreds
// of times was made to fill a memory.

/** Bytes that come out of one, at most, on average. */
const MOST_RATIO = 200;
/** What is this small is not looked at. */
const SMALL_BYTES = 1 << 26;

/** @throws what `fail` makes when more came out of `packed` bytes than tables of ratings give. */
export function checkRatio(packed: number, unpacked: number, fail: (what: string) => Error): void {
  if (unpacked > SMALL_BYTES && unpacked > MOST_RATIO * packed)
    throw fail(`grows to more than ${MOST_RATIO} times its size when it is unpacked, which no table of ratings does`);
}
