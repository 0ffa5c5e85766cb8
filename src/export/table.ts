// Tables that other tools read: typed columns, which csv.ts and parquet.ts write.

import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { checkArguments, hasPart, type Kind, listOf, oneOf } from "../options.js";
import type { RawId } from "../ratings/ids.js";
import type { RecommendedItem } from "../recommend/recommend-all.js";

/**
 * A column of a table. "id" holds raw ids, which are written as whole numbers (64 bits in Parquet) when all ids of the
 * model are such, else as text; "float" is of 32 bits, "count" a whole number of 32.
 */
export type TableColumn = { readonly name: string } & (
  | { readonly kind: "id"; readonly values: readonly RawId[]; readonly whole: boolean }
  | { readonly kind: "text"; readonly values: readonly string[] }
  | { readonly kind: "float" | "count"; readonly values: readonly number[] }
);

/** Columns of equal length. */
export type Table = readonly TableColumn[];

const COLUMN_KIND: Kind = { must: "a column", holds: (value) => hasPart(value, "name", "values") };

/** What writers of tables ask for. */
export const TABLE_KIND: Kind = {
  ...listOf(COLUMN_KIND, "a table: a list of columns"),
  remedy: () => "modelTable(model, side) and recommendationTable(model, rows) make tables",
};

/** One side of a model, a row per entity: id, title and genres (of items), ratings, bias, and the K factors f1 … fK. */
export function modelTable(model: FactorModel, side: "users" | "items"): Table {
  checkArguments("modelTable", { model: [model, MODEL_KIND], side: [side, oneOf("users", "items")] });
  const { parameters, catalogue } = model;
  const K = parameters.factors;
  const ids = model[side].raw;
  const [factors, biases] =
    side === "users" ? [parameters.userFactors, parameters.userBiases] : [parameters.itemFactors, parameters.itemBiases];
  const named: TableColumn[] = [
    { name: "title", kind: "text", values: ids.map((id) => catalogue.title(id)) },
    { name: "genres", kind: "text", values: ids.map((id) => catalogue.get(id)?.genres.join("|") ?? "") },
    { name: "ratings", kind: "count", values: Array.from(model.itemCounts) },
  ];
  return [
    { name: side === "users" ? "user" : "item", kind: "id", values: ids, whole: areWhole(ids) },
    ...(side === "items" ? named : []),
    { name: "bias", kind: "float", values: Array.from(biases) },
    ...Array.from({ length: K }, (_, k): TableColumn => ({
      name: `f${k + 1}`,
      kind: "float",
      values: ids.map((_id, row) => factors[row * K + k]),
    })),
  ];
}

const ROWS_KIND: Kind = {
  ...listOf({ must: "a row", holds: (value) => hasPart(value, "user", "rank", "item") }, "a list of rows"),
  remedy: () => "recommendAll(engine, model) gives them",
};

/** Ranked lists: user, rank from 1, item, title, score. */
export function recommendationTable(model: FactorModel, rows: readonly RecommendedItem[]): Table {
  checkArguments("recommendationTable", { model: [model, MODEL_KIND], rows: [rows, ROWS_KIND] });
  return [
    { name: "user", kind: "id", values: rows.map(({ user }) => user), whole: areWhole(model.users.raw) },
    { name: "rank", kind: "count", values: rows.map(({ rank }) => rank) },
    { name: "item", kind: "id", values: rows.map(({ item }) => item), whole: areWhole(model.items.raw) },
    { name: "title", kind: "text", values: rows.map(({ title }) => title) },
    { name: "score", kind: "float", values: rows.map(({ score }) => score) },
  ];
}

/** A column's cells for tables of text: floats by the fewest digits that give the same 32 bits again. */
export function cellsOf(column: TableColumn): readonly (string | number)[] {
  return column.kind === "float" ? column.values.map(shortest) : column.values;
}

function shortest(value: number): number {
  const exact = Math.fround(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(exact.toPrecision(digits));
    if (Math.fround(short) === exact) return short;
  }
  return Number(exact.toPrecision(9));
}

/** Whether all ids are whole numbers, so that tools can read them as such. */
export const areWhole = (ids: readonly RawId[]): boolean => ids.every((id) => typeof id === "number");
