// The tables of hyperparameters: what they say holds, of every model and every name.

import { describe, expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { BOTH_SIDES, type Hyperparameter } from "../../src/models/hyperparameters.js";
import { definitionOf, HYPERPARAMETER_NAMES, MODEL_NAMES, tableOf } from "../../src/models/registry.js";

/** Values that a hyperparameter may not have. */
function wrongFor(entry: Hyperparameter): unknown[] {
  if (entry.kind === "choice") return ["nothing of the kind", 1];
  if (entry.kind === "switch") return ["on", 1];
  const { least, above, most, below, whole } = entry;
  return [
    "many",
    NaN,
    Infinity,
    ...(least === undefined ? [] : [least - 1]),
    ...(above === undefined ? [] : [above]),
    ...(most === undefined ? [] : [most + 1]),
    ...(below === undefined ? [] : [below]),
    ...(whole ? [2.5] : []),
  ];
}

describe.each(MODEL_NAMES)("%s", (model) => {
  const definition = definitionOf(model);
  const table = tableOf(model);

  test("its defaults are values that it may have, and complete what is not given", () => {
    const defaults = Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, entry.default]));
    expect(definition.complete({})).toEqual(defaults);
    expect(definition.complete(defaults)).toEqual(defaults);
  });

  test.each(Object.entries(table))("%s is refused by name and value where the table does not allow it", (name, entry) => {
    for (const value of wrongFor(entry)) {
      const complete = () => definition.complete({ [name]: value } as never);
      expect(complete).toThrow(OptionsError);
      expect(complete).toThrow(`${name} is ${typeof value === "string" ? JSON.stringify(value) : String(value)}: `);
    }
  });
});

test("a name is of one kind in all models that have it, and the names of both sides are of pairs", () => {
  for (const name of HYPERPARAMETER_NAMES) {
    const kinds = MODEL_NAMES.flatMap((model) => (name in tableOf(model) ? [tableOf(model)[name].kind] : []));
    expect(new Set(kinds).size, name).toBe(1);
  }
  for (const { sides } of Object.values(BOTH_SIDES)) for (const side of sides) expect(HYPERPARAMETER_NAMES).toContain(side);
});
