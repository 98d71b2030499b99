// Time that a hand or an eye was at work: pauses count for a few seconds only.
const LONGEST_PAUSE_S = 10;

export class Stopwatch {
  private spent = 0;
  private last = performance.now();

  /** Something was done. */
  touch(): void {
    const now = performance.now();
    this.spent += Math.min((now - this.last) / 1000, LONGEST_PAUSE_S);
    this.last = now;
  }

  /** Seconds since the last call of this, or since the beginning. */
  lap(): number {
    this.touch();
    const found = Math.round(this.spent * 10) / 10;
    this.spent = 0;
    return found;
  }
}
