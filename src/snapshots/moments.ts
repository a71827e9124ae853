/**
 * From the time of a picture on its stream to the wall clock. Packets arrive late, never early, so the earliest of
 * the last arrivals tells it best; older ones are forgotten, because no camera's clock runs as ours does.
 */

/** Seconds after which the older half of what was seen is forgotten. */
const WINDOW = 60;

/** Seconds: more is no lateness, somebody has set a clock. */
const STEP = 5;

export class Moments {
  #before = Number.POSITIVE_INFINITY;
  #current = Number.POSITIVE_INFINITY;
  #since: number | undefined;

  /**
   * @param dts seconds on the stream's timeline
   * @param now Unix seconds
   */
  arrived(dts: number, now: number): void {
    const anchor = now - dts;
    if (Math.abs(anchor - this.#anchor()) > STEP) {
      this.#before = anchor;
      this.#current = anchor;
      this.#since = now;
      return;
    }
    if (this.#since === undefined || now - this.#since > WINDOW) {
      this.#before = this.#current;
      this.#current = anchor;
      this.#since = now;
    } else {
      this.#current = Math.min(this.#current, anchor);
    }
  }

  /** Unix seconds; undefined before anything arrived. */
  of(pts: number): number | undefined {
    const anchor = this.#anchor();
    return Number.isFinite(anchor) ? anchor + pts : undefined;
  }

  #anchor(): number {
    return Math.min(this.#before, this.#current);
  }
}
