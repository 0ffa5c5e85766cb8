/**
 * The first place at which something holds, by bisection: it must hold at every later place, too.
 *
 * @returns `to` where it holds at none before.
 */
export function firstWhere(from: number, to: number, holds: (at: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
