import { expect, test } from "vitest";
import { UnknownIdError } from "../../src/errors.js";
import { Ids, knownIndex } from "../../src/ratings/ids.js";
import { nearIds } from "../../src/ratings/near.js";

test.each<[asked: string | number, known: string | number]>([
  ["54", "54.0"],
  [54, "54.0"],
  ["54", "00054"],
  [54, "0000000000054"],
  ["54.0", 54],
  ["00054", 54],
  ["54.00", "54.0"],
  ["+54", 54],
  ["54,0", 54],
  ["-7.0", -7],
  ["5.4e1", 54],
  ["54", "5.4E+01"],
  [" 54 ", 54],
  ["５４", 54],
  ["2.50", "2.5"],
  ["9007199254740993.0", "9007199254740993"],
  ["u1", "U1"],
  ["ann lee", "Ann  Lee"],
  ["user 054", "user_54"],
])("%j means %j", (asked, known) => {
  expect(nearIds(asked, ["x9", 3, known, "y", 541])).toEqual([String(known)]);
});

test.each<[asked: string | number, other: string | number]>([
  [54, 55],
  ["54", "540"],
  ["5.4", "54"],
  ["54", "-54"],
  ["9007199254740993", "9007199254740992.0"],
  ["", "0"],
])("%j is another than %j", (asked, other) => {
  expect(nearIds(asked, [other])).toEqual([]);
});

test("another spelling comes before other letters, and the error asks for it", () => {
  const ids = new Ids(["54.0", "x"]);
  const told = (id: string | number): UnknownIdError => {
    try {
      knownIndex(ids, id, "user");
    } catch (error) {
      return error as UnknownIdError;
    }
    throw new Error("it is known");
  };
  expect(told(54)).toMatchObject({ near: ["54.0"], remedy: 'did you mean "54.0"?' });
  expect(told(55)).toMatchObject({ near: [], remedy: 'someone new needs ratings, not an id; the ids are such as "54.0"' });
});
