/** One file of a span of a recording: packets are copied, and it appears under its name when it is whole. */
import { type FileHandle, lstat, open, rm, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { RelayError } from '../errors.ts';
import { RingFile } from '../record/mp4/reader.ts';
import { Timeline } from '../record/mp4/timeline.ts';
import { writeFragmented } from '../record/mp4/writer.ts';
import type { GapEntry, SegmentEntry } from '../record/types.ts';
import { findPlace, openPartial, type Place, publish } from '../transcode/place.ts';
import type { FfmpegHost } from '../units/run-ffmpeg.ts';
import { type Extension, formats, toFormat, toFragments, toMovie } from './containers.ts';
import { endAfter } from './edit-list.ts';
import type { Recording } from './places.ts';
import { firstPts, readSegment, type SegmentRead } from './read-segment.ts';
import { type CutSpan, cutSpan } from './span.ts';
import { readTimeline } from './timeline.ts';
import { utc } from './times.ts';

export interface ExportOptions {
  /** Unix seconds. */
  from: number;
  to: number;
  output: string;
  /** As it is cut: from the key frame before, without another program where none is needed. */
  fast: boolean;
  /** Called when a program is needed. */
  host: () => Promise<FfmpegHost>;
  signal: AbortSignal;
  onProgress(text: string): void;
}

export interface Exported {
  /** Absolute. */
  file: string;
  bytes: number;
  /** Pictures that are seen, and how many of them are before `from`. */
  frames: number;
  early: number;
  /** Unix seconds of the first picture that is seen, and of the end of the last one. */
  from: number;
  to: number;
  segments: number;
  gaps: GapEntry[];
}

export async function exportSpan(recording: Recording, options: ExportOptions): Promise<Exported> {
  const { from, to, signal } = options;
  const { segments, gaps } = await readTimeline(recording, { from, to });
  const [first] = segments;
  if (!first) throw await nothing(recording, from, to);
  const place = await placeFor(recording, join(recording.dir, first.path), options.output);
  const mine: string[] = [];
  const partial = async () => {
    const file = await openPartial(place.output);
    mine.push(file);
    return file;
  };
  try {
    const reads = await readAll(recording, segments, options, partial);
    const cut = cutSpan(reads, from, to, isExact(place, options));
    if (!cut) throw await nothing(recording, from, to);
    const joined = await partial();
    await joinTo(joined, cut, recording, options);
    const whole = await finish(joined, cut, place, options, partial);
    signal.throwIfAborted();
    const { size } = await stat(whole);
    const file = await publish(whole, place);
    const { frames, early } = cut;
    const missed = gaps.filter((gap) => gap.to > cut.from && gap.from < cut.to);
    return {
      file,
      bytes: size,
      frames,
      early,
      from: cut.from,
      to: cut.to,
      segments: reads.length,
      gaps: missed,
    };
  } finally {
    for (const file of mine) await rm(file, { force: true });
  }
}

async function placeFor({ dir }: Recording, input: string, output: string): Promise<Place> {
  if (!Object.hasOwn(formats, extname(output).toLowerCase()))
    throw new RelayError('RELAY_USAGE', `${output} must end in ${Object.keys(formats).join(', ')}`);
  if (await lstat(output).catch(() => undefined)) {
    throw new RelayError('RELAY_USAGE', `${output} is there already`, {
      hint: 'choose another name: nothing is overwritten',
    });
  }
  const place = await findPlace(input, output, false);
  const below = relative(dir, place.output);
  if (!below.startsWith(`..${sep}`) && below !== '..') {
    throw new RelayError('RELAY_USAGE', `${output} lies in the folder of the recording`, {
      hint: 'choose a place outside: only the recorder writes there',
    });
  }
  return place;
}

async function readAll(
  { dir }: Recording,
  segments: readonly SegmentEntry[],
  { host, signal, onProgress }: ExportOptions,
  partial: () => Promise<string>,
): Promise<SegmentRead[]> {
  const reads: SegmentRead[] = [];
  for (const [index, entry] of segments.entries()) {
    signal.throwIfAborted();
    onProgress(`${index} of ${segments.length} segments read`);
    let file = join(dir, entry.path);
    if (!(await stat(file).catch(() => undefined)))
      throw new RelayError('RELAY_USAGE', `${file} is gone`, {
        hint: 'relay recordings list shows what is there',
      });
    if (!entry.path.endsWith('.mp4')) {
      const other = await partial();
      await toFragments(await host(), file, other, entry.timescale);
      file = other;
    }
    const read = await readSegment(file, entry);
    if (!read)
      throw new RelayError('RELAY_SOURCE_UNREADABLE', `${join(dir, entry.path)} can't be read`, {
        hint: 'relay recordings verify shows what is whole',
      });
    reads.push(read);
  }
  return reads;
}

/** All packets in one fragmented MP4 file. */
async function joinTo(
  file: string,
  cut: CutSpan,
  { route }: Recording,
  options: ExportOptions,
): Promise<void> {
  const { signal, onProgress } = options;
  const total = cut.samples.reduce((sum, { size }) => sum + size, 0);
  const handle = await open(file, 'r+');
  // What is written next fails then.
  const stop = () => void handle.close();
  signal.addEventListener('abort', stop, { once: true });
  const timer = setInterval(() => void tell(handle, total, onProgress), 200);
  try {
    const { init, samples, key, lead } = cut;
    // Not a segment: nobody may take it for one.
    const meta = { v: 1, exported: { route, from: cut.from, to: cut.to } };
    await writeFragmented(handle, { init, samples, origin: key / lead.timescale, meta });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', stop);
    await handle.close();
  }
}

async function tell(handle: FileHandle, total: number, onProgress: (text: string) => void): Promise<void> {
  const size = await handle.stat().then(
    (found) => found.size,
    () => 0,
  );
  onProgress(`joining: ${Math.min(99, Math.floor((100 * size) / total))} %`);
}

/** In the format that was asked for. @returns the file that has it */
async function finish(
  joined: string,
  cut: CutSpan,
  place: Place,
  options: ExportOptions,
  partial: () => Promise<string>,
): Promise<string> {
  const extension = extname(place.output).toLowerCase() as Extension;
  if (extension === '.mp4' && options.fast) return joined;
  const whole = await partial();
  const seconds = (cut.end - cut.start) / cut.lead.timescale;
  const onProgress = ({ outTime = 0 }: { outTime?: number }): void =>
    options.onProgress(`writing: ${Math.min(99, Math.max(0, Math.floor((100 * outTime) / seconds)))} %`);
  const host = await options.host();
  if (extension !== '.mp4') {
    await toFormat(host, joined, whole, extension, onProgress);
    return whole;
  }
  await toMovie(host, joined, whole, await timeOf(joined, cut), onProgress);
  const handle = await open(whole, 'r+');
  try {
    await endAfter(handle, seconds);
  } finally {
    await handle.close();
  }
  return whole;
}

/** Seconds of the joined file at which the span begins. */
async function timeOf(joined: string, { lead, start, samples }: CutSpan): Promise<number> {
  const ring = new RingFile(joined);
  try {
    await ring.begin();
    const { samples: written } = await ring.read(new Timeline());
    return (firstPts(written, lead) + start - firstPts(samples, lead)) / lead.timescale;
  } finally {
    await ring.close();
  }
}

/** Only MP4 can hide pictures. */
export function isExact({ output }: Pick<Place, 'output'>, { fast }: { fast: boolean }): boolean {
  return !fast && extname(output).toLowerCase() === '.mp4';
}

async function nothing(recording: Recording, from: number, to: number): Promise<RelayError> {
  const { segments } = await readTimeline(recording);
  const near = segments.reduce<SegmentEntry | undefined>((best, one) => {
    const far = (entry: SegmentEntry) => Math.max(entry.from - to, from - entry.to, 0);
    return best && far(best) <= far(one) ? best : one;
  }, undefined);
  return new RelayError('RELAY_USAGE', `nothing was recorded from ${utc(from)} to ${utc(to)}`, {
    hint: near
      ? `what is nearest: ${utc(near.from)} to ${utc(near.to)}; relay recordings list shows all`
      : `${recording.dir} holds nothing of ${recording.route}`,
  });
}
