// The raw B-mode frame nearest to the slice, where edges are sharpest; what is drawn on it is drawn on the slice.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { NearFrame } from "../api.ts";
import { bytes, frameAddress, near } from "../api.ts";
import { outline } from "../draw/edges.ts";
import type { Hand } from "../draw/hand.ts";
import type { Point } from "../draw/shapes.ts";
import { number, t } from "../i18n/index.ts";
import { say } from "../state/app.ts";
import type { CaseStore } from "../state/case.ts";
import { CLOSE_MM, FramePlace } from "./framePlace.ts";
import { opacity, outlined, picture, shows } from "./look.ts";
import { css, sharp } from "./paint.ts";
import type { Transform } from "./transform.ts";
import { fitted, toScreen, toSlice } from "./transform.ts";
import { useCanvas } from "./useCanvas.ts";

interface Shown {
  z: number;
  place: FramePlace;
  data: Uint8Array;
}

const MARGIN = 4;

export function Frame({ store, hand }: { store: CaseStore; hand: Hand }) {
  const all = useSignal<NearFrame[]>([]);
  const chosen = useSignal(-1);
  const shown = useSignal<Shown | null>(null);
  const inner = useMemo(() => document.createElement("canvas"), []);
  const z = store.z.value;
  useEffect(() => {
    const { volume, spacing } = store.state.value!;
    let over = false;
    const load = async (): Promise<void> => {
      const { frames } = await near(store.name, z);
      const places = frames.map((each) => new FramePlace(each, z, spacing[0]));
      const place =
        places.find((each) => each.near.sweep === chosen.peek()) ?? places.find((each) => each.holds(each.toFrame(store.cursor.peek()))) ?? places[0];
      const data = place === undefined ? null : await bytes(frameAddress(store.name, volume, place.near));
      if (over) return;
      all.value = [...frames].sort((a, b) => a.sweep - b.sweep);
      shown.value = place === undefined || data === null ? null : { z, place, data };
    };
    load().catch((error: unknown) => say(error instanceof Error ? error.message : String(error), true));
    return () => void (over = true);
  }, [z, chosen.value]);

  const fits = (size: readonly [number, number], width: number, height: number, place: FramePlace): Transform => {
    const { spacing } = store.state.value!;
    const [mmU, mmV] = [0, 1].map((column) => Math.hypot(...place.near.toIndex.map((row, axis) => row[column]! * spacing[2 - axis]!)));
    return fitted({ width, height }, { width: size[0], height: size[1], mmX: mmU!, mmY: mmV! }, 1, { x: 0, y: 0 }, MARGIN);
  };
  const ref = useCanvas(
    (canvas) => {
      const { context, width, height } = sharp(canvas);
      context.fillStyle = "#05070a";
      context.fillRect(0, 0, width, height);
      const now = shown.value;
      if (now === null || now.z !== store.z.value) return;
      const { place, data } = now;
      const [columns, rows] = place.near.size;
      const at = fits(place.near.size, width, height, place);
      context.imageSmoothingQuality = "high";
      context.drawImage(picture(data, columns, rows, inner), at.left, at.top, columns * at.scaleX, rows * at.scaleY);
      context.save();
      context.beginPath();
      context.rect(at.left, at.top, columns * at.scaleX, rows * at.scaleY);
      context.clip();
      paintFar(context, place, at);
      paintBorders(context, store, hand, place, at);
      context.restore();
    },
    [store, hand],
  );

  useEffect(() => {
    const canvas = ref.current!;
    const of = (event: PointerEvent): Point | null => {
      const now = shown.value;
      if (now === null || now.z !== store.z.value) return null;
      const box = canvas.getBoundingClientRect();
      return toSlice(fits(now.place.near.size, box.width, box.height, now.place), { x: event.clientX - box.left, y: event.clientY - box.top });
    };
    const down = (event: PointerEvent): void => {
      const point = of(event);
      if (point === null || event.button !== 0) return;
      const { place } = shown.value!;
      if (!place.close(point)) return say(t("frameFar", number(Math.abs(place.away(point)), 1), number(CLOSE_MM, 1)), true);
      canvas.setPointerCapture(event.pointerId);
      const here = place.toSlice(point);
      store.cursor.value = here;
      const a = place.toSlice({ x: point.x + 1, y: point.y });
      const scale = canvas.clientWidth / place.near.size[0];
      hand.press(here, event.altKey || event.shiftKey, Math.hypot(a.x - here.x, a.y - here.y) / scale);
    };
    const move = (event: PointerEvent): void => {
      const point = of(event);
      if (point !== null && hand.busy && shown.value!.place.close(point)) hand.move(shown.value!.place.toSlice(point));
    };
    const up = (): void => hand.release();
    const twice = (): void => {
      if (hand.line.value.length >= 3) hand.finish();
    };
    const listeners: [string, (event: never) => void][] = [["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", up], ["dblclick", twice]];
    listeners.forEach(([name, act]) => canvas.addEventListener(name, act as EventListener));
    return () => listeners.forEach(([name, act]) => canvas.removeEventListener(name, act as EventListener));
  }, [store, hand]);

  const now = shown.value;
  const place = now?.place;
  return (
    <figure class="frame" data-testid="frame">
      <canvas ref={ref} role="img" aria-label={t("frameView")} />
      <figcaption>
        {place === undefined ? t("frameNone") : t("frameWhere", place.near.frame + 1, place.near.sweep + 1, number(place.near.away, 1), number(place.near.tilt))}
      </figcaption>
      {all.value.length > 1 && (
        <div class="sweeps" role="group" aria-label={t("frameSweeps")}>
          {all.value.map((each) => (
            <button key={each.sweep} type="button" aria-pressed={each.sweep === place?.near.sweep} onClick={() => (chosen.value = each.sweep)}>
              {each.sweep + 1}
            </button>
          ))}
        </div>
      )}
    </figure>
  );
}

/** A veil over what is too far from the slice to be drawn on. */
function paintFar(context: CanvasRenderingContext2D, place: FramePlace, at: Transform): void {
  context.fillStyle = "rgba(120,20,10,.38)";
  for (const part of place.far()) {
    context.beginPath();
    part.forEach((point) => {
      const { x, y } = toScreen(at, point);
      context.lineTo(x, y);
    });
    context.fill();
  }
}

function paintBorders(context: CanvasRenderingContext2D, store: CaseStore, hand: Hand, place: FramePlace, at: Transform): void {
  void store.revision.value;
  const screen = (point: Point): Point => toScreen(at, place.toFrame(point));
  const stroke = (colour: string, width: number, dash: number[] = []): void => {
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
    context.setLineDash([]);
  };
  for (const muscle of store.state.value!.muscles) {
    const active = muscle.label === store.label.value;
    const plane = (active ? hand.wet.value : null) ?? store.marks.plane(muscle.label, store.z.value);
    if (plane === null || !shows(muscle.label) || !(outlined.value || opacity.value > 0)) continue;
    context.beginPath();
    outline(plane, (x0, y0, x1, y1) => {
      const [a, b] = [screen({ x: x0, y: y0 }), screen({ x: x1, y: y1 })];
      context.moveTo(a.x, a.y);
      context.lineTo(b.x, b.y);
    });
    const proposed = store.marks.get(muscle.label, store.z.value)?.origin === "proposed";
    stroke(css(muscle.color), active ? 2.2 : 1.4, proposed && hand.wet.value === null ? [5, 4] : []);
  }
  for (const [line, colour] of [[hand.line.value, "#ffffff"], [hand.ahead.value, "#ffe08a"]] as const) {
    context.beginPath();
    line.map(screen).forEach(({ x, y }) => context.lineTo(x, y));
    stroke(colour, 2);
  }
  const { x, y } = screen(store.cursor.value);
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
    context.moveTo(x + 4 * dx, y + 4 * dy);
    context.lineTo(x + 11 * dx, y + 11 * dy);
  }
  stroke("rgba(255,224,138,.95)", 1);
}
