// The tools, and what can be done to the outline in front.
import type { ComponentChildren } from "preact";
import type { Key } from "../i18n/index.ts";
import { t } from "../i18n/index.ts";
import * as act from "../draw/actions.ts";
import type { CaseStore, Tool } from "../state/case.ts";
import { brightness, contrast, loupe, resetView, zoomBy } from "../view/look.ts";

export const TOOLS: [Tool, string, string][] = [
  ["brush", "b", "●"],
  ["erase", "e", "◌"],
  ["polygon", "p", "⬠"],
  ["magnet", "m", "∿"],
  ["border", "d", "⤢"],
  ["fill", "f", "◍"],
  ["pan", "h", "✥"],
];

export function Tools({ store }: { store: CaseStore }) {
  const can = store.editable.value;
  const tool = store.tool.value;
  return (
    <section class="panel">
      <h2>{t("tools")}</h2>
      <div class="tools" role="radiogroup" aria-label={t("tools")}>
        {TOOLS.map(([name, key, sign]) => (
          <label key={name} class={tool === name ? "on" : ""} title={`${t(`tool.${name}` as Key)} (${key.toUpperCase()})`}>
            <input type="radio" name="tool" checked={tool === name} onChange={() => (store.tool.value = name)} />
            <span aria-hidden="true" class="sign">{sign}</span>
            <span>{t(`tool.${name}` as Key)}</span>
            <kbd>{key.toUpperCase()}</kbd>
          </label>
        ))}
      </div>
      {(tool === "brush" || tool === "erase" || tool === "border") && (
        <label class="slider">
          {t("size")}
          <input type="range" min="0.5" max="30" step="0.5" value={store.sizeMm.value} onInput={(event) => (store.sizeMm.value = Number(event.currentTarget.value))} />
          <output>{store.sizeMm.value} mm</output>
        </label>
      )}
      {(tool === "magnet" || tool === "polygon") && <p class="hint">{t(tool === "magnet" ? "magnetHint" : "polygonHint")}</p>}
      {tool === "border" && <p class="hint">{t("borderHint")}</p>}
      <Outline store={store} can={can} />
      <details>
        <summary>{t("window")}</summary>
        <label class="slider">
          {t("brightness")}
          <input type="range" min="-200" max="200" value={brightness.value} onInput={(event) => (brightness.value = Number(event.currentTarget.value))} />
        </label>
        <label class="slider">
          {t("contrast")}
          <input type="range" min="0.2" max="6" step="0.05" value={contrast.value} onInput={(event) => (contrast.value = Number(event.currentTarget.value))} />
        </label>
        <div class="row">
          <button type="button" onClick={() => zoomBy(1.25)} aria-label={t("zoomIn")}>+</button>
          <button type="button" onClick={() => zoomBy(0.8)} aria-label={t("zoomOut")}>−</button>
          <button type="button" onClick={resetView}>{t("resetView")}</button>
          <button type="button" aria-pressed={loupe.value} onClick={() => (loupe.value = !loupe.value)}>{t("loupe")}</button>
        </div>
      </details>
    </section>
  );
}

function Outline({ store, can }: { store: CaseStore; can: boolean }) {
  void store.revision.value;
  const from = act.source(store);
  const pair = act.around(store);
  const mark = store.marks.get(store.label.value, store.z.value);
  const known = mark !== undefined && mark.mask.pixels > 0;
  const Do = ({ on, if: allowed, children }: { on: () => void; if: boolean; children: ComponentChildren }) => (
    <button type="button" disabled={!can || !allowed} onClick={on}>
      {children}
    </button>
  );
  return (
    <div class="actions">
      <Do on={() => act.copyNeighbour(store)} if={from !== null}>
        {from === null ? t("copyNone") : t("copyPrevious", from + 1)} <kbd>C</kbd>
      </Do>
      <Do on={() => act.interpolate(store)} if={pair !== null}>
        {pair === null ? t("interpolateNone") : t("interpolate", pair[0] + 1, pair[1] + 1)} <kbd>I</kbd>
      </Do>
      <div class="row">
        <Do on={() => act.growBy(store, 1)} if={known}>{t("grow")} <kbd>G</kbd></Do>
        <Do on={() => act.growBy(store, -1)} if={known}>{t("shrink")} <kbd>⇧G</kbd></Do>
      </div>
      <div class="row">
        <Do on={() => act.closeHoles(store)} if={known}>{t("fillHoles")}</Do>
        <Do on={() => void act.snap(store)} if={mark?.origin === "drawn" && known}>{t("snap")} <kbd>S</kbd></Do>
      </div>
      <div class="row">
        <Do on={() => act.notHere(store)} if={true}>{t("absentHere")}</Do>
        <Do on={() => act.erase(store)} if={mark?.origin === "drawn"}>{t("clear")}</Do>
      </div>
    </div>
  );
}
