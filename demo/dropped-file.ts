// What cannot be a table of ratings is told by its first bytes, in words that name what it is.

import { RatingsError } from "../src/index.js";

interface Kind {
  /** With its article. */
  readonly name: string;
  readonly remedy: string;
  /** Of the first bytes, each taken for a character. */
  readonly begins: RegExp;
}

const RATINGS = "drop a CSV with a row for every rating, a MovieLens zip, or a model file";

const KINDS: readonly Kind[] = [
  {
    name: "a picture",
    remedy: RATINGS,
    begins: /^(\x89PNG|\xff\xd8\xff|GIF8|BM[^]{4}\0\0\0\0|RIFF[^]{4}WEBP|[^]{4}ftyp(avif|heic|mif1)|II\*\0|MM\0\*)/,
  },
  { name: "a picture", remedy: RATINGS, begins: /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?<svg/i },
  { name: "a PDF", remedy: "export the ratings as CSV and drop that", begins: /^%PDF/ },
  {
    name: "a film or a piece of music",
    remedy: RATINGS,
    begins: /^(ID3|\xff[\xfb\xf3]|OggS|fLaC|RIFF[^]{4}(WAVE|AVI )|[^]{4}ftyp|[^]E\xdf\xa3)/,
  },
  { name: "a web page", remedy: "save the ratings as CSV and drop that", begins: /^\s*<(!doctype html|html)/i },
  { name: "an old Excel or Word file", remedy: "save it as CSV and drop that", begins: /^\xd0\xcf[^]\xe0/ },
  { name: "a database", remedy: "export its table of ratings as CSV and drop that", begins: /^SQLite format 3/ },
];

const OFFICE = /\.(xlsx|xlsm|ods|numbers|docx|odt|pptx)$/i;
const BEGINNING = 512;

/** @throws RatingsError that says what the file is, when it cannot hold ratings, or that it cannot be read. */
export async function checkIsData(file: File): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.slice(0, BEGINNING).arrayBuffer());
  } catch (cause) {
    // This is how browsers hand over a folder.
    throw new RatingsError(`${file.name} cannot be read`, { cause, file: file.name, remedy: "of a folder, drop the files that are in it" });
  }
  const text = String.fromCharCode(...bytes);
  if (OFFICE.test(file.name) && text.startsWith("PK")) throw unlike(file, "an office document", "save its table as CSV and drop that");
  const kind = KINDS.find(({ begins }) => begins.test(text));
  if (kind) throw unlike(file, kind.name, kind.remedy);
  // Zip and gzip archives are opened by those who read them. Text has no zeros, but in UTF-16.
  const isArchive = text.startsWith("PK") || text.startsWith("\x1f\x8b") || /\.(zip|gz)$/i.test(file.name);
  const isUtf16 = /^(\xff\xfe|\xfe\xff)/.test(text);
  if (!isArchive && !isUtf16 && text.includes("\0")) throw unlike(file, "neither text nor an archive", RATINGS);
}

const unlike = (file: File, what: string, remedy: string): RatingsError =>
  new RatingsError(`${file.name} is ${what}, not a table of ratings`, { file: file.name, remedy });
