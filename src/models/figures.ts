// What is measured of a model in training, whichever model it is.

/** One measurement. `objective` is what training lowers: for `vb` the negative ELBO. Figures that a model does not have are absent. */
export interface Figures {
  readonly objective: number;
  /** Root mean squared error over the training ratings, rating units; null for models that do not predict ratings. */
  readonly trainRmse: number | null;
  /** Root mean squared error over the held-out ratings; null when there are none. */
  readonly heldOutRmse: number | null;
  /** Evidence lower bound, nats (`vb`). */
  readonly elbo?: number;
  /** Mean log predictive density of the held-out ratings, nats a rating (`vb`, `gibbs`); null when there are none. */
  readonly heldOutLogDensity?: number | null;
  /** Learned noise precision λ (`vb`, `gibbs`). */
  readonly lambda?: number;
  /** Mean log-loss over the training and the held-out ratings, nats (`logistic`). */
  readonly trainLogLoss?: number;
  readonly heldOutLogLoss?: number | null;
}

/** The held-out figure that says which sweep was best, the lower the better; null when there is none. */
export const heldOutLoss = (figures: Figures): number | null => figures.heldOutLogLoss ?? figures.heldOutRmse;
