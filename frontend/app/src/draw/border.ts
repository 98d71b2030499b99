// A border that follows the pointer: near it alone, or all around.
import { signedDistance } from "./between.ts";
import type { Plane } from "./mask.ts";
import type { Point } from "./shapes.ts";

/** A border in the hand. Distances are in pixels, positive inside. */
export class HeldBorder {
  private readonly field: Float64Array;
  private readonly start: number;

  constructor(
    private readonly plane: Plane,
    from: Point,
    /** How far along the border the hand reaches. */
    private readonly reach: number,
    /** Whether all of the border moves. */
    private readonly whole: boolean,
  ) {
    // Distances run from centre to centre, and the border lies between two centres.
    this.field = signedDistance(plane).map((value) => value - 0.5 * Math.sign(value));
    this.start = this.at(from);
  }

  /** The mask once the border was moved as far as the pointer went across it. */
  movedTo(point: Point): Plane {
    const { width, height } = this.plane;
    const by = this.at(point) - this.start;
    // A bulge is at least as wide as it is high, so that it stays in one piece with the muscle.
    const reach = Math.max(this.reach, Math.abs(by), Math.abs(this.at(point)));
    const data = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const share = this.whole ? 1 : Math.exp(-((x - point.x) ** 2 + (y - point.y) ** 2) / (2 * reach * reach));
        if (this.field[at]! > by * share) data[at] = 1;
      }
    }
    return { width, height, data };
  }

  /** Whether a mask is the one that was taken hold of. */
  as(mask: Plane): boolean {
    return mask.data.every((value, at) => value === this.plane.data[at]);
  }

  private at({ x, y }: Point): number {
    const { width, height } = this.plane;
    const [u, v] = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
    const [x0, y0] = [Math.min(width - 2, Math.floor(u)), Math.min(height - 2, Math.floor(v))];
    const [a, b] = [u - x0, v - y0];
    const value = (i: number, j: number): number => this.field[(y0 + j) * width + x0 + i]!;
    return (1 - b) * ((1 - a) * value(0, 0) + a * value(1, 0)) + b * ((1 - a) * value(0, 1) + a * value(1, 1));
  }
}
