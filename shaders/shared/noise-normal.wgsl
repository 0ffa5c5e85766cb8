// The solution is a draw: with A = L Lᵀ and y = L⁻¹ b, x = L⁻ᵀ (y + z) is normal with mean A⁻¹ b and covariance A⁻¹.

fn noise(block: u32) -> vec4f {
  let z = counter_normals(vec4u(dispatch.first_row + current_row, block, settings.draw, settings.seed));
  return select(vec4f(), z, (4u * block + vec4u(0u, 1u, 2u, 3u) <= vec4u(K)) & vec4<bool>(settings.noisy == 1u));
}
