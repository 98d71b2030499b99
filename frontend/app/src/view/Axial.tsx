// The cross-section: where the expert draws.
import { computed, signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Hand } from "../draw/hand.ts";
import type { Point } from "../draw/shapes.ts";
import { t } from "../i18n/index.ts";
import type { CaseStore } from "../state/case.ts";
import { axialKeys } from "./axialKeys.ts";
import { pointers } from "./axialPointers.ts";
import type { GreySlices } from "./grey.ts";
import { loupe, opacity, outlined, pan, picture, shows, zoom } from "./look.ts";
import { border, css, polyline, sharp, veil } from "./paint.ts";
import type { Transform } from "./transform.ts";
import { fitted, toScreen } from "./transform.ts";
import { useCanvas } from "./useCanvas.ts";

const MARGIN = 6;
const LOUPE_PX = 150;
const LOUPE_TIMES = 3;

export interface ViewProps {
  store: CaseStore;
  grey: GreySlices;
  /** Counts slices that have come. */
  came: { readonly value: number };
}

export function Axial({ store, grey, came, hand }: ViewProps & { hand: Hand }) {
  const inner = useMemo(() => document.createElement("canvas"), []);
  const hover = useMemo(() => signal<Point | null>(null), []);
  const focused = useMemo(() => signal(false), []);
  const sized = useMemo(() => signal({ width: 1, height: 1 }), []);
  const at = useMemo(
    () =>
      computed((): Transform => {
        const { shape, spacing } = store.state.value!;
        const slice = { width: shape[2], height: shape[1], mmX: spacing[2], mmY: spacing[1] };
        return fitted(sized.value, slice, zoom.value, pan.value, MARGIN);
      }),
    [store],
  );

  const ref = useCanvas(
    (canvas) => {
      const { context, width, height } = sharp(canvas);
      if (sized.peek().width !== width || sized.peek().height !== height) sized.value = { width, height };
      const place = at.value;
      context.fillStyle = "#05070a";
      context.fillRect(0, 0, width, height);
      void came.value;
      const slice = grey.get("z", store.z.value);
      const [, rows, columns] = store.state.value!.shape;
      if (slice !== null) {
        context.imageSmoothingEnabled = place.scaleX < 6;
        context.imageSmoothingQuality = "high";
        context.drawImage(picture(slice.data, columns, rows, inner), place.left, place.top, columns * place.scaleX, rows * place.scaleY);
      }
      paintMuscles(context, store, hand, place);
      paintLine(context, store, hand, place, focused.value);
      if (hover.value !== null) paintPointer(context, store, place, hover.value);
      if (loupe.value && hover.value !== null) paintLoupe(context, canvas, hover.value);
    },
    [store, grey, hand],
  );

  useEffect(() => pointers(ref.current!, { store, hand, at, hover }), [store, hand]);
  const label = useRef(`axial-${Math.random().toString(36).slice(2)}`).current;
  return (
    <canvas
      ref={ref}
      id={label}
      class="axial"
      data-testid="axial"
      tabIndex={0}
      role="application"
      aria-label={t("axialView")}
      onFocus={() => (focused.value = true)}
      onBlur={() => (focused.value = false)}
      onKeyDown={(event) => axialKeys(event, store, hand)}
    />
  );
}

function paintMuscles(context: CanvasRenderingContext2D, store: CaseStore, hand: Hand, at: Transform): void {
  void store.revision.value;
  const z = store.z.value;
  for (const muscle of store.state.value!.muscles) {
    const active = muscle.label === store.label.value;
    const wet = active ? hand.wet.value : null;
    if (!shows(muscle.label)) continue;
    const plane = wet ?? store.marks.plane(muscle.label, z);
    if (plane === null) continue;
    const origin = store.marks.get(muscle.label, z)?.origin;
    if (opacity.value > 0) veil(context, plane, at, css(muscle.color, opacity.value * (active ? 1 : 0.8)));
    if (outlined.value) border(context, plane, at, css(muscle.color), active ? 2.2 : 1.4, origin === "proposed" && wet === null ? [5, 4] : []);
  }
}

function paintLine(context: CanvasRenderingContext2D, store: CaseStore, hand: Hand, at: Transform, focused: boolean): void {
  const line = hand.line.value;
  polyline(context, line, at, "#ffffff");
  polyline(context, hand.ahead.value, at, "#ffe08a", [4, 3]);
  const first = line[0];
  if (first !== undefined) {
    const { x, y } = toScreen(at, first);
    context.fillStyle = "#ffe08a";
    context.beginPath();
    context.arc(x, y, 5, 0, 2 * Math.PI);
    context.fill();
  }
  const { x, y } = toScreen(at, store.cursor.value);
  context.strokeStyle = focused ? "rgba(255,224,138,.95)" : "rgba(255,255,255,.45)";
  context.lineWidth = 1;
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
    context.moveTo(x + 4 * dx, y + 4 * dy);
    context.lineTo(x + 11 * dx, y + 11 * dy);
  }
  context.stroke();
}

function paintPointer(context: CanvasRenderingContext2D, store: CaseStore, at: Transform, { x, y }: Point): void {
  const tool = store.tool.value;
  if (!store.editable.value || (tool !== "brush" && tool !== "erase" && tool !== "border")) return;
  const [, dy, dx] = store.state.value!.spacing;
  const radius = store.sizeMm.value / 2;
  context.beginPath();
  context.ellipse(x, y, Math.max(2, (radius / dx) * at.scaleX), Math.max(2, (radius / dy) * at.scaleY), 0, 0, 2 * Math.PI);
  context.strokeStyle = "rgba(0,0,0,.7)";
  context.lineWidth = 3;
  context.stroke();
  context.strokeStyle = tool === "erase" ? "#ff9c8a" : "#ffffff";
  context.lineWidth = 1.25;
  context.stroke();
}

function paintLoupe(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, { x, y }: Point): void {
  const ratio = canvas.width / canvas.clientWidth;
  const part = LOUPE_PX / LOUPE_TIMES;
  const copy = document.createElement("canvas");
  copy.width = copy.height = Math.round(part * ratio);
  copy.getContext("2d")!.drawImage(canvas, (x - part / 2) * ratio, (y - part / 2) * ratio, part * ratio, part * ratio, 0, 0, copy.width, copy.height);
  const left = x > canvas.clientWidth / 2 ? 12 : canvas.clientWidth - LOUPE_PX - 12;
  context.save();
  context.beginPath();
  context.rect(left, 12, LOUPE_PX, LOUPE_PX);
  context.strokeStyle = "#ffffff";
  context.lineWidth = 2;
  context.stroke();
  context.clip();
  context.imageSmoothingEnabled = false;
  context.drawImage(copy, left, 12, LOUPE_PX, LOUPE_PX);
  context.restore();
}
