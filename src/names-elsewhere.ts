// What well-known names of other libraries are called here: one table, for options of the library and for flags of the
// command line. docs/code.md, "Coming from implicit, Surprise, LensKit or Spark".

const SWEEPS = ["sweeps"];
const FACTORS = ["factors"];
const PRECISIONS = ["tau", "tauUsers and tauItems"];
const USER = ["user", "model.recommend(user)"];
const ITEM = ["item", "model.similarItems(item)"];
const LENGTHS = ["n", "k"];
const columnOf = (held: string): string[] => [`${held}Column`, `columns: { ${held}: … }`];

/**
 * By names without case and marks: what they are called, the first of these that a function knows. One is a name, or
 * several, or an option with its value; or a call, where it is no option here. Names that the library does not have
 * are those of flags.
 */
const CALLED_HERE: Readonly<Record<string, readonly string[]>> = {
  sweeps: SWEEPS,
  iterations: SWEEPS,
  niterations: SWEEPS,
  numiterations: SWEEPS,
  maxiter: SWEEPS,
  niter: SWEEPS,
  iter: SWEEPS,
  epochs: SWEEPS,
  nepochs: SWEEPS,
  numepochs: SWEEPS,
  rank: FACTORS,
  nfactors: FACTORS,
  numfactors: FACTORS,
  latentfactors: FACTORS,
  components: FACTORS,
  ncomponents: FACTORS,
  nocomponents: FACTORS,
  dimensions: FACTORS,
  dim: FACTORS,
  embeddingsize: FACTORS,
  alpha: ["confidence"],
  weight: ["confidence or weightColumn", "confidence", ...columnOf("weight")],
  regparam: PRECISIONS,
  regularization: PRECISIONS,
  regularisation: PRECISIONS,
  reg: PRECISIONS,
  regall: PRECISIONS,
  l2: PRECISIONS,
  weightdecay: PRECISIONS,
  tau: ["tauUsers and tauItems"],
  gamma: ["gammaUsers and gammaItems"],
  biased: ["biases"],
  learningrate: ["stepSize"],
  lr: ["stepSize"],
  lrall: ["stepSize"],
  negprop: ["negatives"],
  randomstate: ["seed"],
  randomseed: ["seed"],
  testset: ["heldOut", "test"],
  validation: ["heldOut", "test"],
  validationset: ["heldOut", "test"],
  earlystopping: ["earlyStop"],
  tol: ["tolerance"],
  usegpu: ["device"],
  usecg: ["solver"],
  numthreads: ["threads"],
  nthreads: ["threads"],
  njobs: ["threads"],
  callback: ["onSweep", "onProgress"],
  implicitprefs: ['model: "implicit"'],
  topk: LENGTHS,
  topn: LENGTHS,
  k: ["n"],
  n: LENGTHS,
  count: LENGTHS,
  limit: LENGTHS,
  howmany: LENGTHS,
  cutoff: ["k"],
  filteralreadylikeditems: ["filterSeen"],
  excludeseen: ["filterSeen"],
  removeseen: ["filterSeen"],
  recalculateuser: ["rated", "model.recommendFor(rated)"],
  useritems: ["rated", "model.recommendFor(rated)"],
  userid: USER,
  userids: ["partialFit(model, ratings)"],
  uid: USER,
  itemid: ITEM,
  iid: ITEM,
  df: ["Ratings.from(rows)"],
  coldstartstrategy: ["coldStart"],
  coldstart: ["coldItems"],
  cold: ["coldItems"],
  threshold: ["relevanceThreshold", "positiveThreshold"],
  testsize: ["share", "holdout"],
  testfraction: ["share", "holdout"],
  fraction: ["share", "holdout"],
  ratio: ["share", "holdout"],
  nusers: ["users"],
  nitems: ["items"],
  nratings: ["ratings"],
  sep: ["delimiter"],
  separator: ["delimiter"],
  usercol: columnOf("user"),
  itemcol: columnOf("item"),
  ratingcol: columnOf("rating"),
  ratingscale: ["scale"],
  metricname: ["accuracy(model, heldOut)"],
  minratings: ["minimumRatings"],
};

/** The functions that are known best of those that have an option. */
const OF: Readonly<Record<string, string>> = {
  fit:
    "model factors sweeps tauUsers gammaUsers biases confidence negatives stepSize solver seed heldOut earlyStop tolerance " +
    "device onSweep",
  recommend: "n filterSeen coldItems",
  predictRatings: "coldStart",
  rankingMetrics: "k relevanceThreshold",
  splitRatings: "share",
  readPath: "columns scale delimiter",
  openEngine: "threads",
  syntheticRatings: "users items ratings",
  itemFilter: "minimumRatings",
};

/** A name as it is looked up. */
export const simplified = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** What another library's name is called here. */
export interface Called {
  /** The options that it is; none where it is a call. */
  readonly options: readonly string[];
  /** Behind the name and before "here". */
  readonly told: string;
  /** The function that has the option; undefined where it is a flag alone. */
  readonly of: string | undefined;
}

/** What a name is called here, in several places; nothing where it is no well-known one. */
export function calledHere(name: string): readonly Called[] {
  const asked = simplified(name);
  return Object.hasOwn(CALLED_HERE, asked) ? CALLED_HERE[asked].map(called) : [];
}

function called(here: string): Called {
  if (here.includes("(")) return { options: [], told: `is ${here}`, of: undefined };
  const parts = here.split(/ (?:and|or) /);
  const [option] = parts[0].split(": ");
  const of = Object.keys(OF).find((place) => OF[place].split(" ").includes(option));
  if (option !== here && parts.length === 1) return { options: [option], told: `is ${here}`, of };
  return { options: parts, told: `is called ${here.replaceAll(/\b(?!and\b|or\b)\w+/g, '"$&"')}`, of };
}
