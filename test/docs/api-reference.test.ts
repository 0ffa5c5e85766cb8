// The API reference is generated from docstrings: an export without one, a type that is mentioned and not exported,
// or a link that leads nowhere fails here, by TypeDoc's own validation.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { runNode } from "../support/command-line.js";

test("every export has a docstring, and all that it mentions is exported", async () => {
  // TypeDoc stands in the folder of the reference, beside the TypeScript that it supports.
  const entry = createRequire(join(process.cwd(), "docs/api/package.json")).resolve("typedoc");
  let folder = dirname(entry);
  while (!existsSync(join(folder, "bin/typedoc"))) folder = dirname(folder);
  const { code, out, err } = await runNode(join(folder, "bin/typedoc"), "--options", "docs/api/typedoc.json", "--emit", "none");
  expect(`${out}${err}`).not.toMatch(/warning|error/);
  expect(code).toBe(0);
});
