// What a user imports. The same names in browsers and in Node, where `tastespace` adds the readers of files (src/node.ts).

export * from "./errors.js";
export { Catalogue, type CatalogueEntry } from "./ratings/catalogue.js";
export { Ids, type RawId, toRawId } from "./ratings/ids.js";
export { type RatingColumns, Ratings, type RatingStatistics } from "./ratings/ratings.js";
export { buildCsr, type Csr, csrOf } from "./ratings/csr.js";
export { blobSource, bytesSource, type Folder, type RatingSource, textSource } from "./ratings/folder.js";
export { type Encoding } from "./ratings/text-lines.js";
export { type DelimitedOptions } from "./ratings/delimited.js";
export { DUPLICATE_POLICIES, type DuplicatePolicy } from "./ratings/duplicates.js";
export { type AskedColumns, type Column } from "./ratings/columns.js";
export { readItems } from "./ratings/items.js";
export { type TextOptions } from "./ratings/open-text.js";
export { type SkippedRow, type Understanding } from "./ratings/table.js";
export { type SeenItems } from "./ratings/seen.js";
export { zipFolder } from "./ratings/archive.js";
export { type ReadOptions, type ReadResult, readFolder, readRatings } from "./ratings/readers.js";
export { SYNTHETIC_SHAPES, syntheticRatings, type SyntheticOptions } from "./ratings/synthetic.js";
export { FeatureTable, MAX_FEATURES, readFeatures, type SparseRows } from "./ratings/features.js";
export {
  mostRated,
  type RatedItem,
  type RatingBin,
  ratingHistogram,
  ratingScale,
  ratingsOfEach,
  ratingsOfItem,
} from "./ratings/popularity.js";
export { expectedAtLeast, frequencies, type PowerLaw, powerLaw } from "./ratings/power-law.js";
export { kFolds, type Split, splitRatings, type SplitOptions } from "./ratings/split.js";
export { ALS_DEFAULTS, type AlsHyperparameters } from "./models/als.js";
export {
  binaryRatings,
  type BinarySplit,
  GD_DEFAULTS,
  type GdHyperparameters,
  type GradientHyperparameters,
  LOGISTIC_DEFAULTS,
  type LogisticHyperparameters,
  SGD_DEFAULTS,
} from "./models/gradient.js";
export { binaryMetrics, type BinaryMetrics } from "./metrics/binary.js";
export { GIBBS_DEFAULTS, type GibbsDraw, type GibbsHyperparameters, type PriorDraw } from "./models/gibbs.js";
export { IMPLICIT_DEFAULTS, type ImplicitHyperparameters } from "./models/implicit.js";
export { type CovarianceFamily, type Precisions, VB_DEFAULTS, type VbHyperparameters } from "./models/vb.js";
export { MAX_FACTORS } from "./models/hyperparameters.js";
export { type Hyperparameters, type HyperparametersOf, MODEL_NAMES, type ModelName } from "./models/registry.js";
export { type Figures } from "./models/figures.js";
export { type Parameters, type Posterior } from "./models/parameters.js";
export {
  FactorModel,
  type FactorModelParts,
  type ModelSource,
  type FeatureTables,
  type Recommendation,
  type RecommendOptions,
} from "./models/factor-model.js";
export { type Contribution, explain, type Explanation } from "./recommend/explain.js";
export { itemFilter, type ItemFilter } from "./recommend/filters.js";
export { predictRatings, type PredictedRatings } from "./recommend/predict-ratings.js";
export { recommendAll, type RecommendAllOptions, type RecommendedItem } from "./recommend/recommend-all.js";
export { partialFit, type PartialFitOptions } from "./recommend/partial-fit.js";
export { fit, type FitOptions, type FitResult, type TrainingOptions } from "./training/fit.js";
export { planTraining, type TrainingPlan } from "./training/plan.js";
export {
  rankedTrials,
  type Rung,
  search,
  type SearchMethod,
  type SearchOptions,
  type SearchPlan,
  type SearchResult,
  type Trial,
} from "./training/search.js";
export {
  type Choice,
  gridPoints,
  hyperparametersAt,
  type Point,
  randomPoints,
  type Range,
  type SearchSpace,
} from "./training/search-space.js";
export { type HistoryEntry, type Stop, type StopReason } from "./training/history.js";
export {
  type DeviceInfo,
  type Engine,
  type MemoryReport,
  type Problem,
  type ProblemOutline,
  type Session,
  type SessionOf,
  type Side,
} from "./engine/engine.js";
export { type DeviceChoice, openEngine } from "./engine/open-engine.js";
export { ReferenceEngine } from "./engine/reference/engine.js";
export { WebGpuEngine, type WebGpuOptions } from "./engine/webgpu/engine.js";
export { type AdapterReport, type GpuOptions, reportOf, requestAdapter } from "./engine/webgpu/device.js";
export type { SubgroupMatrices } from "./engine/webgpu/matrix-plan.js";
export { accuracy } from "./metrics/accuracy.js";
export { rankingMetrics, rankingMetricsOn, type RankingMetrics, type RankingOptions } from "./metrics/ranking.js";
export { type Calibration, calibration, calibrationOf, type CalibrationPoint } from "./metrics/calibration.js";
export { type AlphaEffect, alphaEffect, type AlphaEffectOptions } from "./recommend/alpha-effect.js";
export { type GenreMap, genreMap, type GenreMapOptions, type MappedItem } from "./recommend/genre-map.js";
export { type ItemLength, itemLengths, type PolarizingItems, polarizingItems } from "./recommend/polarizing.js";
export { type PrincipalAxes, principalAxes } from "./recommend/embedding.js";
export { decodeModel, encodeModel } from "./model-file.js";
export { encodeCsv } from "./export/csv.js";
export { encodeNpy, encodeNpz, type NpyArray } from "./export/npz.js";
export { encodeParquet, ParquetFile } from "./export/parquet.js";
export { encodeProjector, type ProjectorFiles } from "./export/projector.js";
export { modelTable, recommendationTable, type Table, type TableColumn } from "./export/table.js";
