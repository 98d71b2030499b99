// While slices are drawn again: which one, how many are left, and the ways out.
import { t } from "../i18n/index.ts";
import type { CaseStore } from "../state/case.ts";

export function Blind({ store }: { store: CaseStore }) {
  void store.revision.value;
  const [label, z] = store.blind.value!;
  const state = store.state.value!;
  const name = state.muscles.find((muscle) => muscle.label === label)?.name ?? "";
  const away = store.z.value !== z || store.label.value !== label;
  const back = (): void => {
    store.label.value = label;
    store.goTo(z);
  };
  return (
    <div class="banner blind" data-testid="blind" role="status">
      <span>{t("blindNow", name, z + 1, state.asked.length)}</span>
      <span class="gap" />
      {away && <button type="button" onClick={back}>{t("blindBack")}</button>}
      <button type="button" class="main" data-testid="hand-in" disabled={!store.editable.value || store.marks.get(label, z) === undefined} onClick={() => store.handIn()}>
        {t("blindNext")}
      </button>
      <button type="button" data-testid="blind-later" onClick={() => store.unblind(false)}>{t("blindLater")}</button>
      <button type="button" onClick={() => store.unblind(true)}>{t("blindStop")}</button>
    </div>
  );
}
