// Signing off.
import { useState } from "preact/hooks";
import type { Muscle } from "../api.ts";
import { number, t } from "../i18n/index.ts";
import { unfinishedWords } from "../i18n/unfinished.ts";
import { expert } from "../state/app.ts";
import type { CaseStore } from "../state/case.ts";
import { Dialog } from "./Dialog.tsx";
import { volumeWords } from "./Muscles.tsx";

export function Sign({ store, close }: { store: CaseStore; close: () => void }) {
  const [statement, setStatement] = useState("");
  const state = store.state.value!;
  const sign = (event: Event): void => {
    event.preventDefault();
    if (expert.value.trim() === "") return;
    store.send({ kind: "sign", statement }, close);
  };
  return (
    <Dialog title={t("signTitle")} close={close}>
      <form class="sign" onSubmit={sign}>
        <table>
          <tbody>
            {state.muscles.map((muscle) => {
              const unfinished = store.advice.value?.unfinished[muscle.label] ?? null;
              return (
                <tr key={muscle.label}>
                  <th scope="row">{muscle.name}</th>
                  <td>{volumeIn(store, muscle)}</td>
                  <td class="unfinished">{unfinished !== null && !muscle.absent && unfinishedWords(unfinished)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        <p class="hint">
          {t(store.outlines() === 1 ? "outline" : "outlines", store.outlines())} · {t("workMinutes", number(state.minutes, 1))}
        </p>
        <p>{t("signWhy")}</p>
        <label>
          {t("signAs")}
          <input type="text" autofocus required maxLength={100} value={expert.value} onInput={(event) => (expert.value = event.currentTarget.value)} />
        </label>
        <label>
          {t("statement")}
          <textarea rows={2} maxLength={2000} value={statement} onInput={(event) => setStatement(event.currentTarget.value)} />
        </label>
        <div class="row end">
          <button type="button" onClick={close}>{t("cancel")}</button>
          <button type="submit" class="main" data-testid="sign-now">{t("sign")}</button>
        </div>
      </form>
    </Dialog>
  );
}

function volumeIn(store: CaseStore, muscle: Muscle): string {
  if (muscle.absent) return t("nowhere");
  return store.marks.of(muscle.label).size === 0 ? t("nothing") : volumeWords(store.known(muscle), store.volumeCm3(muscle));
}
