// What speaks against a muscle's volume, in words.
import type { Unfinished } from "../api.ts";
import { language, t } from "./index.ts";

/** Slices are counted from 1, as on the page. */
export function unfinishedWords(found: Unfinished): string {
  if (found.kind === "cut") return t("unfinished.cut", both(found.slices));
  if (found.kind === "few" && found.slices.length === 1) return t("unfinished.one");
  return found.kind === "few" ? t("unfinished.few", found.slices.length) : t("unfinished.click");
}

/** "111 and 131" in the page's language. */
function both(slices: readonly number[]): string {
  return new Intl.ListFormat(language.value).format(slices.map((z) => String(z + 1)));
}
