// Teams of TEAM lanes, TEAMS to a workgroup, a task each. Workgroups come in two dimensions.
// The host puts TEAM, TEAMS, STAGE, the ratings that a team takes at a time,
// and SLICE, the places of workgroup memory that are its own, before this text.

struct Place {
  // The team's first place in workgroup memory.
  base: u32,
  lane: u32,
  task: Task,
  has_task: bool,
}

fn first_task(group: vec3u, groups: vec3u) -> u32 {
  return (group.y * groups.x + group.x) * TEAMS;
}

fn place(first: u32, local: u32) -> Place {
  let team = local / TEAM;
  var at: Place;
  at.base = team * SLICE;
  at.lane = local % TEAM;
  at.has_task = first + team < dispatch.task_count;
  if (at.has_task) { at.task = tasks[dispatch.first_task + first + team]; }
  return at;
}

// Stages of the workgroup's longest row. Tasks come longest first, so it is the first one's:
// uniform, as the barriers demand.
fn stages_of(first: u32) -> u32 {
  if (first >= dispatch.task_count) { return 0u; }
  return (tasks[dispatch.first_task + first].count + STAGE - 1u) / STAGE;
}
