// What a hand draws: discs along a stroke, and the inside of a closed line. Positions are in pixels, x to the right.
import type { Plane } from "./mask.ts";

export interface Point {
  x: number;
  y: number;
}

/** Set the pixels whose centres lie within a stroke: an ellipse of two radii (pixels need not be square) moved along a line. */
export function stroke(plane: Plane, from: Point, to: Point, radiusX: number, radiusY: number, value: 0 | 1): void {
  const [rx, ry] = [Math.max(radiusX, 0.5), Math.max(radiusY, 0.5)];
  const [ax, ay] = [from.x / rx, from.y / ry];
  const [dx, dy] = [to.x / rx - ax, to.y / ry - ay];
  const length2 = dx * dx + dy * dy;
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - ry));
  const bottom = Math.min(plane.height - 1, Math.ceil(Math.max(from.y, to.y) + ry));
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - rx));
  const right = Math.min(plane.width - 1, Math.ceil(Math.max(from.x, to.x) + rx));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const [px, py] = [x / rx - ax, y / ry - ay];
      const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
      const [ex, ey] = [px - along * dx, py - along * dy];
      if (ex * ex + ey * ey <= 1) plane.data[y * plane.width + x] = value;
    }
  }
}

/** Set the pixels whose centres lie inside a closed line (even-odd), and those under the line itself. */
export function polygon(plane: Plane, points: readonly Point[], value: 0 | 1): void {
  if (points.length < 3) return;
  for (let y = 0; y < plane.height; y++) {
    const crossings: number[] = [];
    points.forEach((a, at) => {
      const b = points[(at + 1) % points.length]!;
      if (a.y <= y === b.y <= y) return;
      crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
    });
    crossings.sort((a, b) => a - b);
    for (let at = 0; at + 1 < crossings.length; at += 2) {
      const first = Math.max(0, Math.ceil(crossings[at]!));
      const last = Math.min(plane.width - 1, Math.floor(crossings[at + 1]!));
      if (last >= first) plane.data.fill(value, y * plane.width + first, y * plane.width + last + 1);
    }
  }
}

/** Pixels reached from one over pixels of the same value by its four neighbours; null where the slice's side is reached. */
function enclosed(plane: Plane, start: number, seen: Uint8Array): number[] | null {
  const { width, height, data } = plane;
  const wanted = data[start];
  const found = [start];
  seen[start] = 1;
  let open = false;
  for (let at = 0; at < found.length; at++) {
    const here = found[at]!;
    const [x, y] = [here % width, Math.floor(here / width)];
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) open = true;
    for (const next of [x > 0 ? here - 1 : -1, x < width - 1 ? here + 1 : -1, here - width, here + width]) {
      if (next < 0 || next >= data.length || seen[next] === 1 || data[next] !== wanted) continue;
      seen[next] = 1;
      found.push(next);
    }
  }
  return open ? null : found;
}

/** Fill the hole that a pixel lies in; false where that is no hole, and nothing is done. */
export function fillAt(plane: Plane, { x, y }: Point): boolean {
  const start = Math.round(y) * plane.width + Math.round(x);
  if (plane.data[start] !== 0) return false;
  const found = enclosed(plane, start, new Uint8Array(plane.data.length));
  found?.forEach((at) => (plane.data[at] = 1));
  return found !== null;
}

/** Fill every hole; says how many pixels were filled. */
export function fillHoles(plane: Plane): number {
  const seen = new Uint8Array(plane.data.length);
  const filled: number[] = [];
  plane.data.forEach((value, at) => {
    if (value === 0 && seen[at] === 0) filled.push(...(enclosed(plane, at, seen) ?? []));
  });
  filled.forEach((at) => (plane.data[at] = 1));
  return filled.length;
}
