/** Which pictures the hook is shown. Pure: counts pictures and reads their timestamps. */
import type { Pick } from '../spec.ts';

export interface Picked {
  readonly pts: bigint;
  readonly keyFrame: boolean;
}

const TICKS = 90_000;

export class Picker {
  readonly #pick: Pick;
  /** Number of the next picture to show (every), or its time in ticks (fps). */
  #next: number | undefined;
  #count = -1;
  #pts = 0;

  constructor(pick: Pick) {
    this.#pick = pick;
  }

  /** Every picture is asked for, so there is none to go by while the hook is busy. */
  get all(): boolean {
    return this.#pick.by === 'every' && this.#pick.frames === 1;
  }

  /** Whether this picture should be shown. Stays due for the ones after it until `taken`, but for key frames. */
  due(picture: Picked): boolean {
    this.#count++;
    this.#pts = Number(picture.pts);
    if (this.#pick.by === 'keyframes') return picture.keyFrame;
    const at = this.#pick.by === 'every' ? this.#count : this.#pts;
    return this.#next === undefined || at >= this.#next;
  }

  /** The picture last asked about was shown: the next one is due by the same grid, however late this one was. */
  taken(): void {
    if (this.#pick.by === 'keyframes') return;
    const every = this.#pick.by === 'every';
    const at = every ? this.#count : this.#pts;
    const step = every
      ? (this.#pick as { frames: number }).frames
      : TICKS / (this.#pick as { fps: number }).fps;
    const next = (this.#next ?? at) + step;
    this.#next = next > at ? next : next + Math.ceil((at - next + 1e-6) / step) * step;
  }
}
