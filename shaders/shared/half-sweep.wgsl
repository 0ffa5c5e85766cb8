// What the half-sweep's kernels are given: settings, tasks, ratings, the rows of both sides.

struct Settings {
  lambda: f32,
  mean: f32,
  // α of implicit feedback.
  confidence: f32,
  // What stands in the place of a residual when rows are summed for their own moments.
  border: f32,
  weighted: u32,
  biases: u32,
  // Counters of the random numbers.
  seed: u32,
  draw: u32,
  // η and ω of a gradient step.
  step: f32,
  momentum: f32,
  // Whether a draw is wanted instead of the mean.
  noisy: u32,
  // Steps of conjugate gradients.
  steps: u32,
  // Prior precisions of factors and bias; 1 where a row has no parameter, so that it solves to 0.
  prior: array<vec4f, BLOCKS>,
}

struct Dispatch {
  first_task: u32,
  task_count: u32,
  // Number of the first row of solved_rows among all rows of its side.
  first_row: u32,
  // Which pass over the ratings of long rows it is.
  phase: u32,
}

// Rows, and the indices of ratings, count from the first row of what is bound.
// Whole rows: the ratings of a row. row_segments: the ratings of a segment, `segment` its place among the partial sums,
// `segments` that of the row's first.
// Long rows: `count` ratings in all, in `segments` segments from `segment` on.
// `weight` is that of a row's ratings together: their number, where they have no weights.
struct Task {
  row: u32,
  first: u32,
  count: u32,
  segment: u32,
  segments: u32,
  weight: f32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> tasks: array<Task>;
@group(0) @binding(2) var<storage, read> rating_index: array<u32>;
@group(0) @binding(3) var<storage, read> rating_value: array<ValueWord>;
@group(0) @binding(4) var<storage, read> fixed_rows: array<FixedWord>;
@group(0) @binding(5) var<storage, read_write> solved_rows: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> first_singular_row: atomic<u32>;
@group(1) @binding(0) var<uniform> dispatch: Dispatch;

// So many turns of a loop, without the compiler's knowing: no dispatch has 2³¹ tasks.
// llvmpipe's compiler would else write out the loop, and take longer the more blocks of instructions there are.
fn turns(count: u32) -> u32 {
  return count + (dispatch.task_count >> 31u);
}

// A block's prior precisions for a row whose ratings weigh so much. A row without any precision and ratings solves to
// 0 too.
fn prior_precisions(block: u32, weight: f32) -> vec4f {
  let given = settings.prior[block] * select(1.0, weight, settings.weighted == 1u);
  return select(given, vec4f(1.0), (given == vec4f()) & vec4<bool>(weight == 0.0 && !BASE));
}

fn prior_precision(block: u32, c: u32, weight: f32) -> f32 {
  return prior_precisions(block, weight)[c];
}
