// Drawing with the keyboard: arrows move a point over the cross-section, Space presses and releases there.
import type { Hand } from "../draw/hand.ts";
import type { CaseStore } from "../state/case.ts";

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function axialKeys(event: KeyboardEvent, store: CaseStore, hand: Hand): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = STEPS[event.key];
  if (step !== undefined) {
    const [, height, width] = store.state.value!.shape;
    const { x, y } = store.cursor.value;
    const length = event.shiftKey ? 10 : 1;
    const next = {
      x: Math.min(width - 1, Math.max(0, Math.round(x) + step[0] * length)),
      y: Math.min(height - 1, Math.max(0, Math.round(y) + step[1] * length)),
    };
    store.cursor.value = next;
    hand.move(next);
  } else if (event.key === " ") {
    // Space puts the brush down and, pressed again, lifts it; with a line tool it sets a corner.
    if (hand.wet.value !== null) hand.release();
    else hand.press(store.cursor.value, event.shiftKey, 1);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
