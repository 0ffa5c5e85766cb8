// The model and its hyperparameters: what the page offers, and what it makes of the form.

import { html, nothing, render } from "lit/html.js";
import {
  ALS_DEFAULTS,
  type FitOptionsOf,
  GD_DEFAULTS,
  GIBBS_DEFAULTS,
  IMPLICIT_DEFAULTS,
  LOGISTIC_DEFAULTS,
  MAX_FACTORS,
  MAX_FACTORS_CG,
  type ModelName,
  SGD_DEFAULTS,
  VB_DEFAULTS,
} from "../src/index.js";
import type { DataSummary } from "./data.js";
import { autoText } from "./device-text.js";
import type { Means } from "./engines.js";
import type { Settings } from "./training-worker.js";

/** A number that the form asks for and the options that it sets. */
interface NumberField {
  readonly label: string;
  readonly about: string;
  readonly options: readonly string[];
  readonly value: number;
  readonly min: number;
  readonly max?: number;
  readonly step: number | "any";
}

interface ModelCard {
  readonly name: string;
  readonly about: string;
  readonly fields: readonly NumberField[];
  readonly sweeps: number;
}

const factors = (value: number, max = MAX_FACTORS): NumberField => ({
  label: "Factors, K",
  about: "numbers that describe a taste; 0: biases alone",
  options: ["factors"],
  value,
  min: 0,
  max,
  step: 1,
});

const factorPrecision = (value: number): NumberField => ({
  label: "τ, tau",
  about: "how tightly factors are held near 0, against learning by heart",
  options: ["tauUsers", "tauItems"],
  value,
  min: 0,
  step: "any",
});

const precisions = (tau: number, gamma: number): NumberField[] => [
  factorPrecision(tau),
  {
    label: "γ, gamma",
    about: "the same for biases: who rates high, what is rated high",
    options: ["gammaUsers", "gammaItems"],
    value: gamma,
    min: 0,
    step: "any",
  },
];

const stepSize = (value: number): NumberField => ({
  label: "Step size",
  about: "too large a step diverges",
  options: ["stepSize"],
  value,
  min: 0,
  step: "any",
});

/** Held by hand on MovieLens: the library's own default of 10 suits dense data better. */
const TAU = 20;

export const MODEL_CARDS: { readonly [M in ModelName]: ModelCard } = {
  vb: {
    name: "Variational Bayes",
    about: "Learns how far to trust the data, and says how sure it is. Nothing to tune.",
    fields: [
      factors(VB_DEFAULTS.factors),
      {
        label: "Warm-up",
        about: "sweeps before it learns its own precisions",
        options: ["warmUp"],
        value: VB_DEFAULTS.warmUp,
        min: 0,
        step: 1,
      },
    ],
    sweeps: 20,
  },
  als: {
    name: "Alternating least squares",
    about: "The classic: least squares, in turn for everybody and every title.",
    fields: [factors(ALS_DEFAULTS.factors, MAX_FACTORS_CG), ...precisions(TAU, ALS_DEFAULTS.gammaUsers)],
    sweeps: 20,
  },
  gibbs: {
    name: "Gibbs sampling",
    about: "Averages over many plausible models, and says how sure it is. The most accurate here, and the slowest.",
    fields: [
      factors(GIBBS_DEFAULTS.factors),
      {
        label: "Burn-in",
        about: "sweeps whose draws are thrown away",
        options: ["burnIn"],
        value: GIBBS_DEFAULTS.burnIn,
        min: 0,
        step: 1,
      },
      { label: "Samples", about: "most draws that are kept", options: ["samples"], value: 16, min: 1, max: 64, step: 1 },
    ],
    sweeps: 60,
  },
  implicit: {
    name: "Implicit feedback",
    about: "Takes every rating for a click: learns from what people choose, not from what they say of it.",
    fields: [
      { ...factors(IMPLICIT_DEFAULTS.factors, MAX_FACTORS_CG), min: 1 },
      {
        label: "α",
        about: "what feedback adds to the confidence",
        options: ["confidence"],
        value: IMPLICIT_DEFAULTS.confidence,
        min: 0,
        step: "any",
      },
      factorPrecision(IMPLICIT_DEFAULTS.tauUsers),
    ],
    sweeps: 20,
  },
  logistic: {
    name: "Like or dislike",
    about: "Predicts the chance that somebody likes a title. Ratings from the threshold on are likes.",
    fields: [
      factors(LOGISTIC_DEFAULTS.factors),
      { label: "Threshold", about: "ratings from here on are likes", options: ["positiveThreshold"], value: 4, min: 0, step: "any" },
      stepSize(LOGISTIC_DEFAULTS.stepSize),
    ],
    sweeps: 50,
  },
  sgd: {
    name: "Stochastic gradient descent",
    about: "Small steps, rating by rating. For comparison.",
    fields: [factors(SGD_DEFAULTS.factors), ...precisions(TAU, SGD_DEFAULTS.gammaUsers), stepSize(SGD_DEFAULTS.stepSize)],
    sweeps: 100,
  },
  gd: {
    name: "Gradient descent",
    about: "Steps downhill with everything at once. For comparison.",
    fields: [factors(GD_DEFAULTS.factors), ...precisions(TAU, GD_DEFAULTS.gammaUsers), stepSize(GD_DEFAULTS.stepSize)],
    sweeps: 200,
  },
};

/** Models that take side information. */
const WITH_FEATURES: ReadonlySet<ModelName> = new Set(["vb", "als", "gibbs", "implicit"]);

const ORDER: readonly ModelName[] = ["vb", "als", "gibbs", "implicit", "logistic", "sgd", "gd"];

/** The form's part that chooses a model. */
export class SettingsForm {
  readonly #form: HTMLFormElement;
  readonly #select: HTMLSelectElement;
  #hasGenres = false;
  #means: Means | undefined;
  /** Told when another device was chosen. */
  onDevice = (): void => {};

  constructor(form: HTMLFormElement) {
    this.#form = form;
    this.#select = form.querySelector("#model")!;
    for (const model of ORDER) this.#select.add(new Option(`${MODEL_CARDS[model].name} (${model})`, model));
    this.#select.addEventListener("change", () => this.#showModel());
    form.addEventListener("change", ({ target }) => {
      if ((target as HTMLSelectElement).name === "device") this.onDevice();
    });
    this.#showModel();
  }

  describe({ hasGenres }: DataSummary): void {
    this.#hasGenres = hasGenres;
    this.#render();
  }

  /** Offers what there is to compute with. */
  setMeans(means: Means): void {
    this.#means = means;
    this.#render();
  }

  get device(): Settings["device"] {
    return this.#control("device")!.value as Settings["device"];
  }

  get sweeps(): number {
    return this.#number("sweeps");
  }

  /** @param device where to compute, if not where the form says. */
  settings(device?: Settings["device"]): Settings {
    const model = this.#model;
    const given: Record<string, number> = {};
    for (const { options } of MODEL_CARDS[model].fields) for (const option of options) given[option] = this.#number(options[0]);
    const covariance = this.#control("covariance")?.value as FitOptionsOf<"vb">["covariance"];
    return {
      options: { ...given, model, seed: this.#number("seed"), sweeps: this.sweeps, ...(covariance && { covariance }) },
      share: this.#number("share") / 100,
      genres: this.#takes("genres", given),
      rated: this.#takes("rated", given),
      device: device ?? this.device,
    };
  }

  /** Whether side information is asked for. Features shape factors: where there are none, they are left out. */
  #takes(name: "genres" | "rated", { factors }: Record<string, number>): boolean {
    return factors > 0 && (this.#control(name)?.checked ?? false);
  }

  /** What the form says otherwise than it does by itself, as text that {@link fill} takes. */
  changed(): Record<string, string> {
    const fields = this.#fields().flatMap(({ options, value }): [string, string][] => {
      const given = this.#control(options[0])!.value;
      return Number(given) === value ? [] : [[options[0], given]];
    });
    return Object.fromEntries([...(this.#model === ORDER[0] ? [] : [["model", this.#model] as const]), ...fields]);
  }

  /** Fills the form in; what it has no field for, or what the field does not take, is left out. */
  fill(values: Readonly<Record<string, string>>): void {
    const { model } = values;
    if (model !== undefined && (ORDER as readonly string[]).includes(model)) {
      this.#select.value = model;
      this.#showModel();
    }
    for (const { options, value } of this.#fields()) {
      const given = values[options[0]];
      if (given === undefined) continue;
      const control = this.#control(options[0])!;
      control.value = given;
      if (!control.checkValidity()) control.value = String(value);
    }
  }

  get #model(): ModelName {
    return this.#select.value as ModelName;
  }

  #control(name: string): HTMLInputElement | null {
    return this.#form.elements.namedItem(name) as HTMLInputElement | null;
  }

  #number(name: string): number {
    return this.#control(name)!.valueAsNumber;
  }

  /** The model's fields at their defaults: inputs that are used again would keep what was typed for another model. */
  #showModel(): void {
    this.#render();
    for (const { options, value } of this.#fields()) this.#control(options[0])!.value = String(value);
  }

  #fields(): NumberField[] {
    const { fields, sweeps } = MODEL_CARDS[this.#model];
    return [
      ...fields,
      {
        label: "Sweeps",
        about: "a turn of all people, then all titles; at most so many",
        options: ["sweeps"],
        value: sweeps,
        min: 1,
        step: 1,
      },
      { label: "Held out", about: "per cent of the ratings, to measure by", options: ["share"], value: 20, min: 0, max: 90, step: 1 },
      { label: "Seed", about: "of the split and the start", options: ["seed"], value: 1, min: 0, step: 1 },
    ];
  }

  #render(): void {
    const model = this.#model;
    this.#form.querySelector("#model-about")!.textContent = MODEL_CARDS[model].about;
    render(
      html`${this.#fields().map((field) => numberField(field))}
        <label class="field"
          ><span>Compute on <small>all give the same model</small></span
          ><select name="device">
            <option value="auto">${this.#means ? autoText(this.#means) : "automatic"}</option>
            ${
              this.#means?.adapter
                ? html`<option value="webgpu">${this.#means.adapter.software ? "the software GPU: slow" : "the GPU"}</option>`
                : nothing
            }
            <option value="cpu">the CPU: WebAssembly</option>
            <option value="reference">the reference: float64, slow</option>
          </select></label
        >
        ${
          WITH_FEATURES.has(model) && this.#hasGenres
            ? html`<label class="field check"
                ><input type="checkbox" name="genres" checked />
                <span>Genres shape the titles <small>also those that nobody has rated</small></span></label
              >`
            : nothing
        }
        ${
          WITH_FEATURES.has(model)
            ? html`<label class="field check"
                ><input type="checkbox" name="rated" /> <span>Who rated what counts <small>more accurate, and slower</small></span></label
              >`
            : nothing
        }
        ${
          model === "vb"
            ? html`<label class="field"
                ><span>Uncertainty <small>of a taste</small></span
                ><select name="covariance">
                  <option value="full">whole covariances</option>
                  <option value="diagonal">variances only: less memory</option>
                </select></label
              >`
            : nothing
        }`,
      this.#form.querySelector<HTMLElement>("#fields")!,
    );
  }
}

const numberField = ({ label, about, options, min, max, step }: NumberField) =>
  html`<label class="field"
    ><span>${label} <small>${about}</small></span
    ><input type="number" name=${options[0]} min=${min} max=${max ?? nothing} step=${step} required
  /></label>`;
