// The map's points on the GPU: one draw call of instanced quads, whatever their number.

import code from "./shaders/point-cloud.wgsl?raw";
import { FADE, MARKED, type Painter, type Palette, type Points, RADIUS, type View } from "./points.js";

const SAMPLES = 4;
const DEPTH_FORMAT = "depth24plus";
const OFFSCREEN_FORMAT = "rgba8unorm";
const FLOATS_OF_VIEW = 16 + 3 * 4 + 12;
const LARGEST_PALETTE = 16;
const BYTES_A_PIXEL = 4;
/** Rows of a texture are copied to buffers at multiples of so many bytes. */
const ROW_ALIGNMENT = 256;

export class PointCloud implements Painter {
  readonly canvas: HTMLCanvasElement;
  readonly #device: GPUDevice;
  readonly #context: GPUCanvasContext;
  readonly #uniforms: GPUBuffer;
  readonly #pipelines = new Map<GPUTextureFormat, { pipeline: GPURenderPipeline; bindings: GPUBindGroup }>();
  readonly #module: GPUShaderModule;
  #buffers: { places: GPUBuffer; radii: GPUBuffer; colours: GPUBuffer; marks: GPUBuffer } | undefined;
  #targets: { colour: GPUTexture; depth: GPUTexture } | undefined;
  #count = 0;
  #palette: Palette | undefined;
  #destroyed = false;

  /**
   * @param onLost called when the device is lost, which leaves the painter of no use.
   * @returns undefined when there is no WebGPU here.
   */
  static async create(canvas: HTMLCanvasElement, onLost: () => void): Promise<PointCloud | undefined> {
    const gpu = navigator.gpu as GPU | undefined;
    const adapter = await gpu?.requestAdapter();
    if (!adapter) return undefined;
    const device = await adapter.requestDevice({ label: "map" });
    const context = canvas.getContext("webgpu");
    if (!context) return undefined;
    const cloud = new PointCloud(canvas, device, context);
    void device.lost.then(() => {
      if (!cloud.#destroyed) onLost();
    });
    return cloud;
  }

  private constructor(canvas: HTMLCanvasElement, device: GPUDevice, context: GPUCanvasContext) {
    this.canvas = canvas;
    this.#device = device;
    this.#context = context;
    this.#context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat(), alphaMode: "opaque" });
    this.#module = device.createShaderModule({ label: "point-cloud", code });
    const size = (FLOATS_OF_VIEW + LARGEST_PALETTE * 4) * 4;
    this.#uniforms = device.createBuffer({ label: "view", size, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  }

  setPoints({ places, radii, colours }: Points): void {
    this.#destroyBuffers();
    this.#count = radii.length;
    const words = Uint32Array.from(colours);
    this.#buffers = {
      places: this.#upload("places", places),
      radii: this.#upload("radii", radii),
      colours: this.#upload("colours", words),
      marks: this.#upload("marks", new Uint32Array(this.#count)),
    };
  }

  setMarks(marks: Uint8Array): void {
    this.#device.queue.writeBuffer(this.#buffers!.marks, 0, Uint32Array.from(marks));
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
  }

  async draw(view: View): Promise<void> {
    const texture = this.#context.getCurrentTexture();
    const encoder = this.#device.createCommandEncoder({ label: "frame" });
    this.#encode(encoder, texture, view);
    this.#device.queue.submit([encoder.finish()]);
    await this.#device.queue.onSubmittedWorkDone();
  }

  async pixels(view: View): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { width, height } = view;
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
    const texture = this.#device.createTexture({ label: "offscreen", size: [width, height], format: OFFSCREEN_FORMAT, usage });
    const bytesPerRow = Math.ceil((width * BYTES_A_PIXEL) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
    const size = bytesPerRow * height;
    const buffer = this.#device.createBuffer({ label: "pixels", size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = this.#device.createCommandEncoder({ label: "offscreen frame" });
    this.#encode(encoder, texture, view);
    encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
    this.#device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const padded = new Uint8Array(buffer.getMappedRange());
    const pixels = new Uint8ClampedArray(width * height * BYTES_A_PIXEL);
    for (let row = 0; row < height; row++) {
      pixels.set(padded.subarray(row * bytesPerRow, row * bytesPerRow + width * BYTES_A_PIXEL), row * width * BYTES_A_PIXEL);
    }
    buffer.destroy();
    texture.destroy();
    return pixels;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#device.destroy();
  }

  #encode(encoder: GPUCommandEncoder, texture: GPUTexture, view: View): void {
    this.#writeView(view);
    const { colour, depth } = this.#targetsFor(texture);
    const [red, green, blue] = this.#palette!.background;
    const pass = encoder.beginRenderPass({
      label: "points",
      colorAttachments: [
        {
          view: colour.createView(),
          resolveTarget: texture.createView(),
          clearValue: [red, green, blue, 1],
          loadOp: "clear",
          storeOp: "discard",
        },
      ],
      depthStencilAttachment: { view: depth.createView(), depthClearValue: 1, depthLoadOp: "clear", depthStoreOp: "discard" },
    });
    if (this.#buffers && this.#count > 0) {
      const { pipeline, bindings } = this.#pipelineFor(texture.format);
      const { places, radii, colours, marks } = this.#buffers;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      [places, radii, colours, marks].forEach((buffer, slot) => pass.setVertexBuffer(slot, buffer));
      pass.draw(4, this.#count);
    }
    pass.end();
  }

  #writeView({ matrix, distance, width, height }: View): void {
    const { points, background, ring, ratedRing } = this.#palette!;
    const values = new Float32Array(FLOATS_OF_VIEW + LARGEST_PALETTE * 4);
    values.set(matrix, 0);
    values.set(background, 16);
    values.set(ring, 20);
    values.set(ratedRing, 24);
    // Entry (1, 1) of a projection is 1 / tan(½ field of view); rotations leave the length of its row.
    const scale = (Math.hypot(matrix[1], matrix[5], matrix[9]) * height) / 2;
    values.set([width, height, scale, distance, RADIUS.least, RADIUS.most * height, MARKED.times, MARKED.least, FADE.far, FADE.dimmed], 28);
    points.forEach((rgb, at) => values.set(rgb, FLOATS_OF_VIEW + at * 4));
    this.#device.queue.writeBuffer(this.#uniforms, 0, values);
  }

  #targetsFor({ width, height, format }: GPUTexture): { colour: GPUTexture; depth: GPUTexture } {
    const { colour } = this.#targets ?? {};
    if (colour?.width !== width || colour.height !== height || colour.format !== format) {
      this.#targets?.colour.destroy();
      this.#targets?.depth.destroy();
      const settings = { size: [width, height], sampleCount: SAMPLES, usage: GPUTextureUsage.RENDER_ATTACHMENT };
      this.#targets = {
        colour: this.#device.createTexture({ label: "samples", format, ...settings }),
        depth: this.#device.createTexture({ label: "depth", format: DEPTH_FORMAT, ...settings }),
      };
    }
    return this.#targets!;
  }

  #pipelineFor(format: GPUTextureFormat): { pipeline: GPURenderPipeline; bindings: GPUBindGroup } {
    const known = this.#pipelines.get(format);
    if (known) return known;
    const instance = (shaderLocation: number, format: GPUVertexFormat, arrayStride: number): GPUVertexBufferLayout => ({
      arrayStride,
      stepMode: "instance",
      attributes: [{ shaderLocation, format, offset: 0 }],
    });
    const pipeline = this.#device.createRenderPipeline({
      label: `points on ${format}`,
      layout: "auto",
      vertex: {
        module: this.#module,
        buffers: [instance(0, "float32x3", 12), instance(1, "float32", 4), instance(2, "uint32", 4), instance(3, "uint32", 4)],
      },
      fragment: { module: this.#module, targets: [{ format }] },
      primitive: { topology: "triangle-strip" },
      depthStencil: { format: DEPTH_FORMAT, depthWriteEnabled: true, depthCompare: "less" },
      multisample: { count: SAMPLES, alphaToCoverageEnabled: true },
    });
    const layout = pipeline.getBindGroupLayout(0);
    const bindings = this.#device.createBindGroup({
      label: "view",
      layout,
      entries: [{ binding: 0, resource: { buffer: this.#uniforms } }],
    });
    const made = { pipeline, bindings };
    this.#pipelines.set(format, made);
    return made;
  }

  #upload(label: string, values: Float32Array | Uint32Array): GPUBuffer {
    const usage = GPUBufferUsage.VERTEX | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer({ label, size: Math.max(4, values.byteLength), usage });
    this.#device.queue.writeBuffer(buffer, 0, values as GPUAllowSharedBufferSource);
    return buffer;
  }

  #destroyBuffers(): void {
    if (this.#buffers) for (const buffer of Object.values(this.#buffers)) buffer.destroy();
    this.#buffers = undefined;
  }
}
