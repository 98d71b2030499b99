// What the look at the sweeps found before they were compounded.
import { useEffect, useState } from "preact/hooks";
import type { Finding } from "../api.ts";
import { findings } from "../api.ts";
import { t } from "../i18n/index.ts";
import type { CaseStore } from "../state/case.ts";

export function Recording({ store }: { store: CaseStore }) {
  const [found, setFound] = useState<Finding[]>([]);
  useEffect(() => void findings(store.name).then((answer) => setFound(answer.findings), () => undefined), [store]);
  if (found.length === 0) return null;
  return (
    <details class="banner recording" data-testid="recording">
      <summary>{t("recording", found.length)}</summary>
      <ul>
        {found.map((each) => (
          <li key={each.text} class={each.severity}>{each.text} <span class="hint">{each.remedy}</span></li>
        ))}
      </ul>
    </details>
  );
}
