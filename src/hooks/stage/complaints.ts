/** Says the first of a kind of trouble at once, then how often it came again: never a line for each frame. */
import type { Clock } from './clock.ts';

const WINDOW = 10_000;

export class Complaints {
  readonly #clock: Clock;
  readonly #say: (message: string) => void;
  #more = 0;
  #last = '';
  #off: (() => void) | undefined;

  constructor(clock: Clock, say: (message: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  add(message: string): void {
    if (this.#off) {
      this.#more++;
      this.#last = message;
      return;
    }
    this.#say(message);
    this.#wait();
  }

  /** Says what is left to say. */
  close(): void {
    this.#off?.();
    this.#off = undefined;
    this.settle();
  }

  /** Says it now: what is said next is that this trouble is over. */
  settle(): boolean {
    if (this.#more === 0) return false;
    this.#say(this.#more === 1 ? this.#last : `${this.#last} (${this.#more} times in 10 s)`);
    this.#more = 0;
    return true;
  }

  #wait(): void {
    this.#off = this.#clock.after(WINDOW, () => {
      this.#off = undefined;
      if (this.settle()) this.#wait();
    });
  }
}
