/**
 * Where key frames go: on a grid of time that begins with a first picture, each on the picture that is nearest to its
 * place. A recording can then be cut at exact times, for hours, whatever the pictures' own times are.
 */
export class KeyGrid {
  readonly #gop: number;
  readonly #early: number;
  #start: number | undefined;
  /** The place of the last key frame. */
  #place = -1;

  /** @param gop ticks between two key frames @param interval ticks between two pictures, as far as that is known */
  constructor(gop: number, interval: number) {
    this.#gop = gop;
    this.#early = Math.min(interval, gop) / 2;
  }

  /** The next picture is a key frame, and a new grid begins with it. */
  restart(): void {
    this.#start = undefined;
  }

  /** Whether the picture of this time is a key frame; asked once for each, in order. */
  isKey(time: number): boolean {
    if (this.#start === undefined) {
      this.#start = time;
      this.#place = -1;
    }
    const place = Math.floor((time - this.#start + this.#early) / this.#gop);
    if (place <= this.#place) return false;
    this.#place = place;
    return true;
  }
}
