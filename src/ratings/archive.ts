// Zip archives, read as they stream by: nothing is unpacked but the file that is asked for.

import { RatingsError } from "../errors.js";
import { Unzip, UnzipInflate } from "../zip.js";
import { chunksOf, type Folder } from "./folder.js";

/** Files of MovieLens' archives that the readers need, and what says how they may be used. */
const WANTED = /^(ratings\.(csv|dat)|movies\.(csv|dat)|u\.(data|item)|u[ab1-5]\.(base|test)|README.*)$/;

export const isWantedFile = (name: string): boolean => WANTED.test(name);

/** Receives an entry's bytes, in order; `last` comes with the last of them, which may be none. */
export type EntryBytes = (chunk: Uint8Array, last: boolean) => void;

/**
 * Walks through an archive's files. What macOS adds beside them is passed over.
 *
 * @param take where the bytes of the file at this path go, "/" between its parts; undefined leaves it packed.
 * @throws what fflate throws for a damaged archive.
 */
export async function unzip(chunks: AsyncIterable<Uint8Array>, take: (path: string) => EntryBytes | undefined): Promise<void> {
  const walk = walkArchive(chunks, take);
  while (!(await walk.next()).done);
}

/** `unzip` that stops for breath after every chunk of the archive. */
async function* walkArchive(
  chunks: AsyncIterable<Uint8Array>,
  take: (path: string) => EntryBytes | undefined,
): AsyncGenerator<undefined, undefined> {
  let failure: Error | undefined;
  const archive = new Unzip((entry) => {
    const path = entry.name.replaceAll("\\", "/");
    const bytes = path.endsWith("/") || path.includes("__MACOSX") ? undefined : take(path);
    if (!bytes) return;
    entry.ondata = (error, chunk, last) => {
      if (error) failure ??= error;
      else bytes(chunk, last);
    };
    entry.start();
  });
  archive.register(UnzipInflate);
  for await (const chunk of chunks) {
    archive.push(chunk);
    if (failure) throw failure;
    yield undefined;
  }
  archive.push(new Uint8Array(0), true);
  if (failure) throw failure;
  return undefined;
}

/**
 * A zip archive as a folder of its files, by the last part of their paths: a MovieLens archive that was dropped into a
 * page. Every file opened streams through the archive anew, so that memory holds a chunk of it at a time.
 *
 * @throws RatingsError, on reading, for an archive that is damaged or ends too early.
 */
export function zipFolder(blob: Blob, name = blob instanceof File ? blob.name : "archive"): Folder {
  const damaged = (what: string, cause?: unknown): RatingsError =>
    new RatingsError(`${name}: ${what}`, { cause, file: name, remedy: "fetch the archive again" });
  return {
    name,
    async list() {
      const names: string[] = [];
      await unzip(chunksOf(blob.stream()), (path) => void names.push(lastPart(path))).catch((cause: unknown) => {
        throw damaged("it is no zip archive, or a damaged one", cause);
      });
      return names;
    },
    open: async (file) => ({ name: `${name}/${file}`, stream: () => entryBytes(blob, file, damaged) }),
  };
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

async function* entryBytes(blob: Blob, file: string, damaged: (what: string, cause?: unknown) => RatingsError): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = [];
  let [found, complete] = [false, false];
  const walk = walkArchive(chunksOf(blob.stream()), (path) => {
    if (found || lastPart(path) !== file) return undefined;
    found = true;
    return (chunk, last) => {
      waiting.push(chunk);
      complete ||= last;
    };
  });
  try {
    for (;;) {
      const { done } = await walk.next();
      yield* waiting.splice(0);
      if (complete) return;
      if (done) break;
    }
  } catch (cause) {
    throw damaged(`${file} cannot be unpacked`, cause);
  } finally {
    await walk.return(undefined);
  }
  throw damaged(found ? `the archive ends in the middle of ${file}` : `there is no ${file}`);
}
