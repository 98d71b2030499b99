// Settings that a browser keeps. A browser that keeps nothing works as well.
import { effect, signal, type Signal } from "@preact/signals";

export function remembered(name: string, initial: string): Signal<string> {
  const key = `ifssnet.${name}`;
  let start = initial;
  try {
    start = localStorage.getItem(key) ?? initial;
  } catch {
    // Private windows may refuse.
  }
  const found = signal(start);
  effect(() => {
    const value = found.value;
    try {
      localStorage.setItem(key, value);
    } catch {
      // As above.
    }
  });
  return found;
}
