// The errors that Tastespace throws on purpose: each says what is wrong with which value,
// and `remedy` says what to do about it.

import { shown } from "./shown.js";

/** What kind of trouble an error is, for programs. */
export type ErrorCode =
  | "options"
  | "ratings"
  | "unknown-id"
  | "model-file"
  | "no-adapter"
  | "device-lost"
  | "out-of-memory"
  | "device-limit"
  | "shader"
  | "no-webassembly"
  | "not-positive-definite"
  | "diverged"
  | "download"
  | "output"
  | "ranks";

/** Letters of a message or a remedy, at most, and how many of them stand behind what is left out. */
const [MOST_LETTERS, LAST_LETTERS] = [2000, 400];

/** Whatever a file holds that an error quotes, it can be read. */
const readable = (text: string): string =>
  text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - LAST_LETTERS)} … ${text.slice(-LAST_LETTERS)}` : text;

/** What to do about an error, and what caused it. */
export interface ErrorDetails {
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Base of every typed error. `message` names the thing and its value;
 * `remedy`, when there is one, is one imperative sentence.
 */
export class TastespaceError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(readable(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = details.remedy === undefined ? undefined : readable(details.remedy);
  }
}

/** A hyperparameter, option or argument outside its range. */
export class OptionsError extends TastespaceError {
  constructor(message: string, details: Pick<ErrorDetails, "remedy"> = {}) {
    super("options", message, details);
  }
}

/** Ratings that cannot be read. `file` and `line` (from 1) are set when the trouble has a place. */
export class RatingsError extends TastespaceError {
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(message: string, details: ErrorDetails & { readonly file?: string | undefined; readonly line?: number | undefined } = {}) {
    super("ratings", message, details);
    this.file = details.file;
    this.line = details.line;
  }
}

/** A user, item or title that the model or the data does not hold. `near` lists the closest known ones. */
export class UnknownIdError extends TastespaceError {
  readonly near: readonly string[];

  /** @param remedy where none is near. */
  constructor(message: string, near: readonly string[] = [], remedy?: string) {
    super("unknown-id", message, { remedy: near.length > 0 ? `did you mean ${near.map((name) => `"${name}"`).join(", ")}?` : remedy });
    this.near = near;
  }
}

/** A model file that is not one, is damaged, or comes from a newer version. */
export class ModelFileError extends TastespaceError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("model-file", message, details);
  }
}

/**
 * No usable GPU, a lost one, a size beyond its limits or memory, or a shader it rejects;
 * likewise threads, and no WebAssembly for them.
 */
export class DeviceError extends TastespaceError {
  constructor(
    code: "no-adapter" | "device-lost" | "out-of-memory" | "device-limit" | "shader" | "no-webassembly",
    message: string,
    details: ErrorDetails = {},
  ) {
    super(code, message, details);
  }
}

/** The normal equations of a row have no unique solution: a precision of 0 and too few ratings. */
export class NotPositiveDefiniteError extends TastespaceError {
  readonly side: "users" | "items";
  readonly row: number;
  /** The raw id of the user or item, and the sweep, where they are known. */
  readonly id: string | number | undefined;
  readonly sweep: number | undefined;

  /** @param details.whose in place of an id. @param details.remedy where it is not a precision that is 0. */
  constructor(
    side: "users" | "items",
    row: number,
    details: Pick<ErrorDetails, "remedy"> & {
      readonly id?: string | number | undefined;
      readonly whose?: string | undefined;
      readonly sweep?: number | undefined;
    } = {},
  ) {
    const { id, sweep, remedy } = details;
    const one = side === "users" ? "user" : "item";
    const whose = details.whose ?? `${one} ${id === undefined ? `at index ${row}` : shown(id)}`;
    const when = sweep === undefined ? "" : ` in sweep ${sweep}`;
    super("not-positive-definite", `the normal equations of ${whose} are not positive definite${when}`, {
      remedy:
        remedy ??
        `give ${side === "users" ? "tauUsers" : "tauItems"} a positive value, and ${side === "users" ? "gammaUsers" : "gammaItems"} where there are biases`,
    });
    this.side = side;
    this.row = row;
    this.id = id;
    this.sweep = sweep;
  }
}

/** Training left the finite numbers. */
export class DivergedError extends TastespaceError {
  constructor(message: string, details: Pick<ErrorDetails, "remedy"> = {}) {
    super("diverged", message, details);
  }
}

/** A place that cannot be written. */
export class OutputError extends TastespaceError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("output", message, details);
  }
}

/** A data set that could not be downloaded or whose checksum is wrong. */
export class DownloadError extends TastespaceError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("download", message, details);
  }
}

/** Processes that train together and do not agree, a rank that failed, or nothing that joins them. */
export class RanksError extends TastespaceError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("ranks", message, details);
  }
}
