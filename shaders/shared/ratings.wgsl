// Ratings by their columns, and the rows that they are measured against:
// the inputs of every kernel that sums over ratings.

@group(0) @binding(1) var<storage, read> rating_user: array<u32>;
@group(0) @binding(2) var<storage, read> rating_item: array<u32>;
@group(0) @binding(3) var<storage, read> rating_value: array<ValueWord>;
@group(0) @binding(4) var<storage, read> user_rows: array<vec4f>;
@group(0) @binding(5) var<storage, read> item_rows: array<vec4f>;
// First rating of each workgroup's block, and the end (src/engine/blocks.ts).
@group(0) @binding(6) var<storage, read> block_start: array<u32>;
