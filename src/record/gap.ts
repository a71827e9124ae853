/**
 * Gaps: what lies between the end of a take and the beginning of the next, and why. The causes are what others said
 * of the same time; of several the one that began first is meant, and of those that began together the deepest:
 * a server that ends takes its publishers with it.
 */
import type { FootageEvent, TakeEnd } from './footage.ts';
import type { EndWhy } from './lead.ts';
import { leadOf, microseconds, wallOf } from './tracks.ts';
import type { GapCause, GapEntry, RecorderCommand, SegmentEntry } from './types.ts';
import { STEP } from './wall-clock.ts';

/** Seconds by which those who tell of one thing may differ. */
const TOGETHER = 2;
/** Usual durations: less is jitter. */
const LEAST = 1.5;

const depth: GapCause[] = ['gateway', 'server', 'disk-full', 'disk-error', 'recorder', 'publisher'];

/** Unix seconds; `to` is infinite as long as it lasts. */
export interface Note {
  from: number;
  to: number;
  cause: GapCause;
  reason: string;
}

/** What a ledger that ends at `from` doesn't know of. Unix seconds. @param since the gateway's start */
export function absences(from: number, since: number, now: number): Note[] {
  const start = Math.min(Math.max(from, since), now);
  const gateway = { from, to: start, cause: 'gateway', reason: 'the gateway did not run' } as const;
  const recorder = { from: start, to: now, cause: 'recorder', reason: 'the recorder did not run' } as const;
  return start > from ? [gateway, recorder] : [recorder];
}

/** What is known to have happened to one path. */
export class Causes {
  #notes: Note[] = [];

  add(note: Note): void {
    this.#notes.push(note);
  }

  begin(cause: GapCause, from: number, reason: string): void {
    this.end(cause, from);
    this.add({ from, to: Number.POSITIVE_INFINITY, cause, reason });
  }

  end(cause: GapCause, to: number): void {
    for (const note of this.#notes) if (note.cause === cause) note.to = Math.min(note.to, to);
  }

  /** A publisher came or went, the server ended or answers again. */
  command(command: Extract<RecorderCommand, { type: 'path' | 'server' }>): void {
    const [cause, well] =
      command.type === 'path' ? (['publisher', command.online] as const) : (['server', command.up] as const);
    if (well) this.end(cause, command.at);
    else this.begin(cause, command.at, command.reason ?? `the ${cause} was away`);
  }

  /** @param within one run: then the server recorded all the time, whoever did not run */
  of(from: number, to: number, within = false): Note | undefined {
    const known = this.#notes.filter(
      (note) =>
        note.from < to + TOGETHER &&
        note.to > from - TOGETHER &&
        !(within && (note.cause === 'gateway' || note.cause === 'recorder')),
    );
    const first = Math.min(...known.map((note) => Math.max(note.from, from)));
    return known
      .filter((note) => note.from <= first + TOGETHER)
      .sort((a, b) => depth.indexOf(a.cause) - depth.indexOf(b.cause) || b.from - a.from)[0];
  }

  /** Nobody asks any more about what was over by then. */
  forget(before: number): void {
    this.#notes = this.#notes.filter(({ to }) => to >= before - TOGETHER);
  }

  /** The wall clock was set: what was told goes by the new one. */
  step(by: number): void {
    for (const note of this.#notes) {
      note.from += by;
      note.to += by;
    }
  }
}

/** Where footage ends or begins. */
export interface Edge {
  run: string;
  /** Ticks. */
  dts: number;
  timescale: number;
  /** Unix seconds, of presentation. */
  wall: number;
}

export interface Ending extends Edge {
  /** Usual seconds of a picture; undefined: not known. */
  frame?: number;
  why: EndWhy;
  /** The wall clock was set since. */
  stepped?: boolean;
}

export function endingOf({ take, endDts, endPts, frame, why }: TakeEnd): Ending {
  const timescale = leadOf(take.init)?.timescale ?? 1;
  const wall = wallOf(take, endPts, timescale);
  return { run: take.run, dts: endDts, timescale, wall, frame: frame / timescale, why };
}

/** Of what the ledger says last, when a recorder begins. */
export function endingOfSegment({ run, endDts, timescale, from, to, frames }: SegmentEntry): Ending {
  const frame = frames > 0 ? { frame: (to - from) / frames } : {};
  return { run, dts: endDts, timescale, wall: to, ...frame, why: 'end' };
}

export function beginningOf({ take, dts, pts }: Extract<FootageEvent, { type: 'take' }>): Edge {
  const timescale = leadOf(take.init)?.timescale ?? 1;
  return { run: take.run, dts, timescale, wall: wallOf(take, pts, timescale) };
}

/** The same by a wall clock that was set since. */
export function afterStep(end: Ending, by: number): Ending {
  return { ...end, wall: end.wall + by, stepped: true };
}

/** undefined: nothing is missing between them. */
export function gapBetween(end: Ending, begin: Edge, causes: Causes): GapEntry | undefined {
  // Within a run its own timeline is right; two takes may have guessed their time of day a little differently.
  const same = end.run === begin.run;
  const length = same ? (begin.dts - end.dts) / end.timescale : begin.wall - end.wall;
  // Set back while nobody looked: how much is missing can't be known.
  const back = !same && length < -STEP;
  if (!back && !isGap(length, end.frame)) return undefined;
  const missing = back ? 0 : length;
  const cause = causes.of(end.wall, end.wall + missing, same) ?? unexplained[end.why];
  const gap = entry(end.wall, missing, back ? undefined : end.frame, cause);
  return back || end.stepped ? { ...gap, reason: `${gap.reason}; the clock was set meanwhile` } : gap;
}

/** A hole within a take. */
export function gapOfHole(
  { take, from, to, frames }: Extract<FootageEvent, { type: 'hole' }>,
  causes: Causes,
): GapEntry | undefined {
  const timescale = leadOf(take.init)?.timescale ?? 1;
  const length = (to - from) / timescale;
  if (!isGap(length, length / frames)) return undefined;
  const start = wallOf(take, from, timescale);
  return entry(start, length, length / frames, causes.of(start, start + length, true) ?? unexplained.hole);
}

function isGap(length: number, frame = 0): boolean {
  return length >= LEAST * frame && length > 0;
}

function entry(
  from: number,
  length: number,
  frame: number | undefined,
  { cause, reason }: Pick<Note, 'cause' | 'reason'>,
): GapEntry {
  const frames = frame ? { frames: Math.round(length / frame) } : {};
  return { type: 'gap', from: microseconds(from), to: microseconds(from + length), cause, reason, ...frames };
}

const unexplained: Record<EndWhy, { cause: GapCause; reason: string }> = {
  hole: { cause: 'lost', reason: 'packets are missing' },
  slate: { cause: 'publisher', reason: 'the publisher was away' },
  run: { cause: 'unknown', reason: 'the server began to record anew' },
  parameters: { cause: 'unknown', reason: 'the stream changed' },
  end: { cause: 'unknown', reason: 'nothing was recorded' },
};
