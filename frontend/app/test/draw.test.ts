import { expect, test } from "vitest";
import { csv } from "../src/home/csv.ts";
import { HeldBorder } from "../src/draw/border.ts";
import { between, expectedCentre, grown, movedTo, signedDistance } from "../src/draw/between.ts";
import { outline } from "../src/draw/edges.ts";
import { costs, Ways } from "../src/draw/livewire.ts";
import { bitsOf, blank, boxOf, count, pack, type Plane, unpack } from "../src/draw/mask.ts";
import { fillAt, fillHoles, polygon, stroke } from "../src/draw/shapes.ts";
import type { Origin } from "../src/api.ts";
import { Marks } from "../src/state/marks.ts";

function disc(width: number, height: number, cx: number, cy: number, radius: number): Plane {
  const plane = blank(width, height);
  plane.data.forEach((_, at) => {
    if (Math.hypot((at % width) - cx, Math.floor(at / width) - cy) <= radius) plane.data[at] = 1;
  });
  return plane;
}

test("a mask that was packed comes back as it was", () => {
  const plane = disc(37, 29, 15, 12, 8);
  plane.data[28 * 37 + 36] = 1;
  const packed = pack(plane);
  expect(packed.pixels).toBe(count(plane));
  expect(unpack(packed, 37, 29).data).toEqual(plane.data);
  expect(pack(blank(5, 5)).pixels).toBe(0);
  expect(unpack(pack(blank(5, 5)), 5, 5).data).toEqual(blank(5, 5).data);
});

test("the first pixel of a box is the highest bit of the first byte, as the server has it", () => {
  const plane = blank(8, 2);
  plane.data[3] = 1;
  plane.data[8 + 5] = 1;
  expect(pack(plane)).toMatchObject({ top: 0, left: 3, height: 2, width: 3, pixels: 2 });
  expect([...bitsOf(pack(plane))]).toEqual([0b10000100]);
});

test("a stroke sets the pixels within its radii, and takes them away again", () => {
  const plane = blank(40, 40);
  stroke(plane, { x: 10, y: 20 }, { x: 30, y: 20 }, 4, 2, 1);
  expect(boxOf(plane)).toEqual({ top: 18, left: 6, bottom: 23, right: 35 });
  stroke(plane, { x: 20, y: 20 }, { x: 20, y: 20 }, 100, 100, 0);
  expect(count(plane)).toBe(0);
});

test("the inside of a polygon is filled", () => {
  const plane = blank(20, 20);
  polygon(plane, [{ x: 2, y: 3 }, { x: 12, y: 3 }, { x: 12, y: 9 }, { x: 2, y: 9 }], 1);
  expect(boxOf(plane)).toEqual({ top: 3, left: 2, bottom: 9, right: 13 });
  expect(count(plane)).toBe(11 * 6);
});

test("a hole is filled, and what is open is left alone", () => {
  const plane = disc(30, 30, 15, 15, 10);
  for (const value of [14, 15, 16]) plane.data[value * 30 + 15] = 0;
  const open = { ...plane, data: plane.data.slice() };
  expect(fillAt(plane, { x: 15, y: 15 })).toBe(true);
  expect(count(plane)).toBe(count(disc(30, 30, 15, 15, 10)));
  expect(fillAt(plane, { x: 0, y: 0 })).toBe(false);
  expect(fillHoles(open)).toBe(3);
});

test("the outline runs once around every pixel's free sides", () => {
  const plane = blank(10, 10);
  polygon(plane, [{ x: 2, y: 2 }, { x: 6, y: 2 }, { x: 6, y: 5 }, { x: 2, y: 5 }], 1);
  let length = 0;
  outline(plane, (x0, y0, x1, y1) => (length += Math.abs(x1 - x0) + Math.abs(y1 - y0)));
  expect(length).toBe(2 * (5 + 3));
});

test("half way between two discs lies the disc of the middle radius and place", () => {
  const found = between(disc(60, 60, 20, 30, 8), disc(60, 60, 40, 30, 14), 0.5)!;
  const truth = disc(60, 60, 30, 30, 11);
  const both = found.data.reduce((sum, value, at) => sum + (value & truth.data[at]!), 0);
  expect((2 * both) / (count(found) + count(truth))).toBeGreaterThan(0.95);
  expect(between(disc(60, 60, 20, 30, 8), blank(60, 60), 0.5)).toBeNull();
});

test("distances are exact, and growing by a pixel adds a rim", () => {
  const point = blank(11, 11);
  point.data[5 * 11 + 5] = 1;
  expect(signedDistance(point)[2 * 11 + 1]).toBeCloseTo(-5, 9);
  const whole = disc(60, 60, 30, 30, 12);
  expect(count(grown(whole, 2))).toBeGreaterThan(count(whole) * 1.25);
  expect(count(grown(grown(whole, 3), -3))).toBeGreaterThan(count(whole) * 0.95);
  expect(count(grown(whole, -2))).toBeLessThan(count(whole) * 0.8);
});

test("the magnetic outline follows a bright border and not the straight line", () => {
  const [width, height] = [90, 90];
  const data = new Uint8Array(width * height).map((_, at) => {
    const far = Math.abs(Math.hypot((at % width) - 45, Math.floor(at / width) - 45) - 30);
    return Math.round(40 + 200 * Math.exp((-far * far) / 2) + ((at * 7919) % 13));
  });
  const way = new Ways(costs({ width, height, data }), width, height, { x: 75, y: 45 }).to({ x: 45, y: 15 });
  const off = way.map(({ x, y }) => Math.abs(Math.hypot(x - 45, y - 45) - 30));
  expect(Math.max(...off)).toBeLessThan(2.5);
  expect(way[0]).toEqual({ x: 75, y: 45 });
  expect(way[way.length - 1]).toEqual({ x: 45, y: 15 });
});

test("the table of volumes quotes what a spreadsheet would misread", () => {
  const text = csv([{ name: "=1+1", state: "signed", drawn: 3, minutes: 4.5, volumes: { GM: 12.25 }, sds: { GM: null }, unfinished: { GM: "few" } }, { name: 'a,"b', state: "new" }]);
  expect(text.split("\r\n")).toEqual(["case,state,outlines,minutes,GM (cm3),GM SD (cm3),GM unfinished", "'=1+1,signed,3,4.5,12.25,,few", '"a,""b",new,,,,,', ""]);
});

test("a copied outline is moved to where the muscle is expected between its neighbours", () => {
  const [low, high] = [disc(60, 40, 20, 15, 6), disc(60, 40, 40, 25, 6)];
  const place = expectedCentre(low, high, 0.25)!;
  expect(place[0]).toBeCloseTo(25);
  expect(place[1]).toBeCloseTo(17.5);
  expect(movedTo(low, [40, 25]).data).toEqual(high.data);
  expect(expectedCentre(low, blank(60, 40), 0.5)).toBeNull();
  // What leaves the slice is gone and comes back nowhere else.
  const out = movedTo(low, [2, 15]);
  expect(count(out)).toBeLessThan(count(low));
  expect(boxOf(out)!.left).toBe(0);
  expect(boxOf(out)!.right).toBe(9);
});

test("a dragged border goes where the pointer goes, and stays where the hand does not reach", () => {
  const plane = disc(80, 60, 40, 30, 12);
  const on = (mask: Plane, x: number, y: number): number => mask.data[y * 80 + x]!;
  const held = new HeldBorder(plane, { x: 52.5, y: 30 }, 4, false);
  expect(held.movedTo({ x: 52.5, y: 30 }).data).toEqual(plane.data);
  for (const by of [5, 14]) {
    const out = held.movedTo({ x: 52.5 + by, y: 30 });
    expect([on(out, 52 + by, 30), on(out, 54 + by, 30)]).toEqual([1, 0]);
    // In one piece: every pixel from the middle to the tip.
    expect(Array.from({ length: 12 + by }, (_, at) => on(out, 40 + at, 30))).not.toContain(0);
    expect([on(out, 28, 30), on(out, 27, 30)]).toEqual([1, 0]);
  }
  const into = held.movedTo({ x: 47.5, y: 30 });
  expect([on(into, 46, 30), on(into, 49, 30), on(into, 28, 30)]).toEqual([1, 0, 1]);
  expect(held.as(into)).toBe(false);
  expect(held.as(held.movedTo({ x: 52.5, y: 30 }))).toBe(true);
  const whole = new HeldBorder(plane, { x: 52.5, y: 30 }, 4, true).movedTo({ x: 55.5, y: 30 });
  expect(count(whole)).toBeCloseTo(Math.PI * 15 * 15, -1.5);
  expect(on(whole, 26, 30)).toBe(1);
});

test("a case opens on the drawn slice that shows most: proposals and empty outlines are passed over", () => {
  const marks = new Marks(20, 20);
  const sent = (l: number, z: number, o: Origin, radius: number): void => {
    const { top, left, height, width, pixels, text } = pack(disc(20, 20, 10, 10, radius));
    marks.take({ l, z, o, m: [top, left, height, width, pixels, text] });
  };
  expect(marks.fullest()).toBeNull();
  sent(1, 3, "drawn", -1);
  expect(marks.fullest()).toBeNull();
  sent(1, 4, "drawn", 8);
  sent(1, 9, "proposed", 9);
  sent(2, 9, "proposed", 9);
  expect(marks.fullest()).toMatchObject({ z: 4, label: 1 });
  sent(1, 7, "drawn", 4);
  sent(2, 7, "drawn", 3);
  sent(1, 12, "drawn", 5);
  sent(2, 12, "drawn", 3);
  expect(marks.fullest()).toMatchObject({ z: 12, label: 1 });
});
