// What a refusal says.

import { expect } from "vitest";
import { TastespaceError } from "../../src/errors.js";

/**
 * The message and the remedy of what is thrown, which must be an error of ours.
 *
 * @param between stands between the two. @param kind what it must be an instance of.
 */
export async function refusal(
  call: () => unknown,
  between: string,
  kind: abstract new (...given: never[]) => TastespaceError = TastespaceError,
): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(kind);
    const { message, remedy } = error as TastespaceError;
    return `${message}${between}${remedy}`;
  }
  throw new Error("nothing was refused");
}
