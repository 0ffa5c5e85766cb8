// Medians: what a benchmark reports of runs that now and then are disturbed.

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** The median milliseconds of some runs, after one that does not count. */
export async function medianTime(repeats: number, work: () => Promise<void>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return median(times);
}
