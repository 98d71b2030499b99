// New cases: files that are dropped, and the digital leg.
import { signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import type { Job } from "../api.ts";
import { makeCase, makeExample, send } from "../api.ts";
import { t } from "../i18n/index.ts";
import { caseAddress, newId, say } from "../state/app.ts";
import { watch } from "./jobs.ts";

export function Arrivals({ done }: { done: () => void }) {
  const words = useMemo(() => signal(""), []);
  const part = useMemo(() => signal(0), []);
  const over = useMemo(() => signal(false), []);
  const chooser = useRef<HTMLInputElement>(null);

  const follow = async (begin: () => Promise<{ job: string }>): Promise<void> => {
    try {
      const { job } = await begin();
      const end = await watch(job, (now) => show(now));
      if (end.state === "failed") say(end.problem, true);
      else {
        done();
        location.hash = caseAddress(end.case);
        if (end.remarks !== "") say(end.remarks);
      }
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
    }
    words.value = "";
  };
  const show = (now: Job): void => {
    part.value = now.total > 0 ? now.done / now.total : 0;
    words.value = now.total > 0 ? t("making", now.stage, Math.round(part.value * 100)) : now.stage || t("starting");
  };
  const arrive = (files: File[]): void => {
    if (files.length === 0 || words.value !== "") return;
    void follow(async () => {
      const tray = newId();
      for (const file of files) {
        await send(tray, file, (share) => {
          part.value = share;
          words.value = t("sending", file.name, Math.round(share * 100));
        });
      }
      words.value = t("reading", files[0]!.name);
      return makeCase(tray);
    });
  };

  return (
    <section
      class={`arrivals ${over.value ? "over" : ""}`}
      aria-label={t("dropHere")}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => (over.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        arrive([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      {words.value === "" ? (
        <>
          <div>
            <h2>{t("dropHere")}</h2>
            <p class="hint">{t("dropWhy")}</p>
            <input ref={chooser} type="file" multiple hidden data-testid="files" onChange={(event) => arrive([...(event.currentTarget.files ?? [])])} />
            <button type="button" onClick={() => chooser.current!.click()}>{t("chooseFiles")}</button>
          </div>
          <div>
            <button type="button" class="main" data-testid="example" onClick={() => void follow(makeExample)}>{t("digitalLeg")}</button>
            <p class="hint">{t("digitalLegWhy")}</p>
          </div>
        </>
      ) : (
        <div class="busy">
          <progress value={part.value} max={1} aria-label={words.value} />
          <p role="status">{words.value}</p>
        </div>
      )}
    </section>
  );
}
