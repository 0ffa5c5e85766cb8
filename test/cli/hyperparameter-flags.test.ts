// Flags of hyperparameters: what is typed arrives under the hyperparameter's name.

import { Command } from "commander";
import { expect, test } from "vitest";
import { addHyperparameterFlags, addSearchFlags, flagOf, hyperparametersGiven, searched } from "../../src/cli/hyperparameter-flags.js";
import { valuesText } from "../../src/cli/model-defaults.js";
import { addDataOptions } from "../../src/cli/options.js";
import { searchCommand, spread } from "../../src/cli/search.js";
import { trainCommand } from "../../src/cli/train.js";
import type { Hyperparameter } from "../../src/models/hyperparameters.js";
import { entriesOf, HYPERPARAMETER_NAMES, MODEL_NAMES, type ModelName, MODELS } from "../../src/models/registry.js";
import { DEFAULT_PATIENCE, DEFAULT_SWEEPS } from "../../src/training/stopping.js";

const parsed = (...args: string[]): object =>
  addDataOptions(addHyperparameterFlags(new Command())).exitOverride().parse(args, { from: "user" }).opts();

/** What a hyperparameter may be beside its default, as it is typed and as it arrives. */
function other(name: string, entry: Hyperparameter): { args: string[]; value: unknown } {
  if (entry.kind === "switch") return { args: [`--no-${name}`], value: false };
  const value = entry.kind === "number" ? 3 : entry.choices.find((choice) => choice !== entry.default)!;
  return { args: [flagOf(name), String(value)], value };
}

test.each([...HYPERPARAMETER_NAMES])("%s has a flag, and nothing is given without it", (name) => {
  const { args, value } = other(name, entriesOf(name)[0].entry);
  expect(hyperparametersGiven(parsed(...args))).toEqual({ [name]: value });
  expect(trainCommand().helpInformation()).toContain(args[0]);
});

test("no flag gives nothing; the scale of the ratings is not that of a prior", () => {
  expect(hyperparametersGiven(parsed())).toEqual({});
  expect(hyperparametersGiven(parsed("--scale", "1:5"))).toEqual({});
  expect(hyperparametersGiven(parsed("--scale", "1:5", "--prior-scale", "7"))).toEqual({ scale: 7 });
});

test("a flag of both sides gives both, and one of a side goes before it", () => {
  expect(hyperparametersGiven(parsed("--tau-users", "2", "--tau", "9"))).toEqual({ tauUsers: 2, tauItems: 9 });
  expect(hyperparametersGiven(parsed("--gamma", "4"))).toEqual({ gammaUsers: 4, gammaItems: 4 });
});

test("whatever is no switch can be searched for, by the same flag", () => {
  const command = addSearchFlags(new Command(), "values", spread).exitOverride();
  for (const name of HYPERPARAMETER_NAMES) {
    const [{ entry }] = entriesOf(name);
    if (entry.kind === "switch") {
      expect(searchCommand().helpInformation()).not.toContain(`--no-${name}`);
      continue;
    }
    const [text, values] = entry.kind === "number" ? ["2,3", [2, 3]] : [entry.choices.join(), entry.choices];
    expect(searched(command.parse([flagOf(name), text], { from: "user" }).opts())).toMatchObject({ [name]: values });
    expect(searchCommand().helpInformation()).toContain(flagOf(name));
  }
});

test("what all models have is told without their names, and defaults that differ with them", () => {
  const help = trainCommand().helpInformation().replaceAll(/\s+/g, " ");
  expect(help).toContain("--factors <K> factors; 0 trains the bias-only model (default: 10)");
  expect(help).toContain("--step-size <η> gd, sgd, logistic: step size (default: 0.3; sgd: 0.15, shared 0.05; logistic: 0.2, shared 0.05)");
  expect(help).toContain("als, implicit: factor every row's system");
});

test("what models do by default is told as they say it", () => {
  expect(
    valuesText([
      ["als", "3"],
      ["gd", "20"],
      ["sgd", "5"],
      ["logistic", "5"],
    ]),
  ).toBe("3; gd: 20; sgd, logistic: 5");
  const help = trainCommand().helpInformation().replaceAll(/\s+/g, " ");
  const [, sweeps] = /most sweeps \(default: ([^)]*)\)/.exec(help)!;
  const [, patience] = /new best held-out figure \(default: ([^)]*)\)/.exec(help)!;
  const of = (text: string, model: ModelName): string =>
    /\d+/.exec(text.split("; ").find((part) => part.split(/[,:] /).includes(model)) ?? text)![0];
  for (const model of MODEL_NAMES) {
    expect(of(sweeps, model), model).toBe(String(MODELS[model].sweeps ?? DEFAULT_SWEEPS));
    expect(of(patience, model), model).toBe(String(MODELS[model].patience ?? DEFAULT_PATIENCE));
  }
  expect(help).toContain("(default: loss; implicit: ndcg)");
});

test("a range goes by equal factors where it starts above 0, else by equal steps, as the help says", () => {
  expect(spread("1:100:3", false)).toEqual([1, 10, 100]);
  expect(spread("0:100:3", false)).toEqual([0, 50, 100]);
  expect(spread("-1:1:3", false)).toEqual([-1, 0, 1]);
  const help = searchCommand().helpInformation().replaceAll(/\s+/g, " ");
  expect(help).toContain("1:100:3: 1,10,100, by equal factors; 0:100:3: 0,50,100, by equal steps, as it starts at 0; 1:100 to draw from");
});
