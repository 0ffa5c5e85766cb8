// Subgroups with a task each, one to a workgroup. Workgroups come in two dimensions.

fn task_at(group: vec3u, groups: vec3u) -> u32 {
  return dispatch.first_task + group.y * groups.x + group.x;
}

fn is_task(at: u32) -> bool {
  return at - dispatch.first_task < dispatch.task_count;
}
