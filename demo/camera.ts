// A camera that turns around a point: where it stands, and the matrix that takes points to the screen.

import { mat4, vec3 } from "gl-matrix";

const FIELD_OF_VIEW = Math.PI / 4.5;
const NEAR = 0.02;
const FAR = 60;
const CLOSEST = 0.25;
const FARTHEST = 14;
/** Short of the poles, where up and down would swap. */
const STEEPEST = Math.PI / 2 - 0.05;
const START = { yaw: 0.6, pitch: 0.35, distance: 5.8 } as const;

export class Camera {
  yaw: number = START.yaw;
  pitch: number = START.pitch;
  distance: number = START.distance;
  readonly target = vec3.create();

  /** Turns by angles in radians. */
  turn(yaw: number, pitch: number): void {
    this.yaw += yaw;
    this.pitch = Math.min(STEEPEST, Math.max(-STEEPEST, this.pitch + pitch));
  }

  /** Moves sideways and up, in heights of the view. */
  pan(right: number, up: number): void {
    const view = this.#view();
    const height = 2 * this.distance * Math.tan(FIELD_OF_VIEW / 2);
    // The rows of the view's rotation are the screen's axes.
    for (let axis = 0; axis < 3; axis++) this.target[axis] += height * (right * view[axis * 4] + up * view[axis * 4 + 1]);
  }

  /** @param factor below 1 comes closer. */
  zoom(factor: number): void {
    this.distance = Math.min(FARTHEST, Math.max(CLOSEST, this.distance * factor));
  }

  /** Back to the whole. */
  reset(): void {
    Object.assign(this, START);
    vec3.zero(this.target);
  }

  /** Part of the way towards a point, 0 to 1. */
  approach(target: vec3, distance: number, share: number): void {
    vec3.lerp(this.target, this.target, target, share);
    this.distance += (distance - this.distance) * share;
  }

  /** Clip space of WebGPU: depth from 0 to 1. */
  matrix(aspect: number): mat4 {
    const projection = mat4.perspectiveZO(mat4.create(), FIELD_OF_VIEW, aspect, NEAR, FAR);
    return mat4.multiply(projection, projection, this.#view());
  }

  #view(): mat4 {
    const flat = this.distance * Math.cos(this.pitch);
    const eye = vec3.fromValues(flat * Math.sin(this.yaw), this.distance * Math.sin(this.pitch), flat * Math.cos(this.yaw));
    vec3.add(eye, eye, this.target);
    return mat4.lookAt(mat4.create(), eye, this.target, [0, 1, 0]);
  }
}
