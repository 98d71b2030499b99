// Name, language, appearance.
import type { Key, Language } from "../i18n/index.ts";
import { choose, LANGUAGES, language, t } from "../i18n/index.ts";
import { expert, theme } from "../state/app.ts";

export function Settings() {
  return (
    <details class="settings">
      <summary aria-label={`${t("expert")}, ${t("language")}, ${t("theme")}`}>⚙</summary>
      <div class="menu">
        <label>
          {t("expert")}
          <input type="text" maxLength={100} value={expert.value} onInput={(event) => (expert.value = event.currentTarget.value)} />
        </label>
        <label>
          {t("language")}
          <select value={language.value} data-testid="language" onChange={(event) => choose(event.currentTarget.value as Language)}>
            {Object.entries(LANGUAGES).map(([code, words]) => (
              <option key={code} value={code}>{words}</option>
            ))}
          </select>
        </label>
        <label>
          {t("theme")}
          <select value={theme.value} data-testid="theme" onChange={(event) => (theme.value = event.currentTarget.value)}>
            {["auto", "light", "dark"].map((each) => (
              <option key={each} value={each}>{t(`theme.${each}` as Key)}</option>
            ))}
          </select>
        </label>
        <p class="hint">{t("research")}</p>
      </div>
    </details>
  );
}
