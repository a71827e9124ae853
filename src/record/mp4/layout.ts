/** Which samples go into which part of a file that we write, at which times. Pure: no bytes of samples are seen here. */
import type { Init, Sample, TrackInit } from '../types.ts';
import type { Lengths } from './header.ts';

export interface Cut {
  /** Of a ring file whose header fits the samples. */
  init: Init;
  /** Of all tracks; by decode time within each. */
  samples: readonly Sample[];
  /** Second of the run's timeline that becomes 0: normally the decode time of the first picture. */
  origin: number;
}

/** One second or so of all tracks. */
export interface Part {
  runs: Run[];
  /** By the track that leads: where the part begins in ticks, how long it lasts, and whether it begins with a key frame. */
  start: number;
  duration: number;
  key: boolean;
}

/** Samples of one track within a part. */
export interface Run {
  track: TrackInit;
  placed: Placed[];
}

export interface Placed {
  sample: Sample;
  /** On the file's timeline, in ticks of the track. */
  dts: number;
  pts: number;
  duration: number;
}

export interface Layout {
  parts: Part[];
  lengths: Lengths;
  /** The first picture track; the first of all where there is no picture. */
  lead: TrackInit;
  /** Samples of the track that leads. */
  frames: number;
  /** Its earliest presentation, in ticks. */
  firstPts: number;
}

/** A part ends at the first key frame after the one time, at the latest at the first picture after the other: seconds. */
const SHORT_PART = 0.4;
const LONG_PART = 1.5;

export function layOut(cut: Cut): Layout {
  const tracks = placeAll(cut);
  const lead = tracks.find((run) => run.track.kind === 'video') ?? tracks[0];
  if (lead === undefined) throw new Error('there is nothing to write');
  const starts = startsOfParts(lead);
  const parts = starts.map((from, index): Part => {
    const to = starts[index + 1];
    const first = lead.placed[from]!;
    const next = to === undefined ? endOf(lead) : lead.placed[to]!.dts;
    return {
      runs: [{ track: lead.track, placed: lead.placed.slice(from, to) }],
      start: first.dts,
      duration: next - first.dts,
      key: first.sample.key,
    };
  });
  for (const run of tracks) if (run !== lead) spread(run, parts, lead.track.timescale);
  return {
    parts,
    lengths: lengthsOf(tracks),
    lead: lead.track,
    frames: lead.placed.length,
    firstPts: lead.placed.reduce((least, placed) => Math.min(least, placed.pts), Number.POSITIVE_INFINITY),
  };
}

/** One origin for all tracks, so that they stay in step; nothing can be before 0, so a track that begins earlier sets it. */
function placeAll(cut: Cut): Run[] {
  const runs: Run[] = [];
  for (const track of cut.init.tracks) {
    const samples = cut.samples.filter((sample) => sample.track === track.id);
    if (samples.length > 0) runs.push({ track, placed: place(track, samples) });
  }
  const origin = runs.reduce(
    (least, run) => Math.min(least, run.placed[0]!.dts / run.track.timescale),
    cut.origin,
  );
  for (const run of runs) {
    const zero = Math.round(origin * run.track.timescale);
    for (const placed of run.placed) {
      placed.dts -= zero;
      placed.pts -= zero;
    }
  }
  return runs;
}

/** On the timeline of the run. Durations lead from one sample to the next whatever the server said, for nothing else is written. */
function place(track: TrackInit, samples: readonly Sample[]): Placed[] {
  let last = Number.NEGATIVE_INFINITY;
  const placed = samples.map((sample): Placed => {
    // The server gives packets that came late the time of the one before.
    last = Math.max(sample.dts, last + 1);
    return { sample, dts: last, pts: sample.pts, duration: Math.max(sample.duration, 0) };
  });
  // With B-frames the server guesses decode times, at first some after the presentation: players would shift all pictures.
  if (track.kind === 'video' && placed.some(({ dts, pts }) => pts < dts)) {
    let next = Number.POSITIVE_INFINITY;
    for (const each of placed.toReversed()) {
      each.dts = Math.min(each.dts, each.pts, next - 1);
      next = each.dts;
    }
  }
  for (const [index, each] of placed.entries()) {
    const next = placed[index + 1];
    if (next !== undefined) each.duration = next.dts - each.dts;
  }
  return placed;
}

function startsOfParts({ track, placed }: Run): number[] {
  const starts: number[] = [];
  let begun = Number.NEGATIVE_INFINITY;
  for (const [index, { dts, sample }] of placed.entries()) {
    const passed = (dts - begun) / track.timescale;
    const free = track.kind === 'video' ? sample.key && passed >= SHORT_PART : passed >= 1;
    if (!free && passed < LONG_PART) continue;
    starts.push(index);
    begun = dts;
  }
  return starts;
}

/** What begins before the first part belongs to it all the same, and what begins after the last one to that. */
function spread(run: Run, parts: readonly Part[], timescale: number): void {
  let from = 0;
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1];
    let to = from;
    if (next === undefined) to = run.placed.length;
    else
      while (to < run.placed.length && run.placed[to]!.dts / run.track.timescale < next.start / timescale)
        to++;
    if (to > from) part.runs.push({ track: run.track, placed: run.placed.slice(from, to) });
    from = to;
  }
}

function endOf(run: Run): number {
  const last = run.placed.at(-1)!;
  return last.dts + last.duration;
}

function lengthsOf(runs: readonly Run[]): Lengths {
  const tracks = new Map<number, { media: number; end: number }>();
  let movie = 0;
  for (const run of runs) {
    const shown = run.placed.reduce((most, { pts, duration }) => Math.max(most, pts + duration), 0);
    const end = shown / run.track.timescale;
    tracks.set(run.track.id, { media: endOf(run) - run.placed[0]!.dts, end });
    movie = Math.max(movie, end);
  }
  return { movie, tracks };
}
