// What is measured of a model in training, whichever model it is.

/**
 * One measurement. `objective` is what training lowers:
 * for `vb` the negative ELBO. Figures that a model does not have are absent.
 */
export interface Figures {
  readonly objective: number;
  /** Root mean squared error over the training ratings, rating units; null for models that do not predict ratings. */
  readonly trainRmse: number | null;
  /** Root mean squared error over the held-out ratings; null when there are none. */
  readonly heldOutRmse: number | null;
  /**
   * The same of predictions clipped to the scale of the training ratings;
   * absent for models that do not predict ratings.
   */
  readonly heldOutRmseClipped?: number | null;
  /** Evidence lower bound, nats (`vb`). */
  readonly elbo?: number;
  /** Mean log predictive density of the held-out ratings, nats a rating (`vb`, `gibbs`); null when there are none. */
  readonly heldOutLogDensity?: number | null;
  /** Learned noise precision λ (`vb`, `gibbs`). */
  readonly lambda?: number;
  /** Mean log-loss over the training and the held-out ratings, nats (`logistic`). */
  readonly trainLogLoss?: number;
  readonly heldOutLogLoss?: number | null;
  /**
   * Means over users of the nDCG and the recall of lists of ten held-out items,
   * and of the AUC, where a training measures them.
   */
  readonly heldOutNdcg?: number;
  readonly heldOutRecall?: number;
  readonly heldOutAuc?: number;
  /** Which of these says how good a sweep is. Default: the model's own held-out loss. */
  readonly measuredBy?: RankingMeasure;
}

/** Held-out errors from their squares, of predictions as they are and clipped; null where nothing is held out. */
export function heldOutErrors(
  sums: { readonly heldOutSquares: number; readonly heldOutClippedSquares: number },
  heldOut: number,
): Required<Pick<Figures, "heldOutRmse" | "heldOutRmseClipped">> {
  const rmse = (squares: number): number | null => (heldOut > 0 ? Math.sqrt(squares / heldOut) : null);
  return { heldOutRmse: rmse(sums.heldOutSquares), heldOutRmseClipped: rmse(sums.heldOutClippedSquares) };
}

/** A measure of ranked lists, from 0 to 1, the higher the better. */
export type RankingMeasure = "ndcg" | "recall" | "auc";

const RANKING: Readonly<Record<RankingMeasure, { readonly of: (figures: Figures) => number | undefined; readonly name: string }>> = {
  ndcg: { of: ({ heldOutNdcg }) => heldOutNdcg, name: "nDCG@10" },
  recall: { of: ({ heldOutRecall }) => heldOutRecall, name: "recall@10" },
  auc: { of: ({ heldOutAuc }) => heldOutAuc, name: "AUC" },
};

/**
 * The held-out loss that says which sweep was best, the lower the better: 1 less a ranking measure,
 * the log-loss or the RMSE. Null when there is none, or when it was not measured after this sweep.
 */
export function heldOutLoss(figures: Figures): number | null {
  if (!figures.measuredBy) return figures.heldOutLogLoss ?? figures.heldOutRmse;
  const value = RANKING[figures.measuredBy].of(figures);
  return value === undefined || Number.isNaN(value) ? null : 1 - value;
}

/** The held-out figure as people read it, a ranking measure itself; `value` is null as the loss is. */
export function heldOutFigure(figures: Figures): { readonly name: string; readonly value: number | null } {
  const { measuredBy } = figures;
  if (!measuredBy) return { name: figures.heldOutLogLoss === undefined ? "RMSE" : "log-loss", value: heldOutLoss(figures) };
  return { name: RANKING[measuredBy].name, value: heldOutLoss(figures) === null ? null : RANKING[measuredBy].of(figures)! };
}

/** What losses are called that trainings by this measure are compared by. */
export const lossName = (measuredBy: RankingMeasure): string => `1 − ${RANKING[measuredBy].name}`;
