// Adds the outer products of a task's ratings to the tiles, each lane to its own, from vectors in workgroup memory.

const TRIPS = (STAGE * BLOCKS + TEAM - 1u) / TEAM;
// Loads that a lane has under way at once: their rows first, then their blocks.
const BATCH = min(TRIPS, 4u);
const BATCHES = (TRIPS + BATCH - 1u) / BATCH;

// Staged ratings: nested, so that what an index may be is checked outside the loops; block b at [b % PATCH][b / PATCH],
// so that neighbouring lanes read neighbouring words.
var<workgroup> staged: array<array<array<array<vec4f, PATCH_ROWS>, PATCH>, STAGE>, TEAMS>;

// Neighbouring lanes take neighbouring blocks. Beyond the task's last rating come zeros, which add nothing.
fn stage_ratings(at: Place, team: u32, stage: u32) {
  for (var batch = 0u; batch < BATCHES; batch++) {
    var ratings: array<u32, BATCH>;
    var rows: array<u32, BATCH>;
    var blocks: array<vec4f, BATCH>;
    for (var i = 0u; i < BATCH; i++) {
      let number = stage * STAGE + (at.lane + (batch * BATCH + i) * TEAM) / BLOCKS;
      ratings[i] = at.task.first + select(0u, number, number < at.task.count);
      rows[i] = row_of(ratings[i]);
    }
    for (var i = 0u; i < BATCH; i++) {
      blocks[i] = block_of(ratings[i], rows[i], (at.lane + (batch * BATCH + i) * TEAM) % BLOCKS);
    }
    for (var i = 0u; i < BATCH; i++) {
      let part = at.lane + (batch * BATCH + i) * TEAM;
      if (part < STAGE * BLOCKS) {
        let given = stage * STAGE + part / BLOCKS < at.task.count;
        staged[team][part / BLOCKS][part % BLOCKS % PATCH][part % BLOCKS / PATCH] = select(vec4f(), blocks[i], given);
      }
    }
  }
}

// Two ratings at a time, so that each accumulator is fetched once for both where registers are few.
fn add_pair(team: u32, first: u32) {
  for (var n = 0u; n < PATCHES; n++) {
    var y: array<vec4f, PATCH>;
    var v: array<vec4f, PATCH>;
    for (var i = 0u; i < PATCH; i++) {
      y[i] = staged[team][first][i][patch_row[n]];
      v[i] = staged[team][first + 1u][i][patch_row[n]];
    }
    for (var j = 0u; j < PATCH; j++) {
      let z = staged[team][first][j][patch_column[n]];
      let w = staged[team][first + 1u][j][patch_column[n]];
      for (var i = 0u; i < PATCH; i++) {
        let s = n * PATCH * PATCH + i * PATCH + j;
        tile[s][0] = fma(y[i], vec4f(z.x), fma(v[i], vec4f(w.x), tile[s][0]));
        tile[s][1] = fma(y[i], vec4f(z.y), fma(v[i], vec4f(w.y), tile[s][1]));
        tile[s][2] = fma(y[i], vec4f(z.z), fma(v[i], vec4f(w.z), tile[s][2]));
        tile[s][3] = fma(y[i], vec4f(z.w), fma(v[i], vec4f(w.w), tile[s][3]));
      }
    }
  }
}

fn gather(at: Place, stages: u32) {
  let team = at.base / SLICE;
  for (var stage = 0u; stage < stages; stage++) {
    stage_ratings(at, team, stage);
    workgroupBarrier();
    for (var rating = 0u; rating < STAGE; rating += 2u) { add_pair(team, rating); }
    workgroupBarrier();
  }
}
