// Implicit feedback: ỹ = (√(c − 1) y, …, c / √(c − 1)), so that ỹ ỹᵀ holds (c − 1) y yᵀ and c y, with confidence c = 1 + α r. Where c is 1 the
// root is a power of two so small that its square adds nothing, and by which nothing is rounded.

const SMALLEST_ROOT = 2.3283064365386963e-10;

fn stage_block(task: Task, at: u32, block: u32, to: u32) {
  let given = at < task.count;
  let rating = task.first + select(0u, at, given);
  let other = rating_index[rating] * STRIDE;
  let excess = settings.confidence * value_at(rating);
  let root = max(sqrt(excess), SMALLEST_ROOT);
  var y = root * fixed_rows[other + block];
  if (block == RHS_BLOCK) { y[RHS_AT] = (1.0 + excess) / root; }
  memory[to] = select(vec4f(), y, given);
}
