// Words in the language that was chosen.
import { effect, signal } from "@preact/signals";
import { en, fr, type Key } from "./strings.ts";
import { remembered } from "../state/remembered.ts";

export type { Key } from "./strings.ts";

export const LANGUAGES = { en: "English", fr: "Français" } as const;
export type Language = keyof typeof LANGUAGES;
const TABLES: Record<Language, Record<Key, string>> = { en, fr };

const first = (): Language => (navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en");
const kept = remembered("language", "");

export const language = signal<Language>(kept.value in TABLES ? (kept.value as Language) : first());

effect(() => {
  document.documentElement.lang = language.value;
});

export function choose(chosen: Language): void {
  kept.value = chosen;
  language.value = chosen;
}

/** The words of a key, with {0}, {1} ... replaced. */
export function t(key: Key, ...values: (string | number)[]): string {
  return TABLES[language.value][key].replace(/\{(\d)\}/g, (_, at: string) => String(values[Number(at)] ?? ""));
}

/** A number as the language writes it. */
export function number(value: number, digits = 0): string {
  return value.toLocaleString(language.value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
