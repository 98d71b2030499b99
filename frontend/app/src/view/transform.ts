// From pixels of a slice to places on the screen and back. A pixel's centre is a whole number.
import type { Point } from "../draw/shapes.ts";

export interface Transform {
  scaleX: number;
  scaleY: number;
  left: number;
  top: number;
}

/** The slice as large as fits, then enlarged and moved; sides in the ratio of its millimetres. */
export function fitted(
  screen: { width: number; height: number },
  slice: { width: number; height: number; mmX: number; mmY: number },
  zoom = 1,
  pan: Point = { x: 0, y: 0 },
  margin = 0,
): Transform {
  const [width, height] = [slice.width * slice.mmX, slice.height * slice.mmY];
  const perMm = zoom * Math.min((screen.width - 2 * margin) / width, (screen.height - 2 * margin) / height);
  const [scaleX, scaleY] = [perMm * slice.mmX, perMm * slice.mmY];
  return {
    scaleX,
    scaleY,
    left: (screen.width - slice.width * scaleX) / 2 + pan.x,
    top: (screen.height - slice.height * scaleY) / 2 + pan.y,
  };
}

export function toScreen(at: Transform, { x, y }: Point): Point {
  return { x: at.left + (x + 0.5) * at.scaleX, y: at.top + (y + 0.5) * at.scaleY };
}

export function toSlice(at: Transform, { x, y }: Point): Point {
  return { x: (x - at.left) / at.scaleX - 0.5, y: (y - at.top) / at.scaleY - 0.5 };
}
