// Bytes in the unit that people read.

/** @param rounded to how many tenths of the unit. Default: the nearest number. */
export function byteText(bytes: number, rounded: (tenths: number) => number = Math.round): string {
  const power = Math.min(3, Math.max(1, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${(rounded((10 * bytes) / 1024 ** power) / 10).toFixed(1)} ${["KiB", "MiB", "GiB"][power - 1]}`;
}
