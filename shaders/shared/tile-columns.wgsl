// A tile in workgroup memory, whose columns lie `apart` places from one another.

fn load_tile(at: u32, apart: u32) -> mat4x4f {
  return mat4x4f(memory[at], memory[at + apart], memory[at + 2u * apart], memory[at + 3u * apart]);
}

fn store_tile(at: u32, apart: u32, value: mat4x4f) {
  memory[at] = value[0];
  memory[at + apart] = value[1];
  memory[at + 2u * apart] = value[2];
  memory[at + 3u * apart] = value[3];
}
