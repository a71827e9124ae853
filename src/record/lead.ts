/**
 * The leading track of one run, sample by sample: where takes begin and end, and what is missing.
 *
 * A sample's own duration tells of a hole, the one that follows tells why a take ended: so each waits for the next.
 * A hole before a key frame ends the take there. A hole within a group of pictures may be one of the camera: what
 * follows may well be decoded, so it stays in the take, which ends at the next key frame.
 * Samples that are known to be missing (no time leads to the next) break the group: the rest of it is left out.
 */
import type { Sample } from './types.ts';

export type EndWhy = 'slate' | 'hole' | 'run' | 'parameters' | 'end';

/** What the leading track says, at a time in seconds. All else is in ticks. */
export type Mark =
  | { type: 'take'; at: number; sample: Sample }
  | { type: 'sample'; at: number; sample: Sample }
  | { type: 'hole'; at: number; from: number; to: number; frames: number }
  | { type: 'end'; at: number; endDts: number; endPts: number; frame: number; why: EndWhy };

/** Seconds. */
const HOLE = 0.5;
const USUAL = 3;
/** Durations that make the usual one. */
const MEMORY = 31;

export class Lead {
  readonly #timescale: number;
  readonly #alwaysKey: boolean;
  readonly #durations: number[] = [];
  #open = false;
  /** There was a hole in this group of pictures. */
  #broken = false;
  #waiting: Sample | undefined;
  #parameters: string | undefined;
  #endPts = 0;
  #marks: Mark[] = [];

  /** @param alwaysKey each of its samples can be decoded alone (sound) */
  constructor(timescale: number, alwaysKey: boolean) {
    this.#timescale = timescale;
    this.#alwaysKey = alwaysKey;
  }

  /** Ticks of a usual sample: the median of late; undefined: none was seen yet. */
  get usual(): number | undefined {
    const sorted = this.#durations.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }

  push(next: Sample): Mark[] {
    if (next.slate) {
      this.#close('slate', next.dts);
      return this.#take();
    }
    const key = next.key || this.#alwaysKey;
    if (this.#waiting) this.#follow(this.#waiting, next, key);
    if (!this.#open && key) this.#begin(next);
    if (this.#open) this.#waiting = next;
    return this.#take();
  }

  /** Nothing follows. */
  end(why: EndWhy): Mark[] {
    const last = this.#waiting;
    if (last) this.#close(why, last.dts + last.duration);
    return this.#take();
  }

  /** What is sure about a sample now that the next one is here. */
  #follow(last: Sample, next: Sample, key: boolean): void {
    const usual = this.usual ?? last.duration;
    const end = last.dts + last.duration;
    const long = last.duration > Math.max(USUAL * usual, HOLE * this.#timescale);
    if (next.dts - end > Math.max(2, usual / 2)) this.#close('hole', end);
    else if (key && long) this.#close('hole', last.dts + usual);
    else if (key && this.#broken) this.#close('hole', next.dts, Number.POSITIVE_INFINITY);
    else if (key && this.#changed(next)) this.#close('parameters', next.dts, Number.POSITIVE_INFINITY);
    else {
      this.#give(last);
      if (long) this.#hole(last.dts + usual, next.dts, usual);
    }
  }

  #changed({ parameters }: Sample): boolean {
    const before = this.#parameters;
    this.#parameters ??= parameters;
    return parameters !== undefined && before !== undefined && parameters !== before;
  }

  #begin(sample: Sample): void {
    this.#open = true;
    this.#broken = false;
    this.#parameters = sample.parameters;
    this.#endPts = sample.pts;
    this.#mark({ type: 'take', at: sample.dts / this.#timescale, sample });
  }

  #give(sample: Sample): void {
    this.#endPts = Math.max(this.#endPts, sample.pts + sample.duration);
    if (sample.duration > 0 && this.#durations.push(sample.duration) > MEMORY) this.#durations.shift();
    this.#mark({ type: 'sample', at: sample.dts / this.#timescale, sample });
  }

  #hole(from: number, to: number, usual: number): void {
    this.#broken = true;
    const frames = Math.max(1, Math.round((to - from) / usual));
    this.#mark({ type: 'hole', at: to / this.#timescale, from, to, frames });
  }

  /** @param longest ticks that the last sample may last */
  #close(why: EndWhy, end: number, longest?: number): void {
    const last = this.#waiting;
    if (!last) return;
    const usual = this.usual ?? last.duration;
    const duration = Math.max(0, Math.min(end - last.dts, longest ?? USUAL * usual));
    this.#give(duration === last.duration ? last : { ...last, duration });
    const endDts = last.dts + duration;
    const at = endDts / this.#timescale;
    this.#mark({ type: 'end', at, endDts, endPts: this.#endPts, frame: usual, why });
    this.#open = false;
    this.#waiting = undefined;
  }

  #mark(mark: Mark): void {
    this.#marks.push(mark);
  }

  #take(): Mark[] {
    const marks = this.#marks;
    this.#marks = [];
    return marks;
  }
}
