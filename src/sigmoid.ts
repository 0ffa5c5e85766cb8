// The logistic function and its loss, computed without overflow.

/** σ(x) = 1 / (1 + e⁻ˣ). */
export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** −log σ(x) for d = 1, −log(1 − σ(x)) for d = 0: softplus(∓x) = max(∓x, 0) + log(1 + e^−|x|). */
export const logLoss = (d: number, x: number): number => Math.max((1 - 2 * d) * x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
