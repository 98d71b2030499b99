// Files to take away.
import { useState } from "preact/hooks";
import { exported, fileAddress } from "../api.ts";
import type { Key } from "../i18n/index.ts";
import { t } from "../i18n/index.ts";
import { say } from "../state/app.ts";
import type { CaseStore } from "../state/case.ts";
import { Dialog } from "./Dialog.tsx";

const KINDS = ["seg.nrrd", "nii.gz", "dcm", "stl", "measures", "slices", "stradwin", "report"] as const;

export function Export({ store, close }: { store: CaseStore; close: () => void }) {
  const [busy, setBusy] = useState("");
  const [files, setFiles] = useState<string[]>(store.state.value!.exports);
  const run = async (kind: string): Promise<void> => {
    setBusy(kind);
    try {
      const { files: found } = await exported(store.name, kind);
      setFiles([...new Set([...found, ...files])]);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
    }
    setBusy("");
  };
  return (
    <Dialog title={t("exportTitle")} close={close}>
      <div class="exports">
        {KINDS.map((kind) => (
          <button key={kind} type="button" data-testid={`export-${kind}`} disabled={busy !== ""} aria-busy={busy === kind} onClick={() => void run(kind)}>
            {t(`export.${kind}` as Key)}
          </button>
        ))}
      </div>
      {files.length > 0 && (
        <ul class="files" aria-live="polite">
          {files.map((file) => (
            <li key={file}>
              <a href={fileAddress(store.name, file)} download={file}>{t("download", file)}</a>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
