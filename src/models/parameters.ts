// The learned numbers of a factor model, in the layout that every room shares: row-major float32, users and items in index order.

/** Factors [M, K] and [N, K] row-major, biases [M] and [N], and the global mean μ. */
export interface Parameters {
  readonly factors: number;
  readonly userFactors: Float32Array;
  readonly itemFactors: Float32Array;
  readonly userBiases: Float32Array;
  readonly itemBiases: Float32Array;
  readonly globalMean: number;
}

/** r̂ = μ + b_m + b_n + u_m·v_n, summed in float64 from the float32 parameters. Spec §2. */
export function predictRating(parameters: Parameters, user: number, item: number): number {
  const { factors: K, userFactors, itemFactors, userBiases, itemBiases, globalMean } = parameters;
  let sum = globalMean + userBiases[user] + itemBiases[item];
  for (let k = 0; k < K; k++) sum += userFactors[user * K + k] * itemFactors[item * K + k];
  return sum;
}
