// Rows of a side for their own moments: x̃ = (x, b, …, border), so that Σ x̃ x̃ᵀ holds Σ x xᵀ and,
// with a border of 1, Σ x.

fn stage_block(task: Task, at: u32, block: u32, to: u32) {
  let given = at < task.count;
  let row = (task.first + select(0u, at, given)) * STRIDE;
  var x = fixed_rows[row + block];
  if (block == RHS_BLOCK) { x[RHS_AT] = settings.border; }
  memory[to] = select(vec4f(), x, given);
}
