// Adds the outer products of a task's ratings to the tiles, each lane to its own, from vectors in workgroup memory.

fn gather(at: Place, stages: u32) {
  for (var stage = 0u; stage < stages; stage++) {
    // Neighbouring lanes take neighbouring blocks.
    for (var part = at.lane; part < STAGE * BLOCKS; part += TEAM) {
      stage_block(at.task, stage * STAGE + part / BLOCKS, part % BLOCKS, at.base + part);
    }
    workgroupBarrier();
    for (var rating = 0u; rating < STAGE; rating += 2u) {
      add_outer_products(at.base + rating * BLOCKS, at.base + (rating + 1u) * BLOCKS);
    }
    workgroupBarrier();
  }
}
