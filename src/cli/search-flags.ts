// The flags of tastespace search, for the command and for what it prints.

import type { ModelName } from "../models/registry.js";
import type { SplitKind } from "../ratings/split.js";
import type { SearchMethod } from "../training/search.js";
import type { FeatureFlags } from "./feature-files.js";
import type { DataFlags, DeviceFlags, MeasureFlags } from "./options.js";

export interface SearchFlags extends DataFlags, DeviceFlags, MeasureFlags, FeatureFlags {
  model: ModelName;
  method: SearchMethod;
  trials?: number;
  eta?: number;
  leastSweeps?: number;
  folds: number;
  holdout?: number;
  holdoutBy?: SplitKind;
  holdoutLast?: number;
  test: number;
  seed: number;
  sweeps?: number;
  tolerance?: number;
  patience?: number;
  vb: boolean;
  json?: string;
  resume?: boolean;
  csv?: string;
  plot?: string;
  [hyperparameter: string]: unknown;
}
