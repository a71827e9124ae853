/**
 * When tick 0 of a take's run would have arrived. Each file of the ring says when its first packet came; packets come
 * late, never early, so the earliest estimate is the best. A file that began with the slate says when the slate was
 * made, so it counts only as long as no file has begun within the take.
 */
import type { Init } from './types.ts';

/** Seconds. No file is this much earlier than the others of its run: the clock was set. */
const STEP = 5;

function estimate(init: Init): number {
  return Number(init.ntp - init.dts) / 1e9;
}

export class Anchor {
  #value: number;
  #own = false;

  /** @param holder the file that holds the first picture of the take */
  constructor(holder: Init) {
    this.#value = estimate(holder);
  }

  /** Unix seconds. */
  get value(): number {
    return this.#value;
  }

  /** The wall clock was set: what comes from here on is named by the new one. */
  step(by: number): void {
    this.#value += by;
  }

  /** A file that begins within the take. */
  add(init: Init): void {
    const value = estimate(init);
    if (this.#own && (value < this.#value - STEP || value > this.#value)) return;
    this.#value = value;
    this.#own = true;
  }
}
