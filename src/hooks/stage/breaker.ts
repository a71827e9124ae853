/** Asks a hook that only fails less and less often. Pure. */

/** Failures in a row within `WINDOW` ms that open the circuit. */
const FAILURES = 5;
const WINDOW = 10_000;
/** Milliseconds until one frame is tried again: the first time, and at most. */
const FIRST_TRY = 1000;
const LAST_TRY = 5000;

export class Breaker {
  #failures: number[] = [];
  #pause = FIRST_TRY;
  #tryAt: number | undefined;

  get open(): boolean {
    return this.#tryAt !== undefined;
  }

  /** Whether a frame may be asked about now. */
  allows(now: number): boolean {
    return this.#tryAt === undefined || now >= this.#tryAt;
  }

  /** A frame is asked about: while the circuit is open, the next one not before a pause. */
  asked(now: number): void {
    if (this.#tryAt === undefined) return;
    this.#pause = Math.min(LAST_TRY, this.#pause * 2);
    this.#tryAt = now + this.#pause;
  }

  /** Returns true when this failure opened the circuit. */
  failed(now: number): boolean {
    if (this.open) return false;
    this.#failures = [...this.#failures, now].slice(-FAILURES);
    if (this.#failures.length < FAILURES || now - this.#failures[0]! > WINDOW) return false;
    this.#tryAt = now + FIRST_TRY;
    return true;
  }

  /** Returns true when this answer closed the circuit. */
  answered(): boolean {
    const was = this.open;
    this.#failures = [];
    this.#pause = FIRST_TRY;
    this.#tryAt = undefined;
    return was;
  }
}
