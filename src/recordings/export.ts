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
import { firstPts, readSegment, type SegmentRead, wallIn } from './read-segment.ts';
import { type CutSpan, cutSpan } from './span.ts';
import { readTimeline, unfinishedFrom } from './timeline.ts';
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
  /** Unix seconds. */
  now: () => number;
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
  /** Recorded, and not in it. */
  lost: Lost[];
  /** Unix seconds: what comes later is not in a finished segment yet, though it was asked for. */
  unfinished?: number;
}

/** What a file that is gone, or can't be read, should have had. */
export interface Lost {
  /** Unix seconds. */
  from: number;
  to: number;
  reason: string;
}

export async function exportSpan(recording: Recording, options: ExportOptions): Promise<Exported> {
  const { from, to, signal } = options;
  const { segments, gaps } = await readTimeline(recording, { from, to });
  if (segments.length === 0) throw await nothing(recording, options);
  const first = await firstThere(recording.dir, segments);
  if (first === undefined) throw allLost(from, to);
  const place = await placeFor(recording, first, options.output);
  const mine: string[] = [];
  const partial = async () => {
    const file = await openPartial(place.output);
    mine.push(file);
    return file;
  };
  try {
    const { reads, lost } = await readAll(recording, segments, options, partial);
    const cut = await joinAll(reads, lost, recording, options, isExact(place, options), partial);
    if (!cut) throw lost.length > 0 ? allLost(from, to) : await nothing(recording, options);
    const { joined } = cut;
    const whole = await finish(joined, cut, place, options, partial);
    signal.throwIfAborted();
    const { size } = await stat(whole);
    const file = await publish(whole, place);
    const { frames, early } = cut;
    const unfinished = unfinishedFrom({ segments, gaps }, to, options.now());
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
      lost,
      ...(unfinished !== undefined && { unfinished }),
    };
  } finally {
    for (const file of mine) await rm(file, { force: true });
  }
}

async function placeFor({ dir }: Recording, input: string, output: string): Promise<Place> {
  if (!Object.hasOwn(formats, extname(output).toLowerCase()))
    throw new RelayError('RELAY_USAGE', `${output} must end in ${Object.keys(formats).join(', ')}`);
  if (await lstat(output).catch(() => undefined)) {
    throw new RelayError('RELAY_EXISTS', `${output} is there already`);
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

const GONE = 'its file is gone';
const UNREADABLE = "its file can't be read";

/** What can't be read is left out, as gaps are. */
async function readAll(
  recording: Recording,
  segments: readonly SegmentEntry[],
  options: ExportOptions,
  partial: () => Promise<string>,
): Promise<{ reads: SegmentRead[]; lost: Lost[] }> {
  const reads: SegmentRead[] = [];
  const lost: Lost[] = [];
  for (const [index, entry] of segments.entries()) {
    options.signal.throwIfAborted();
    options.onProgress(`${index} of ${segments.length} segments read`);
    const read = await readOne(recording, entry, options, partial);
    if (typeof read === 'string') lost.push({ from: entry.from, to: entry.to, reason: read });
    else {
      reads.push(read);
      lost.push(...cutOff(read));
    }
  }
  return { reads, lost };
}

/** @returns why not */
async function readOne(
  { dir }: Recording,
  entry: SegmentEntry,
  { host, signal }: ExportOptions,
  partial: () => Promise<string>,
): Promise<SegmentRead | string> {
  const file = join(dir, entry.path);
  if (!(await isThere(file))) return GONE;
  const other = entry.path.endsWith('.mp4') ? undefined : { file: await partial(), host: await host() };
  try {
    if (other) await toFragments(other.host, file, other.file, entry.timescale);
    return (await readSegment(other?.file ?? file, entry)) ?? UNREADABLE;
  } catch {
    signal.throwIfAborted();
    // Retention goes on meanwhile.
    return (await isThere(file)) ? UNREADABLE : GONE;
  }
}

/** Of a file whose end is missing. */
function cutOff(read: SegmentRead): Lost[] {
  const { entry, lead, samples } = read;
  const pictures = samples.filter(({ track }) => track === lead.id);
  if (pictures.length >= entry.frames) return [];
  const end = pictures.reduce((most, { pts, duration }) => Math.max(most, pts + duration), entry.firstPts);
  return [{ from: Math.min(wallIn(read, end), entry.to), to: entry.to, reason: UNREADABLE }];
}

/** @param reads, lost what goes meanwhile comes from the one to the other; @returns undefined: nothing is left */
async function joinAll(
  reads: SegmentRead[],
  lost: Lost[],
  recording: Recording,
  options: ExportOptions,
  exact: boolean,
  partial: () => Promise<string>,
): Promise<(CutSpan & { joined: string }) | undefined> {
  for (;;) {
    const cut = cutSpan(reads, options.from, options.to, exact);
    if (!cut) return undefined;
    const joined = await partial();
    try {
      await joinTo(joined, cut, recording, options);
      return { ...cut, joined };
    } catch (error) {
      options.signal.throwIfAborted();
      const all = await Promise.all(
        reads.map(async (read) => ({ read, there: await isThere(fileOf(read)) })),
      );
      if (all.every(({ there }) => there)) throw error;
      const gone = all.filter(({ there }) => !there).map(({ read }) => read.entry);
      lost.push(...gone.map(({ from, to }) => ({ from, to, reason: GONE })));
      reads.splice(0, reads.length, ...all.filter(({ there }) => there).map(({ read }) => read));
    }
  }
}

function fileOf({ samples }: SegmentRead): string {
  return samples[0]?.file ?? '';
}

async function firstThere(dir: string, segments: readonly SegmentEntry[]): Promise<string | undefined> {
  for (const { path } of segments) if (await isThere(join(dir, path))) return join(dir, path);
  return undefined;
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

function allLost(from: number, to: number): RelayError {
  const message = `of what was recorded from ${utc(from)} to ${utc(to)} every file is gone or can't be read`;
  return new RelayError('RELAY_SOURCE_UNREADABLE', message, {
    hint: 'relay recordings list shows what is there',
  });
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

async function nothing(
  recording: Recording,
  { from, to, now }: Pick<ExportOptions, 'from' | 'to' | 'now'>,
): Promise<RelayError> {
  const { segments, gaps } = await readTimeline(recording);
  const unfinished = unfinishedFrom({ segments, gaps }, to, now());
  if (unfinished !== undefined && from >= unfinished) {
    const message = `what comes after ${utc(unfinished)} is not in a finished segment yet`;
    return new RelayError('RELAY_NOT_FOUND', message, { hint: 'try again when the segment has ended' });
  }
  const near = segments.reduce<SegmentEntry | undefined>((best, one) => {
    const far = (entry: SegmentEntry) => Math.max(entry.from - to, from - entry.to, 0);
    return best && far(best) <= far(one) ? best : one;
  }, undefined);
  return new RelayError('RELAY_NOT_FOUND', `nothing was recorded from ${utc(from)} to ${utc(to)}`, {
    hint: near
      ? `what is nearest: ${utc(near.from)} to ${utc(near.to)}; relay recordings list shows all`
      : `${recording.dir} holds nothing of ${recording.route}`,
  });
}
