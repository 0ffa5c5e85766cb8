// tastespace analyse: what the ratings and a model of them are like, in the terminal and as figures.

import { Command, Option } from "commander";
import { calibration } from "../metrics/calibration.js";
import type { FactorModel } from "../models/factor-model.js";
import { load } from "../node.js";
import { checkUsed } from "../options.js";
import { mostRated, ratingHistogram, ratingScale, ratingsOfEach, ratingsOfItem } from "../ratings/popularity.js";
import { powerLaw } from "../ratings/power-law.js";
import type { Ratings } from "../ratings/ratings.js";
import type { ReadResult } from "../ratings/readers.js";
import { SPLIT_KINDS } from "../ratings/split.js";
import { alphaEffect } from "../recommend/alpha-effect.js";
import { type ItemLength, polarizingItems } from "../recommend/polarizing.js";
import type { AnalysisOptions } from "../report/report.js";
import { counted } from "../report/words.js";
import { addAnalysisOptions, type AnalysisFlags, analysisOptionsOf } from "./analysis-options.js";
import { loadData, loadTrainingData, printUnderstood, splitOfModel } from "./data.js";
import { writeFigures } from "./figure-files.js";
import {
  addDataOptions,
  addOtherDataOption,
  checkAlpha,
  type DataFlags,
  number,
  type OtherDataFlags,
  ownDataFlags,
  type ShareFlags,
  wholeNumber,
} from "./options.js";
import { writeJson } from "./output.js";
import { bold, count, dim, print, table } from "./terminal.js";

interface AnalyseFlags extends DataFlags, ShareFlags, OtherDataFlags, AnalysisFlags {
  test?: string;
  model?: string;
  figures?: string;
  json?: string;
}

export function analyseCommand(): Command {
  const command = new Command("analyse")
    .alias("analyze")
    .description("Look at ratings, and at what a model has learned of them.")
    .argument(
      "[path]",
      "a ratings file, a folder, a zip archive or a data set by name; left out: those of the model, or invented ratings of real films",
    )
    .option("--model <file>", "a model of these ratings")
    .option("--figures <folder>", "draw the figures into this folder (SVG)")
    .option("--json <file>", "write the numbers here");
  addAnalysisOptions(command)
    .option("--holdout <share>", "vb, gibbs: share of the ratings that was held out of its training", number)
    .addOption(new Option("--holdout-by <kind>", "vb, gibbs: how they were chosen").choices(SPLIT_KINDS))
    .option("--holdout-last <k>", "vb, gibbs: by last: a number of every user's latest ratings, not a share (default: 1)", wholeNumber)
    .option("--test <file>", "vb, gibbs: held-out ratings of their own")
    .option("--seed <n>", "vb, gibbs: seed of the split", wholeNumber);
  addOtherDataOption(command);
  return addDataOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tastespace analyse ml-latest-small --figures figures
  tastespace analyse ml-latest-small --model model.safetensors --genres Children,Horror --similar "Toy Story (1995)" --figures figures`,
    )
    .action(analyse);
}

async function analyse(path: string | undefined, flags: AnalyseFlags): Promise<void> {
  const options = analysisOptionsOf(flags);
  const { genres, rated, similar } = flags;
  const isMapped = flags.model !== undefined && flags.figures !== undefined;
  checkUsed("--genres", genres?.join(","), isMapped, "no map of a model is drawn", "give --model and --figures");
  for (const [name, [first]] of Object.entries({ "--rated": rated, "--similar": similar }))
    checkUsed(name, first as string | undefined, flags.model !== undefined, "there is no model to list items by", "give --model");
  for (const [name, given] of Object.entries({ "--minimum-ratings": flags.minimumRatings, "--other-data": flags.otherData }))
    checkUsed(name, given, flags.model !== undefined, "there is no model", "give --model");
  const model = flags.model === undefined ? undefined : await load(flags.model);
  if (model) checkAlpha("--alpha", flags.alpha, model);
  for (const [name, given] of Object.entries({ ...ownDataFlags(flags), "--other-data": undefined, "--test": flags.test }))
    checkUsed(name, given, model?.knowsSpread === true, "no intervals are measured", "give --model with a model of vb or gibbs");
  const own = model && (await loadTrainingData(model, flags.model!, path, flags));
  const read = own?.read ?? (await loadData(path, flags));
  const { ratings } = read;
  const heldOut = model?.knowsSpread ? await heldOutOf(model, own!) : undefined;
  const data = describeRatings(ratings, read);
  const learned = model && describeModel(model, ratings, heldOut, options);
  const report = flags.figures !== undefined || model ? await import("../report/index.js") : undefined;
  if (model) for (const list of report!.modelLists(model, options)) printTable(list.title ?? "", list.head, list.rows);
  if (flags.figures !== undefined) {
    const named = { name: "model", title: "" };
    print();
    await writeFigures(flags.figures, [
      ...report!.dataFigures(ratings),
      ...(model ? report!.modelFigures(model, heldOut, ratings, options, named) : []),
    ]);
  }
  await writeJson(flags.json, { data, model: learned ?? null });
}

/** The ratings that were held out of a model's training. */
async function heldOutOf(model: FactorModel, { read, split, flags, path }: Awaited<ReturnType<typeof loadTrainingData>>): Promise<Ratings> {
  return (await splitOfModel(model, read, { ...flags, ...split }, path)).heldOut;
}

/** Longest bar of a histogram, letters. */
const BAR = 40;

function describeRatings(ratings: Ratings, read: ReadResult): object {
  const statistics = ratings.statistics();
  const histogram = ratingHistogram(ratings.value);
  const laws = { users: powerLaw(ratingsOfEach(ratings, "users")), items: powerLaw(ratingsOfEach(ratings, "items")) };
  const items = mostRated(ratings, 10);
  print(
    `${dim("data")}     ${read.format}: ${counted(ratings.count, "rating")}, ${counted(statistics.users, "user")}, ${counted(statistics.items, "item")}`,
  );
  printUnderstood(read);
  print(`${dim("mean")}     ${statistics.mean.toFixed(3)}, from ${statistics.minimum} to ${statistics.maximum}`);
  const most = Math.max(...histogram.map((bin) => bin.count));
  printTable(
    "ratings by value",
    ["rating", "ratings", ""],
    histogram.map(({ from, to, count: number }) => [
      from === to ? String(from) : `${from.toPrecision(3)}–${to.toPrecision(3)}`,
      count(number),
      "█".repeat(Math.round((BAR * number) / most)),
    ]),
  );
  const lawRows = (["users", "items"] as const).flatMap((side) => {
    const law = laws[side];
    if (!law) return [[side, "too few", "", "", ""]];
    const { exponent, standardError, from, tail, distance } = law;
    return [
      [side, `−${exponent.toFixed(2)} ± ${standardError.toFixed(2)}`, `${counted(from, "rating")} on`, count(tail), distance.toFixed(3)],
    ];
  });
  printTable("power law of the numbers of ratings, by maximum likelihood", ["", "slope", "from", "in the tail", "distance"], lawRows);
  printTable(
    "most rated items",
    ["title", "ratings", "mean"],
    items.map((item) => [item.title, count(item.ratings), item.mean.toFixed(2)]),
  );
  return { ...statistics, histogram, powerLaws: laws, mostRated: items };
}

function describeModel(model: FactorModel, ratings: Ratings, heldOut: Ratings | undefined, { minimumRatings }: AnalysisOptions): object {
  const K = model.parameters.factors;
  print();
  print(bold(`the model: ${model.model}, K = ${K}`));
  const polarizing = K > 0 ? polarizingItems(model, { minimumRatings }) : undefined;
  if (polarizing) {
    const scale = ratingScale(ratings.value);
    const rows = (items: readonly ItemLength[]): string[][] =>
      items.map((item) => [item.title, item.length.toFixed(3), count(item.ratings), sparkline(ratings, item, scale)]);
    const range = `${scale[0].from} to ${scale.at(-1)!.to}`;
    const head = ["title", "|v|", "ratings", `their spread, ${range}`];
    printTable(`most polarizing items of ${counted(minimumRatings, "rating")} or more`, head, rows(polarizing.most));
    printTable("least polarizing items", head, rows(polarizing.least));
  }
  const effect = K > 0 && model.hasItemBiases ? alphaEffect(model) : undefined;
  if (effect) {
    printTable(
      "recommendations by α, the weight of the item biases",
      ["α", "different items", "mean bias of a listed item", "median ratings of it", "in the most rated tenth"],
      effect.map(({ alpha, items, meanBias, medianRatings, shareOfPopular }) => [
        String(alpha),
        count(items),
        meanBias.toFixed(3),
        count(medianRatings),
        percent(shareOfPopular),
      ]),
    );
  }
  const intervals = heldOut && heldOut.count > 0 ? calibration(model, heldOut) : undefined;
  if (intervals) {
    printTable(
      `held-out ratings within ${model.model}'s intervals (mean square of standardized errors ${intervals.meanSquare.toFixed(3)}, right is 1)`,
      ["promised", "held"],
      intervals.points.map(({ level, covered }) => [percent(level), percent(covered)]),
    );
  }
  return { model: model.model, factors: K, polarizing, alpha: effect, calibration: intervals };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const SPARKS = "▁▂▃▄▅▆▇█";

/** The histogram of one item's ratings in a line of text. */
function sparkline(ratings: Ratings, { id }: ItemLength, scale: ReturnType<typeof ratingScale>): string {
  const bins = ratingHistogram(ratingsOfItem(ratings, ratings.items.indexOf(id)), scale);
  const most = Math.max(...bins.map((bin) => bin.count), 1);
  return bins.map((bin) => SPARKS[Math.ceil(((SPARKS.length - 1) * bin.count) / most)]).join("");
}

function printTable(title: string, head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = rows.map((row) => row.map(String));
  const numeric = head.map((_, column) => column).filter((column) => cells.every((row) => /^[-−\d][\d.,±−% ]*$/.test(row[column] ?? "")));
  print();
  print(bold(title));
  print(table(head, cells, numeric).replace(/^\n/, ""));
}
