// Outlines from another program, taken into the open case.
import { readSeeds, send, takeSeeds } from "../api.ts";
import { watch } from "../home/jobs.ts";
import { t } from "../i18n/index.ts";
import { newId, say } from "./app.ts";
import type { CaseStore } from "./case.ts";

/** Files with outlines: sent, read by the server in a process of its own, and taken as imported slices. */
export async function takeFiles(store: CaseStore, files: readonly File[]): Promise<void> {
  if (files.length === 0 || !store.editable.value || store.blind.value !== null) return;
  const tray = newId();
  try {
    for (const file of files) await send(tray, file, (share) => say(t("sending", file.name, Math.round(share * 100))));
    const { job } = await readSeeds(tray, store.name);
    const end = await watch(job, () => say(t("reading", files[0]!.name)));
    if (end.state === "failed") say(end.problem, true);
    else {
      say(`${t("seedsTaken", (await takeSeeds(store.name, tray)).outlines)}. ${end.remarks}`);
      await store.load();
      if (store.marks.get(store.label.value, store.z.value) === undefined) store.goToDrawn();
    }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
  }
}
