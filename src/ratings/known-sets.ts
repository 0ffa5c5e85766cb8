// Public data sets that are fetched by name. The list is data: data/catalogue.json.

import catalogue from "../../data/catalogue.json";

/** A public data set that `fetchKnownSet` can fetch. */
export interface KnownSet {
  readonly name: string;
  readonly archive: string;
  readonly ratings: number;
  /** Of the archive, as GroupLens publishes it; absent for a set that is renewed under its name. */
  readonly md5?: string | undefined;
}

/** The public data sets that are known by name. */
export const KNOWN_SETS: readonly KnownSet[] = catalogue.sets;
export const KNOWN_SETS_BASE_URL: string = catalogue.baseUrl;
/** What a user of the sets agrees to, in our words, and where the terms stand. */
export const KNOWN_SETS_TERMS: string = catalogue.terms;
