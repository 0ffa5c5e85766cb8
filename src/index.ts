// What a user imports. The same names in browsers and in Node, where `tastespace` adds the readers of files
// (src/node.ts).

export * from "./errors.js";
export { Catalogue, type CatalogueEntry, type GivenEntry } from "./ratings/catalogue.js";
export { Ids, type RawId, toRawId } from "./ratings/ids.js";
export { type FromOptions, type GivenRating, type RatingRow, type RatingTuple } from "./ratings/rows.js";
export type { RatingColumns } from "./ratings/rating-columns.js";
export { Ratings, type RatingStatistics } from "./ratings/ratings.js";
export { buildCsr, type Csr, csrOf } from "./ratings/csr.js";
export { blobSource, bytesSource, type Folder, type RatingSource, textSource } from "./ratings/folder.js";
export { type Encoding } from "./ratings/text-lines.js";
export { type DelimitedOptions } from "./ratings/delimited.js";
export { DUPLICATE_POLICIES, type DuplicatePolicy } from "./ratings/duplicates.js";
export { type AskedColumns, type Column } from "./ratings/columns.js";
export { readItems } from "./ratings/items.js";
export { type TextOptions } from "./ratings/open-text.js";
export { type SkippedRow, type Understanding } from "./ratings/table.js";
export type { TitlesFrom } from "./ratings/titles.js";
export { type SeenItems, type TrainedBefore } from "./ratings/seen.js";
export { zipFolder } from "./ratings/archive.js";
export type { ReadOptions } from "./ratings/read-options.js";
export { type ReadResult, readFolder, readRatings } from "./ratings/readers.js";
export { type Film, filmRatings, type FilmRatingsOptions, films } from "./ratings/films.js";
export { SYNTHETIC_SHAPES, syntheticRatings, type SyntheticOptions } from "./ratings/synthetic.js";
export { FeatureTable, type FeatureTables } from "./ratings/features.js";
export { readFeatures } from "./ratings/read-features.js";
export { accurate, type Preset, type PresetGiven, type PresetTables } from "./training/preset.js";
export type { SparseRows } from "./ratings/sparse.js";
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
export { sortedRatings } from "./ratings/sorted.js";
export { kFolds, type Split, type SplitKind, splitRatings, type SplitOptions } from "./ratings/split.js";
export { ALS_DEFAULTS, type AlsHyperparameters } from "./models/als.js";
export { GD_DEFAULTS, type GdHyperparameters } from "./models/gd.js";
export { SGD_DEFAULTS } from "./models/sgd.js";
export { type GradientHyperparameters, type Rate, type SgdHyperparameters, type StochasticHyperparameters } from "./models/stepped.js";
export { LOGISTIC_DEFAULTS, type LogisticHyperparameters } from "./models/logistic.js";
export { binaryRatings, type BinaryRule, type BinarySplit } from "./models/binary-ratings.js";
export { binaryMetrics, type BinaryMetrics } from "./metrics/binary.js";
export { GIBBS_DEFAULTS, type GibbsHyperparameters } from "./models/gibbs.js";
export { COUNTS, type Counts, IMPLICIT_DEFAULTS, type ImplicitHyperparameters } from "./models/implicit.js";
export { VB_DEFAULTS, type VbHyperparameters } from "./models/vb.js";
export { MAX_FACTORS } from "./models/hyperparameters.js";
export { MAX_FACTORS_CG, type Solver, type SolverHyperparameters, SOLVERS } from "./models/solver.js";
export { type Hyperparameters, type HyperparametersOf, MODEL_NAMES, type ModelName } from "./models/registry.js";
export { type Figures, type RankingMeasure } from "./models/figures.js";
export { type Predicted, type Relevance } from "./models/predictions.js";
export { type GibbsDraw, type Parameters, type Posterior, type Precisions } from "./models/parameters.js";
export {
  FactorModel,
  type FactorModelParts,
  type ListedItem,
  type ModelSource,
  type PredictOptions,
  type Recommendation,
  type RecommendationOf,
  type RecommendOptions,
  type SimilarItemsOptions,
  type SimilarUser,
  type SimilarUsersOptions,
} from "./models/factor-model.js";
export { type Contribution, explain, type Explanation, type ExplainOptions } from "./recommend/explain.js";
export { itemFilter, type ItemFilter } from "./recommend/filters.js";
export { type Predictive } from "./recommend/predictive.js";
export { predictRatings, type PredictedRatings, type PredictRatingsOptions } from "./recommend/predict-ratings.js";
export { recommendAll, type RecommendAllOptions, type RecommendedItem } from "./recommend/recommend-all.js";
export { partialFit, type PartialFitOptions } from "./recommend/partial-fit.js";
export type { Rated, RatedPair } from "./recommend/rated.js";
export { fit, type FitOptions, type FitOptionsOf, type FitResult, type TrainingOptions } from "./training/fit.js";
export { type ModelState, type TrainingState } from "./models/training.js";
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type TrainingIdentity } from "./training/checkpoint.js";
export { type Fingerprint, fingerprintOf } from "./ratings/fingerprint.js";
export { planTraining, type TrainingPlan } from "./training/plan.js";
export {
  type AnySearchOptions,
  rankedTrials,
  type Rung,
  search,
  type SearchMethod,
  type SearchOptions,
  type SearchOptionsOf,
  type SearchPlan,
  type SearchResult,
  type Trial,
} from "./training/search.js";
export {
  type Choice,
  type Choices,
  gridPoints,
  hyperparametersAt,
  type Point,
  randomPoints,
  type Range,
  type SearchSpace,
  type SearchSpaceOf,
} from "./training/search-space.js";
export { type MeasureOptions } from "./training/ranking-measure.js";
export { type HistoryEntry, type Stop, type StopReason } from "./training/history.js";
export type * from "./engine/engine.js";
export { type DeviceChoice, type EngineOptions, openEngine } from "./engine/open-engine.js";
export { CpuEngine, type CpuOptions } from "./engine/cpu/engine.js";
export { ReferenceEngine } from "./engine/reference/engine.js";
export { WebGpuEngine, type WebGpuOptions } from "./engine/webgpu/engine.js";
export { type AdapterReport, type GpuOptions, reportOf, requestAdapter } from "./engine/webgpu/device/device.js";
export type { SubgroupMatrices, SubgroupSizes } from "./engine/webgpu/device/device.js";
export { type Accuracy, accuracy, logDensity, type LogDensityOptions } from "./metrics/accuracy.js";
export { biasOnlyAccuracy, type BiasOnlyOptions } from "./training/bias-only.js";
export { type Gap, type Gaps, gapsOf } from "./metrics/gaps.js";
export { type RankingValues } from "./metrics/ranked-list.js";
export { rankingMetrics, rankingMetricsOn, type RankingMetrics, type RankingOptions, type UserRanking } from "./metrics/ranking.js";
export { type Calibration, calibration, calibrationOf, type CalibrationPoint } from "./metrics/calibration.js";
export { type AlphaEffect, alphaEffect, type AlphaEffectOptions } from "./recommend/alpha-effect.js";
export { type GenreMap, genreMap, type GenreMapOptions, type MappedItem } from "./recommend/genre-map.js";
export { type ItemLength, itemLengths, type PolarizingItems, polarizingItems, type PolarizingOptions } from "./recommend/polarizing.js";
export { type PrincipalAxes, principalAxes } from "./recommend/embedding.js";
export { decodeModel, encodeModel } from "./model-file.js";
export { type CsvOptions, encodeCsv } from "./export/csv.js";
export { encodeNpy, encodeNpz, type NpyArray } from "./export/npz.js";
export { encodeParquet, ParquetFile } from "./export/parquet.js";
export { encodeProjector, type ProjectorFiles } from "./export/projector.js";
export { modelTable, recommendationTable, type Table, type TableColumn } from "./export/table.js";
