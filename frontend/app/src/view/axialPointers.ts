// Mouse, pen and finger on the cross-section.
import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Hand } from "../draw/hand.ts";
import type { Point } from "../draw/shapes.ts";
import type { CaseStore } from "../state/case.ts";
import { brightness, contrast, pan, zoom, zoomBy } from "./look.ts";
import type { Transform } from "./transform.ts";
import { toSlice } from "./transform.ts";

interface Given {
  store: CaseStore;
  hand: Hand;
  at: ReadonlySignal<Transform>;
  hover: Signal<Point | null>;
}

const WHEEL_STEP = 60;

export function pointers(canvas: HTMLCanvasElement, { store, hand, at, hover }: Given): () => void {
  let held: "draw" | "pan" | "window" | null = null;
  let from: Point = { x: 0, y: 0 };
  let wheel = 0;
  const fingers = new Map<number, Point>();

  const place = (event: PointerEvent | WheelEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const down = (event: PointerEvent): void => {
    canvas.focus();
    const here = place(event);
    from = here;
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, here);
      // Two fingers move and enlarge; what the first one began to draw is taken back.
      if (fingers.size > 1) {
        hand.abandon();
        held = null;
        return;
      }
    }
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      // The pointer may be gone already.
    }
    if (event.button === 1 || (event.button === 0 && store.tool.value === "pan")) held = "pan";
    else if (event.button === 2) held = "window";
    else if (event.button === 0) {
      held = "draw";
      const point = toSlice(at.value, here);
      store.cursor.value = inside(store, point);
      hand.press(point, event.altKey || event.shiftKey, 1 / at.value.scaleX);
    }
    if (event.button === 1) event.preventDefault();
  };

  const move = (event: PointerEvent): void => {
    const here = place(event);
    hover.value = event.pointerType === "touch" ? null : here;
    if (fingers.size > 1 && fingers.has(event.pointerId)) {
      pinch(fingers, event.pointerId, here);
      return;
    }
    if (held === "pan") pan.value = { x: pan.value.x + here.x - from.x, y: pan.value.y + here.y - from.y };
    else if (held === "window") {
      brightness.value = Math.min(200, Math.max(-200, brightness.value - (here.y - from.y) * 0.5));
      contrast.value = Math.min(6, Math.max(0.2, contrast.value * Math.exp((here.x - from.x) * 0.005)));
    } else {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length > 0 ? events : [event]) hand.move(toSlice(at.value, place(each)));
    }
    from = here;
  };

  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (held === "draw") {
      hand.release();
      store.cursor.value = inside(store, toSlice(at.value, place(event)));
    }
    held = null;
  };

  const cancelled = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    hand.release();
    held = null;
  };

  const turn = (event: WheelEvent): void => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      zoomAt(place(event), Math.exp(-event.deltaY * 0.002));
      return;
    }
    wheel += event.deltaMode === 1 ? event.deltaY * WHEEL_STEP : event.deltaY;
    const steps = Math.trunc(wheel / WHEEL_STEP);
    wheel -= steps * WHEEL_STEP;
    if (steps !== 0 && !hand.busy) store.goTo(store.z.value + steps);
  };

  const zoomAt = (here: Point, factor: number): void => {
    const before = toSlice(at.value, here);
    zoomBy(factor);
    const after = at.value;
    const moved = { x: after.left + (before.x + 0.5) * after.scaleX, y: after.top + (before.y + 0.5) * after.scaleY };
    pan.value = { x: pan.value.x + here.x - moved.x, y: pan.value.y + here.y - moved.y };
  };

  const pinch = (all: Map<number, Point>, id: number, here: Point): void => {
    const [a, b] = [...all.values()] as [Point, Point];
    const before = { d: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    all.set(id, here);
    const [c, d] = [...all.values()] as [Point, Point];
    const after = { d: Math.hypot(c.x - d.x, c.y - d.y), x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 };
    zoomAt({ x: after.x, y: after.y }, after.d / Math.max(1, before.d));
    pan.value = { x: pan.value.x + after.x - before.x, y: pan.value.y + after.y - before.y };
  };

  const leave = (): void => void (hover.value = null);
  const menu = (event: Event): void => event.preventDefault();
  const twice = (): void => {
    if (hand.line.value.length >= 3) hand.finish();
  };
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", cancelled);
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("contextmenu", menu);
  canvas.addEventListener("dblclick", twice);
  canvas.addEventListener("wheel", turn, { passive: false });
  return () => {
    canvas.removeEventListener("pointerdown", down);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", up);
    canvas.removeEventListener("pointercancel", cancelled);
    canvas.removeEventListener("pointerleave", leave);
    canvas.removeEventListener("contextmenu", menu);
    canvas.removeEventListener("dblclick", twice);
    canvas.removeEventListener("wheel", turn);
    zoom.value = 1;
  };
}

function inside(store: CaseStore, { x, y }: Point): Point {
  const [, height, width] = store.state.value!.shape;
  return { x: Math.min(width - 1, Math.max(0, x)), y: Math.min(height - 1, Math.max(0, y)) };
}
