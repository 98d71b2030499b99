// How a raw frame lies to a slice: from its pixels to those of the slice and back, and how far it is away from it.
import type { NearFrame } from "../api.ts";
import type { Point } from "../draw/shapes.ts";

/** What is drawn on a frame counts on the slice up to here: about what an ultrasound image is thick. */
export const CLOSE_MM = 1.5;

export class FramePlace {
  constructor(
    readonly near: NearFrame,
    private readonly z: number,
    private readonly sliceMm: number,
  ) {}

  toSlice({ x: u, y: v }: Point): Point {
    const [x, y] = [0, 1].map((axis) => this.along(axis, u, v));
    return { x: x!, y: y! };
  }

  toFrame({ x, y }: Point): Point {
    const [[a, b, c], [d, e, f]] = this.near.toIndex as [[number, number, number], [number, number, number]];
    const det = a * e - b * d;
    return { x: (e * (x - c) - b * (y - f)) / det, y: (a * (y - f) - d * (x - c)) / det };
  }

  /** Millimetres from the slice, signed. */
  away({ x: u, y: v }: Point): number {
    return (this.along(2, u, v) - this.z) * this.sliceMm;
  }

  close(point: Point): boolean {
    return Math.abs(this.away(point)) <= CLOSE_MM;
  }

  holds({ x, y }: Point): boolean {
    return x >= -0.5 && y >= -0.5 && x <= this.near.size[0] - 0.5 && y <= this.near.size[1] - 0.5;
  }

  /** The parts of the frame that are too far away to draw on, as corners in pixels of the frame. */
  far(): Point[][] {
    const [w, h] = this.near.size;
    const frame = [{ x: -0.5, y: -0.5 }, { x: w - 0.5, y: -0.5 }, { x: w - 0.5, y: h - 0.5 }, { x: -0.5, y: h - 0.5 }];
    return [1, -1].map((side) => cut(frame, (point) => side * this.away(point) - CLOSE_MM)).filter((part) => part.length > 2);
  }

  private along(axis: number, u: number, v: number): number {
    const row = this.near.toIndex[axis]!;
    return row[0] * u + row[1] * v + row[2];
  }
}

/** The part of a polygon where a linear function is above 0. */
function cut(polygon: Point[], above: (point: Point) => number): Point[] {
  const found: Point[] = [];
  polygon.forEach((point, at) => {
    const next = polygon[(at + 1) % polygon.length]!;
    const [a, b] = [above(point), above(next)];
    if (a > 0) found.push(point);
    if (a > 0 !== b > 0) found.push({ x: point.x + ((next.x - point.x) * a) / (a - b), y: point.y + ((next.y - point.y) * a) / (a - b) });
  });
  return found;
}
