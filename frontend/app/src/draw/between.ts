// A mask between two masks: their signed distances, each moved to the centre in between, mixed by where the slice lies.
import type { Plane } from "./mask.ts";
import { blank, boxOf } from "./mask.ts";

const FAR = 1e9;

/** Squared distance of each pixel to the nearest pixel of a value, along one line (lower envelope of parabolas). */
function line(f: Float64Array, length: number, place: Int32Array, bound: Float64Array, out: Float64Array): void {
  let k = 0;
  place[0] = 0;
  bound[0] = -FAR;
  bound[1] = FAR;
  for (let q = 1; q < length; q++) {
    let s = 0;
    do {
      const p = place[k]!;
      s = (f[q]! + q * q - (f[p]! + p * p)) / (2 * q - 2 * p);
    } while (s <= bound[k]! && --k >= 0);
    k++;
    place[k] = q;
    bound[k] = s;
    bound[k + 1] = FAR;
  }
  k = 0;
  for (let q = 0; q < length; q++) {
    while (bound[k + 1]! < q) k++;
    const p = place[k]!;
    out[q] = (q - p) * (q - p) + f[p]!;
  }
}

function squaredDistance(width: number, height: number, on: (at: number) => boolean): Float64Array {
  const found = new Float64Array(width * height);
  const longest = Math.max(width, height);
  const [f, out, bound] = [new Float64Array(longest), new Float64Array(longest), new Float64Array(longest + 1)];
  const place = new Int32Array(longest);
  for (let at = 0; at < found.length; at++) found[at] = on(at) ? 0 : FAR;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) f[y] = found[y * width + x]!;
    line(f, height, place, bound, out);
    for (let y = 0; y < height; y++) found[y * width + x] = out[y]!;
  }
  for (let y = 0; y < height; y++) {
    f.set(found.subarray(y * width, (y + 1) * width));
    line(f, width, place, bound, out);
    found.set(out.subarray(0, width), y * width);
  }
  return found;
}

/** Distance to the border in pixels, positive inside. */
export function signedDistance({ width, height, data }: Plane): Float64Array {
  const outside = squaredDistance(width, height, (at) => data[at] === 1);
  const inside = squaredDistance(width, height, (at) => data[at] === 0);
  return Float64Array.from(outside, (value, at) => Math.sqrt(inside[at]!) - Math.sqrt(value));
}

function centre(plane: Plane): [number, number] {
  let [sx, sy, n] = [0, 0, 0];
  plane.data.forEach((value, at) => {
    if (value === 0) return;
    sx += at % plane.width;
    sy += Math.floor(at / plane.width);
    n++;
  });
  return [sx / n, sy / n];
}

/** A mask moved by whole pixels so that its centre comes as near as it can to a place. */
export function movedTo(plane: Plane, [x, y]: readonly [number, number]): Plane {
  const { width, height, data } = plane;
  if (boxOf(plane) === null) return plane;
  const [cx, cy] = centre(plane);
  const [dx, dy] = [Math.round(x - cx), Math.round(y - cy)];
  const found = blank(width, height);
  for (let v = Math.max(0, dy); v < Math.min(height, height + dy); v++) {
    for (let u = Math.max(0, dx); u < Math.min(width, width + dx); u++) found.data[v * width + u] = data[(v - dy) * width + u - dx]!;
  }
  return found;
}

/** Where the muscle's centre is expected: on the line between the centres of two outlines. */
export function expectedCentre(low: Plane, high: Plane, part: number): [number, number] | null {
  if (boxOf(low) === null || boxOf(high) === null) return null;
  const [[ax, ay], [bx, by]] = [centre(low), centre(high)];
  return [ax + (bx - ax) * part, ay + (by - ay) * part];
}

/** The mask at `part` (0 to 1) of the way from one mask to another; null where one of them is empty. */
export function between(low: Plane, high: Plane, part: number): Plane | null {
  if (boxOf(low) === null || boxOf(high) === null) return null;
  const { width, height } = low;
  const [a, b] = [signedDistance(low), signedDistance(high)];
  const [[ax, ay], [bx, by]] = [centre(low), centre(high)];
  const [cx, cy] = [ax + (bx - ax) * part, ay + (by - ay) * part];
  const from = (field: Float64Array, x: number, y: number): number => {
    const [u, v] = [Math.min(width - 1, Math.max(0, Math.round(x))), Math.min(height - 1, Math.max(0, Math.round(y)))];
    return field[v * width + u]!;
  };
  const found = blank(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = (1 - part) * from(a, x + ax - cx, y + ay - cy) + part * from(b, x + bx - cx, y + by - cy);
      if (value > 0) found.data[y * width + x] = 1;
    }
  }
  return found;
}

/** A mask grown (positive) or shrunk by some pixels. */
export function grown(plane: Plane, pixels: number): Plane {
  // Distances run from centre to centre: the first rim outside is at -1, the first one inside at 1.
  const keeps = pixels > 0 ? (value: number) => value >= -pixels : (value: number) => value > -pixels;
  return { width: plane.width, height: plane.height, data: Uint8Array.from(signedDistance(plane), (value) => (keeps(value) ? 1 : 0)) };
}
