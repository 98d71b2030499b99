// Keys of the case page. They do nothing while a field is typed in or a dialog is open.
import * as act from "../draw/actions.ts";
import type { Hand } from "../draw/hand.ts";
import { TOOLS } from "../panel/Tools.tsx";
import { loupe, peek, resetView, zoomBy } from "../view/look.ts";
import { singleKeys } from "./app.ts";
import type { CaseStore } from "./case.ts";

const TYPED = "input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select, dialog[open] *";

export interface Doing {
  store: CaseStore;
  hand: Hand;
  help: () => void;
}

export function keys({ store, hand, help }: Doing): () => void {
  const down = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || (event.target as Element).matches?.(TYPED) || document.querySelector("dialog[open]") !== null) return;
    store.touch();
    if (event.ctrlKey || event.metaKey ? chord(event, store, hand) : plain(event, { store, hand, help })) event.preventDefault();
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() === "o") peek.value = false;
  };
  window.addEventListener("keydown", down);
  window.addEventListener("keyup", up);
  return () => {
    window.removeEventListener("keydown", down);
    window.removeEventListener("keyup", up);
  };
}

function chord(event: KeyboardEvent, store: CaseStore, hand: Hand): boolean {
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) {
    if (!hand.stepBack()) store.undo();
  } else if (key === "y" || (key === "z" && event.shiftKey)) store.redo();
  else return false;
  return true;
}

function plain(event: KeyboardEvent, { store, hand, help }: Doing): boolean {
  const slices = store.state.value!.shape[0];
  const step = event.shiftKey ? 10 : 1;
  const named: Record<string, () => void> = {
    PageDown: () => store.goTo(store.z.value + step),
    PageUp: () => store.goTo(store.z.value - step),
    Home: () => store.goTo(0),
    End: () => store.goTo(slices - 1),
    Enter: () => hand.finish(),
    Escape: () => (hand.busy ? hand.abandon() : void store.cancel()),
  };
  // Enter and Space belong to the button that has the focus.
  if (event.key === "Enter" && (!hand.busy || (event.target as Element).matches("button, summary, a"))) return false;
  if (named[event.key] !== undefined) {
    named[event.key]!();
    return true;
  }
  return singleKeys.value === "on" && single(event, store, hand, help);
}

function single(event: KeyboardEvent, store: CaseStore, hand: Hand, help: () => void): boolean {
  const key = event.key.toLowerCase();
  const tool = TOOLS.find(([, letter]) => letter === key);
  const muscle = store.state.value!.muscles[Number(key) - 1];
  const resize = (factor: number): void => void (store.sizeMm.value = Math.min(30, Math.max(0.5, Math.round(store.sizeMm.value * factor * 2) / 2)));
  const acts: Record<string, () => void> = {
    "[": () => resize(0.8),
    "]": () => resize(1.3),
    ",": () => store.goTo(store.z.value - 1),
    ".": () => store.goTo(store.z.value + 1),
    c: () => act.copyNeighbour(store),
    i: () => act.interpolate(store),
    g: () => act.growBy(store, event.shiftKey ? -1 : 1),
    s: () => void act.snap(store),
    a: () => (event.shiftKey ? act.acceptGap(store) : act.accept(store)),
    z: () => void (hand.stepBack() || store.undo()),
    y: () => store.redo(),
    r: () => void store.propagate(event.shiftKey ? "again" : "stale"),
    t: () => void (event.shiftKey && store.tune()),
    n: () => store.goToSuggested(),
    o: () => (peek.value = true),
    v: () => void (store.framed.value = !store.framed.value && store.sweeps.value > 0),
    l: () => (loupe.value = !loupe.value),
    "+": () => zoomBy(1.25),
    "=": () => zoomBy(1.25),
    "-": () => zoomBy(0.8),
    "0": resetView,
    "?": help,
  };
  if (tool !== undefined) {
    hand.abandon();
    store.tool.value = tool[0];
  } else if (muscle !== undefined) {
    hand.abandon();
    store.label.value = muscle.label;
  } else if (acts[key] !== undefined) acts[key]!();
  else return false;
  return true;
}
