// The leg from its first slice to its last: areas, what was drawn and accepted, how sure the rest is, and where we are.
import { t, number } from "../i18n/index.ts";
import { dark } from "../state/app.ts";
import type { CaseStore } from "../state/case.ts";
import type { Mark } from "../state/marks.ts";
import { css, sharp } from "./paint.ts";
import { useCanvas } from "./useCanvas.ts";

const LEFT = 46;
const RIGHT = 12;
const TRACK = 9;
const GAP = 4;
const AXIS = 16;
/** From orange to blue: told apart with any kind of colour vision, on light and on dark. */
const UNSURE = [217, 119, 6];
const SURE = [59, 130, 196];
const SURE_FROM = 0.75;

export function confidenceColour(confidence: number): string {
  const part = Math.min(1, Math.max(0, (confidence - SURE_FROM) / (1 - SURE_FROM)));
  return `rgb(${UNSURE.map((low, at) => Math.round(low + (SURE[at]! - low) * part)).join(",")})`;
}

export function Strip({ store }: { store: CaseStore }) {
  const ref = useCanvas((canvas) => paint(canvas, store), [store]);
  const slices = store.state.value!.shape[0];
  const go = (event: PointerEvent): void => {
    if (event.buttons !== 1) return;
    const box = ref.current!.getBoundingClientRect();
    store.goTo(((event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT)) * slices - 0.5);
  };
  const keys = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey) return;
    store.goTo(store.z.value + step * (event.shiftKey ? 10 : 1));
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section class="strip" aria-label={t("strip")}>
      <canvas
        ref={ref}
        data-testid="strip"
        tabIndex={0}
        role="slider"
        aria-label={t("stripHelp")}
        aria-valuemin={1}
        aria-valuemax={slices}
        aria-valuenow={store.z.value + 1}
        aria-valuetext={t("sliceOf", store.z.value + 1, slices)}
        onPointerDown={go}
        onPointerMove={go}
        onKeyDown={keys}
      />
      <ul class="legend">
        <li><i class="swatch drawn" />{t("legendDrawn")}</li>
        <li><i class="swatch accepted" />{t("legendAccepted")}</li>
        <li>{t("legendLow")}<i class="ramp" />{t("legendHigh")}</li>
      </ul>
    </section>
  );
}

function paint(canvas: HTMLCanvasElement, store: CaseStore): void {
  const { context, width, height } = sharp(canvas);
  void dark.value;
  const style = getComputedStyle(canvas);
  const ink = style.color;
  const { muscles, shape, spacing } = store.state.value!;
  void store.revision.value;
  const slices = shape[0];
  const x = (z: number): number => LEFT + (z / slices) * (width - LEFT - RIGHT);
  const tracks = muscles.length * (TRACK + GAP);
  const floor = height - AXIS - tracks - 4;
  context.clearRect(0, 0, width, height);
  context.font = "11px system-ui, sans-serif";

  const areas = muscles.map((muscle) =>
    [...store.marks.of(muscle.label)].map(([z, mark]): [number, number] => [z, (mark.mask.pixels * spacing[1] * spacing[2]) / 100]).sort((a, b) => a[0] - b[0]),
  );
  const top = nice(Math.max(1, ...areas.flat().map(([, area]) => area)));
  const y = (area: number): number => floor - (area / top) * (floor - 10);
  context.fillStyle = ink;
  context.strokeStyle = ink;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const part of [0, 0.5, 1]) {
    const level = Math.round(y(top * part)) + 0.5;
    context.globalAlpha = 0.18;
    line(context, LEFT, level, width - RIGHT, level);
    context.globalAlpha = 1;
    context.fillText(number(top * part, top < 4 && part === 0.5 ? 1 : 0), LEFT - 6, level);
  }
  context.save();
  context.translate(9, floor / 2 + 4);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(t("area"), 0, 0);
  context.restore();

  muscles.forEach((muscle, at) => {
    const own = areas[at]!;
    context.strokeStyle = css(muscle.color);
    context.fillStyle = css(muscle.color);
    context.lineWidth = 1.8;
    context.beginPath();
    own.forEach(([z, area], index) => {
      const next = index > 0 && z - own[index - 1]![0] === 1;
      if (next) context.lineTo(x(z + 0.5), y(area));
      else context.moveTo(x(z + 0.5), y(area));
    });
    context.stroke();
    const row = floor + 6 + at * (TRACK + GAP);
    track(context, store, muscle.label, css(muscle.color), x, row, y);
    context.fillStyle = ink;
    context.textAlign = "right";
    context.fillText(muscle.name, LEFT - 6, row + TRACK / 2 + 0.5);
  });

  context.textAlign = "center";
  context.textBaseline = "bottom";
  const step = nice((slices * spacing[0]) / 8);
  for (let mm = 0; mm < slices * spacing[0]; mm += step) {
    context.fillStyle = ink;
    if (x(mm / spacing[0]) < width - 40) context.fillText(mm === 0 ? "0 mm" : number(mm), Math.max(LEFT, x(mm / spacing[0])), height - 1);
  }
  const here = x(store.z.value + 0.5);
  // The caret's colour carries the accent: a property of our own would come as the words of the style sheet.
  context.strokeStyle = style.caretColor;
  context.lineWidth = 1.5;
  line(context, here, 2, here, height - AXIS);
}

function track(
  context: CanvasRenderingContext2D,
  store: CaseStore,
  label: number,
  colour: string,
  x: (z: number) => number,
  row: number,
  y: (area: number) => number,
): void {
  const { muscles, shape, spacing } = store.state.value!;
  context.fillStyle = css([128, 128, 128]);
  context.globalAlpha = 0.25;
  context.fillRect(x(0), row, x(shape[0]) - x(0), TRACK);
  context.globalAlpha = 1;
  const wide = Math.max(1, x(1) - x(0) + 0.4);
  const drawn: [number, Mark][] = [];
  for (const [z, mark] of store.marks.of(label)) {
    if (mark.origin === "drawn") {
      drawn.push([z, mark]);
      continue;
    }
    if (mark.mask.pixels === 0) continue;
    context.fillStyle = mark.confidence === null ? colour : confidenceColour(mark.confidence);
    context.fillRect(x(z), row, wide, TRACK);
    if (mark.origin === "accepted") {
      context.fillStyle = css([34, 160, 90]);
      context.fillRect(x(z), row + TRACK - 3, wide, 3);
    }
  }
  for (const [z, mark] of drawn) {
    context.fillStyle = mark.mask.pixels > 0 ? colour : "rgba(128,128,128,.9)";
    context.fillRect(x(z) - 0.75, row - 2, Math.max(3, wide), TRACK + 4);
    if (mark.mask.pixels === 0) continue;
    context.beginPath();
    context.arc(x(z + 0.5), y((mark.mask.pixels * spacing[1] * spacing[2]) / 100), 2.6, 0, 2 * Math.PI);
    context.fill();
  }
  const muscle = muscles.find((each) => each.label === label)!;
  context.fillStyle = colour;
  for (const [end, side] of [[muscle.first, 0], [muscle.last, 1]] as const) {
    if (end !== null) context.fillRect(x(end + side) - 1, row - 3, 2, TRACK + 6);
  }
}

function line(context: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

/** The next 1, 2 or 5 times a power of ten. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((each) => each * power >= value) ?? 10);
}
