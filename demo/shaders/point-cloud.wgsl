// Points as discs that face the camera: one instance per point, a strip of four vertices each. Depth is tested, so no
// order is needed; the edges are softened by coverage (four samples per pixel). Farther points fade into the
// background; marked ones get a ring.

const MARK_DIMMED = 1u;
const MARK_RINGED = 2u;
const MARK_RATED = 3u;
const MARK_CHOSEN = 4u;
const MARKED_DEPTH = 0.01;
const LARGEST_PALETTE = 16;
/** Of its radius, where the ring of a marked point begins. */
const RING = 0.68;

struct View {
  matrix: mat4x4f,
  background: vec4f,
  ring: vec4f,
  rated_ring: vec4f,
  // Width and height, pixels; pixels a map unit at depth 1; distance from the eye to what it looks at.
  width: f32,
  height: f32,
  scale: f32,
  distance: f32,
  smallest_radius: f32,
  largest_radius: f32,
  marked_times: f32,
  marked_least: f32,
  fade_far: f32,
  fade_dimmed: f32,
  palette: array<vec4f, LARGEST_PALETTE>,
}

@group(0) @binding(0) var<uniform> view: View;

struct Corner {
  @builtin(position) place: vec4f,
  // From the centre, radius 1 at the edge.
  @location(0) across: vec2f,
  @location(1) @interpolate(flat) colour: vec3f,
  @location(2) @interpolate(flat) radius: f32,
  @location(3) @interpolate(flat) mark: u32,
}

@vertex
fn corner(
  @builtin(vertex_index) vertex: u32,
  @location(0) place: vec3f,
  @location(1) radius: f32,
  @location(2) colour: u32,
  @location(3) mark: u32,
) -> Corner {
  let clip = view.matrix * vec4f(place, 1);
  let depth = max(clip.w, 1e-3);
  var pixels = max(min(radius * view.scale / depth, view.largest_radius), view.smallest_radius);
  if (mark >= MARK_RINGED) { pixels = max(pixels * view.marked_times, view.marked_least); }
  if (mark == MARK_CHOSEN) { pixels *= 1.5; }
  let across = vec2f(f32(vertex & 1u), f32(vertex >> 1u)) * 2 - 1;
  // A pixel more, for the soft edge.
  let offset = across * (pixels + 1) * 2 / vec2f(view.width, view.height) * clip.w;

  var out: Corner;
  // Marked points stand before all others, the chosen one before them.
  out.place = vec4f(clip.xy + offset, select(select(clip.z, clip.z * MARKED_DEPTH, mark >= MARK_RINGED), 0, mark == MARK_CHOSEN), clip.w);
  out.across = across * (pixels + 1) / pixels;
  let fade = clamp((depth / view.distance - 0.6) / 1.1, 0, 1) * view.fade_far;
  let lost = select(select(fade, 0, mark >= MARK_RINGED), view.fade_dimmed, mark == MARK_DIMMED);
  out.colour = mix(view.palette[colour].rgb, view.background.rgb, lost);
  out.radius = pixels;
  out.mark = mark;
  return out;
}

@fragment
fn disc(in: Corner) -> @location(0) vec4f {
  let far = length(in.across);
  let coverage = clamp((1 - far) * in.radius + 0.5, 0, 1);
  if (coverage <= 0) { discard; }
  // A little light from above makes balls of the larger discs.
  let light = 1 + 0.14 * clamp(in.radius / 8, 0, 1) * (in.across.y * 0.8 - far * far * 0.5);
  let ring = select(0.0, clamp((far - RING) * in.radius + 0.5, 0, 1), in.mark >= MARK_RINGED);
  let ring_colour = select(view.ring.rgb, view.rated_ring.rgb, in.mark == MARK_RATED);
  return vec4f(mix(in.colour * light, ring_colour, ring), coverage);
}
