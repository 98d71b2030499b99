// The magnetic outline: the cheapest way over the slice from an anchor to the pointer, where bright borders are cheap.
// After E. N. Mortensen and W. A. Barrett, Interactive segmentation with intelligent scissors, 1998.
import type { Point } from "./shapes.ts";

/** The grey levels of one slice. */
export interface Grey {
  width: number;
  height: number;
  data: Uint8Array;
}

const DEAREST = 32;
const REACH = 160;
const PERCENTILE = 0.98;

function blurred({ width, height, data }: Grey, radius: number): Float32Array {
  const across = new Float32Array(data.length);
  const found = new Float32Array(data.length);
  const side = 2 * radius + 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let d = -radius; d <= radius; d++) sum += data[y * width + Math.min(width - 1, Math.max(0, x + d))]!;
      across[y * width + x] = sum / side;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let d = -radius; d <= radius; d++) sum += across[Math.min(height - 1, Math.max(0, y + d)) * width + x]!;
      found[y * width + x] = sum / side;
    }
  }
  return found;
}

function scaled(values: Float32Array): Float32Array {
  const sorted = Float32Array.from(values.filter((_, at) => at % 7 === 0)).sort();
  const top = sorted[Math.floor(PERCENTILE * (sorted.length - 1))] || 1;
  return values.map((value) => Math.min(1, Math.max(0, value / top)));
}

/** The price of each pixel, 1 to `DEAREST`: low on bright lines (fascia) and on steep changes of grey. */
export function costs(grey: Grey): Uint8Array {
  const { width, height } = grey;
  const fine = blurred(grey, 1);
  const coarse = blurred(grey, 6);
  const ridge = scaled(fine.map((value, at) => value - coarse[at]!));
  const steep = scaled(
    fine.map((_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return 0;
      return Math.hypot(fine[at + 1]! - fine[at - 1]!, fine[at + width]! - fine[at - width]!);
    }),
  );
  return Uint8Array.from(ridge, (value, at) => 1 + Math.round((DEAREST - 1) * (1 - Math.max(value, 0.7 * steep[at]!))));
}

/** The cheapest ways from one anchor to every pixel within reach. */
export class Ways {
  private readonly before: Int32Array;

  constructor(
    private readonly price: Uint8Array,
    private readonly width: number,
    private readonly height: number,
    readonly anchor: Point,
  ) {
    this.before = new Int32Array(price.length).fill(-1);
    this.search(Math.round(anchor.y) * width + Math.round(anchor.x));
  }

  /** Pixels from the anchor to a point, both among them; a straight line where the point is out of reach. */
  to(point: Point): Point[] {
    const end = Math.round(point.y) * this.width + Math.round(point.x);
    if (this.before[end] === undefined || this.before[end] < 0) return [this.anchor, point];
    const way: Point[] = [];
    for (let at = end; ; at = this.before[at]!) {
      way.push({ x: at % this.width, y: Math.floor(at / this.width) });
      if (this.before[at] === at) break;
    }
    return way.reverse();
  }

  // Dial's algorithm: prices are small whole numbers, so that buckets do what a heap would.
  private search(start: number): void {
    const { width, height, price, before } = this;
    const [cx, cy] = [start % width, Math.floor(start / width)];
    const total = new Int32Array(price.length).fill(0x7fffffff);
    const done = new Uint8Array(price.length);
    const buckets: number[][] = Array.from({ length: 2 * DEAREST + 1 }, () => []);
    total[start] = 0;
    before[start] = start;
    buckets[0]!.push(start);
    for (let waiting = 1, cost = 0; waiting > 0; cost++) {
      const bucket = buckets[cost % buckets.length]!;
      while (bucket.length > 0) {
        const at = bucket.pop()!;
        waiting--;
        if (done[at] === 1 || total[at] !== cost) continue;
        done[at] = 1;
        const [x, y] = [at % width, Math.floor(at / width)];
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            const [nx, ny] = [x + dx, y + dy];
            if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
            if (Math.abs(nx - cx) > REACH || Math.abs(ny - cy) > REACH) continue;
            const next = ny * width + nx;
            const step = dx !== 0 && dy !== 0 ? Math.round(price[next]! * Math.SQRT2) : price[next]!;
            if (done[next] === 1 || cost + step >= total[next]!) continue;
            total[next] = cost + step;
            before[next] = at;
            buckets[(cost + step) % buckets.length]!.push(next);
            waiting++;
          }
        }
      }
    }
  }
}
