// Painting masks: a veil of the muscle's colour, and its outline in lines of the screen's own width.
import { outline } from "../draw/edges.ts";
import type { Plane } from "../draw/mask.ts";
import type { Point } from "../draw/shapes.ts";
import type { Transform } from "./transform.ts";
import { toScreen } from "./transform.ts";

export type Colour = readonly [number, number, number];

export const css = ([r, g, b]: Colour, alpha = 1): string => `rgba(${r},${g},${b},${alpha})`;

/** A canvas as sharp as the screen; returns its context with a unit of one CSS pixel. */
export function sharp(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

export function veil(context: CanvasRenderingContext2D, plane: Plane, at: Transform, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  const { width, height, data } = plane;
  for (let y = 0; y < height; y++) {
    let start = -1;
    for (let x = 0; x <= width; x++) {
      const on = x < width && data[y * width + x] === 1;
      if (on && start < 0) start = x;
      if (!on && start >= 0) {
        context.rect(at.left + start * at.scaleX, at.top + y * at.scaleY, (x - start) * at.scaleX, at.scaleY);
        start = -1;
      }
    }
  }
  context.fill();
}

export function border(context: CanvasRenderingContext2D, plane: Plane, at: Transform, colour: string, width: number, dash: number[] = []): void {
  context.beginPath();
  outline(plane, (x0, y0, x1, y1) => {
    const [a, b] = [toScreen(at, { x: x0, y: y0 }), toScreen(at, { x: x1, y: y1 })];
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
  });
  context.setLineDash(dash);
  context.lineCap = "square";
  context.strokeStyle = "rgba(0,0,0,.55)";
  context.lineWidth = width + 1.5;
  if (dash.length === 0) context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

export function polyline(context: CanvasRenderingContext2D, points: readonly Point[], at: Transform, colour: string, dash: number[] = []): void {
  if (points.length < 2) return;
  context.beginPath();
  points.forEach((point, index) => {
    const { x, y } = toScreen(at, point);
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.lineJoin = "round";
  for (const [stroke, width] of [["rgba(0,0,0,.6)", 4], [colour, 2]] as const) {
    context.setLineDash(dash);
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.stroke();
  }
  context.setLineDash([]);
}
