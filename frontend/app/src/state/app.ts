// What holds for the whole page: where we are, who works, how it looks, and what has to be said.
import { computed, effect, signal } from "@preact/signals";
import { remembered } from "./remembered.ts";

/** The open case, or "" for the list. */
export const route = signal(read());
export const expert = remembered("expert", "");
export const theme = remembered("theme", "auto");
export const singleKeys = remembered("keys", "on");

export interface Notice {
  text: string;
  bad: boolean;
}
export const notice = signal<Notice | null>(null);
/** Whether the server wants a token. */
export const locked = signal(false);

const system = window.matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", (event) => (systemDark.value = event.matches));
/** Whether the page is dark now. */
export const dark = computed(() => theme.value === "dark" || (theme.value === "auto" && systemDark.value));

/** Which tab this is; loading it again does not change it. */
export const TAB = tab();

function tab(): string {
  try {
    const kept = sessionStorage.getItem("ifssnet.tab");
    // A duplicated tab has a copy of the other's storage; only a reload may go on with it.
    const again = (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined)?.type === "reload";
    const chosen = kept !== null && again ? kept : newId();
    sessionStorage.setItem("ifssnet.tab", chosen);
    return chosen;
  } catch {
    return newId();
  }
}

/** A name that nobody else has; `crypto.randomUUID` is missing where a page comes from another computer without TLS. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function read(): string {
  return location.hash.startsWith("#/case/") ? decodeURIComponent(location.hash.slice("#/case/".length)) : "";
}

export function caseAddress(name: string): string {
  return `#/case/${encodeURIComponent(name)}`;
}

export function say(text: string, bad = false): void {
  notice.value = { text, bad };
}

export function who(): string {
  return expert.value.trim() || "expert";
}

export function followAddress(): void {
  window.addEventListener("hashchange", () => {
    route.value = read();
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}
