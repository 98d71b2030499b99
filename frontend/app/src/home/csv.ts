// One table of all volumes, as spreadsheets read it.
import type { CaseRow } from "../api.ts";

/** A field; one that a spreadsheet would take for a formula is shown as text. */
function field(value: string | number | null | undefined): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : (value ?? "");
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(rows: readonly CaseRow[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.volumes ?? {})))];
  const head = ["case", "state", "outlines", "minutes", ...names.flatMap((name) => [`${name} (cm3)`, `${name} SD (cm3)`, `${name} unfinished`])];
  const body = rows.map((row) => [row.name, row.state, row.drawn, row.minutes, ...names.flatMap((name) => [row.volumes?.[name], row.sds?.[name], row.unfinished?.[name]])]);
  return [head, ...body].map((line) => line.map(field).join(",")).join("\r\n") + "\r\n";
}
