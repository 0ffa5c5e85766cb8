// A task by its fields: on SwiftShader rows of few factors take less time than by task-words.wgsl.

const LEAVES_OUT = true;

fn count_of(at: u32) -> u32 { return tasks[at].count; }
fn segments_of(at: u32) -> u32 { return tasks[at].segments; }

// The task itself stands for its words.
fn words_of(at: u32, lane: u32) -> u32 { return at; }
fn row_in(at: u32) -> u32 { return tasks[at].row; }
fn first_in(at: u32) -> u32 { return tasks[at].first; }
fn segment_in(at: u32) -> u32 { return tasks[at].segment; }
fn weight_in(at: u32) -> f32 { return tasks[at].weight; }
