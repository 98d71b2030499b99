// The outline of a mask as a path along the sides of its pixels.
import type { Plane } from "./mask.ts";
import { boxOf } from "./mask.ts";

/** Straight pieces of the outline in pixels; a pixel's centre is a whole number, its sides lie at halves. */
export function outline(plane: Plane, piece: (x0: number, y0: number, x1: number, y1: number) => void): void {
  const box = boxOf(plane);
  if (box === null) return;
  const { width, height, data } = plane;
  const inside = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
  for (let y = box.top; y <= box.bottom; y++) {
    runs(box.left, box.right, (x) => inside(x, y - 1) !== inside(x, y), (a, b) => piece(a - 0.5, y - 0.5, b - 0.5, y - 0.5));
  }
  for (let x = box.left; x <= box.right; x++) {
    runs(box.top, box.bottom, (y) => inside(x - 1, y) !== inside(x, y), (a, b) => piece(x - 0.5, a - 0.5, x - 0.5, b - 0.5));
  }
}

function runs(from: number, to: number, on: (at: number) => boolean, run: (from: number, to: number) => void): void {
  let start = -1;
  for (let at = from; at <= to; at++) {
    const here = at < to && on(at);
    if (here && start < 0) start = at;
    if (!here && start >= 0) {
      run(start, at);
      start = -1;
    }
  }
}
