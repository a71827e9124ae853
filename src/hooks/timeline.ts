/**
 * From the times of what comes in to the one timeline of the route that goes out, in ticks of 1/90000 s.
 *
 * All packets of a connection are moved by the same amount, so picture and sound keep their places to each other.
 * Where a source's clock jumps, that amount changes, for each track at the packet with which it jumps: a track that
 * jumps later than the other then takes over what was settled for it. Nothing here goes by arrival, except that a
 * new connection, or a jump after a silence, continues where the clock on the wall says it should.
 */

export type TrackKind = 'picture' | 'sound';

export interface Times {
  /** Ticks of 1/90000 s. */
  pts: number;
  dts: number;
}

export interface Placed extends Times {
  /** It was moved by another amount than what the track brought before. */
  joint: boolean;
}

export const TICKS = 90_000;

/** Steps of a track within these bounds are its own business: a hole stays a hole. */
const FORWARD = 10 * TICKS;
const BACKWARD = TICKS / 2;
/** Leaves room for a track that begins a little before the one whose packet came first. */
export const START = TICKS;
/** A source that was silent this much longer than its times say is set back on the clock. */
const SILENCE = TICKS / 2;
const FIRST_STEP = 3600;

interface TrackState {
  /** The last packet as it came; undefined until the connection has brought one. */
  raw: number | undefined;
  offset: number;
  /** The latest time given out. */
  out: number;
  /** From the last packet but one to the last. */
  step: number;
  /** When it came, monotonic ms; undefined: not live. */
  at: number | undefined;
}

const within = (step: number): boolean => step >= -BACKWARD && step <= FORWARD;

export class Timeline {
  readonly #tracks = new Map<TrackKind, TrackState>();

  /** What comes next is of another connection: its clock has nothing to do with the last one's. */
  reconnect(): void {
    for (const track of this.#tracks.values()) track.raw = undefined;
  }

  /** @param now monotonic milliseconds; undefined where time doesn't pass by the clock (a file) */
  place(kind: TrackKind, { pts, dts }: Times, now?: number): Placed {
    const offset = this.#offset(kind, dts, now);
    const before = this.#tracks.get(kind);
    const joint = before !== undefined && before.offset !== offset;
    const step = before?.raw === undefined ? FIRST_STEP : dts - before.raw;
    this.#tracks.set(kind, {
      raw: dts,
      offset,
      out: Math.max(before?.out ?? 0, pts + offset),
      step: step > 0 && step < TICKS ? step : (before?.step ?? FIRST_STEP),
      at: now,
    });
    return { pts: pts + offset, dts: dts + offset, joint };
  }

  #offset(kind: TrackKind, raw: number, now: number | undefined): number {
    const own = this.#tracks.get(kind);
    // The nearest of what either track brought last: its own continuation, or where the other has jumped to.
    let nearest: TrackState | undefined;
    for (const track of own ? [own, ...this.#tracks.values()] : this.#tracks.values()) {
      if (track.raw === undefined) continue;
      const step = raw - track.raw;
      // The first packet of a track may lie well before what the other has brought by then.
      if (!within(step) && !(own?.raw === undefined && Math.abs(step) <= FORWARD)) continue;
      if (nearest?.raw === undefined || Math.abs(step) < Math.abs(raw - nearest.raw)) nearest = track;
    }
    return nearest ? nearest.offset : this.#continuation(own, now) - raw;
  }

  /** Where a jump lands: right after what went before, or later when that is long ago. */
  #continuation(own: TrackState | undefined, now: number | undefined): number {
    // In a connection a track follows itself; a new connection follows whatever came last.
    const all = [...this.#tracks.values()];
    const last = own?.raw === undefined ? all.sort((a, b) => b.out - a.out)[0] : own;
    if (!last) return START;
    const next = last.out + last.step;
    const clock =
      now === undefined || last.at === undefined ? next : last.out + ((now - last.at) * TICKS) / 1000;
    return Math.round(clock - next > SILENCE || own?.raw === undefined ? Math.max(next, clock) : next);
  }
}

/** Ticks by which a time and a length of sound may be rounded apart: 1024 samples are not whole ticks at 44.1 kHz. */
const ROUNDING = 2;

/** Lets through what lies after all that was let through before it, track by track. */
export class Forward {
  readonly #last: Partial<Record<TrackKind, { pts: number; until: number }>> = {};
  /** Tracks of which nothing was let through since their joint. */
  readonly #joints = new Set<TrackKind>();
  dropped = 0;

  /**
   * @param pts ticks
   * @param duration ticks; 0: not known
   * @param joint it was moved by another amount than the one before it: it may not begin within that one
   */
  accepts(kind: TrackKind, pts: number, duration = 0, joint = false): boolean {
    if (joint) this.#joints.add(kind);
    const last = this.#last[kind];
    if (last && (pts <= last.pts || (this.#joints.has(kind) && pts < last.until - ROUNDING))) {
      this.dropped++;
      return false;
    }
    this.#joints.delete(kind);
    this.#last[kind] = { pts, until: pts + duration };
    return true;
  }
}
