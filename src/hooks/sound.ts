/**
 * Sound waits for the picture of its time, and then until it is as late as the picture is. Decoding, hook and encoder
 * take their time for a picture but not for its sound: written at once, sound would arrive early at the server, which
 * dates each track for its sender reports by the earliest that it has seen of it.
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
  #delay = 0;

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

  /**
   * @param until where the picture that was just written ends, in ticks
   * @param delay milliseconds that pictures leave later than they come
   */
  pictureWritten(until: number, delay: number, now: number): void {
    this.#written = until;
    this.#delay = delay;
    this.tick(now);
  }

  /** Lets go what has waited long enough. */
  tick(now: number): void {
    for (let first = this.#held[0]; first; first = this.#held[0]) {
      if (now < this.#due(first) && this.#bytes <= MAX_BYTES) return;
      this.#shift();
    }
  }

  /** Milliseconds until the first of them must go; undefined: none waits. */
  next(now: number): number | undefined {
    const first = this.#held[0];
    return first && Math.max(0, this.#due(first) - now);
  }

  /** Everything goes now. */
  flush(): void {
    while (this.#held.length > 0) this.#shift();
  }

  #due({ pts, at }: T): number {
    return at + (pts < this.#written ? Math.min(this.#delay, this.#hold) : this.#hold);
  }

  #shift(): void {
    const sound = this.#held.shift();
    if (!sound) return;
    this.#bytes -= sound.bytes;
    this.#write(sound);
  }
}

/** Of the distance to what is seen now; at 25 pictures a second it forgets in half a minute. */
const FORGET = 0.002;
/** Pictures before it is believed. */
const ENOUGH = 10;

/** How much later pictures leave than they come, judged as the server does: by the earliest of each. */
export class Lag {
  #came: number | undefined;
  #left: number | undefined;
  #count = 0;
  #ms = 0;

  get ms(): number {
    return this.#ms;
  }

  /** What comes next has another relation to the clock. */
  reset(): void {
    this.#came = undefined;
    this.#left = undefined;
    this.#count = 0;
  }

  came(pts: number, now: number): void {
    this.#came = earliest(this.#came, now - pts / 90);
  }

  left(pts: number, now: number): void {
    this.#left = earliest(this.#left, now - pts / 90);
    if (this.#came !== undefined && ++this.#count >= ENOUGH) this.#ms = Math.max(0, this.#left - this.#came);
  }
}

function earliest(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : before + (now - before) * FORGET;
}
