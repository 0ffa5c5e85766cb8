// What a search tries: for every hyperparameter its values, or the range that they are drawn from;
// and the points of a grid or of chance.

import { OptionsError } from "../errors.js";
import { checkKind, checkOptions, hasPart, type Kind, nameHere, namesOf, NUMBER, oneOf } from "../options.js";
import { shown } from "../shown.js";
import { BOTH_SIDES } from "../models/hyperparameters.js";
import { entriesOf, type HyperparametersOf, type ModelName, MODELS } from "../models/registry.js";
import { type Random, seededRandom } from "../random.js";

/** A value that a hyperparameter may take. */
export type Choice = number | string | boolean;

/** Both ends may be drawn. */
export interface Range {
  readonly from: number;
  readonly to: number;
  /** Default "log" where `from` is above 0: precisions matter by their order of magnitude. */
  readonly scale?: "log" | "linear" | undefined;
}

/** What a hyperparameter is given in a space. */
export type Choices = readonly Choice[] | Range;

/** Values or a range by hyperparameter of a model. `tau` and `gamma` stand for the precisions of both sides at once. */
export type SearchSpaceOf<M extends ModelName> = {
  readonly [
    N in
      | keyof HyperparametersOf[M]
      | ("tauUsers" extends keyof HyperparametersOf[M] ? "tau" : never)
      | ("gammaUsers" extends keyof HyperparametersOf[M] ? "gamma" : never)
  ]?: Choices | undefined;
};

/** The same of any model. */
export type SearchSpace = { readonly [N in { [M in ModelName]: keyof SearchSpaceOf<M> }[ModelName]]?: Choices | undefined };

/** One value for every hyperparameter of a space. */
export interface Point {
  readonly [hyperparameter: string]: Choice;
}

/** What a space gives, without what it leaves undefined. */
const entriesIn = (space: SearchSpace): [string, Choices][] =>
  (Object.entries(space) as [string, Choices | undefined][]).filter((entry): entry is [string, Choices] => entry[1] !== undefined);

/** Significant digits of what is drawn: more would only make results hard to read. */
export const DRAWN_DIGITS = 3;

/** The hyperparameters that a point stands for; one of a side goes before that of both. */
export function hyperparametersAt(point: Point): Record<string, Choice> {
  const both = Object.entries(BOTH_SIDES).flatMap(([name, { sides }]) =>
    point[name] === undefined ? [] : sides.map((side) => [side, point[name]] as const),
  );
  const own = Object.entries(point).filter(([name]) => !Object.hasOwn(BOTH_SIDES, name));
  return Object.fromEntries([...both, ...own]);
}

const SPACE_KIND: Kind = {
  must: "an object of hyperparameters with the values to try",
  holds: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  remedy: () => "space: { factors: [8, 16], tau: { from: 0.1, to: 10 } }",
};
const VALUES_KIND: Kind = {
  must: "a list of values to try, or a range",
  holds: (value) => Array.isArray(value) || hasPart(value, "from", "to"),
  remedy: (value) => `write [${shown(value)}], or { from: …, to: … }`,
};

const RANGE_NAMES = namesOf<Range>({ from: NUMBER, to: NUMBER, scale: oneOf("log", "linear") });

/**
 * @returns the space without what is left undefined.
 * @throws OptionsError for a hyperparameter that the model does not have, and for one without values.
 */
export function checkedSpace(model: ModelName, space: SearchSpace): SearchSpace {
  checkKind("space", space, SPACE_KIND);
  for (const [name, choices] of entriesIn(space)) {
    for (const own of Object.hasOwn(BOTH_SIDES, name) ? BOTH_SIDES[name].sides : [name]) {
      if (Object.hasOwn(MODELS[model].table, own)) continue;
      const known = Object.keys(MODELS[model].table);
      throw new OptionsError(`${model} has no hyperparameter "${name}"`, {
        remedy: nameHere(name, new Set(known)) ?? `it has ${known.join(", ")}`,
      });
    }
    checkKind(name, choices, VALUES_KIND);
    if (isRange(choices)) {
      checkOptions(`the range of ${name}`, choices, RANGE_NAMES);
      if (!(choices.from <= choices.to) || (choices.scale === "log" && choices.from <= 0)) {
        throw new OptionsError(`${name} ranges from ${choices.from} to ${choices.to}: it must rise, and on a log scale start above 0`);
      }
    } else if (choices.length === 0) throw new OptionsError(`${name} has no values to try`);
  }
  return Object.fromEntries(entriesIn(space));
}

/** What training at a point depends on, as text: without what does nothing there, such as τ where K is 0. */
function settingAt(point: Point): string {
  const given = hyperparametersAt(point);
  const isIdle = (name: string): boolean =>
    entriesOf(name).some(({ entry: { idleAt = {} } }) => Object.entries(idleAt).some(([other, value]) => given[other] === value));
  return JSON.stringify(Object.entries(given).filter(([name]) => !isIdle(name)));
}

/**
 * All combinations, the last hyperparameter varying fastest. Of those that differ only in what does nothing, such as τ
 * where K is 0, the first alone.
 *
 * @throws OptionsError for a range.
 */
export function gridPoints(space: SearchSpace): Point[] {
  checkKind("space", space, SPACE_KIND);
  let points: Point[] = [{}];
  for (const [name, choices] of entriesIn(space)) {
    if (isRange(choices)) {
      throw new OptionsError(`${name} is a range: a grid needs values`, { remedy: "list values, or search at random or by halving" });
    }
    const values = [...new Set(choices)];
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  const settings = new Map<string, Point>();
  for (const point of points) if (!settings.has(settingAt(point))) settings.set(settingAt(point), point);
  return [...settings.values()];
}

/** Different points drawn by chance, at most `count`: fewer where the space has no more. As in a grid, they differ in what does something. */
export function randomPoints(space: SearchSpace, count: number, seed: number): Point[] {
  checkKind("space", space, SPACE_KIND);
  const random = seededRandom(seed);
  const points = new Map<string, Point>();
  // A space of few values runs out of new points.
  for (let misses = 0; points.size < count && misses < 1000;) {
    const point = Object.fromEntries(entriesIn(space).map(([name, choices]) => [name, drawn(name, choices, random)]));
    const key = settingAt(point);
    if (points.has(key)) misses++;
    else points.set(key, point);
  }
  return [...points.values()];
}

/** Whether a range gives whole numbers for it. */
const isWhole = (name: string): boolean => entriesOf(name).some(({ entry }) => entry.kind === "number" && entry.whole);

function drawn(name: string, choices: Choices, random: Random): Choice {
  if (!isRange(choices)) return choices[random.below(choices.length)];
  const { from, to, scale = from > 0 ? "log" : "linear" } = choices;
  if (isWhole(name) && scale === "linear") return from + random.below(to - from + 1);
  const share = random.uniform();
  const value = scale === "log" ? from * (to / from) ** share : from + (to - from) * share;
  return isWhole(name) ? Math.round(value) : Number(value.toPrecision(DRAWN_DIGITS));
}

const isRange = (choices: Choices): choices is Range => !Array.isArray(choices);
