// What came of tuning, in words.
import type { Tuned } from "../api.ts";
import { number, t } from "./index.ts";

export function tunedWords(found: Tuned): string {
  const [before, after] = [number(found.before, 3), number(found.after, 3)];
  if (found.kept) return t("tuneKept", found.slices, before, after);
  return t(found.after > found.before ? "tuneChance" : "tuneWorse", found.slices, before, after);
}
