/**
 * Which packets of a recording make a span of time, on one timeline. Within a run of the recorder its own times are
 * right; from run to run the time of day tells. What is missing stays missing. Pure.
 */
import { RelayError } from '../errors.ts';
import { digestOfConfig } from '../record/mp4/parameters.ts';
import type { Init, Sample, TrackInit } from '../record/types.ts';
import { type SegmentRead, wallIn } from './read-segment.ts';
import { soundConfig } from './sound.ts';
import { utc } from './times.ts';

export interface CutSpan {
  init: Init;
  lead: TrackInit;
  /** From the last key frame before the span on. */
  samples: Sample[];
  /** Ticks of the leading track: the first picture that is shown, and where the last one ends. */
  start: number;
  end: number;
  /** Ticks: the key frame. */
  key: number;
  /** Pictures that are shown, and how many of them are before the span. */
  frames: number;
  early: number;
  /** Unix seconds: the same as start and end. */
  from: number;
  to: number;
}

/** Seconds: ledgers note microseconds. */
const ROUNDING = 0.000_002;
/** Pictures. */
const REORDERED = 32;

interface Picture {
  sample: Sample;
  wall: number;
}

/**
 * @param reads in the order of time
 * @param exact pictures of the span alone are shown; else all from the key frame on, and without one missing at the end
 */
export function cutSpan(
  reads: readonly SegmentRead[],
  from: number,
  to: number,
  exact: boolean,
): CutSpan | undefined {
  const [first] = reads;
  if (!first) return undefined;
  refuseChange(reads, from, to);
  const { lead } = first;
  const { pictures, others } = sorted(reads, first);
  const isInside = ({ wall }: Picture) => wall >= from - ROUNDING && wall < to - ROUNDING;
  const inside = pictures.filter(isInside);
  if (inside.length === 0) return undefined;
  const begin = keyBefore(pictures, least(inside), lead);
  const last = pictures.findLastIndex(isInside);
  const chosen = pictures.slice(begin, exact ? last + 1 : closedAfter(pictures, begin, last));
  const shown = exact ? inside : chosen;
  const final = shown.reduce((a, b) => (b.sample.pts > a.sample.pts ? b : a));
  const end = final.sample.pts + final.sample.duration;
  const key = chosen[0]!.sample.dts;
  const scales = new Map(first.init.tracks.map(({ id, timescale }) => [id, timescale]));
  const sound = others.filter(({ track, dts }) => {
    const seconds = dts / (scales.get(track) ?? 1);
    return seconds >= key / lead.timescale && seconds < end / lead.timescale;
  });
  return {
    init: headerFor(reads),
    lead,
    samples: [...chosen.map(({ sample }) => sample), ...sound],
    start: least(shown),
    end,
    key,
    frames: shown.length,
    early: shown.filter(({ wall }) => wall < from - ROUNDING).length,
    from: shown.reduce((earliest, { wall }) => Math.min(earliest, wall), Number.POSITIVE_INFINITY),
    to: final.wall + final.sample.duration / lead.timescale,
  };
}

/** All packets on one timeline, and when each picture was there. */
function sorted(
  reads: readonly SegmentRead[],
  first: SegmentRead,
): { pictures: Picture[]; others: Sample[] } {
  const shifts = shiftsOf(reads);
  const pictures: Picture[] = [];
  const others: Sample[] = [];
  for (const [index, read] of reads.entries()) {
    for (const sample of read.samples) {
      const moved = moveTo(sample, read, first, shifts[index]!);
      if (moved?.track === first.lead.id) pictures.push({ sample: moved, wall: wallIn(read, sample.pts) });
      else if (moved) others.push(moved);
    }
  }
  return { pictures, others };
}

function least(pictures: readonly Picture[]): number {
  return pictures.reduce((pts, { sample }) => Math.min(pts, sample.pts), Number.POSITIVE_INFINITY);
}

/** Index of the picture from which one can be decoded. */
function keyBefore(pictures: readonly Picture[], pts: number, { kind }: TrackInit): number {
  const at = pictures.findLastIndex(({ sample }) => (sample.key || kind === 'audio') && sample.pts <= pts);
  return Math.max(at, 0);
}

/** Where all pictures that come later are shown later, too. */
function closedAfter(pictures: readonly Picture[], begin: number, last: number): number {
  const newest = (index: number, most: number) => Math.max(most, pictures[index]!.sample.pts);
  let most = Number.NEGATIVE_INFINITY;
  for (let index = begin; index <= last; index++) most = newest(index, most);
  let end = last + 1;
  // Pictures are decoded a few places from where they are shown, never more.
  for (let index = end; index < Math.min(pictures.length, end + REORDERED); index++) {
    if (pictures[index]!.sample.pts > most) continue;
    for (; end <= index; end++) most = newest(end, most);
  }
  return end;
}

/** By segment: seconds to add to the times of its run. */
function shiftsOf(reads: readonly SegmentRead[]): number[] {
  let shift = 0;
  return reads.map((read, index) => {
    const before = reads[index - 1];
    if (!before || before.entry.run === read.entry.run) return shift;
    const pause = Math.max(0, read.entry.from - before.entry.to);
    const begun = before.entry.firstPts / before.entry.timescale;
    const end = begun + (before.entry.to - before.entry.from) + shift;
    shift = end + pause - read.entry.firstPts / read.entry.timescale;
    return shift;
  });
}

/** On the common timeline, by the tracks of the first file. */
function moveTo(sample: Sample, read: SegmentRead, first: SegmentRead, shift: number): Sample | undefined {
  const at = read.init.tracks.findIndex(({ id }) => id === sample.track);
  const track = first.init.tracks[at];
  if (!track) return undefined;
  const ticks = Math.round(shift * track.timescale);
  return { ...sample, track: track.id, dts: sample.dts + ticks, pts: sample.pts + ticks };
}

/** One file has one description of its picture and of its sound. */
function refuseChange(reads: readonly SegmentRead[], from: number, to: number): void {
  for (const [index, read] of reads.entries()) {
    const before = reads[index - 1];
    const change = before && changeOf(before, read);
    if (!change) continue;
    const at = utc(read.entry.from);
    throw new RelayError('RELAY_USAGE', `at ${at} ${change}: one file can't hold both`, {
      hint: `export two: --from ${utc(from)} --to ${at}, and --from ${at} --to ${utc(to)}`,
    });
  }
}

function changeOf(a: SegmentRead, b: SegmentRead): string | undefined {
  const [before, after] = [describe(a), describe(b)];
  if (before !== after) return `the stream changes from ${before} to ${after}`;
  if (parametersOf(a) !== parametersOf(b)) return 'the encoder of the picture gets other settings';
  const sounds = ({ init }: SegmentRead) =>
    init.tracks.map((track) => (track.kind === 'audio' ? soundConfig(track) : '')).join();
  return sounds(a) === sounds(b) ? undefined : 'the sound gets other settings';
}

function describe({ init }: SegmentRead): string {
  return init.tracks
    .map(({ codec, kind, width, height, timescale }) =>
      kind === 'video' ? `${codec} ${width}x${height}` : `${codec} ${timescale} Hz`,
    )
    .join(' + ');
}

/** Of the picture: those in its key frames count, for a header may be of another moment. */
function parametersOf({ samples, lead }: SegmentRead): string | undefined {
  const key = samples.find((sample) => sample.track === lead.id && sample.key);
  return key?.parameters ?? digestOfConfig(lead);
}

function headerFor(reads: readonly SegmentRead[]): Init {
  const fit = reads.find((read) => digestOfConfig(read.lead) === parametersOf(read));
  return (fit ?? reads[0]!).init;
}
