// Implicit feedback: ỹ = (√(c − 1) y, …, c p / √(c − 1)), so that ỹ ỹᵀ holds (c − 1) y yᵀ and c p y, with confidence
// c = 1 + α|r| and preference p = 1 where r > 0, else 0. Where c is 1 the root is a power of two so small that its
// square adds nothing, and by which nothing is rounded.

const SMALLEST_ROOT = 2.3283064365386963e-10;

fn stage_block(task: Task, at: u32, block: u32, to: u32) {
  let given = at < task.count;
  let rating = task.first + select(0u, at, given);
  let other = rating_index[rating] * STRIDE;
  let value = value_at(rating);
  let excess = settings.confidence * abs(value);
  let root = max(sqrt(excess), SMALLEST_ROOT);
  var y = root * fixed_rows[other + block];
  if (block == RHS_BLOCK) { y[RHS_AT] = select(0.0, (1.0 + excess) / root, value > 0.0); }
  memory[to] = select(vec4f(), y, given);
}
