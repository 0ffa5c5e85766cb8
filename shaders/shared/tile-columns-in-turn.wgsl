// A tile in workgroup memory, whose columns lie `apart` places from one another: column by column, because llvmpipe makes
// a hundred blocks of instructions of every access that a kernel's text has.

fn load_tile(at: u32, apart: u32) -> mat4x4f {
  var value: mat4x4f;
  for (var c = 0u; c < turns(4u); c++) { value[c] = memory[at + c * apart]; }
  return value;
}

fn store_tile(at: u32, apart: u32, value: mat4x4f) {
  for (var c = 0u; c < turns(4u); c++) { memory[at + c * apart] = value[c]; }
}
