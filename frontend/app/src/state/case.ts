// The open case: what the server knows, what the expert sees, and what is on its way.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { Advice, CaseState, Look, Muscle, Refused, Tuning, Wish } from "../api.ts";
import { cancel, propagate, takeOver, tune, whole } from "../api.ts";
import { t } from "../i18n/index.ts";
import { tunedWords } from "../i18n/tuned.ts";
import type { Packed, Plane } from "../draw/mask.ts";
import { EMPTY, unpack } from "../draw/mask.ts";
import { say } from "./app.ts";
import type { Change, Found, Progress } from "./live.ts";
import { listen } from "./live.ts";
import { Marks } from "./marks.ts";
import { Outbox } from "./outbox.ts";
import { Stopwatch } from "./stopwatch.ts";

export type Tool = "brush" | "erase" | "polygon" | "magnet" | "border" | "fill" | "pan";
/** What may happen while slices are drawn again. */
const BLIND_KINDS = new Set<Wish["kind"]>(["ask-again", "redrawn", "seen"]);
const SEEN_AFTER_MS = 700;
const TELL_SEEN_MS = 5000;
/** The stage of work that tunes the network. */
export const TUNING = "tuning the network";

export class CaseStore {
  readonly state = signal<CaseState | null>(null);
  readonly advice = signal<Advice | null>(null);
  /** Counts changes of the marks; reading it makes a view follow them. */
  readonly revision = signal(0);
  readonly z = signal(0);
  readonly label = signal(1);
  readonly tool = signal<Tool>("brush");
  readonly sizeMm = signal(4);
  /** The point, in pixels, that the long-axis views cut and the keyboard draws at. */
  readonly cursor = signal({ x: 0, y: 0 });
  readonly writer = signal(true);
  readonly writerFree = signal(false);
  readonly connected = signal(true);
  readonly progress = signal<(Progress & { since: number }) | null>(null);
  readonly running = signal(false);
  /** How many sweeps the volume was made from; 0 where nobody knows. */
  readonly sweeps = signal(0);
  /** Whether the raw frame is shown beside the slice. */
  readonly framed = signal(false);
  readonly tuning = signal<Tuning>({ can: false, own: false });
  readonly outbox: Outbox;
  readonly muscle = computed(() => this.state.value?.muscles.find((each) => each.label === this.label.value));
  readonly stale = computed(() => this.state.value?.muscles.flatMap((each) => (each.absent ? [] : each.stale)) ?? []);
  /** Whether the expert may change anything. */
  readonly editable = computed(() => this.writer.value && this.state.value?.signature === null && this.mayDraw());
  /** What is to be drawn again without seeing what was drawn; null while that is not under way. */
  readonly blind = computed(() => (this.blinded.value ? (this.state.value?.asked[0] ?? null) : null));
  readonly blinded = signal(false);
  private readonly turn = computed(() => this.blind.value?.join(" ") ?? "");
  private told = new Marks(1, 1);
  private anew = new Marks(1, 1);
  private readonly strokes: Packed[] = [];

  private readonly watch = new Stopwatch();
  private readonly unsettled = new Map<number, number>();
  private readonly seen = new Set<number>();
  private early: (Change | Found)[] | null = [];
  /** The newest version that is known, and the one that the server had when the stream of changes began. */
  private version = -1;
  private streamed = 0;
  private readonly stop: () => void;
  private readonly timers: number[] = [];
  private seenTimer = 0;
  private redrawing = false;
  private readonly stopBlind = this.followBlind();

  constructor(readonly name: string) {
    this.outbox = new Outbox(name, (error) => this.refused(error));
    this.stop = listen(name, {
      hello: (version, writer) => {
        this.connected.value = true;
        this.writer.value = writer;
        this.streamed = version;
        // A tab that was in the background was not told how a run ended.
        if (this.early === null && (this.version !== version || this.running.value)) void this.load();
      },
      change: (change) => (this.early === null ? this.take(change) : this.early.push(change)),
      advice: (advice) => (this.advice.value = advice),
      progress: (progress) => {
        this.running.value = true;
        const before = this.progress.value;
        const since = before !== null && before.stage === progress.stage ? before.since : performance.now();
        this.progress.value = { ...progress, since };
      },
      tuned: (own, result) => {
        this.tuning.value = { ...this.tuning.value, own, result };
        if (result !== null) say(tunedWords(result));
      },
      stopped: (problem, cancelled) => {
        const tuned = this.progress.value?.stage === TUNING;
        this.running.value = false;
        this.progress.value = null;
        if (problem !== "") say(problem, true);
        else if (cancelled) say(t(tuned ? "tuneCancelled" : "cancelled"));
      },
      writer: (mine, free) => {
        this.writer.value = mine;
        this.writerFree.value = free;
      },
      broken: () => (this.connected.value = false),
    });
    this.timers.push(
      // In the background nobody looks, and another tab may have taken over unheard.
      window.setInterval(() => {
        if (!document.hidden) this.tellSeen();
      }, TELL_SEEN_MS),
    );
    // Beside the stream and not after it: the first picture waits for this answer.
    void this.load();
  }

  /** What shows: while a slice is drawn again nothing but what is drawn now. */
  get marks(): Marks {
    return this.blind.value === null ? this.told : this.anew;
  }

  close(): void {
    this.tellSeen();
    this.stop();
    this.stopBlind();
    this.timers.forEach((timer) => window.clearInterval(timer));
    window.clearTimeout(this.seenTimer);
  }

  /** Read everything anew. */
  async load(): Promise<void> {
    this.early = [];
    try {
      const { marks, advice, tuning, look, sweeps, ...state } = await whole(this.name);
      const fresh = new Marks(state.shape[2], state.shape[1]);
      marks.forEach((mark) => fresh.take(mark));
      const missed = (this.early ?? []).filter((change) => change.version > state.version);
      this.early = null;
      batch(() => {
        this.version = state.version;
        if (advice !== null) this.advice.value = advice;
        this.tuning.value = { ...this.tuning.value, ...tuning };
        this.sweeps.value = sweeps;
        const first = this.state.value === null;
        this.told = fresh;
        this.state.value = state;
        this.running.value = state.running;
        this.revision.value++;
        if (first) this.begin(state, look);
        missed.forEach((change) => this.take(change));
      });
      // What changed after this answer and before the stream began was told nobody.
      if (this.version < this.streamed) await this.load();
    } catch (error) {
      this.early = null;
      say(String(error instanceof Error ? error.message : error), true);
    }
  }

  goTo(z: number): void {
    const slices = this.state.value?.shape[0] ?? 1;
    const next = Math.min(slices - 1, Math.max(0, Math.round(z)));
    if (next === this.z.value) return;
    this.z.value = next;
    this.watch.lap();
    this.see();
  }

  /** The hand or the eye is at work. */
  touch(): void {
    this.watch.touch();
  }

  /** Keep what was drawn: at once on the screen, and on its way to the disk. */
  draw(plane: Plane, label = this.label.value, z = this.z.value): void {
    if (!this.editable.value) return;
    if (this.blind.value !== null) {
      this.strokes.push(this.anew.get(label, z)?.mask ?? EMPTY);
      this.anew.draw(label, z, plane, false);
      this.revision.value++;
      return;
    }
    const before = this.marks.get(label, z);
    const corrected = before !== undefined && (before.origin !== "drawn" || before.corrected);
    const mask = this.marks.draw(label, z, plane, corrected);
    this.revision.value++;
    this.unsettled.set(z, (this.unsettled.get(z) ?? 0) + 1);
    const how = corrected ? "corrected" : "drawn";
    this.send({ kind: "draw", label, z, mask, how, seconds: this.watch.lap() }, () => {
      const left = (this.unsettled.get(z) ?? 1) - 1;
      if (left > 0) this.unsettled.set(z, left);
      else this.unsettled.delete(z);
    });
  }

  send(wished: Wish, done?: () => void): void {
    if (!this.writer.value || (this.blind.value !== null && !BLIND_KINDS.has(wished.kind))) return;
    this.outbox.put(wished, done);
  }

  /** Begin, or go on, to draw slices again that the server chooses. */
  redraw(share: number | null): void {
    if (share !== null) this.send({ kind: "ask-again", share });
    this.blinded.value = true;
  }

  /** Hand in the slice that was drawn again; the next one comes by itself. */
  handIn(): void {
    const asked = this.blind.value;
    if (asked === null) return;
    const [label, z] = asked;
    const mask = this.anew.get(label, z)?.mask ?? EMPTY;
    this.send({ kind: "redrawn", label, z, mask, seconds: this.watch.lap() });
  }

  /** Show everything again; what is still asked for can be drawn later, or is given up. */
  unblind(giveUp: boolean): void {
    if (giveUp) this.send({ kind: "ask-again", share: 0 });
    this.blinded.value = false;
    this.revision.value++;
  }

  undo(): void {
    if (this.blind.value !== null) {
      const before = this.strokes.pop();
      const [, height, width] = this.state.value!.shape;
      if (before !== undefined) this.anew.draw(this.blind.value[0], this.blind.value[1], unpack(before, width, height), false);
      this.revision.value++;
      return;
    }
    if (this.editable.value && (this.state.value?.canUndo === true || this.outbox.waiting.value > 0)) this.send({ kind: "undo" });
  }

  redo(): void {
    if (this.editable.value && this.state.value?.canRedo === true) this.send({ kind: "redo" });
  }

  /** Fill the gaps that wait for it; every gap anew; or first find out which method fills which gap better. */
  propagate(how: "stale" | "again" | "compare" = "stale"): Promise<void> {
    const place = { near: this.z.value, front: this.label.value };
    return this.work(() => propagate(this.name, { ...place, compare: how === "compare", again: how === "again" }));
  }

  /** Tune the network on what is drawn here. */
  tune(): Promise<void> {
    return this.work(() => tune(this.name, false));
  }

  async forgetTuned(): Promise<void> {
    if (this.editable.value && !this.running.value) await tune(this.name, true).catch((error: unknown) => say(String(error), true));
  }

  private async work(begin: () => Promise<unknown>): Promise<void> {
    if (!this.editable.value || this.running.value || this.blind.value !== null) return;
    this.running.value = true;
    try {
      await begin();
    } catch (error) {
      this.running.value = false;
      say(error instanceof Error ? error.message : String(error), true);
    }
  }

  async cancel(): Promise<void> {
    if (this.running.value) await cancel(this.name).catch(() => undefined);
  }

  async takeOver(): Promise<void> {
    await takeOver(this.name);
    await this.load();
  }

  /** Go to the slice whose drawing would help most. */
  goToSuggested(): void {
    const next = this.advice.value?.suggestion;
    if (next === null || next === undefined || this.blind.value !== null) return;
    this.label.value = next.label;
    this.goTo(next.z);
  }

  /** Outlines there are, whoever drew them: here or elsewhere. */
  outlines(): number {
    return this.state.value!.muscles.reduce((sum, { label }) => sum + [...this.told.of(label).values()].filter((mark) => mark.origin === "drawn").length, 0);
  }

  /** How much of a muscle is known: all of it, a part while gaps are filled, what was drawn and no more, or nothing. */
  known(muscle: Muscle): "whole" | "part" | "drawn" | "nothing" {
    const own = this.marks.of(muscle.label);
    if (own.size === 0) return "nothing";
    const open = muscle.stale.some(([low, high]) => Array.from({ length: high - low - 1 }, (_, at) => low + 1 + at).some((z) => !own.has(z)));
    const found = [...own.values()].some((mark) => mark.origin !== "drawn");
    if (!found && (open || [...own.values()].filter((mark) => mark.mask.pixels > 0).length === 1)) return "drawn";
    return open ? "part" : "whole";
  }

  volumeCm3(muscle: Muscle): number {
    const [dz, dy, dx] = this.state.value!.spacing;
    return (this.marks.pixels(muscle.label) * dz * dy * dx) / 1000;
  }

  private mayDraw(): boolean {
    const asked = this.blind.value;
    return asked === null || (this.z.value === asked[1] && this.label.value === asked[0]);
  }

  /** Go to each slice that is to be drawn again as its turn comes, with an empty sheet. */
  private followBlind(): () => void {
    return effect(() => {
      // A turn and not the state: the sheet stays while other things change.
      if (this.turn.value === "") return;
      untracked(() => {
        const [label, z] = this.blind.value!;
        const [, height, width] = this.state.value!.shape;
        this.anew = new Marks(width, height);
        this.strokes.length = 0;
        this.label.value = label;
        this.goTo(z);
        this.revision.value++;
      });
    });
  }

  /** Open where there is most to see: on what is drawn, else on what the server saw. */
  private begin(state: CaseState, look: Look | null): void {
    const [slices, height, width] = state.shape;
    const [z, y, x] = look ?? [Math.floor(slices / 2), Math.floor(height / 2), Math.floor(width / 2)];
    this.label.value = state.muscles[0]?.label ?? 1;
    this.z.value = z;
    this.cursor.value = { x, y };
    this.goToDrawn();
    this.see();
  }

  /** Go to the drawn slice that shows most: the most muscles, of those with as many the largest ones. */
  goToDrawn(): void {
    const found = this.told.fullest();
    if (found === null) return;
    const { z, label, mask } = found;
    this.label.value = label;
    this.cursor.value = { x: mask.left + Math.floor(mask.width / 2), y: mask.top + Math.floor(mask.height / 2) };
    this.goTo(z);
  }

  private take(change: Change | Found): void {
    batch(() => {
      const { marks } = change;
      this.version = change.version;
      // A slice that is being drawn on shows what this tab has: the server's answer to the last stroke is on its way.
      for (const mark of marks) if (!this.unsettled.has(mark.z)) this.told.take(mark);
      if (marks.length > 0) this.revision.value++;
      if (!("muscles" in change)) return;
      const { marks: _, ...state } = change;
      this.state.value = state;
      if (state.asked.length === 0 && this.redrawing) this.blinded.value = false;
      this.redrawing = state.asked.length > 0;
    });
  }

  private refused(error: Refused): void {
    if (error.status === 409) this.writer.value = false;
    say(error.message, true);
    this.unsettled.clear();
    void this.load();
  }

  private see(): void {
    window.clearTimeout(this.seenTimer);
    const z = this.z.value;
    this.seenTimer = window.setTimeout(() => this.seen.add(z), SEEN_AFTER_MS);
  }

  private tellSeen(): void {
    if (this.seen.size === 0 || !this.editable.value) return;
    this.send({ kind: "seen", slices: [...this.seen] });
    this.seen.clear();
  }
}
