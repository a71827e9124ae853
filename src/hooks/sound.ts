/**
 * Sound waits for the picture of its time. Decoding, hook and encoder take their time for a picture but not for its
 * sound: written at once, sound would arrive early at the server, which dates its sender reports by arrival.
 */

export interface HeldSound {
  /** Ticks of 1/90000 s on the output's timeline. */
  pts: number;
  bytes: number;
  /** Monotonic ms at which it came. */
  at: number;
}

/** Ten seconds of the fattest sound that a camera sends: 48 kHz stereo PCM. */
const MAX_BYTES = 2_000_000;

export class SoundQueue<T extends HeldSound> {
  readonly #held: T[] = [];
  readonly #hold: number;
  readonly #write: (sound: T) => void;
  #bytes = 0;
  #written = Number.NEGATIVE_INFINITY;

  /** @param hold milliseconds that sound waits at most */
  constructor(hold: number, write: (sound: T) => void) {
    this.#hold = hold;
    this.#write = write;
  }

  get size(): number {
    return this.#held.length;
  }

  push(sound: T, now: number): void {
    this.#held.push(sound);
    this.#bytes += sound.bytes;
    this.tick(now);
  }

  /** @param until where the picture that was just written ends, in ticks */
  pictureWritten(until: number, now: number): void {
    this.#written = until;
    this.tick(now);
  }

  /** Lets go what has waited long enough. */
  tick(now: number): void {
    for (let first = this.#held[0]; first; first = this.#held[0]) {
      const due = first.pts < this.#written || now - first.at >= this.#hold || this.#bytes > MAX_BYTES;
      if (!due) return;
      this.#shift();
    }
  }

  /** Milliseconds until the first of them must go; undefined: none waits. */
  next(now: number): number | undefined {
    const first = this.#held[0];
    return first && Math.max(0, first.at + this.#hold - now);
  }

  /** Everything goes now. */
  flush(): void {
    while (this.#held.length > 0) this.#shift();
  }

  #shift(): void {
    const sound = this.#held.shift();
    if (!sound) return;
    this.#bytes -= sound.bytes;
    this.#write(sound);
  }
}
