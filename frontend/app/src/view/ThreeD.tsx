// The muscles in 3-D by NiiVue, which is loaded only when there is something to show.
import { effect, signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { surfaceAddress } from "../api.ts";
import { t } from "../i18n/index.ts";
import type { CaseStore } from "../state/case.ts";
import { hidden, opacity } from "./look.ts";
import { Scene } from "./scene.ts";

const SETTLES_MS = 1500;

const webgl2 = (): boolean => {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
};

export function ThreeD({ store }: { store: CaseStore }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const possible = useMemo(webgl2, []);
  const shown = useMemo(() => signal(0), []);
  useEffect(() => {
    if (!possible) return;
    const scene = new Scene(ref.current!);
    let timer = 0;
    const update = async (): Promise<void> => {
      const muscles = store.state.value!.muscles.filter((muscle) => [...store.marks.of(muscle.label).values()].some((mark) => mark.mask.pixels > 0));
      shown.value = await scene.show(
        muscles.map(({ label, color }) => ({ label, color, address: surfaceAddress(store.name, label) })),
      );
      scene.look(hidden.value);
    };
    // Surfaces are made by the server: they follow once the expert pauses.
    const stop = effect(() => {
      void store.revision.value;
      void store.running.value;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void update(), SETTLES_MS);
    });
    const stopLook = effect(() => scene.look(hidden.value));
    return () => {
      window.clearTimeout(timer);
      stop();
      stopLook();
      scene.close();
    };
  }, [store, possible]);
  void opacity.value;
  return (
    <figure class="three">
      {possible ? (
        <>
          <canvas ref={ref} role="img" aria-label={t("threeDHint")} data-testid="three" data-shown={shown.value} />
          {shown.value === 0 && <p class="empty">{t(store.state.value!.muscles.some((muscle) => muscle.methods.length > 0) ? "loading" : "threeDEmpty")}</p>}
        </>
      ) : (
        <p class="empty" role="note">{t("noWebgl")}</p>
      )}
      <figcaption>{t("threeD")}</figcaption>
    </figure>
  );
}
