// The model and its hyperparameters: what the page offers, and what it makes of the form.

import { html, nothing, render } from "lit/html.js";
import type { FitOptionsOf, ModelName } from "../src/index.js";
import { ALS_TABLE } from "../src/models/als.js";
import { GD_TABLE } from "../src/models/gd.js";
import { GIBBS_TABLE } from "../src/models/gibbs.js";
import type { Hyperparameter } from "../src/models/hyperparameters.js";
import { IMPLICIT_TABLE } from "../src/models/implicit.js";
import { LOGISTIC_TABLE } from "../src/models/logistic.js";
import { SGD_TABLE } from "../src/models/sgd.js";
import { VB_TABLE } from "../src/models/vb.js";
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
  readonly max?: number | undefined;
  readonly step: number | "any";
}

/** What people are told of hyperparameters; their defaults and limits are the model's, but where others are given. */
type Told = Pick<NumberField, "label" | "about" | "options"> & Partial<Pick<NumberField, "value" | "max">>;

interface ModelCard {
  readonly name: string;
  readonly about: string;
  readonly table: Readonly<Record<string, Hyperparameter>>;
  readonly fields: readonly Told[];
  readonly sweeps: number;
  /** Whether the form asks for side information. */
  readonly takesFeatures?: boolean;
  /** Whether the form asks how much of the uncertainty is kept. */
  readonly asksCovariance?: boolean;
}

const FACTORS: Told = { label: "Factors, K", about: "numbers that describe a taste; 0: biases alone", options: ["factors"] };
/** Held by hand on MovieLens: the library's own default of 10 suits dense data better. */
const TAU = 20;
const FACTOR_PRECISION: Told = {
  label: "τ, tau",
  about: "how tightly factors are held near 0, against learning by heart",
  options: ["tauUsers", "tauItems"],
};
const PRECISIONS: readonly Told[] = [
  { ...FACTOR_PRECISION, value: TAU },
  { label: "γ, gamma", about: "the same for biases: who rates high, what is rated high", options: ["gammaUsers", "gammaItems"] },
];
const STEP_SIZE: Told = { label: "Step size", about: "too large a step diverges", options: ["stepSize"] };

/** In the order of the form. */
const MODEL_CARDS: { readonly [M in ModelName]: ModelCard } = {
  vb: {
    name: "Variational Bayes",
    about: "Learns how far to trust the data, and says how sure it is. Nothing to tune.",
    table: VB_TABLE,
    fields: [FACTORS, { label: "Warm-up", about: "sweeps before it learns its own precisions", options: ["warmUp"] }],
    takesFeatures: true,
    asksCovariance: true,
    sweeps: 20,
  },
  als: {
    name: "Alternating least squares",
    about: "The classic: least squares, in turn for everybody and every title.",
    table: ALS_TABLE,
    fields: [FACTORS, ...PRECISIONS],
    takesFeatures: true,
    sweeps: 20,
  },
  gibbs: {
    name: "Gibbs sampling",
    about: "Averages over many plausible models, and says how sure it is. The most accurate here, and the slowest.",
    table: GIBBS_TABLE,
    fields: [
      FACTORS,
      { label: "Burn-in", about: "sweeps whose draws are thrown away", options: ["burnIn"] },
      { label: "Samples", about: "most draws that are kept", options: ["samples"], value: 16, max: 64 },
    ],
    takesFeatures: true,
    sweeps: 60,
  },
  implicit: {
    name: "Implicit feedback",
    about: "Takes every rating for a click: learns from what people choose, not from what they say of it.",
    table: IMPLICIT_TABLE,
    fields: [FACTORS, { label: "α", about: "what feedback adds to the confidence", options: ["confidence"] }, FACTOR_PRECISION],
    takesFeatures: true,
    sweeps: 20,
  },
  logistic: {
    name: "Like or dislike",
    about: "Predicts the chance that somebody likes a title. Ratings from the threshold on are likes.",
    table: LOGISTIC_TABLE,
    fields: [FACTORS, { label: "Threshold", about: "ratings from here on are likes", options: ["positiveThreshold"], value: 4 }, STEP_SIZE],
    sweeps: 50,
  },
  sgd: {
    name: "Stochastic gradient descent",
    about: "Small steps, rating by rating. For comparison.",
    table: SGD_TABLE,
    fields: [FACTORS, ...PRECISIONS, STEP_SIZE],
    sweeps: 100,
  },
  gd: {
    name: "Gradient descent",
    about: "Steps downhill with everything at once. For comparison.",
    table: GD_TABLE,
    fields: [FACTORS, ...PRECISIONS, STEP_SIZE],
    sweeps: 200,
  },
};

const ORDER = Object.keys(MODEL_CARDS) as ModelName[];

/** A field with what the model says of the first hyperparameter that it sets. */
function fieldOf({ table }: ModelCard, told: Told): NumberField {
  const entry = table[told.options[0]];
  if (entry.kind !== "number") throw new TypeError(`${told.options[0]} is no number`);
  const { least = 0, most, whole } = entry;
  return { value: entry.default ?? 0, min: least, max: most, step: whole ? 1 : "any", ...told };
}

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
    const card = MODEL_CARDS[this.#model];
    return [
      ...card.fields.map((told) => fieldOf(card, told)),
      {
        label: "Sweeps",
        about: "a turn of all people, then all titles; at most so many",
        options: ["sweeps"],
        value: card.sweeps,
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
          MODEL_CARDS[model].takesFeatures && this.#hasGenres
            ? html`<label class="field check"
                ><input type="checkbox" name="genres" checked />
                <span>Genres shape the titles <small>also those that nobody has rated</small></span></label
              >`
            : nothing
        }
        ${
          MODEL_CARDS[model].takesFeatures
            ? html`<label class="field check"
                ><input type="checkbox" name="rated" /> <span>Who rated what counts <small>more accurate, and slower</small></span></label
              >`
            : nothing
        }
        ${
          MODEL_CARDS[model].asksCovariance
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
