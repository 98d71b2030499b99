// Slices of the volume: fetched when they are needed, kept while there is room, and their neighbours fetched ahead.
import { bytes, sliceAddress } from "../api.ts";
import type { Grey } from "../draw/livewire.ts";

const MOST_BYTES = 96_000_000;
const AT_ONCE = 4;

export type Axis = "z" | "y" | "x";

export class GreySlices {
  private readonly kept = new Map<string, Uint8Array>();
  private readonly asked = new Set<string>();
  private readonly ahead: [Axis, number][] = [];
  private size = 0;
  private under = 0;

  /** `arrived` is called whenever a slice has come. */
  constructor(
    private readonly name: string,
    private readonly volume: string,
    private readonly shape: readonly [number, number, number],
    private readonly arrived: () => void,
  ) {}

  /** A slice, or null while it is on its way. */
  get(axis: Axis, index: number): Grey | null {
    const key = axis + index;
    const data = this.kept.get(key);
    const [depth, height, width] = this.shape;
    if (data !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, data);
      return { width: axis === "x" ? height : width, height: axis === "z" ? height : depth, data };
    }
    void this.fetch(axis, index);
    return null;
  }

  /** Fetch slices that will be wanted soon, in this order, when nothing else is under way. */
  expect(wanted: [Axis, number][]): void {
    this.ahead.splice(0, this.ahead.length, ...wanted.filter(([axis, index]) => index >= 0 && index < this.count(axis)));
    this.next();
  }

  private count(axis: Axis): number {
    return this.shape[{ z: 0, y: 1, x: 2 }[axis]] ?? 0;
  }

  private next(): void {
    while (this.under < AT_ONCE && this.ahead.length > 0) {
      const [axis, index] = this.ahead.shift()!;
      if (!this.kept.has(axis + index)) void this.fetch(axis, index);
    }
  }

  private async fetch(axis: Axis, index: number): Promise<void> {
    const key = axis + index;
    if (this.asked.has(key)) return;
    this.asked.add(key);
    this.under++;
    try {
      const data = await bytes(sliceAddress(this.name, this.volume, axis, index));
      this.kept.set(key, data);
      this.size += data.length;
      for (const [old, gone] of this.kept) {
        if (this.size <= MOST_BYTES || old === key) break;
        this.kept.delete(old);
        this.size -= gone.length;
      }
      this.arrived();
    } catch {
      // Asked again when it is looked at again.
    } finally {
      this.asked.delete(key);
      this.under--;
      this.next();
    }
  }
}
