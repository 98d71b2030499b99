// Requests to the server, and what they bring.
import type { Packed } from "./draw/mask.ts";
import { locked, TAB, who } from "./state/app.ts";

export type Origin = "drawn" | "accepted" | "proposed" | "none";

/** One muscle on one slice, as it travels. */
export interface SentMark {
  l: number;
  z: number;
  o: Origin;
  m: [number, number, number, number, number, string] | null;
  c?: number;
  x?: boolean;
}

export interface Muscle {
  label: number;
  name: string;
  color: [number, number, number];
  absent: boolean;
  first: number | null;
  last: number | null;
  stale: [number, number][];
  methods: string[];
}

export interface CaseState {
  name: string;
  version: number;
  volume: string;
  shape: [number, number, number];
  spacing: [number, number, number];
  subject: string;
  side: string;
  visit: string;
  muscles: Muscle[];
  canUndo: boolean;
  canRedo: boolean;
  signature: { by: string; at: string; statement: string } | null;
  seen: number;
  exports: string[];
  minutes: number;
  outlines: number;
  secondsPerOutline: number | null;
  runs: number;
  running: boolean;
  /** Slices to be drawn again, blind: label and slice of each, in order. */
  asked: [number, number][];
  redrawn: number;
}

/** Where a volume shows something: slice, row, column. */
export type Look = [number, number, number];

/** A gap between two drawn slices: the method that filled it, and how far that is ahead on hidden slices (Dice). */
export interface Gap {
  low: number;
  high: number;
  method: string;
  lead: number | null;
  dice: Record<string, number>;
}

/** What takes the server a moment: the slice to draw next, and by a muscle's label the SD of its volume in cm³, what speaks against it, and its gaps. */
export interface Advice {
  suggestion: { label: number; z: number; why: string; gain: number | null } | null;
  sds: Record<string, number | null>;
  unfinished: Record<string, Unfinished | null>;
  gaps: Record<string, Gap[]>;
}

/** Why a volume is not that of the muscle: nobody outlined it, it is on a few slices alone, or it goes on beyond these slices. */
export interface Unfinished {
  kind: "click" | "few" | "cut";
  slices: number[];
}

/** What tuning came to: mean Dice on drawn slices that were kept back. */
export interface Tuned {
  kept: boolean;
  slices: number;
  interpolation: number;
  before: number;
  after: number;
  seconds: number;
}

/** Whether the network can be tuned here, and whether this case has one of its own. */
export interface Tuning {
  can: boolean;
  own: boolean;
  result?: Tuned | null;
}

/** A raw frame of a sweep as it lies to a slice: `toIndex` takes (u, v, 1) to the volume's (x, y, z) index. */
export interface NearFrame {
  sweep: number;
  frame: number;
  size: [number, number];
  toIndex: [number, number, number][];
  away: number;
  tilt: number;
}

/** How slices agree that were drawn twice; areas in mm². */
export interface DrawnTwice {
  slices: number;
  dice: number;
  pairs: [number, number][];
  bias: number | null;
  limits: [number, number] | null;
  icc: number | null;
  sem: number | null;
  mdc: number | null;
}

export interface Comparison {
  before: string;
  changes: { muscle: string; before_cm3: number; now_cm3: number; mdc_cm3: number | null }[];
  lab: { redrawn: number; relative_sem: number | null };
}

export interface CaseRow {
  name: string;
  state: "new" | "drawn" | "propagated" | "checked" | "signed" | "damaged";
  problem?: string;
  volumes?: Record<string, number>;
  sds?: Record<string, number | null>;
  unfinished?: Record<string, Unfinished["kind"]>;
  minutes?: number;
  drawn?: number;
}

export interface Folder {
  folder: string;
  cases: CaseRow[];
}

export type Wish =
  | { kind: "draw"; label: number; z: number; mask: Packed; how: "drawn" | "corrected"; seconds: number }
  | { kind: "erase"; label: number; z: number }
  | { kind: "absent"; label: number; absent: boolean }
  | { kind: "ends"; label: number; first: number | null; last: number | null }
  | { kind: "accept"; label: number; slices: number[]; accepted: boolean }
  | { kind: "seen"; slices: number[] }
  | { kind: "add-muscle"; name: string }
  | { kind: "undo" }
  | { kind: "redo" }
  | { kind: "sign"; statement: string }
  | { kind: "reopen" }
  | { kind: "ask-again"; share: number }
  | { kind: "redrawn"; label: number; z: number; mask: Packed; seconds: number };

/** The server answered, and said no. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function answer<T>(path: string, options: RequestInit = {}): Promise<T> {
  const response = await fetch(`/api/${path}`, options);
  if (response.status === 401) locked.value = true;
  if (!response.ok) {
    const said = (await response.json().catch(() => ({}))) as { error?: string };
    throw new Refused(said.error ?? `${response.status} ${response.statusText}`, response.status);
  }
  return (await response.json()) as T;
}

function post<T>(path: string, body: object): Promise<T> {
  return answer<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

const at = (name: string): string => `cases/${encodeURIComponent(name)}`;

const outboxes = new Map<string, () => Promise<void>>();
/** Whatever asks what was drawn in a case waits from now on until the server has it all. */
export const waitFor = (name: string, settled: () => Promise<void>): unknown => outboxes.set(name, settled);
const settled = (name: string): Promise<void> => outboxes.get(name)?.() ?? Promise.resolve();

async function answerLater<T>(name: string, path: string): Promise<T> {
  await settled(name);
  return answer<T>(`${at(name)}/${path}`);
}

async function postLater<T>(name: string, path: string, body: object): Promise<T> {
  await settled(name);
  return post<T>(`${at(name)}/${path}`, body);
}

export const login = (token: string): Promise<unknown> => post("login", { token });
export const folder = (): Promise<Folder> => answer("folder");
export const whole = (name: string): Promise<CaseState & { marks: SentMark[]; advice: Advice | null; tuning: Tuning; look: Look | null; sweeps: number }> => answer(at(name));
export const wish = (name: string, wished: Wish): Promise<{ version: number }> =>
  post(`${at(name)}/events`, { tab: TAB, by: who(), wish: wished });
export const propagate = (name: string, what: { label?: number; low?: number; high?: number; near?: number; front?: number; compare?: boolean; again?: boolean }): Promise<unknown> =>
  postLater(name, "propagate", { tab: TAB, by: who(), ...what });
export const tune = (name: string, forget: boolean): Promise<unknown> => postLater(name, "tune", { tab: TAB, by: who(), forget });
/** What is drawn on a slice, moved onto what a method had found wherever both are close. */
export const snapped = async (name: string, label: number, z: number): Promise<Packed> => {
  const { mask } = await postLater<{ mask: [number, number, number, number, number, string] }>(name, "snap", { label, z });
  const [top, left, height, width, pixels, text] = mask;
  return { top, left, height, width, pixels, text };
};
export const cancel = (name: string): Promise<unknown> => post(`${at(name)}/cancel`, { tab: TAB });
/** The tab is in the background and keeps what it may; or, once it is gone, it does not. */
export const rest = (name: string, resting: boolean): boolean =>
  navigator.sendBeacon(`/api/${at(name)}/rest`, new Blob([JSON.stringify({ tab: TAB, resting })], { type: "application/json" }));
export const takeOver = (name: string): Promise<unknown> => post(`${at(name)}/writer`, { tab: TAB });
export const liveAddress = (name: string): string => `/api/${at(name)}/live?tab=${encodeURIComponent(TAB)}`;
export const sliceAddress = (name: string, volume: string, axis: string, index: number): string =>
  `/api/${at(name)}/slices/${volume}/${axis}/${index}`;
export const near = (name: string, z: number): Promise<{ frames: NearFrame[] }> => answer(`${at(name)}/near/${z}`);
export const frameAddress = (name: string, volume: string, { sweep, frame }: NearFrame): string =>
  `/api/${at(name)}/frames/${volume}/${sweep}/${frame}`;
export const smallAddress = (name: string, volume: string): string => `/api/${at(name)}/small/${volume}.nii`;
export const surfaceAddress = (name: string, label: number): string => `/api/${at(name)}/surfaces/${label}.stl`;

export const exported = (name: string, kind: string): Promise<{ files: string[] }> =>
  postLater(name, "exports", { tab: TAB, by: who(), kind });
export const fileAddress = (name: string, file: string): string => `/api/${at(name)}/exports/${encodeURIComponent(file)}`;

export interface Finding {
  severity: "error" | "warning" | "note";
  text: string;
  remedy: string;
}

export const findings = (name: string): Promise<{ findings: Finding[] }> => answerLater(name, "findings");
export const quality = (name: string): Promise<{ same: DrawnTwice | null; other: DrawnTwice | null }> => answerLater(name, "quality");
export const compare = (name: string, other: string): Promise<Comparison> => answerLater(name, `compare/${encodeURIComponent(other)}`);

/** Work that the server does for the folder. */
export interface Job {
  state: "running" | "done" | "failed";
  stage: string;
  done: number;
  total: number;
  problem: string;
  case: string;
  /** What was assumed or changed on the way. */
  remarks: string;
}

export const makeExample = (): Promise<{ job: string }> => post("jobs/example", {});
export const makeCase = (tray: string): Promise<{ job: string }> => post("jobs/case", { tray });
export const readSeeds = (tray: string, name: string): Promise<{ job: string }> => post("jobs/seeds", { tray, case: name });
export const takeSeeds = (name: string, tray: string): Promise<{ outlines: number }> =>
  postLater(name, "seeds", { tray, tab: TAB, by: who() });
export const job = (id: string): Promise<Job> => answer(`jobs/${id}`);

export interface Batch {
  running: boolean;
  done: number;
  total: number;
  case: string;
  problems: string[];
}

export const startBatch = async (): Promise<Batch> => {
  await Promise.all([...outboxes.values()].map((each) => each()));
  return post("batch", { by: who() });
};
export const batch = (): Promise<Batch> => answer("batch");

/** Send a file to a tray; `told` is called with the share that is sent. */
export function send(tray: string, file: File, told: (share: number) => void): Promise<void> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/trays/${tray}/${encodeURIComponent(file.name)}`);
    request.upload.onprogress = (event) => told(event.loaded / Math.max(1, event.total));
    request.onload = () => {
      if (request.status < 300) done();
      else failed(new Refused((JSON.parse(request.responseText || "{}") as { error?: string }).error ?? request.statusText, request.status));
    };
    request.onerror = () => failed(new Error(request.statusText || "no answer"));
    request.send(file);
  });
}

export async function bytes(address: string, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(address, signal ? { signal } : {});
  if (!response.ok) throw new Refused(response.statusText, response.status);
  return new Uint8Array(await response.arrayBuffer());
}
