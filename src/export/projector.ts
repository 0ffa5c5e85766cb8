// Factors for the TensorFlow Embedding Projector, https://projector.tensorflow.org:
// two tables of tab-separated text, and its config.

import { OptionsError } from "../errors.js";
import { type FactorModel, MODEL_KIND } from "../models/factor-model.js";
import { checkArguments, oneOf } from "../options.js";
import { cellsOf, modelTable } from "./table.js";

/**
 * The files by name. Load vectors.tsv and metadata.tsv by the projector's "Load" button,
 * or serve all three and give the config's address.
 */
export interface ProjectorFiles {
  /** A row per entity, a column per factor; no head. */
  readonly "vectors.tsv": string;
  /** What is known of each: id, title, genres, ratings, bias. The first row names the columns. */
  readonly "metadata.tsv": string;
  /** Names both for a projector that is given its address. */
  readonly "projector_config.json": string;
}

/** @throws OptionsError when K = 0. */
export function encodeProjector(model: FactorModel, side: "users" | "items" = "items"): ProjectorFiles {
  checkArguments("encodeProjector", { model: [model, MODEL_KIND], side: [side, oneOf("users", "items")] });
  const K = model.parameters.factors;
  if (K === 0) throw new OptionsError("a model without factors has no embedding", { remedy: "train with factors of 1 or more" });
  const table = modelTable(model, side);
  const names = table.slice(0, -K).map(({ name }) => name);
  const columns = table.map(cellsOf);
  const rows = model[side].raw.map((_, at) => columns.map((cells) => cells[at]));
  const config = {
    embeddings: [
      { tensorName: `${model.model} ${side}`, tensorShape: [rows.length, K], tensorPath: "vectors.tsv", metadataPath: "metadata.tsv" },
    ],
  };
  return {
    "vectors.tsv": tabbed(rows.map((row) => row.slice(-K))),
    "metadata.tsv": tabbed([names, ...rows.map((row) => row.slice(0, -K))]),
    "projector_config.json": `${JSON.stringify(config, null, 2)}\n`,
  };
}

/** The projector splits at tabs and newlines and knows no quotes, so that cells cannot hold them. */
const tabbed = (rows: readonly (readonly (string | number)[])[]): string =>
  rows.map((row) => `${row.map((cell) => String(cell).replace(/[\t\r\n]+/g, " ")).join("\t")}\n`).join("");
