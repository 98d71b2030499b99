// A canvas that is painted again whenever its size, or a signal that its painting read, has changed.
import { effect, signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function useCanvas(paint: (canvas: HTMLCanvasElement) => void, depends: unknown[]): RefObject<HTMLCanvasElement | null> {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current!;
    const sizes = signal(0);
    const observer = new ResizeObserver(() => sizes.value++);
    observer.observe(canvas);
    const stop = effect(() => {
      void sizes.value;
      if (canvas.clientWidth > 0 && canvas.clientHeight > 0) paint(canvas);
    });
    return () => {
      observer.disconnect();
      stop();
    };
  }, depends);
  return ref;
}
