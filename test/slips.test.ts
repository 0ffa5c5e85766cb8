// Likely slips: calls as a newcomer writes them, what each is told, and that nothing is trained first.

import { describe, expect, test } from "vitest";
import {
  accurate,
  accuracy,
  binaryMetrics,
  binaryRatings,
  blobSource,
  rankingMetricsOn,
  buildCsr,
  recommendationTable,
  calibrationOf,
  Catalogue,
  CpuEngine,
  csrOf,
  decodeModel,
  directoryFolder,
  encodeCsv,
  encodeParquet,
  explain,
  FeatureTable,
  fit,
  gridPoints,
  itemFilter,
  joinRanks,
  kFolds,
  load,
  modelTable,
  mostRated,
  openEngine,
  partialFit,
  planTraining,
  powerLaw,
  predictRatings,
  principalAxes,
  rankedTrials,
  rankingMetrics,
  ratingHistogram,
  Ratings,
  readFeatures,
  readFolder,
  readItems,
  readPath,
  readRatings,
  recommendAll,
  ReferenceEngine,
  save,
  search,
  splitRatings,
  syntheticRatings,
  textSource,
  zipFolder,
} from "../src/node.js";
import { refusal } from "./support/refusal.js";

const rows = [
  ["ann", "tea", 5],
  ["ann", "cocoa", 4],
  ["ben", "tea", 1],
];
const ROWS = '[["ann","tea",5],["ann","cocoa",4],["ben","tea",1]]';
const data = syntheticRatings({ users: 30, items: 20, ratings: 200 });
const { train, heldOut } = splitRatings(data);
const quick = { factors: 2, sweeps: 1, device: "reference" } as const;
const { model } = await fit(train, quick);
const { minimum, maximum } = model.statistics;
const beyond = (maximum - minimum) / 2;
const SCALE = `go from ${minimum} to ${maximum}: it takes ratings from ${minimum - beyond} to ${maximum + beyond}`;
const implicit = (await fit(train, { ...quick, model: "implicit" })).model;
const named = (
  await fit(
    Ratings.from([
      ["U1", "Zum Adler, Nr. 1", 5],
      ["U2", "G0007", 3],
      ["U2", "Zum Adler, Nr. 1", 1],
    ]),
    quick,
  )
).model;
const ids = (
  await fit(
    Ratings.from([
      ["U1", "a", 5],
      ["U2", "G0007", 3],
    ]),
    quick,
  )
).model;

const large = Ratings.from([
  ["a", "x", 1e15],
  ["a", "y", -1e15],
  ["b", "x", 1],
]);
const splitTwo = () => ({ train: data.select(new Uint32Array(0)), heldOut: data });

// What the types refuse is what is tried here.
const any = (value: unknown): never => value as never;
const text = (content: string) => textSource("r.csv", content);
const HEADED = text("user,item,rating\n1,2,3\n2,2,4\n");

/** A slip, as it would be written, and what it is told. */
const SLIPS: Record<string, [slip: string, call: () => unknown, told: string][]> = {
  "ratings that are none": [
    ["fit(rows)", () => fit(any(rows)), `fit takes Ratings as ratings, not ${ROWS} | Ratings.from(rows) makes them of rows`],
    ["fit(path)", () => fit(any("ratings.csv")), 'not "ratings.csv" | const { ratings } = await readPath(path) reads a file'],
    ["fit()", () => fit(any(undefined)), "not undefined | Ratings.from(rows) makes them of rows, readPath(path) reads a file"],
    ["fit of what readPath gives", () => fit(any({ ratings: data })), "| give its part ratings"],
    ["fit of what readPath will give", () => fit(any(Promise.resolve(data))), "not a Promise | await it"],
    ["fit of a split", () => fit(any({ train, heldOut })), "| give its part train, or heldOut"],
    ["planTraining(rows)", () => planTraining(any(rows)), "| Ratings.from(rows)"],
    ["search(rows, …)", () => search(any(rows), { space: {} }), "search takes Ratings as ratings"],
    ["splitRatings(rows)", () => splitRatings(any(rows)), "splitRatings takes Ratings as ratings"],
    ["partialFit(model, rows)", () => partialFit(model, any(rows)), `partialFit takes Ratings as ratings, not ${ROWS} | Ratings.from(rows)`],
    ["predictRatings(model, rows)", () => predictRatings(model, any(rows)), "predictRatings takes Ratings as ratings"],
    ["accuracy(model, rows)", () => accuracy(model, any(rows)), "accuracy takes Ratings as ratings"],
    ["csrOf(rows)", () => csrOf(any(rows), "users"), "csrOf takes Ratings as ratings"],
    ["mostRated(rows)", () => mostRated(any(rows)), "mostRated takes Ratings as ratings"],
    ["accurate(rows)", () => accurate(any(rows)), "accurate takes Ratings as ratings"],
    ["binaryRatings(rows)", () => binaryRatings(any(rows), undefined, any({}), 1), "binaryRatings takes Ratings as ratings"],
    ["ratingHistogram(ratings)", () => ratingHistogram(any(data)), "ratingHistogram takes a list of numbers as values, not Ratings {…} | give its part value"],
    ["powerLaw(ratings)", () => powerLaw(any(data)), "powerLaw takes a list of numbers as numbers"],
  ],
  "arguments in another order": [
    ["rankingMetrics(model, heldOut, options)", () => rankingMetrics(model, heldOut, any({ k: 5 })), 'rankingMetrics takes Ratings as heldOut, not {"k":5} | call rankingMetrics(model, train, heldOut)'],
    ["rankingMetrics(model, heldOut)", () => rankingMetrics(model, heldOut, any(undefined)), "| call rankingMetrics(model, train, heldOut)"],
    ["accuracy(heldOut, model)", () => accuracy(any(heldOut), any(model)), "accuracy takes a FactorModel as model, not Ratings {…} | call accuracy(model, ratings)"],
    ["binaryMetrics(heldOut, model)", () => binaryMetrics(any(heldOut), any(model)), "| call binaryMetrics(model, ratings)"],
    ["save(path, model)", () => save(any("m.safetensors"), any(model)), 'save takes a FactorModel as model, not "m.safetensors" | call save(model, path)'],
    ["recommendAll(model, options)", () => recommendAll(any(model), any({ n: 3 })).next(), "recommendAll takes an engine as engine, not FactorModel {…} | call recommendAll(engine, model)"],
    ["recommendAll(device, model)", () => recommendAll(any("cpu"), model).next(), '| await openEngine("auto") gives one'],
    ["explain(model, item, options)", () => explain(model, 1, any({ user: 1 })), 'explain takes a list of ratings as rated, not {"user":1} | options come behind the ratings'],
    ["kFolds(ratings, options)", () => [...kFolds(data, any({ folds: 5 }))], 'kFolds takes a whole number, 2 or greater as folds, not {"folds":5} | call kFolds(ratings, 5, seed)'],
    ["openEngine(device, options)", () => openEngine("cpu", any({ threads: 2 })), 'not {"threads":2} | options come third'],
    ["load(model)", () => load(any(model)), "load takes a path as path, not FactorModel {…} | call load(path)"],
    ["readRatings(path)", () => readRatings(any("ratings.csv")), "| await fileSource(path) makes one of a file"],
    ["readFolder(path)", () => readFolder(any("ml")), "| directoryFolder(path) makes one"],
    ["readItems(path)", () => readItems(any("movies.csv")), "| await fileSource(path) makes one"],
    ["readFeatures(path)", () => readFeatures(any("genres.csv")), "| await fileSource(path) makes one"],
    ["readPath(paths)", () => readPath(any(["a", "b"])), 'readPath takes a path as path, not ["a","b"]'],
    ["decodeModel(path)", () => decodeModel(any("m.safetensors")), 'decodeModel takes a Uint8Array as bytes, not "m.safetensors"'],
    ["modelTable(model)", () => modelTable(model, any(undefined)), 'modelTable takes "users" or "items" as side, not undefined'],
    ["encodeCsv(model)", () => encodeCsv(any(model)), "| modelTable(model, side) and"],
    ["encodeParquet(model)", () => encodeParquet(any(model)), "| modelTable(model, side) and"],
    ["blobSource(path)", () => blobSource(any("r.csv")), "blobSource takes a Blob as blob"],
    ["zipFolder(path)", () => zipFolder(any("r.zip")), "zipFolder takes a Blob as blob"],
    ["directoryFolder()", () => directoryFolder(any(undefined)), "directoryFolder takes a path as path"],
    ["principalAxes(model)", () => principalAxes(any(model), 1, 1, 1), "principalAxes takes a list of numbers as rows"],
    ["calibrationOf(text)", () => calibrationOf(any("0.5")), "calibrationOf takes a list of numbers as standardized"],
    ["rankedTrials(result)", () => rankedTrials(any({})), "rankedTrials takes a list as trials"],
    ["gridPoints(5)", () => gridPoints(any(5)), "space is 5: it must be an object"],
    ["joinRanks(5)", () => joinRanks(any(5)), "joinRanks takes an environment as env, not 5"],
  ],
  "options of another kind": [
    ["heldOut: a share", () => fit(train, { heldOut: any(0.2) }), "heldOut is 0.2: it must be Ratings | const { train, heldOut } = splitRatings(ratings)"],
    ["heldOut: rows", () => fit(train, { heldOut: any(rows) }), `heldOut is ${ROWS}: it must be Ratings | const { train, heldOut }`],
    ["init: a path", () => fit(train, { init: any("m.safetensors") }), 'init is "m.safetensors": it must be a FactorModel | await load(path)'],
    ["itemFeatures: a name", () => fit(train, { itemFeatures: any("genres") }), 'itemFeatures is "genres": it must be a FeatureTable | FeatureTable.genres'],
    ["onSweep: true", () => fit(train, { onSweep: any(true) }), "onSweep is true: it must be a function"],
    ["earlyStop: text", () => fit(train, { earlyStop: any("no") }), 'earlyStop is "no": it must be true or false'],
    ["sweeps: text", () => fit(train, { sweeps: any("3") }), 'sweeps is "3": it must be a whole number, 0 or greater'],
    ["device: another", () => fit(train, { device: any("gpu") }), 'device is "gpu": it must be "auto", "webgpu", "cpu" or "reference", or an engine'],
    ["signal: a controller", () => fit(train, { signal: any(new AbortController()) }), "| give the controller's signal"],
    ["resume: a path", () => fit(train, { resume: any("c") }), "| await loadCheckpoint(path)"],
    ["model: a number", () => fit(train, { model: any(5) } as never), "model is 5: it must be one of als, vb"],
    ["threads", () => fit(train, any({ threads: 2 })), 'fit has no option "threads" | "threads" is an option of openEngine, whose engines device takes: await openEngine("cpu", undefined, { threads: … })'],
    ["threads: 0", () => CpuEngine.create({ threads: 0 }), "threads is 0: it must be a whole number, 1 or greater"],
    ["a search without a space", () => search(data, any({ model: "als" })), "space is undefined: it must be an object of hyperparameters with the values to try | space: {"],
    ["a space of values", () => search(data, { space: any({ factors: 3 }) }), "factors is 3: it must be a list of values to try, or a range | write [3]"],
    ["missing: a number", () => readPath("x", { missing: any(99) }), 'missing is 99: it must be a list of texts, as the file writes them | write ["99"]'],
    ["missing: numbers", () => readPath("x", { missing: any([99]) }), 'missing is [99]: it must be a list of texts, as the file writes them | write ["99"]'],
    ["scale: an object", () => readPath("x", { scale: any({ min: 1, max: 5 }) }), 'scale is {"min":1,"max":5}: it must be [least, most], two numbers of which the first is less | write [1, 5]'],
    ["scale: text", () => readPath("x", { scale: any("1:5") }), 'scale is "1:5": it must be [least, most], two numbers of which the first is less | write [1, 5]'],
    ["n: text", () => model.recommend(5, { n: any("3") }), 'n is "3": it must be a whole number, 1 or greater'],
    ["conditions among options", () => model.recommend(5, any({ genres: ["Drama"] })), 'recommend has no option "genres" | "genres" is an option of itemFilter: filter takes what itemFilter(model, { genres: … }) gives'],
    ["conditions for a filter", () => model.recommend(5, { filter: any({ genres: ["Drama"] }) }), "| itemFilter(model, { genres: … }) makes one"],
    ["conditions for all", () => recommendAll(new ReferenceEngine(), model, any({ fromYear: 1990 })).next(), "itemFilter(model, { fromYear: … })"],
    ["one genre", () => itemFilter(model, { genres: any("Drama") }), 'genres is "Drama": it must be a list of genres | write ["Drama"]'],
    ["findItem of a number", () => model.findItem(any(5)), "findItem takes text as text, not 5"],
    ["share: text", () => splitRatings(data, { share: any("0.2") }), 'share is "0.2": it must be a share, at least 0 and below 1'],
  ],
  "catalogues": [
    ["an object", () => new Catalogue(any({ tea: "Tea" })), 'a Catalogue takes a list of entries, not {"tea":"Tea"} | an entry is { id, title }'],
    ["an entry without an id", () => new Catalogue([any({ title: "Tea" })]), 'entry 1 of the catalogue, {"title":"Tea"}: there is no id | an entry is'],
    ["an entry of another name", () => new Catalogue([any({ id: 1, title: "Tea", genre: ["hot"] })]), 'it has no part "genre" | did you mean "genres"?'],
    ["one genre", () => new Catalogue([any({ id: 1, title: "Tea", genres: "hot" })]), 'its genres "hot" are no list of texts | write ["hot"]'],
    ["among options", () => Ratings.from([], { catalogue: any(5) }), "catalogue is 5: it must be a Catalogue, or a list of entries"],
    ["genres of ratings", () => FeatureTable.genres(any(data)), "FeatureTable.genres takes a Catalogue as catalogue, not Ratings {…} | give its part catalogue"],
    ["features of an object", () => FeatureTable.from(any({ tea: "hot" })), 'FeatureTable.from takes a list of [id, feature, weight] as entries, not {"tea":"hot"}'],
    ["a feature without a name", () => FeatureTable.from([any(["tea"])]), 'entry 1 of the features, ["tea"], is none | give entries [id, feature, weight]'],
    ["tables to join", () => FeatureTable.join(any("genres")), "FeatureTable.join takes a list of FeatureTables as tables"],
  ],
  "a few ratings": [
    ["an object", () => model.recommendFor(any({ x: 5 })), 'recommendFor takes a list of ratings as rated, not {"x":5} | give a list of [item, rating] or { item, rating }'],
    ["a pair", () => model.recommendFor(any([1, 5])), "rating 1 is 1 | give a list of [item, rating]"],
    ["text for a number", () => model.recommendFor([[1, "5"]]), 'the rating of item 1 is "5", not a number | give a number'],
    ["a bigint for a number", () => model.recommendFor(any([[1, 5n]])), "the rating of item 1 is 5n, not a number | give a number: Number(…) makes one of a bigint"],
    ["whose they are", () => model.recommendFor(any([[7, 1, 5, 881250949]])), "rating 1 is [7,1,5,881250949]: it has 4 cells | give a list of [item, rating]"],
    ["no rating", () => explain(model, 1, [[1]]), "rating 1 is [1]: there is no rating"],
    ["ratings", () => model.recommendFor(any(data)), "| ratings.ratedBy(user) gives those of one user"],
    ["another scale", () => model.recommendFor([[1, 10]]), `the rating of item 1 is 10, and those that the model was trained on ${SCALE} | give ratings on the scale`],
    ["another scale, folded in for good", () => partialFit(model, Ratings.from([["x", 1, 50]])), `user "x"'s rating of item 1 is 50, and those that the model was trained on ${SCALE}`],
    ["nothing liked", () => implicit.recommendFor([[1, -5]]), "none of the ratings is above 0: implicit takes only those above 0 for liked"],
  ],
  "ids": [
    ["another case", () => named.recommend("u1"), 'no user has the id "u1" among the 2 of the model | did you mean "U1"?'],
    ["another case of an item", () => ids.findItem("g0007"), 'no item is called "g0007" | did you mean "G0007"?'],
    ["a missing dot", () => named.findItem("Zum Adler, Nr 1"), '| did you mean "Zum Adler, Nr. 1"?'],
    ["a missing dot, in a list of few ratings", () => named.recommendFor([["Zum Adler, Nr 1", 5]]), '| did you mean "Zum Adler, Nr. 1"?'],
    ["another number", () => named.recommend("U3"), 'no user has the id "U3" among the 2 of the model | someone new needs ratings, not an id'],
    ["nothing alike", () => ids.findItem("wormhole"), 'no item is called "wormhole" | give an id or a title, such as "a"'],
  ],
  "hyperparameters": [
    ["another library's strength", () => fit(train, { ...quick, regularization: any(0.1) }), 'regularization is 0.1: it must be "plain" or "weighted" | how strong it is say tauUsers and tauItems'],
    ["beyond float32", () => fit(train, { ...quick, tauUsers: 1e308 }), "tauUsers is 1e+308: it must be 1e+30 or less"],
    ["beyond float32, of a step", () => fit(train, { ...quick, model: "sgd", stepSize: 1e39 }), "stepSize is 1e+39: it must be 1e+30 or less"],
    ["beyond float32, in the ratings' unit", () => fit(large, { ...quick, lambda: 1e30 }), "lambda is 1e+30: of ratings as large as these it must be "],
  ],
  "nothing to train on": [
    ["no weight", () => fit(Ratings.from([["a", "b", 3, null, 0], ["a", "c", 4, null, 0]]), quick), "there are no ratings to train on: all 2 have weight 0 | give weights above 0"],
    ["no rows", () => fit(Ratings.from([]), quick), "there are no ratings to train on | Ratings.from(rows) makes them of rows"],
    ["all held out", () => { const { train: none, heldOut: all } = splitTwo(); return fit(none, { ...quick, heldOut: all }); }, "there are no ratings to train on | hold out a smaller share"],
  ],
  "options without effect": [
    ["lists measured of a loss", () => fit(train, { ...quick, heldOut, measureEvery: 2 }), 'measureEvery is 2 to no effect: no lists are measured | give measureBy: "ndcg"'],
    ["a threshold of a loss", () => fit(train, { ...quick, heldOut, relevanceThreshold: 4 }), "relevanceThreshold is 4 to no effect"],
    ["checkpoints for nobody", () => fit(train, { ...quick, checkpointEvery: 2 }), "checkpointEvery is 2 to no effect: there is no onCheckpoint"],
    ["memory of an engine that is open", () => fit(train, { ...quick, device: new ReferenceEngine(), memoryBytes: 1e9 }), "memoryBytes is 1000000000 to no effect: device is an engine"],
    ["memory of a GPU without one", () => fit(train, { ...quick, device: "cpu", memoryBytes: 1e9 }), 'to no effect: the device is "cpu" | give device: "webgpu", or no memoryBytes'],
    ["tuning of a GPU without one", () => openEngine("reference", undefined, { tuning: { tensorCores: true } }), 'tensorCores is true to no effect: the device is "reference"'],
    ["threads of a GPU", () => openEngine("webgpu", undefined, { threads: 2 }), 'threads is 2 to no effect: the device is "webgpu"'],
    ["last ratings of a split at random", () => splitRatings(data, { last: 2 }), 'last is 2 to no effect: what is held out is chosen by "random" | give by: "last"'],
    ["last ratings beside a share", () => splitRatings(data, { by: "last", last: 2, share: 0.3 }), "last is 2 to no effect: a share of 0.3 is held out | leave share: 0.3 away"],
    ["trials of a grid", () => search(data, { space: { factors: [1] }, trials: 3 }), "trials is 3 to no effect: a grid trains at all its points"],
    ["eta of drawn points", () => search(data, { space: { factors: [1] }, method: "random", eta: 2 }), 'eta is 2 to no effect: the method is "random"'],
    ["a share and folds", () => search(data, { space: { factors: [1] }, folds: 2, holdout: { share: 0.3 } }), "share is 0.3 to no effect: folds are held out"],
  ],
  "what is no argument": [
    ["an engine's name, for lists", () => rankingMetricsOn(any("cpu"), model, train, heldOut), 'rankingMetricsOn takes an engine as engine, not "cpu" | await openEngine("auto") gives one'],
    ["an engine's name, for someone new", () => model.recommendForOn(any("cpu"), [[1, 5]]), 'recommendForOn takes an engine as engine, not "cpu"'],
    ["another side", () => model.knows(any("user"), 1), 'knows takes "users" or "items" as side, not "user"'],
    ["options as a typed array", () => model.recommend(1, any(new Float32Array(2))), "recommend takes its options by name, in an object, not [0,0]"],
    ["options as a Map", () => model.recommend(1, any(new Map([["n", 3]]))), "recommend takes its options by name, in an object, not Map {…}"],
    ["nothing held out", () => search(data, { space: { factors: [1] }, holdout: any(null) }), "search's holdout takes its options by name, in an object, not null"],
    ["tables of a preset", () => accurate(data, any({ item: 1 })), `accurate's tables has no option "item" | did you mean "items"?`],
    ["a preset's factors", () => accurate(data, {}, { factors: -1 }), "factors is -1: it must be a whole number, 0 or greater"],
    ["columns as lists", () => new Ratings(any({ user: [0], item: [0], value: [1] }), data.users, data.items), "new Ratings takes columns { user, item, value }, each a typed array as columns"],
    ["ids as a list", () => new Ratings(data, any([1, 2]), data.items), "new Ratings takes Ids as users, not [1,2]"],
    ["rows as a list", () => data.select(any([0, 1])), "select takes a Uint32Array of row numbers as rows, not [0,1]"],
    ["a side of rows", () => buildCsr(data, any("user"), 3), 'buildCsr takes "users" or "items" as side, not "user"'],
    ["rows of lists", () => recommendationTable(model, any([null])), "recommendationTable takes a list of rows as rows, not [null] | recommendAll(engine, model) gives them"],
  ],
  "ranges of a search": [
    ["another scale", () => search(data, { space: { tau: { from: 1, to: 2, scale: any("logarithmic") } } }), 'scale is "logarithmic": it must be "log" or "linear"'],
    ["ends as text", () => search(data, { space: { tau: { from: any("1"), to: 2 } } }), 'from is "1": it must be a number'],
    ["steps", () => search(data, { space: { tau: any({ from: 1, to: 2, step: 0.5 }) } }), 'the range of tau has no option "step" | the options are from, to, scale'],
    ["no end", () => search(data, { space: { tau: { from: 1, to: Infinity } } }), "to is Infinity: it must be a number"],
  ],
  "calibration": [
    ["a level of all", () => calibrationOf([1, -1], [0.5, 1]), "calibrationOf takes a list of shares above 0 and below 1 as levels, not [0.5,1]"],
    ["too few weights", () => calibrationOf([1, -1], [0.5], [1]), "there are 1 weight of 2 residuals | give a weight for each, or none"],
    ["a residual that is none", () => calibrationOf([1, NaN]), "residual 1 is NaN: it must be a number"],
  ],
  "figures that do not exist": [
    ["errors of preferences", () => accuracy(implicit, heldOut), "a model of implicit predicts no ratings, so there is no error of them | rankingMetrics(model, train, heldOut)"],
  ],
  "tables": [
    ["a column too far", () => readRatings(HEADED, { columns: { user: 99 } }), 'r.csv: column 100 is to hold the users, and there are 3 columns | the columns are "user", "item", "rating"'],
    ["a time too far", () => readRatings(text("1,2,3\n2,2,4\n"), { columns: { user: 0, item: 1, rating: 2, time: 3 } }), "column 4 is to hold the times, and there are 3 columns"],
    ["half a column", () => readRatings(HEADED, { columns: { rating: 3.5 } }), "columns.rating is 3.5: it must be the column's name, or its number from 0"],
    ["a decimal comma", () => readRatings(text("user,item,rating\n1,2,3\n1,3,4,9\n")), "r.csv:3: the row has 4 cells, and the table has 3 columns: a cell with a delimiter in it has to be quoted | skipBadRows: true"],
    ["a decimal comma among text", () => readRatings(text("user,item,rating\na,b,3\na,c,4,9\n")), "r.csv:3: the row has 4 cells, and the table has 3 columns"],
  ],
}; // prettier-ignore

const told = (call: () => unknown): Promise<string> => refusal(call, " | ");

describe.each(Object.entries(SLIPS))("%s", (_, slips) => {
  test.each(slips)("%s", async (_slip, call, expected) => {
    expect(await told(call)).toContain(expected);
  });
});

test("entries of a catalogue are taken as they are, with years, by whichever spelling of an id", async () => {
  const catalogue = [
    { id: "1", title: "Heat", genres: ["Crime"], year: 1995 },
    { id: 2, title: "Babe (1995)", year: 1995 },
  ];
  const ratings = Ratings.from(
    [
      ["ann", 1, 5],
      ["ann", 2, 4],
      ["ben", 1, 1],
      ["ben", 3, 5],
    ],
    { catalogue },
  );
  expect([1, 2, 3].map((id) => ratings.catalogue.title(id))).toEqual(["Heat (1995)", "Babe (1995)", "3"]);
  const { model } = await fit(ratings, quick);
  const list = model.recommend("ann", { filterSeen: false, filter: itemFilter(model, { fromYear: 1990 }) });
  expect(list.map(({ title }) => title).sort()).toEqual(["Babe (1995)", "Heat (1995)"]);
});

test("ratings as objects are the same as pairs, wherever a few are taken", async () => {
  const [pairs, objects] = [
    [
      [1, 5],
      [2, 1],
    ] as const,
    [
      { item: 1, rating: 5 },
      { item: 2, rating: 1 },
    ],
  ];
  expect(model.recommendFor(objects)).toEqual(model.recommendFor(pairs));
  expect(await model.recommendForOn(new ReferenceEngine(), objects)).toEqual(model.recommendFor(pairs));
  expect(explain(model, 3, objects)).toEqual(explain(model, 3, pairs));
});

test("a training that ends before its first sweep says that its model is none", async () => {
  const notices: string[] = [];
  const { stop } = await fit(train, { ...quick, signal: AbortSignal.abort(), onNotice: (notice) => notices.push(notice) });
  expect(stop).toMatchObject({ reason: "aborted", sweep: 0 });
  expect(notices).toEqual(["the training was ended before its first sweep, so the model is the untrained one: its factors are random"]);
});

test("what has no effect is noticed", async () => {
  const notices: string[] = [];
  await fit(train, { ...quick, sweeps: 0, tauFeatures: 3, onNotice: (notice) => notices.push(notice) });
  expect(notices).toEqual([
    "tauFeatures is 3 to no effect, since there are no features: give itemFeatures or userFeatures",
    "sweeps is 0, so the model is the untrained one: its factors are random",
  ]);
  notices.length = 0;
  await fit(train, { ...quick, tauFeatures: 40, onNotice: (notice) => notices.push(notice) });
  expect(notices).toEqual([]);
});

test("cells beyond the columns are malformed, unless they are empty", async () => {
  const lines = ["user,item,rating", "1,2,3", "1,3,4,", "1,4,3,9", "1,5,3,,7", "1,6,2"];
  const read = await readRatings(text(lines.join("\n")), { skipBadRows: true });
  expect(read.ratings.items.raw).toEqual([2, 3, 6]);
  expect(read).toMatchObject({ skippedRows: 2, firstSkipped: [{ line: 4 }, { line: 5 }] });
  // A column that nothing is asked of may hold anything, but a delimiter.
  expect((await readRatings(text("user,item,rating,note\n1,2,3,good\n1,3,4,\n"))).ratings.count).toBe(2);
});

test("a program without annotations compiles, and its figures are numbers", async () => {
  const { model: rated } = await fit(Ratings.from(rows), { ...quick, model: "vb" });
  const lines = rated.recommend("ben").map(({ predicted, deviation }) => `${predicted.toFixed(1)} ± ${deviation.toFixed(1)}`);
  expect(lines).toEqual([expect.stringMatching(/^-?\d\.\d ± \d\.\d$/)]);
  const liked = [["tea", 5]];
  const grown = partialFit(
    rated,
    Ratings.from([
      ["cem", "tea", 5],
      ["cem", "cocoa", 4],
    ]),
  );
  for (const { predicted, deviation } of [...grown.recommendFor(liked), ...grown.recommend("ben")])
    expect(Number.isFinite(predicted) && deviation > 0).toBe(true);
  const { model: plain } = await fit(Ratings.from(rows), quick);
  expect(plain.recommend("ben")[0].predicted.toFixed(1)).toMatch(/\d/);
});
