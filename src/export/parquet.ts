// Tables as Parquet, whole or appended batch by batch. What writes Parquet is loaded when it is first wanted.

import type { ByteWriter, ColumnSource, ParquetWriter } from "hyparquet-writer";
import { checkArguments } from "../options.js";
import { type Table, TABLE_KIND, type TableColumn } from "./table.js";

/** The table as a Parquet file, compressed by Snappy. */
export async function encodeParquet(table: Table): Promise<Uint8Array> {
  checkArguments("encodeParquet", { table: [table, TABLE_KIND] });
  const file = await ParquetFile.of(table);
  return file.finish();
}

/** A Parquet file in memory that grows by row groups: tables of the same columns as the first. */
export class ParquetFile {
  readonly #bytes: ByteWriter;
  readonly #writer: ParquetWriter;

  private constructor(bytes: ByteWriter, writer: ParquetWriter) {
    this.#bytes = bytes;
    this.#writer = writer;
  }

  /** A file that begins with the rows of a table. */
  static async of(first: Table): Promise<ParquetFile> {
    checkArguments("ParquetFile.of", { first: [first, TABLE_KIND] });
    const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import("hyparquet-writer");
    const bytes = new ByteWriter();
    const schema = schemaFromColumnData({ columnData: first.map(sourceOf) });
    const file = new ParquetFile(bytes, new ParquetWriter({ writer: bytes, schema, createdBy: "tastespace" }));
    file.append(first);
    return file;
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
