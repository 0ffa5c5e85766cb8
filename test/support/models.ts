// Models with what trips writers of files: text ids, quotes, tabs and letters beyond ASCII in titles,
// several kinds of posterior.

import type { FactorModel } from "../../src/models/factor-model.js";
import { Catalogue } from "../../src/ratings/catalogue.js";
import { Ids } from "../../src/ratings/ids.js";
import { Ratings } from "../../src/ratings/ratings.js";
import { syntheticRatings } from "../../src/ratings/synthetic.js";
import { fit, type FitOptions } from "../../src/training/fit.js";

const invented = syntheticRatings({ users: 40, items: 30, ratings: 400 });

export const AWKWARD_TITLES = [`The "Quoted", Film\twith a tab (1999)`, "Amélie à Łódź 🎬 (2001)", "Two\nLines (1980)"];

/** A small model; with `texts`, ids are text and the first titles awkward. */
export async function smallModel(options: FitOptions = {}, texts = false): Promise<FactorModel> {
  const entries = [...invented.catalogue.entries()];
  const named = entries.map((entry, n) => ({ ...entry, id: `tt${entry.id}`, title: AWKWARD_TITLES[n] ?? entry.title }));
  const ratings = texts
    ? new Ratings(
        invented,
        new Ids(invented.users.raw.map((id) => `u${id}`)),
        new Ids(invented.items.raw.map((id) => `tt${id}`)),
        new Catalogue(named),
      )
    : invented;
  return (await fit(ratings, { factors: 3, sweeps: 3, device: "cpu", ...options })).model;
}
