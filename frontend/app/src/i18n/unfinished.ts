// What speaks against a muscle's volume, in words.
import type { Unfinished } from "../api.ts";
import { t } from "./index.ts";

/** Slices are counted from 1, as on the page. */
export function unfinishedWords(found: Unfinished): string {
  if (found.kind === "cut") return t("unfinished.cut", found.slices.map((z) => z + 1).join(", "));
  if (found.kind === "few" && found.slices.length === 1) return t("unfinished.one");
  return found.kind === "few" ? t("unfinished.few", found.slices.length) : t("unfinished.click");
}
