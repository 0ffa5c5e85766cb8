// Options with a name for a test's title, where a table of features is named by what it holds, not written out.

import { FeatureTable } from "../../src/ratings/features.js";

const tableInWords = ({ names, rated }: FeatureTable): string =>
  [...(names.length > 0 ? [`${names.length} features`] : []), ...(rated ? ["who rated what"] : [])].join(" and ");
const inWords = (_: string, value: unknown): unknown => (value instanceof FeatureTable ? tableInWords(value) : value);

export const named = <O extends object>(all: readonly O[]): (readonly [name: string, options: O])[] =>
  all.map((options) => [
    JSON.stringify(options, inWords)
      .replaceAll('"', "")
      .replaceAll(/(?<=[:,])/g, " "),
    options,
  ]);
