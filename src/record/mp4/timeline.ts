/** The timeline of one life of the server's recorder, on which each file of the ring has its place. */
import type { Init, TrackInit } from '../types.ts';

/** The server cuts times down to whole nanoseconds and whole ticks, so what touches may seem this far apart. */
const TOLERANCE = 2;
const NANO = 1_000_000_000n;

export class Timeline {
  /** By track: where its last sample ends, in ticks. */
  readonly #ends = new Map<number, number>();

  /**
   * Tick of the run at which samples begin that stand at `base` in their file; right behind those before them where that
   * is as good as true, or where the file doesn't say.
   */
  place(init: Init, track: TrackInit, base: number | undefined): number {
    const end = this.#ends.get(track.id);
    if (base === undefined) return end ?? start(init, track);
    const tick = start(init, track) + base;
    return end !== undefined && Math.abs(tick - end) <= TOLERANCE ? end : tick;
  }

  ended(track: number, end: number): void {
    this.#ends.set(track, end);
  }
}

/**
 * The server divides and drops what is left, twice, so the true tick is the next whole one, whichever file is read first.
 * (A thousandth of a tick is for the nanosecond that was dropped.)
 */
function start(init: Init, track: TrackInit): number {
  const scale = BigInt(track.timescale);
  const seconds = init.dts / NANO;
  const rest = Number((init.dts % NANO) * scale) / Number(NANO);
  return Number(seconds * scale) + Math.ceil(rest - 0.001);
}
