// What a user imports. The same names in browsers and in Node, where `tastespace` adds the readers of files (src/node.ts).

export * from "./errors.js";
export { Catalogue, type CatalogueEntry } from "./ratings/catalogue.js";
export { Ids, type RawId, toRawId } from "./ratings/ids.js";
export { type RatingColumns, Ratings, type RatingStatistics } from "./ratings/ratings.js";
export { buildCsr, type Csr } from "./ratings/csr.js";
export { blobSource, bytesSource, type Folder, type RatingSource, textSource } from "./ratings/folder.js";
export { zipFolder } from "./ratings/archive.js";
export { type ReadOptions, type ReadResult, readFolder, readRatings } from "./ratings/readers.js";
export { SYNTHETIC_SHAPES, syntheticRatings, type SyntheticOptions } from "./ratings/synthetic.js";
export { FeatureTable, MAX_FEATURES, readFeatures } from "./ratings/features.js";
export { kFolds, splitRatings, type SplitOptions } from "./ratings/split.js";
export { ALS_DEFAULTS, type AlsHyperparameters } from "./models/als.js";
export {
  binaryRatings,
  GD_DEFAULTS,
  type GdHyperparameters,
  type GradientHyperparameters,
  LOGISTIC_DEFAULTS,
  type LogisticHyperparameters,
  SGD_DEFAULTS,
} from "./models/gradient.js";
export { binaryMetrics, type BinaryMetrics } from "./metrics/binary.js";
export { GIBBS_DEFAULTS, type GibbsHyperparameters } from "./models/gibbs.js";
export { IMPLICIT_DEFAULTS, type ImplicitHyperparameters } from "./models/implicit.js";
export { VB_DEFAULTS, type VbHyperparameters } from "./models/vb.js";
export { MAX_FACTORS } from "./models/hyperparameters.js";
export { MODEL_NAMES, type ModelName } from "./models/registry.js";
export { type Figures } from "./models/figures.js";
export { type Parameters, type Posterior } from "./models/parameters.js";
export { FactorModel, type Recommendation, type RecommendOptions } from "./models/factor-model.js";
export { fit, type FitOptions, type FitResult } from "./training/fit.js";
export { type HistoryEntry, type Stop, type StopReason } from "./training/history.js";
export { type DeviceInfo, type Engine, type Problem, type Session, type SessionOf, type Side } from "./engine/engine.js";
export { type DeviceChoice, openEngine } from "./engine/open-engine.js";
export { ReferenceEngine } from "./engine/reference/engine.js";
export { WebGpuEngine, type WebGpuOptions } from "./engine/webgpu/engine.js";
export { type AdapterReport, type GpuOptions, reportOf, requestAdapter } from "./engine/webgpu/device.js";
export { accuracy } from "./metrics/accuracy.js";
export { rankingMetrics, rankingMetricsOn, type RankingMetrics, type RankingOptions } from "./metrics/ranking.js";
export { type PrincipalAxes, principalAxes } from "./recommend/embedding.js";
export { decodeModel, encodeModel } from "./model-file.js";
