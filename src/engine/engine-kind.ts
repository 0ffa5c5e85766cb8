// Whether a value is an engine, asked without any of them at hand.

import { hasPart, type Kind } from "../options.js";

/** What functions that compute on an engine ask for. */
export const ENGINE_KIND: Kind = {
  must: "an engine",
  holds: (value) => hasPart(value, "info", "topItems"),
  remedy: (value) => (value instanceof Promise ? "await it" : 'await openEngine("auto") gives one'),
};
