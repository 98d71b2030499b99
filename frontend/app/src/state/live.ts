// The stream of changes of one case, connected again whenever it breaks.
// A browser keeps six connections to a server and no more: a tab in the background gives its own back.
import type { Advice, CaseState, SentMark, Tuned } from "../api.ts";
import { liveAddress, rest } from "../api.ts";

export type Change = CaseState & { marks: SentMark[] };

/** Slices that a run found: all else is as it was. */
export interface Found {
  version: number;
  marks: SentMark[];
}

export interface Progress {
  stage: string;
  done: number;
  total: number;
  note: string;
}

export interface Listener {
  hello(version: number, writer: boolean): void;
  change(change: Change | Found): void;
  advice(advice: Advice): void;
  progress(progress: Progress): void;
  tuned(own: boolean, result: Tuned | null): void;
  stopped(problem: string, cancelled: boolean): void;
  writer(mine: boolean, free: boolean): void;
  broken(): void;
}

const WAIT_MS = 1000;

export function listen(name: string, listener: Listener): () => void {
  let source: EventSource | null = null;
  let timer = 0;
  let over = false;

  const connect = (): void => {
    source = new EventSource(liveAddress(name));
    const on = <T>(event: string, act: (data: T) => void): void => {
      source!.addEventListener(event, (message) => act(JSON.parse((message as MessageEvent<string>).data) as T));
    };
    on<{ version: number; writer: boolean }>("hello", (data) => listener.hello(data.version, data.writer));
    on<Change>("change", (data) => listener.change(data));
    on<Found>("slices", (data) => listener.change(data));
    on<Advice>("advice", (data) => listener.advice(data));
    on<{ own: boolean; result: Tuned | null }>("tuned", (data) => listener.tuned(data.own, data.result));
    on<Progress>("progress", (data) => listener.progress(data));
    on<{ problem: string; cancelled: boolean }>("stopped", (data) => listener.stopped(data.problem, data.cancelled));
    on<{ writer: boolean; free: boolean }>("writer", (data) => listener.writer(data.writer, data.free));
    source.onerror = () => {
      stop();
      if (over) return;
      listener.broken();
      timer = window.setTimeout(connect, WAIT_MS);
    };
  };
  const stop = (): void => {
    window.clearTimeout(timer);
    source?.close();
    source = null;
  };
  let asleep = true;
  const turn = (): void => {
    if (document.hidden === asleep) return;
    asleep = document.hidden;
    if (!asleep) connect();
    else {
      stop();
      rest(name, true);
    }
  };
  // A page that goes is hidden afterwards, and is not in the background then.
  const leave = (): void => {
    document.removeEventListener("visibilitychange", turn);
    asleep = true;
    stop();
    rest(name, false);
  };
  const back = (): void => {
    document.addEventListener("visibilitychange", turn);
    turn();
  };
  window.addEventListener("pagehide", leave);
  // A page that comes back from the browser's memory.
  window.addEventListener("pageshow", back);
  back();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", turn);
    window.removeEventListener("pagehide", leave);
    window.removeEventListener("pageshow", back);
    stop();
  };
}
