// Tables as Parquet, whole or appended batch by batch.

import { checkArguments } from "../options.js";
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { type Table, TABLE_KIND, type TableColumn } from "./table.js";

/** The table as a Parquet file, compressed by Snappy. */
export function encodeParquet(table: Table): Uint8Array {
  const file = new ParquetFile(table);
  return file.finish();
}

/** A Parquet file in memory that grows by row groups: tables of the same columns as the first. */
export class ParquetFile {
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;

  constructor(first: Table) {
    checkArguments("ParquetFile", { first: [first, TABLE_KIND] });
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaFromColumnData({ columnData: first.map(sourceOf) }),
      createdBy: "tastespace",
    });
    this.append(first);
  }

  /** Adds the rows of a table of the same columns. */
  append(table: Table): void {
    checkArguments("append", { table: [table, TABLE_KIND] });
    void this.#writer.write({ columnData: table.map(sourceOf), rowGroupSize: ROW_GROUP });
  }

  /** The bytes of the whole file; nothing can be appended after. */
  finish(): Uint8Array {
    void this.#writer.finish();
    return this.#bytes.getBytes();
  }
}

/** Rows of a group, as tools that read in parallel like them. */
const ROW_GROUP = 100_000;

function sourceOf(column: TableColumn): ColumnSource {
  const { name } = column;
  switch (column.kind) {
    case "id":
      return column.whole
        ? { name, type: "INT64", data: column.values.map((id) => BigInt(id)), nullable: false }
        : { name, type: "STRING", data: column.values.map(String), nullable: false };
    case "text":
      return { name, type: "STRING", data: [...column.values], nullable: false };
    case "float":
      return { name, type: "FLOAT", data: Float32Array.from(column.values), nullable: false };
    case "count":
      return { name, type: "INT32", data: Int32Array.from(column.values), nullable: false };
  }
}
