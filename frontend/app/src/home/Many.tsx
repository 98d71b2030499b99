// What is done with all cases at once: propagate them, and take their volumes away as one table.
import { useState } from "preact/hooks";
import type { Batch, CaseRow } from "../api.ts";
import { batch, startBatch } from "../api.ts";
import { t } from "../i18n/index.ts";
import { say } from "../state/app.ts";
import { csv } from "./csv.ts";

const EVERY_MS = 700;

export function Many({ rows, reload }: { rows: CaseRow[]; reload: () => void }) {
  const [now, setNow] = useState<Batch | null>(null);
  const waiting = rows.some((row) => row.state === "drawn");
  const run = async (): Promise<void> => {
    try {
      let state = await startBatch();
      while (state.running) {
        setNow(state);
        await new Promise((resume) => window.setTimeout(resume, EVERY_MS));
        state = await batch();
        reload();
      }
      say(state.problems.length > 0 ? state.problems.join(" ") : t("batchDone", state.total), state.problems.length > 0);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
    }
    setNow(null);
    reload();
  };
  const save = (): void => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(rows)], { type: "text/csv;charset=utf-8" }));
    link.download = "volumes.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  if (rows.length === 0) return null;
  return (
    <div class="row many">
      <button type="button" data-testid="batch" disabled={!waiting || now !== null} onClick={() => void run()}>{t("propagateAll")}</button>
      {now !== null && (
        <>
          <progress value={now.done} max={now.total} aria-label={t("propagateAll")} />
          <span class="hint" role="status">{t("batchAt", now.done + 1, now.total, now.case)}</span>
        </>
      )}
      <span class="gap" />
      <button type="button" data-testid="table" onClick={save}>{t("downloadTable")}</button>
    </div>
  );
}
