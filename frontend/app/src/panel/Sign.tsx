// Signing off.
import { useState } from "preact/hooks";
import { number, t } from "../i18n/index.ts";
import { expert } from "../state/app.ts";
import type { CaseStore } from "../state/case.ts";
import { Dialog } from "./Dialog.tsx";

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
            {state.muscles.map((muscle) => (
              <tr key={muscle.label}>
                <th scope="row">{muscle.name}</th>
                <td>{muscle.absent ? t("nowhere") : t("volumeOf", number(store.volumeCm3(muscle), 1))}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="hint">
          {t("outlines", state.outlines)} · {t("workMinutes", number(state.minutes, 1))}
        </p>
        <p>{t("signWhy")}</p>
        <label>
          {t("signAs")}
          <input type="text" required maxLength={100} value={expert.value} onInput={(event) => (expert.value = event.currentTarget.value)} />
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
