// What is known of each muscle on each slice, as this tab has it.
import type { Origin, SentMark } from "../api.ts";
import type { Packed, Plane } from "../draw/mask.ts";
import { blank, pack, subtract, unpack } from "../draw/mask.ts";

export interface Mark {
  origin: Origin;
  mask: Packed;
  confidence: number | null;
  corrected: boolean;
}

const MOST_PLANES = 48;

export class Marks {
  private readonly byLabel = new Map<number, Map<number, Mark>>();
  private readonly planes = new Map<Packed, Plane>();

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {}

  of(label: number): ReadonlyMap<number, Mark> {
    return this.own(label);
  }

  get(label: number, z: number): Mark | undefined {
    return this.byLabel.get(label)?.get(z);
  }

  take(sent: SentMark): void {
    if (sent.m === null || sent.o === "none") {
      this.own(sent.l).delete(sent.z);
      return;
    }
    const [top, left, height, width, pixels, text] = sent.m;
    const mask = { top, left, height, width, pixels, text };
    this.own(sent.l).set(sent.z, { origin: sent.o, mask, confidence: sent.c ?? null, corrected: sent.x ?? false });
  }

  /** The mask as bytes; not to be changed. */
  plane(label: number, z: number): Plane | null {
    const mark = this.get(label, z);
    return mark === undefined ? null : this.bytes(mark.mask);
  }

  bytes(mask: Packed): Plane {
    let found = this.planes.get(mask);
    if (found === undefined) found = unpack(mask, this.width, this.height);
    // The order of a Map is that of insertion: what was used last goes to its end.
    this.planes.delete(mask);
    this.planes.set(mask, found);
    if (this.planes.size > MOST_PLANES) this.planes.delete(this.planes.keys().next().value!);
    return found;
  }

  /** Set what was drawn, and take its pixels from the other muscles, as the server does. */
  draw(label: number, z: number, plane: Plane, corrected: boolean): Packed {
    const mask = pack(plane);
    for (const [other, own] of this.byLabel) {
      const theirs = own.get(z);
      if (other === label || theirs === undefined || theirs.mask.pixels === 0) continue;
      const less = { ...this.bytes(theirs.mask), data: this.bytes(theirs.mask).data.slice() };
      subtract(less, plane);
      own.set(z, { ...theirs, mask: pack(less) });
    }
    this.own(label).set(z, { origin: "drawn", mask, confidence: null, corrected });
    return mask;
  }

  /** The mask to go on from: what shows, or an empty one. */
  copy(label: number, z: number): Plane {
    const shown = this.plane(label, z);
    return shown === null ? blank(this.width, this.height) : { ...shown, data: shown.data.slice() };
  }

  /** The slice nearest to `z` in a direction for which something that is not empty is known. */
  neighbour(label: number, z: number, step: 1 | -1, drawnOnly = false): number | null {
    const zs = [...this.own(label)]
      .filter(([at, mark]) => mark.mask.pixels > 0 && (at - z) * step > 0 && (!drawnOnly || mark.origin === "drawn"))
      .map(([at]) => at);
    return zs.length === 0 ? null : step > 0 ? Math.min(...zs) : Math.max(...zs);
  }

  /** The drawn slice with most muscles on it, of those with as many the one with the largest; null where nothing is drawn. */
  fullest(): { z: number; label: number; mask: Packed } | null {
    const on = new Map<number, { z: number; label: number; mask: Packed }[]>();
    for (const [label, own] of this.byLabel)
      for (const [z, { origin, mask }] of own) if (origin === "drawn" && mask.pixels > 0) on.set(z, [...(on.get(z) ?? []), { z, label, mask }]);
    const area = (z: number): number => on.get(z)!.reduce((sum, { mask }) => sum + mask.pixels, 0);
    const [best] = [...on.keys()].sort((a, b) => on.get(b)!.length - on.get(a)!.length || area(b) - area(a) || a - b);
    return best === undefined ? null : on.get(best)![0]!;
  }

  /** Pixels of a muscle on all slices. */
  pixels(label: number): number {
    let sum = 0;
    for (const mark of this.own(label).values()) sum += mark.mask.pixels;
    return sum;
  }

  private own(label: number): Map<number, Mark> {
    let found = this.byLabel.get(label);
    if (found === undefined) this.byLabel.set(label, (found = new Map<number, Mark>()));
    return found;
  }
}
