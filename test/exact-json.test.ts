import fc from "fast-check";
import { expect, test } from "vitest";
import { faultOfJson, parseExactly, parseFromPython, repeatedNames } from "../src/exact-json.js";

test("whole numbers beyond the safe ones keep their digits as text, wherever they stand", () => {
  expect(parseExactly('{"user":9007199254740993,"items":[-9007199254740993, 1234567890123456789],"rating":4}')).toEqual({
    user: "9007199254740993",
    items: ["-9007199254740993", "1234567890123456789"],
    rating: 4,
  });
  expect(parseExactly("9007199254740993")).toBe("9007199254740993");
});

test("safe numbers, fractions, exponents, texts and names stay as they are", () => {
  const text =
    '{"9007199254740993":9007199254740991,"a":0.12345678901234567,"b":12345678901234567.5,"c":1234567890123456789e0,' +
    String.raw`"d":": 9007199254740993,","e":"\": 9007199254740993 \\","f":-0.9007199254740993}`;
  expect(parseExactly(text)).toEqual(JSON.parse(text));
});

test("what is no JSON is none here either", () => {
  for (const text of ["{9007199254740993:1}", "{ 9007199254740993: 1}", "[09007199254740993]", "[9007199254740993", "[NaN]"])
    expect(() => parseExactly(text), text).toThrow(SyntaxError);
});

test("any value is read as JSON.parse reads it, but for unsafe integers", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 2 }), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const exact = JSON.parse(text, (_, part: unknown) =>
        Number.isInteger(part) && !Number.isSafeInteger(part) && /^-?\d+$/.test(String(part)) ? String(part) : part,
      ) as unknown;
      expect(parseExactly(text)).toEqual(exact);
    }),
    { numRuns: 500 },
  );
});

test("NaN of Python is null, and Infinity text, outside texts only", () => {
  expect(parseFromPython('{"a":NaN,"b": -Infinity,"c":[NaN, 9007199254740993],"d":"x: NaN,"}')).toEqual({
    a: null,
    b: "-Infinity",
    c: [null, "9007199254740993"],
    d: "x: NaN,",
  });
  expect(() => parseFromPython('{"a":NaNs}')).toThrow(SyntaxError);
});

test("what is wrong is said, and where, in few words", () => {
  for (const [text, fault] of [
    ['{"a":undefined}', '"undefined}" at character 6 is no value'],
    ["{'a':1}", `"'a':1}" at character 2 is no value`],
    ['{"a":1', "it ends too early"],
    ['{"a":"b', "it ends within a text"],
    ['{"a":1,}', "a bracket, a comma or a colon is out of place"],
    [`{"a":${"x".repeat(1e6)}}`, '"xxxxxxxxxxxxxxxxxxxx"… at character 6 is no value'],
  ]) {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(faultOfJson(text)).toBe(fault);
  }
});

test("names that an object's JSON repeats are counted, however they are written, and those of objects within are not", () => {
  const text = '{"user":42,"n":1, "\\u0075ser" : 43,"user"\n:"user","x":"n\\":","y":["n"]}';
  expect(JSON.parse(text)).toMatchObject({ user: "user" });
  expect(repeatedNames(text)).toEqual([["user", 3]]);
  expect(repeatedNames('{"a":{"b":1,"b":2},"c":[{"b":1,"b":2}],"b":{"a":1},"d":"}","e":"{"}')).toEqual([]);
  expect(repeatedNames('[{"a":1,"a":2}]')).toEqual([]);
  fc.assert(fc.property(fc.jsonValue(), (value) => repeatedNames(JSON.stringify(value)).length === 0));
});
