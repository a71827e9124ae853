/** Leaves out pictures beyond a rate; those that stay keep their own times. */
export class Thinner {
  readonly #step: number;
  #due = Number.NEGATIVE_INFINITY;

  /** @param fps undefined: all of them stay */
  constructor(fps: number | undefined) {
    this.#step = fps === undefined ? 0 : 90_000 / fps;
  }

  /** @param pts ticks of 1/90000 s, increasing */
  keeps(pts: number): boolean {
    // Live times jitter: a picture a quarter of a step early is the one that was meant.
    if (pts < this.#due - this.#step / 4) return false;
    // On a grid, so that early ones don't add up; anew after a hole.
    this.#due = pts - this.#due < this.#step ? this.#due + this.#step : pts + this.#step;
    return true;
  }
}
