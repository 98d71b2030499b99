// A cut along the leg: slices from left to right, the muscles as they stand, and where the other views cut.
import { useMemo } from "preact/hooks";
import { bitsOf } from "../draw/mask.ts";
import { t } from "../i18n/index.ts";
import type { CaseStore } from "../state/case.ts";
import type { ViewProps } from "./Axial.tsx";
import { opacity, picture, shows } from "./look.ts";
import { css, sharp } from "./paint.ts";
import type { Transform } from "./transform.ts";
import { fitted } from "./transform.ts";
import { useCanvas } from "./useCanvas.ts";

/** `across` is the axis that the cut lies across: "y" shows x, "x" shows y, upwards in the picture from first to last. */
export function Long({ store, grey, came, across }: ViewProps & { across: "x" | "y" }) {
  const [inner, turned, overlay] = useMemo(() => [0, 1, 2].map(() => document.createElement("canvas")) as [HTMLCanvasElement, HTMLCanvasElement, HTMLCanvasElement], []);
  const measure = (): { slices: number; wide: number; mmZ: number; mm: number; index: number } => {
    const { shape, spacing } = store.state.value!;
    const cut = across === "y" ? store.cursor.value.y : store.cursor.value.x;
    const [wide, mm] = across === "y" ? [shape[2], spacing[2]] : [shape[1], spacing[1]];
    return { slices: shape[0], wide, mmZ: spacing[0], mm, index: Math.round(cut) };
  };
  const ref = useCanvas(
    (canvas) => {
      const { context, width, height } = sharp(canvas);
      const { slices, wide, mmZ, mm, index } = measure();
      const at = fitted({ width, height }, { width: slices, height: wide, mmX: mmZ, mmY: mm }, 1, { x: 0, y: 0 }, 2);
      context.fillStyle = "#05070a";
      context.fillRect(0, 0, width, height);
      void came.value;
      const slice = grey.get(across, index);
      if (slice !== null) {
        // The server's rows are slices; here they run from left to right.
        picture(slice.data, wide, slices, inner);
        [turned.width, turned.height] = [slices, wide];
        const context2 = turned.getContext("2d")!;
        context2.setTransform(0, 1, 1, 0, 0, 0);
        context2.drawImage(inner, 0, 0);
        context.imageSmoothingQuality = "high";
        context.drawImage(turned, at.left, at.top, slices * at.scaleX, wide * at.scaleY);
      }
      void store.revision.value;
      cuts(store, across, index, slices, wide, overlay);
      context.imageSmoothingEnabled = false;
      context.globalAlpha = Math.min(1, opacity.value + 0.25);
      context.drawImage(overlay, at.left, at.top, slices * at.scaleX, wide * at.scaleY);
      context.globalAlpha = 1;
      cross(context, store, across, at, width, height);
    },
    [store, grey, across],
  );

  const go = (event: PointerEvent): void => {
    if (event.buttons !== 1) return;
    const canvas = ref.current!;
    const box = canvas.getBoundingClientRect();
    const { slices, wide, mmZ, mm } = measure();
    const at = fitted({ width: box.width, height: box.height }, { width: slices, height: wide, mmX: mmZ, mmY: mm }, 1, { x: 0, y: 0 }, 2);
    store.goTo(Math.floor((event.clientX - box.left - at.left) / at.scaleX));
    const along = Math.min(wide - 1, Math.max(0, Math.floor((event.clientY - box.top - at.top) / at.scaleY)));
    store.cursor.value = across === "y" ? { ...store.cursor.value, x: along } : { ...store.cursor.value, y: along };
  };

  return (
    <figure class="long">
      <canvas ref={ref} role="img" aria-label={t("longView", t(`long.${across}`))} onPointerDown={go} onPointerMove={go} />
      <figcaption>{t(`long.${across}`)}</figcaption>
    </figure>
  );
}

/** The muscles where the cut meets them, one pixel a slice and row. */
function cuts(store: CaseStore, across: "x" | "y", index: number, slices: number, wide: number, into: HTMLCanvasElement): void {
  [into.width, into.height] = [slices, wide];
  const context = into.getContext("2d")!;
  for (const muscle of store.state.value!.muscles) {
    if (!shows(muscle.label)) continue;
    context.fillStyle = css(muscle.color);
    for (const [z, { mask }] of store.marks.of(muscle.label)) {
      const [from, to] = across === "y" ? [mask.top, mask.top + mask.height] : [mask.left, mask.left + mask.width];
      if (mask.pixels === 0 || index < from || index >= to) continue;
      const bits = bitsOf(mask);
      const [start, length] = across === "y" ? [mask.left, mask.width] : [mask.top, mask.height];
      let run = -1;
      for (let at = 0; at <= length; at++) {
        const bit = across === "y" ? (index - mask.top) * mask.width + at : at * mask.width + index - mask.left;
        const on = at < length && (bits[bit >> 3]! & (128 >> (bit & 7))) !== 0;
        if (on && run < 0) run = at;
        if (!on && run >= 0) {
          context.fillRect(z, start + run, 1, at - run);
          run = -1;
        }
      }
    }
  }
}

function cross(context: CanvasRenderingContext2D, store: CaseStore, across: "x" | "y", at: Transform, width: number, height: number): void {
  const along = across === "y" ? store.cursor.value.x : store.cursor.value.y;
  const [x, y] = [at.left + (store.z.value + 0.5) * at.scaleX, at.top + (along + 0.5) * at.scaleY];
  context.strokeStyle = "rgba(255,224,138,.9)";
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height);
  context.stroke();
  context.strokeStyle = "rgba(255,255,255,.25)";
  context.beginPath();
  context.moveTo(0, y);
  context.lineTo(width, y);
  context.stroke();
}
