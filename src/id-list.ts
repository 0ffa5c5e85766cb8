// Lists of ids as JSON, written and read in pieces: the whole may be longer than a text can be.

import type { RawId } from "./ratings/ids.js";
import { joinedPieces } from "./safetensors.js";

/** Ids, and bytes of text, at a time. */
const IDS_AT_ONCE = 2 ** 20;
const BYTES_AT_ONCE = 2 ** 24;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];

/** The bytes of `JSON.stringify`. @param most ids of a piece. */
export function encodeIds(raw: readonly RawId[], most = IDS_AT_ONCE): Uint8Array {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < raw.length; from += most) {
    const text = JSON.stringify(raw.slice(from, from + most)).slice(1, -1);
    pieces.push(encoder.encode(`${from === 0 ? "[" : ","}${text}`));
  }
  return joinedPieces([...pieces, encoder.encode(raw.length === 0 ? "[]" : "]")]);
}

/** The ids in such bytes; undefined when they are no list of texts and numbers. @param most bytes of a piece, about. */
export function decodeIds(bytes: Uint8Array, most = BYTES_AT_ONCE): RawId[] | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const all: RawId[] = [];
  const take = (from: number, to: number, front: string, end: string): boolean => {
    let list: unknown;
    try {
      list = JSON.parse(front + decoder.decode(bytes.subarray(from, to)) + end);
    } catch {
      return false;
    }
    if (!Array.isArray(list) || !list.every((id) => typeof id === "string" || typeof id === "number")) return false;
    for (const id of list as RawId[]) all.push(id);
    return true;
  };
  let [from, quoted] = [0, false];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (quoted && byte === BACKSLASH) at++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (!quoted && byte === COMMA && at - from >= most) {
      if (!take(from, at, from === 0 ? "" : "[", "]")) return undefined;
      from = at + 1;
    }
  }
  return take(from, bytes.length, from === 0 ? "" : "[", "") ? all : undefined;
}
