// All keys in one place.
import type { Key } from "../i18n/index.ts";
import { t } from "../i18n/index.ts";
import { singleKeys } from "../state/app.ts";
import { Dialog } from "./Dialog.tsx";

const ROWS: [string[], Key][] = [
  [["Page Down", "Page Up", ",", "."], "key.slice"],
  [["Home", "End"], "key.ends"],
  [["1", "2", "3"], "key.muscle"],
  [["B", "E", "P", "M", "D", "F", "H"], "key.tool"],
  [["[", "]"], "key.size"],
  [["←", "→", "↑", "↓"], "key.pointer"],
  [["Space"], "key.space"],
  [["Enter", "Esc"], "key.close"],
  [["C", "I"], "key.copy"],
  [["G", "Shift G", "S"], "key.border"],
  [["A", "Shift A"], "key.accept"],
  [["R"], "key.run"],
  [["Shift R", "Shift T"], "key.anew"],
  [["N"], "key.next"],
  [["Ctrl Z", "Ctrl Y"], "key.undo"],
  [["O"], "key.show"],
  [["V"], "key.frame"],
  [["+", "−", "0"], "key.zoom"],
  [["L"], "key.loupe"],
];

export function KeyHelp({ close }: { close: () => void }) {
  return (
    <Dialog title={t("keysTitle")} close={close}>
      <dl class="keys">
        {ROWS.map(([names, words]) => (
          <div key={words}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">{t("mouse.wheel")}</p>
      <p class="hint">{t("mouse.right")}</p>
      <label class="check">
        <input type="checkbox" checked={singleKeys.value === "on"} onChange={(event) => (singleKeys.value = event.currentTarget.checked ? "on" : "off")} />
        {t("keysOff")}
      </label>
    </Dialog>
  );
}
