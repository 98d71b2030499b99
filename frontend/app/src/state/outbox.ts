// What the expert did and the server has not yet: sent one after the other, again and again until it is there.
import { signal } from "@preact/signals";
import type { Wish } from "../api.ts";
import { Refused, waitFor, wish } from "../api.ts";

const WAIT_MS = 1000;

export class Outbox {
  readonly waiting = signal(0);
  readonly lost = signal(false);
  /** What the server says is in the way, where it says so. */
  readonly why = signal("");
  private readonly queue: { wished: Wish; done: () => void }[] = [];
  private busy = false;

  constructor(
    private readonly name: string,
    private readonly refused: (error: Refused) => void,
  ) {
    waitFor(name, () => this.settled());
  }

  /** Send it after what waits already; `done` is called once the server has it on disk, or refused it. */
  put(wished: Wish, done: () => void = () => undefined): void {
    this.queue.push({ wished, done });
    this.waiting.value = this.queue.length;
    if (!this.busy) void this.send();
  }

  /** When the server has all that was put so far. */
  settled(): Promise<void> {
    if (this.queue.length === 0) return Promise.resolve();
    return new Promise((resume) => {
      const last = this.queue[this.queue.length - 1]!;
      const done = last.done;
      last.done = () => {
        done();
        resume();
      };
    });
  }

  private async send(): Promise<void> {
    this.busy = true;
    window.addEventListener("beforeunload", this.stay);
    while (this.queue.length > 0) {
      const { wished } = this.queue[0]!;
      try {
        await wish(this.name, wished);
        this.lost.value = false;
      } catch (error) {
        if (!(error instanceof Refused) || error.status >= 500) {
          this.why.value = error instanceof Refused ? error.message : "";
          this.lost.value = true;
          await new Promise((resume) => window.setTimeout(resume, WAIT_MS));
          continue;
        }
        this.refused(error);
      }
      const { done } = this.queue.shift()!;
      this.waiting.value = this.queue.length;
      done();
    }
    this.busy = false;
    window.removeEventListener("beforeunload", this.stay);
  }

  /** The browser asks before it closes a page whose work is not on the disk yet. */
  private readonly stay = (event: BeforeUnloadEvent): void => event.preventDefault();
}
