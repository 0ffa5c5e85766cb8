// Ratings as they are: ỹ = (y, 1, …, e) with e = r − μ − b.

// Writes a block of ỹ of one rating to workgroup memory; beyond the task's last rating, zeros, which add nothing.
fn stage_block(task: Task, at: u32, block: u32, to: u32) {
  let given = at < task.count;
  let rating = task.first + select(0u, at, given);
  let other = rating_index[rating] * FIXED_STRIDE;
  var y = fixed_block(other + block);
  if (block == RHS_BLOCK) { y[RHS_AT] = value_at(rating) - settings.mean - fixed_bias(other); }
  if (block == BIAS_BLOCK) { y[BIAS_AT] = f32(settings.biases); }
  memory[to] = select(vec4f(), y, given);
}
