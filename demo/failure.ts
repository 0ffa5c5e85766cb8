// Errors between worker and page. Comlink carries an error's name and message;
// what Tastespace's errors know beyond that goes with them.

import type { TransferHandler } from "comlink";
import { RatingsError, TastespaceError } from "../src/errors.js";

/** What the page shows of an error. */
interface Failure {
  readonly message: string;
  readonly code?: string | undefined;
  readonly remedy?: string | undefined;
  /** Whether it is a row of a file that is malformed, which reading can leave out. */
  readonly malformedRow?: boolean | undefined;
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof TastespaceError))
    return isFailure(error) ? error : { message: error instanceof Error ? error.message : String(error) };
  const malformedRow = error instanceof RatingsError && error.line !== undefined;
  const remedy = error instanceof RatingsError && READER_OPTION.test(error.remedy ?? "") ? undefined : error.remedy;
  return { message: error.message, code: error.code, remedy, malformedRow };
}

/** An option of the reader, as programs write it: of no use here, where a form and buttons say the same. */
const READER_OPTION = /(?:^|\s)\w+: (?:["[{]|true)|\bcolumns\./;

const isFailure = (error: unknown): error is Failure => typeof error === "object" && error !== null && "malformedRow" in error;

/** Has errors cross as failures. To be called at both ends. */
export function carryRemedies(handlers: Map<string, TransferHandler<unknown, unknown>>): void {
  const plain = handlers.get("throw")!;
  handlers.set("throw", {
    canHandle: (value): value is unknown => plain.canHandle(value),
    serialize: (thrown) => [failureOf((thrown as { value: unknown }).value), []],
    deserialize: (failure) => {
      throw Object.assign(new Error((failure as Failure).message), { malformedRow: false }, failure);
    },
  });
}
