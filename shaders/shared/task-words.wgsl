// A task by its words, for llvmpipe, where each access takes long to compile. Loops are bounded by words that are loaded
// as they are, since it must be seen that all lanes have the same; of the others each lane loads one.

// Within an if, every store of a variable is a choice there: what is no task is not left out.
const LEAVES_OUT = false;

@group(0) @binding(1) var<storage, read> task_words: array<u32>;

const TASK_WORDS = 6u;

fn count_of(at: u32) -> u32 { return task_words[TASK_WORDS * at + 2u]; }
fn segments_of(at: u32) -> u32 { return task_words[TASK_WORDS * at + 4u]; }

// A lane's word of row, first, segment and weight.
fn words_of(at: u32, lane: u32) -> u32 { return task_words[TASK_WORDS * at + max(2u * (lane % 4u), 1u) - 1u]; }
fn row_in(words: u32) -> u32 { return subgroupShuffle(words, 0u); }
fn first_in(words: u32) -> u32 { return subgroupShuffle(words, 1u); }
fn segment_in(words: u32) -> u32 { return subgroupShuffle(words, 2u); }
fn weight_in(words: u32) -> f32 { return bitcast<f32>(subgroupShuffle(words, 3u)); }
