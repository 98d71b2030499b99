// Masks of one slice: a byte a pixel while they are drawn on, packed while they travel and rest.
import { unzlibSync, zlibSync } from "fflate";

/** A mask cut to the box that holds it, as the server's `PackedMask`: eight pixels a byte, deflated, in base64. */
export interface Packed {
  top: number;
  left: number;
  height: number;
  width: number;
  pixels: number;
  text: string;
}

/** One byte a pixel, 0 or 1, row after row. */
export interface Plane {
  width: number;
  height: number;
  data: Uint8Array;
}

export const EMPTY: Packed = { top: 0, left: 0, height: 0, width: 0, pixels: 0, text: "" };

export function blank(width: number, height: number): Plane {
  return { width, height, data: new Uint8Array(width * height) };
}

export function copyOf(plane: Plane): Plane {
  return { width: plane.width, height: plane.height, data: plane.data.slice() };
}

export interface Box {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** The box that holds a mask, its lower and right edge not part of it; null for an empty mask. */
export function boxOf({ width, height, data }: Plane): Box | null {
  let [top, left, bottom, right] = [height, width, 0, 0];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(1);
    if (first < 0) continue;
    if (y < top) top = y;
    bottom = y + 1;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf(1) + 1);
  }
  return bottom === 0 ? null : { top, left, bottom, right };
}

export function count(plane: Plane): number {
  let sum = 0;
  for (const value of plane.data) sum += value;
  return sum;
}

export function pack(plane: Plane): Packed {
  const box = boxOf(plane);
  if (box === null) return EMPTY;
  const [height, width] = [box.bottom - box.top, box.right - box.left];
  const bits = new Uint8Array(Math.ceil((height * width) / 8));
  let [at, pixels] = [0, 0];
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left; x < box.right; x++, at++) {
      if (plane.data[y * plane.width + x] !== 1) continue;
      bits[at >> 3]! |= 128 >> (at & 7);
      pixels++;
    }
  }
  const packed = zlibSync(bits, { level: 1 });
  return { top: box.top, left: box.left, height, width, pixels, text: btoa(String.fromCharCode(...packed)) };
}

const inflated = new WeakMap<Packed, Uint8Array>();

/** The packed bits of the box; not to be changed. */
export function bitsOf(packed: Packed): Uint8Array {
  let found = inflated.get(packed);
  if (found === undefined) {
    found = packed.pixels === 0 ? new Uint8Array(0) : unzlibSync(Uint8Array.from(atob(packed.text), (letter) => letter.charCodeAt(0)));
    inflated.set(packed, found);
  }
  return found;
}

export function unpack(packed: Packed, width: number, height: number): Plane {
  const plane = blank(width, height);
  const bits = bitsOf(packed);
  let at = 0;
  for (let y = packed.top; y < packed.top + packed.height; y++) {
    for (let x = packed.left; x < packed.left + packed.width; x++, at++) {
      if ((bits[at >> 3]! & (128 >> (at & 7))) !== 0) plane.data[y * width + x] = 1;
    }
  }
  return plane;
}

/** Take away from a mask what another one holds. */
export function subtract(plane: Plane, other: Plane): void {
  for (let at = 0; at < plane.data.length; at++) if (other.data[at] === 1) plane.data[at] = 0;
}
