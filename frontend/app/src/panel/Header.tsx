// The line above a case: where we are, whether all is on disk, undo, sign, export.
import { number, t } from "../i18n/index.ts";
import type { CaseStore } from "../state/case.ts";
import { Blind } from "./Blind.tsx";
import { Settings } from "./Settings.tsx";

export function Header({ store, open }: { store: CaseStore; open: (dialog: "keys" | "sign" | "export" | "quality") => void }) {
  const state = store.state.value!;
  const can = store.editable.value;
  void store.revision.value;
  const drawn = state.muscles.some((muscle) => muscle.absent || [...store.marks.of(muscle.label).values()].some((mark) => mark.origin === "drawn"));
  const lost = !store.connected.value || store.outbox.lost.value;
  return (
    <>
      <header class="top">
        <a href="#/">← {t("back")}</a>
        <h1>{state.name}</h1>
        <span class={`saved ${lost ? "bad" : ""}`} role="status" data-testid="saved">
          {lost ? "!" : store.outbox.waiting.value > 0 ? t("saving") : t("saved")}
        </span>
        <span class="hint">
          {t(store.outlines() === 1 ? "outline" : "outlines", store.outlines())} · {t("workMinutes", number(state.minutes, 1))}
        </span>
        <span class="gap" />
        <button type="button" data-testid="undo" disabled={!can || (!state.canUndo && store.blind.value === null)} onClick={() => store.undo()}>{t("undo")}</button>
        <button type="button" data-testid="redo" disabled={!can || !state.canRedo} onClick={() => store.redo()}>{t("redo")}</button>
        {state.signature === null ? (
          <button type="button" data-testid="sign" disabled={!can || store.running.value || !drawn || store.blind.value !== null} onClick={() => open("sign")}>{t("sign")}</button>
        ) : (
          <button type="button" data-testid="reopen" disabled={!store.writer.value} onClick={() => store.send({ kind: "reopen" })}>{t("reopen")}</button>
        )}
        <button type="button" data-testid="quality" disabled={store.blind.value !== null} onClick={() => open("quality")}>{t("quality")}</button>
        <button type="button" data-testid="export" disabled={store.blind.value !== null} onClick={() => open("export")}>{t("export")}</button>
        <button type="button" onClick={() => open("keys")}>{t("help")} <kbd>?</kbd></button>
        <Settings />
      </header>
      {lost && <p class="banner bad" role="alert">{t(store.outbox.why.value === "" ? "lost" : "lostWhy", store.outbox.why.value)}</p>}
      {store.blind.value !== null && <Blind store={store} />}
      {!store.writer.value && (
        <p class="banner" role="status" data-testid="read-only">
          {t(store.writerFree.value ? "writerFree" : "readOnly")}{" "}
          <button type="button" data-testid="take-over" onClick={() => void store.takeOver()}>{t("takeOver")}</button>
        </p>
      )}
    </>
  );
}
