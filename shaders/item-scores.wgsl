// Scores of a batch of users for a run of items, u·v + α b: a matrix product by register tiles.
//
// A workgroup makes TILE_USERS × TILE_ITEMS scores, a lane per patch of them, which stays in registers: every PATCH-th
// user and item, so that neighbouring lanes read neighbouring vec4s. DEPTH vec4s of each of the tile's rows are staged
// in workgroup memory at a time; two barriers per stage. Factors lie by columns, vec4 d of all rows after one another,
// padded to whole tiles and whole stages: no bounds to check.
//
// The loops over a patch are written out by src/engine/webgpu/ranking/ranking-plan.ts,
// for registers want constant indices: `start_scores`, `add_products`, `write_scores`.
//
// Launch: a workgroup per tile, items by users. Workgroup memory: DEPTH · (TILE_USERS + TILE_ITEMS) vec4s.
// Twin: src/recommend/score.ts.

struct Settings {
  // Rows of the batch and of the run, padded to whole tiles.
  users: u32,
  items: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> user_columns: array<vec4f>;
@group(0) @binding(2) var<storage, read> item_columns: array<vec4f>;
// α b, and the mark of places that are not to be listed where there is no item.
@group(0) @binding(3) var<storage, read> item_offsets: array<f32>;
// [users, items]
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;

var<workgroup> staged_users: array<vec4f, DEPTH * TILE_USERS>;
var<workgroup> staged_items: array<vec4f, DEPTH * TILE_ITEMS>;

@compute @workgroup_size(LANES_ITEMS, LANES_USERS)
fn score_items(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_user = group.y * TILE_USERS;
  let first_item = group.x * TILE_ITEMS;
  start_scores(first_item + id.x);
  for (var stage = 0u; stage < STAGES; stage++) {
    for (var at = lane; at < DEPTH * TILE_USERS; at += LANES) {
      staged_users[at] = user_columns[(stage * DEPTH + at / TILE_USERS) * settings.users + first_user + at % TILE_USERS];
    }
    for (var at = lane; at < DEPTH * TILE_ITEMS; at += LANES) {
      staged_items[at] = item_columns[(stage * DEPTH + at / TILE_ITEMS) * settings.items + first_item + at % TILE_ITEMS];
    }
    workgroupBarrier();
    add_products(id.y, id.x);
    workgroupBarrier();
  }
  write_scores(first_user + id.y, first_item + id.x);
}
