// From a PATH argument to ratings: a file or folder, a data set by name, or the built-in invented ratings when there is none.

import { existsSync } from "node:fs";
import { defaultCacheFolder, fetchKnownSet } from "../ratings/download.js";
import { readPath } from "../ratings/files.js";
import { KNOWN_SETS } from "../ratings/known-sets.js";
import type { Ids } from "../ratings/ids.js";
import type { ReadResult } from "../ratings/readers.js";
import { syntheticRatings } from "../ratings/synthetic.js";
import type { DataFlags } from "./options.js";
import { byteProgress, count, notice } from "./terminal.js";

export async function loadData(path: string | undefined, flags: DataFlags, ids?: { users: Ids; items: Ids }): Promise<ReadResult> {
  if (path === undefined) {
    return { ratings: syntheticRatings(), skippedRows: 0, duplicateRows: 0, format: "invented ratings", warnings: [] };
  }
  const known = KNOWN_SETS.find(({ name }) => name === path);
  const place = known && !existsSync(path) ? await download(path) : path;
  const bar = byteProgress("reading");
  try {
    const column = (name: string | undefined): string | number | undefined =>
      name !== undefined && /^\d+$/.test(name) ? Number(name) - 1 : name;
    const result = await readPath(place, {
      delimiter: flags.delimiter === "\\t" ? "\t" : flags.delimiter,
      header: flags.header,
      columns: {
        user: column(flags.userColumn),
        item: column(flags.itemColumn),
        value: column(flags.ratingColumn),
        time: column(flags.timeColumn),
      },
      duplicates: flags.duplicates,
      skipBadRows: flags.skipBadRows,
      split: flags.split,
      ids,
      cacheFolder: flags.cache ? defaultCacheFolder() : undefined,
      onProgress: bar.update,
    });
    bar.stop();
    for (const warning of result.warnings) notice(warning);
    if (result.skippedRows > 0) notice(`${count(result.skippedRows)} malformed rows left out`);
    if (result.duplicateRows > 0)
      notice(`${count(result.duplicateRows)} ratings of an item already rated (--duplicates ${flags.duplicates ?? "last"})`);
    return result;
  } finally {
    bar.stop();
  }
}

async function download(name: string): Promise<string> {
  const bar = byteProgress(`downloading ${name}`);
  try {
    return await fetchKnownSet(name, { baseUrl: process.env["TASTESPACE_DATA_URL"], onTerms: notice, onProgress: bar.update });
  } finally {
    bar.stop();
  }
}
