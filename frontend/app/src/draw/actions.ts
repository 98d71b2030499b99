// What is done to the outline of the muscle and slice in front, by a button or a key.
import { snapped } from "../api.ts";
import type { CaseStore } from "../state/case.ts";
import { t } from "../i18n/index.ts";
import { say } from "../state/app.ts";
import { between, expectedCentre, grown, movedTo } from "./between.ts";
import type { Plane } from "./mask.ts";
import { blank, copyOf, unpack } from "./mask.ts";
import { fillHoles } from "./shapes.ts";

/** The slice to copy from: the nearest one on which the muscle is known, the one before where two are as near. */
export function source(store: CaseStore): number | null {
  const [label, z] = [store.label.value, store.z.value];
  const [low, high] = [store.marks.neighbour(label, z, -1), store.marks.neighbour(label, z, 1)];
  if (low === null || high === null) return low ?? high;
  return z - low <= high - z ? low : high;
}

export function copyNeighbour(store: CaseStore): void {
  const from = source(store);
  const plane = from === null ? null : store.marks.plane(store.label.value, from);
  if (plane === null) say(t("copyNone"), true);
  else store.draw(guided(store, plane));
}

/** An outline moved to where the muscle is expected between its neighbours; as it is where there is one neighbour only. */
function guided(store: CaseStore, plane: Plane): Plane {
  const [label, z] = [store.label.value, store.z.value];
  const pair = around(store);
  const [low, high] = pair === null ? [null, null] : pair.map((at) => store.marks.plane(label, at));
  const place = low && high ? expectedCentre(low, high, (z - pair![0]) / (pair![1] - pair![0])) : null;
  return place === null ? copyOf(plane) : movedTo(plane, place);
}

/** The drawn slices around this one. */
export function around(store: CaseStore): [number, number] | null {
  const [label, z] = [store.label.value, store.z.value];
  const [low, high] = [store.marks.neighbour(label, z, -1, true), store.marks.neighbour(label, z, 1, true)];
  return low === null || high === null ? null : [low, high];
}

/** What is drawn, moved onto what a method had found wherever both are close. */
export async function snap(store: CaseStore): Promise<void> {
  const [label, z] = [store.label.value, store.z.value];
  if (!store.editable.value || store.blind.value !== null) return;
  if (store.marks.get(label, z)?.origin !== "drawn") return say(t("mineFirst"), true);
  try {
    const [, height, width] = store.state.value!.shape;
    const found = unpack(await snapped(store.name, label, z), width, height);
    store.draw(found, label, z);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
  }
}

export function interpolate(store: CaseStore): void {
  const pair = around(store);
  const label = store.label.value;
  const [low, high] = pair === null ? [null, null] : pair.map((z) => store.marks.plane(label, z));
  const found = low && high ? between(low, high, (store.z.value - pair![0]) / (pair![1] - pair![0])) : null;
  if (found === null) say(t("interpolateNone"), true);
  else store.draw(found);
}

export function growBy(store: CaseStore, pixels: number): void {
  const plane = store.marks.plane(store.label.value, store.z.value);
  if (plane === null) say(t("mineFirst"), true);
  else store.draw(grown(plane, pixels));
}

export function closeHoles(store: CaseStore): void {
  const whole = store.marks.copy(store.label.value, store.z.value);
  if (fillHoles(whole) > 0) store.draw(whole);
}

export function notHere(store: CaseStore): void {
  const [, height, width] = store.state.value!.shape;
  store.draw(blank(width, height));
}

export function erase(store: CaseStore): void {
  const [label, z] = [store.label.value, store.z.value];
  if (store.editable.value && store.marks.get(label, z)?.origin === "drawn") store.send({ kind: "erase", label, z });
}

export function accept(store: CaseStore): void {
  const [label, z] = [store.label.value, store.z.value];
  const mark = store.marks.get(label, z);
  if (!store.editable.value || mark === undefined || mark.origin === "drawn") return;
  store.send({ kind: "accept", label, slices: [z], accepted: mark.origin !== "accepted" });
}

/** The slices of the gap around this one that a method proposed. */
export function gap(store: CaseStore): number[] {
  const [label, z] = [store.label.value, store.z.value];
  const own = store.marks.of(label);
  const found: number[] = [];
  for (const step of [-1, 1]) {
    for (let at = step < 0 ? z : z + 1; own.has(at) && own.get(at)!.origin !== "drawn"; at += step) {
      if (own.get(at)!.origin === "proposed") found.push(at);
    }
  }
  return found.sort((a, b) => a - b);
}

export function acceptGap(store: CaseStore): void {
  const slices = gap(store);
  if (store.editable.value && slices.length > 0) store.send({ kind: "accept", label: store.label.value, slices, accepted: true });
}
