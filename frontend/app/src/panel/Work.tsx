// Propagate, look through, sign.
import { useEffect, useState } from "preact/hooks";
import * as act from "../draw/actions.ts";
import { number, t } from "../i18n/index.ts";
import { tunedWords } from "../i18n/tuned.ts";
import type { CaseStore } from "../state/case.ts";
import { TUNING } from "../state/case.ts";

/** A gain beyond a whole leg only says that little is known yet. */
const TOO_MUCH_CM3 = 1000;

export function Work({ store }: { store: CaseStore }) {
  void store.revision.value;
  const can = store.editable.value;
  const stale = store.stale.value.length;
  const mark = store.marks.get(store.label.value, store.z.value);
  const found = store.state.value!.muscles.some((muscle) => muscle.methods.length > 0);
  return (
    <section class="panel work">
      {!store.running.value && (
        <div class="row">
          <h2>{t("propagate")}</h2>
          <p class="hint" data-testid="stale">
            {stale > 1 ? t("staleCount", stale) : stale === 1 ? t("staleOne") : found ? t("upToDate") : t("drawTwo")}
          </p>
        </div>
      )}
      {store.running.value ? (
        <Running store={store} />
      ) : (
        <button type="button" class="main" data-testid="propagate" disabled={!can || stale === 0} onClick={() => void store.propagate()}>
          {t("propagate")} <kbd>R</kbd>
        </button>
      )}
      <Suggested store={store} />
      <div class="row">
        <button type="button" data-testid="accept" disabled={!can || mark === undefined || mark.origin === "drawn"} onClick={() => act.accept(store)}>
          {t(mark?.origin === "accepted" ? "unaccept" : "accept")} <kbd>A</kbd>
        </button>
        <button type="button" data-testid="accept-gap" title="⇧A" disabled={!can || act.gap(store).length === 0} onClick={() => act.acceptGap(store)}>
          {t("acceptAll")}
        </button>
      </div>
      {found && <Better store={store} />}
    </section>
  );
}

/** What may fill the gaps better; which method filled the one in front, and by how much it is ahead of the other one. */
function Better({ store }: { store: CaseStore }) {
  const { label, z, advice, tuning } = store;
  const gap = advice.value?.gaps[label.value]?.find((each) => each.low < z.value && z.value < each.high && each.method !== "");
  const rests = store.editable.value && !store.running.value;
  const current = rests && store.stale.value.length === 0;
  const { can, own, result } = tuning.value;
  return (
    <>
      <div class="row better">
        <button type="button" data-testid="fill-anew" disabled={!rests} title={`${t("fillAnewWhy")} (⇧R)`} onClick={() => void store.propagate("again")}>
          {t("fillAnew")}
        </button>
        <button type="button" data-testid="compare-methods" disabled={!current} title={t("compareWhy")} onClick={() => void store.propagate("compare")}>
          {t("compareMethods")}
        </button>
        <button type="button" data-testid="tune" disabled={!rests || !can} title={can ? `${t("tuneWhy")} (⇧T)` : t("tuneCannot")} onClick={() => void store.tune()}>
          {t("tune")}
        </button>
      </div>
      {gap !== undefined && (
        <p class="hint" data-testid="gap-method">
          {gap.lead === null ? t("gapMethod", gap.method) : t("gapLead", gap.method, `${gap.lead < 0 ? "−" : "+"}${number(Math.abs(gap.lead), 3)}`)}
        </p>
      )}
      {(own || result) && (
        <p class="hint" data-testid="tuned">
          {result ? tunedWords(result) : t("tuneOwn")}{" "}
          {own && <button type="button" class="quiet" data-testid="forget-tuned" disabled={!rests} onClick={() => void store.forgetTuned()}>{t("tuneForget")}</button>}
        </p>
      )}
    </>
  );
}

function Suggested({ store }: { store: CaseStore }) {
  const state = store.state.value!;
  const next = store.advice.value?.suggestion ?? null;
  const name = state.muscles.find((muscle) => muscle.label === next?.label)?.name ?? "";
  return (
    <div class="row suggested">
      <button type="button" data-testid="suggested" disabled={next === null} title={next?.why} onClick={() => store.goToSuggested()}>
        {t("suggest")} <kbd>N</kbd>
      </button>
      <span class="hint">
        {next === null
          ? t("noSuggestion")
          : next.gain === null || next.gain > TOO_MUCH_CM3
            ? t("suggestWhy", name, next.z + 1)
            : t("suggestGain", name, next.z + 1, number(next.gain, 1))}
      </span>
    </div>
  );
}

function Running({ store }: { store: CaseStore }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), 500);
    return () => window.clearInterval(timer);
  }, []);
  const progress = store.progress.value;
  const part = progress === null ? 0 : progress.done / Math.max(1, progress.total);
  const passed = progress === null ? 0 : (performance.now() - progress.since) / 1000;
  const left = part > 0.02 ? (passed / part) * (1 - part) : null;
  return (
    <div class="running">
      <progress value={part} max={1} aria-label={t("propagate")} />
      <p class="hint" aria-live="polite">
        {progress === null ? t("starting") : t(progress.stage === TUNING ? "tuneRunning" : "running", progress.done, progress.total, left === null ? "…" : `${number(Math.ceil(left))} s`)}
      </p>
      <button type="button" data-testid="cancel" onClick={() => void store.cancel()}>
        {t("cancel")} <kbd>Esc</kbd>
      </button>
    </div>
  );
}
