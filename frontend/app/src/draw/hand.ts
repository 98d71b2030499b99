// The hand that draws: what each tool does with a press, a move and a release, on one muscle of one slice.
import { signal } from "@preact/signals";
import type { CaseStore } from "../state/case.ts";
import { t } from "../i18n/index.ts";
import { say } from "../state/app.ts";
import type { Grey } from "./livewire.ts";
import { costs, Ways } from "./livewire.ts";
import { HeldBorder } from "./border.ts";
import type { Plane } from "./mask.ts";
import { boxOf } from "./mask.ts";
import type { Point } from "./shapes.ts";
import { fillAt, polygon, stroke } from "./shapes.ts";

const CLOSE_PX = 6;

export class Hand {
  /** The mask while a stroke is under way; null otherwise. */
  readonly wet = signal<Plane | null>(null);
  /** Corners or border points of an outline that is not closed yet. */
  readonly line = signal<readonly Point[]>([]);
  /** From the last anchor to the pointer. */
  readonly ahead = signal<readonly Point[]>([]);
  private readonly anchors: number[] = [];
  private last: Point | null = null;
  private ways: Ways | null = null;
  private price: { of: Grey; values: Uint8Array } | null = null;
  private erasing = false;
  private held: HeldBorder | null = null;

  constructor(
    private readonly store: CaseStore,
    private readonly grey: () => Grey | null,
  ) {}

  get busy(): boolean {
    return this.wet.value !== null || this.line.value.length > 0;
  }

  /** A press. `reachX` is how many pixels of the slice a click may miss the first point by. */
  press(point: Point, erase: boolean, reach: number): void {
    const { store } = this;
    store.touch();
    const tool = store.tool.value;
    if (tool === "pan" || !store.editable.value) return;
    if (tool === "brush" || tool === "erase") {
      this.erasing = erase || tool === "erase";
      this.wet.value = store.marks.copy(store.label.value, store.z.value);
      this.last = point;
      this.paint(point);
    } else if (tool === "border") this.hold(point, erase);
    else if (tool === "fill") this.fill(point);
    else this.corner(point, reach, erase);
  }

  move(point: Point): void {
    if (this.held !== null) this.wet.value = this.held.movedTo(point);
    else if (this.wet.value !== null) this.paint(point);
    else if (this.line.value.length > 0) {
      this.store.touch();
      this.ahead.value = this.wayTo(point);
    }
  }

  release(): void {
    const drawn = this.wet.value;
    if (drawn === null) return;
    const kept = this.held?.as(drawn) ?? false;
    this.abandon();
    if (!kept) this.store.draw(drawn);
  }

  /** Close the outline and fill it. */
  finish(): void {
    const { store } = this;
    const line = this.line.value;
    if (line.length >= 3) {
      const whole = store.marks.copy(store.label.value, store.z.value);
      const closing = store.tool.value === "magnet" ? this.wayTo(line[0]!) : [];
      polygon(whole, [...line, ...closing], this.erasing ? 0 : 1);
      store.draw(whole);
    }
    this.abandon();
  }

  /** Forget the outline, or the stroke, that is under way. */
  abandon(): void {
    this.wet.value = null;
    this.line.value = [];
    this.ahead.value = [];
    this.anchors.length = 0;
    this.ways = null;
    this.last = null;
    this.held = null;
  }

  /** Take the last corner back; false where there is none. */
  stepBack(): boolean {
    if (this.line.value.length === 0) return false;
    const keep = this.anchors.length > 1 ? this.anchors[this.anchors.length - 2]! : 0;
    this.anchors.pop();
    if (this.anchors.length === 0) this.abandon();
    else {
      this.line.value = this.line.value.slice(0, keep);
      this.aim(this.line.value[keep - 1]!);
      this.ahead.value = [];
    }
    return true;
  }

  private hold(point: Point, whole: boolean): void {
    const { store } = this;
    const plane = store.marks.copy(store.label.value, store.z.value);
    if (boxOf(plane) === null) return say(t("mineFirst"), true);
    this.held = new HeldBorder(plane, point, store.sizeMm.value / store.state.value!.spacing[2], whole);
    this.wet.value = plane;
  }

  private paint(point: Point): void {
    const wet = this.wet.value!;
    const [, dy, dx] = this.store.state.value!.spacing;
    const radius = this.store.sizeMm.value / 2;
    stroke(wet, this.last ?? point, point, radius / dx, radius / dy, this.erasing ? 0 : 1);
    this.last = point;
    // The same bytes in a new object: signals compare by identity.
    this.wet.value = { ...wet };
  }

  private fill(point: Point): void {
    const { store } = this;
    const whole = store.marks.copy(store.label.value, store.z.value);
    if (fillAt(whole, point)) store.draw(whole);
    else say(t("notClosed"), true);
  }

  private corner(point: Point, reach: number, erase: boolean): void {
    const line = this.line.value;
    const first = line[0];
    if (first === undefined) this.erasing = erase;
    else if (line.length >= 3 && Math.hypot(point.x - first.x, point.y - first.y) <= reach * CLOSE_PX) {
      this.finish();
      return;
    }
    this.line.value = first === undefined ? [point] : [...line, ...this.wayTo(point).slice(1)];
    this.anchors.push(this.line.value.length);
    this.aim(this.line.value[this.line.value.length - 1]!);
  }

  private wayTo(point: Point): Point[] {
    const last = this.line.value[this.line.value.length - 1]!;
    return this.store.tool.value === "magnet" && this.ways !== null ? this.ways.to(this.inside(point)) : [last, point];
  }

  private aim(anchor: Point): void {
    if (this.store.tool.value !== "magnet") return;
    const grey = this.grey();
    if (grey === null) return;
    if (this.price?.of.data !== grey.data) this.price = { of: grey, values: costs(grey) };
    this.ways = new Ways(this.price.values, grey.width, grey.height, this.inside(anchor));
  }

  private inside({ x, y }: Point): Point {
    const [, height, width] = this.store.state.value!.shape;
    return { x: Math.min(width - 1, Math.max(0, Math.round(x))), y: Math.min(height - 1, Math.max(0, Math.round(y))) };
  }
}
