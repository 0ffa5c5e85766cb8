// Objects of options, checked against the names that a function knows:
// a misspelt option would else be left to its default without a word.

import { distance } from "fastest-levenshtein";
import { OptionsError } from "./errors.js";

/** The names of a type's options, all of them and no other: the compiler sees to it. */
export const namesOf = <O extends object>(names: { readonly [N in keyof Required<O>]: true }): ReadonlySet<string> =>
  new Set(Object.keys(names));

/**
 * What well-known names of other libraries are called here: the first of these that a function knows.
 * Written without case and underscores.
 */
const CALLED_HERE: Readonly<Record<string, readonly string[]>> = {
  sweeps: ["sweeps"],
  iterations: ["sweeps"],
  niterations: ["sweeps"],
  numiterations: ["sweeps"],
  maxiter: ["sweeps"],
  niter: ["sweeps"],
  iter: ["sweeps"],
  epochs: ["sweeps"],
  nepochs: ["sweeps"],
  numepochs: ["sweeps"],
  rank: ["factors"],
  nfactors: ["factors"],
  numfactors: ["factors"],
  latentfactors: ["factors"],
  components: ["factors"],
  ncomponents: ["factors"],
  nocomponents: ["factors"],
  dimensions: ["factors"],
  dim: ["factors"],
  embeddingsize: ["factors"],
  alpha: ["confidence"],
  regparam: ["tauUsers and tauItems"],
  regularization: ["tauUsers and tauItems"],
  regularisation: ["tauUsers and tauItems"],
  reg: ["tauUsers and tauItems"],
  regall: ["tauUsers and tauItems"],
  l2: ["tauUsers and tauItems"],
  weightdecay: ["tauUsers and tauItems"],
  tau: ["tauUsers and tauItems"],
  gamma: ["gammaUsers and gammaItems"],
  learningrate: ["stepSize"],
  lr: ["stepSize"],
  lrall: ["stepSize"],
  randomstate: ["seed"],
  randomseed: ["seed"],
  testset: ["heldOut"],
  validation: ["heldOut"],
  validationset: ["heldOut"],
  earlystopping: ["earlyStop"],
  tol: ["tolerance"],
  usegpu: ["device"],
  callback: ["onSweep", "onProgress"],
  implicitprefs: ["model"],
  topk: ["n", "k"],
  topn: ["n", "k"],
  k: ["n"],
  n: ["k"],
  count: ["n", "k"],
  limit: ["n", "k"],
  howmany: ["n", "k"],
  cutoff: ["k"],
  filteralreadylikeditems: ["filterSeen"],
  excludeseen: ["filterSeen"],
  removeseen: ["filterSeen"],
  coldstartstrategy: ["coldStart"],
  testsize: ["share"],
  testfraction: ["share"],
  fraction: ["share"],
  ratio: ["share"],
  nusers: ["users"],
  nitems: ["items"],
  nratings: ["ratings"],
  sep: ["delimiter"],
  separator: ["delimiter"],
  minratings: ["minimumRatings"],
};

const simplified = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * @param where what errors call the function.
 * @param elsewhere where else an option of another name is known, in words: "the model implicit".
 * @throws OptionsError when `given` is no object, or holds an option of a name that is not known,
 *   with what it is called.
 */
export function checkOptions(
  where: string,
  given: unknown,
  names: ReadonlySet<string>,
  elsewhere: (name: string) => string | undefined = () => undefined,
): void {
  checkObject(where, given, names);
  const unknown = Object.keys(given).filter((name) => !names.has(name) && (given as Record<string, unknown>)[name] !== undefined);
  if (unknown.length === 0) return;
  const quoted = unknown.map((name) => `"${name}"`).join(", ");
  throw new OptionsError(`${where} has no option ${quoted}`, {
    remedy: [...new Set(unknown.map((name) => nameHere(name, names, elsewhere) ?? `the options are ${[...names].join(", ")}`))].join("; "),
  });
}

/** @throws OptionsError when what is given is no object of options. */
export function checkObject(where: string, given: unknown, names: ReadonlySet<string>): asserts given is object {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  const value = typeof given === "function" ? "a function" : JSON.stringify(given);
  const [first = "name"] = names;
  throw new OptionsError(`${where} takes its options by name, in an object, not ${value}`, {
    remedy: `write { ${first}: … }; the options are ${[...names].join(", ")}`,
  });
}

/** What an option of another name should have been, in words; undefined when none is near. */
export function nameHere(
  name: string,
  names: ReadonlySet<string>,
  elsewhere: (name: string) => string | undefined = () => undefined,
): string | undefined {
  const asked = simplified(name);
  const sameLetters = [...names].find((known) => simplified(known) === asked);
  if (sameLetters !== undefined) return `did you mean "${sameLetters}"?`;
  for (const called of Object.hasOwn(CALLED_HERE, asked) ? CALLED_HERE[asked] : []) {
    const parts = called.split(" and ");
    const told = parts.map((part) => `"${part}"`).join(" and ");
    if (parts.every((part) => names.has(part))) return `"${name}" is called ${told} here`;
    const place = elsewhere(parts[0]);
    if (place !== undefined) return `"${name}" is called ${told} here, and is an option of ${place}`;
  }
  const near = nearest(asked, names);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

/** The nearest by edit distance, if at most a third of its letters differ; or the shortest that begins with it. */
function nearest(asked: string, names: ReadonlySet<string>): string | undefined {
  const near = [...names]
    .map((known) => ({ known, away: distance(simplified(known), asked) }))
    .filter(({ known, away }) => away <= Math.max(known.length, asked.length) / 3)
    .sort((a, b) => a.away - b.away)[0]?.known;
  const beginning = [...names]
    .filter((known) => asked.length > 1 && simplified(known).startsWith(asked))
    .sort((a, b) => a.length - b.length)[0];
  return near ?? beginning;
}
