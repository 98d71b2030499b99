// How pictures look: brightness and contrast, opacity, outline, zoom. One set for all views.
import { computed, signal } from "@preact/signals";

export const brightness = signal(0);
export const contrast = signal(1);
export const opacity = signal(0.28);
export const outlined = signal(true);
export const hidden = signal<ReadonlySet<number>>(new Set());
export const peek = signal(false);
export const zoom = signal(1);
export const pan = signal({ x: 0, y: 0 });
export const loupe = signal(false);

/** The grey that each grey level becomes, as it lies in a canvas. */
export const table = computed(() => {
  const found = new Uint32Array(256);
  for (let level = 0; level < 256; level++) {
    const shown = Math.min(255, Math.max(0, Math.round((level - 128) * contrast.value + 128 + brightness.value)));
    found[level] = (0xff000000 | (shown << 16) | (shown << 8) | shown) >>> 0;
  }
  return found;
});

export function resetView(): void {
  zoom.value = 1;
  pan.value = { x: 0, y: 0 };
}

export function zoomBy(factor: number): void {
  zoom.value = Math.min(20, Math.max(0.5, zoom.value * factor));
}

export function toggle(label: number): void {
  const next = new Set(hidden.value);
  if (!next.delete(label)) next.add(label);
  hidden.value = next;
}

export const shows = (label: number): boolean => !peek.value && !hidden.value.has(label);

const painted = new WeakMap<HTMLCanvasElement, { data: Uint8Array; levels: Uint32Array }>();

/** Grey levels as a picture that a canvas can draw; nothing is done where it shows them already. */
export function picture(data: Uint8Array, width: number, height: number, into: HTMLCanvasElement): HTMLCanvasElement {
  const before = painted.get(into);
  if (before?.data === data && before.levels === table.value) return into;
  painted.set(into, { data, levels: table.value });
  if (into.width !== width || into.height !== height) [into.width, into.height] = [width, height];
  const context = into.getContext("2d")!;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const levels = table.value;
  for (let at = 0; at < data.length; at++) pixels[at] = levels[data[at]!]!;
  context.putImageData(image, 0, 0);
  return into;
}
