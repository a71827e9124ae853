/** A folder of recordings as a user finds it: its files, its ledger, and which frame each file holds at which time. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Entry, GapEntry, SegmentEntry } from '../../../src/record/types.ts';
import { ffmpegPath } from './binaries.ts';
import { decode, type Picture, type Sound } from './decode.ts';
import { runOnce, type Scope } from './process.ts';

/** One decoded picture of a recording. */
export interface RecordedFrame extends Picture {
  file: string;
  /** Unix seconds, as ledger and file say together. */
  wall: number;
}

export interface RecordedSegment {
  entry: SegmentEntry;
  /** Absolute. */
  file: string;
  frames: RecordedFrame[];
  sounds: Sound[];
}

const hidden = '.relay';

/** All files that a user sees below `dir`, by their paths below it. */
export function visible(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => !one.isDirectory())
    .map((one) => relative(dir, join(one.parentPath, one.name)))
    .filter((path) => path.split('/')[0] !== hidden)
    .sort();
}

/** Files below `dir`, hidden ones too, that hold nothing. */
export function empty(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((file) => statSync(file).size === 0);
}

/** Whole lines of a route's ledger. */
export function ledgerOf(dir: string, route: string): Entry[] {
  const folder = join(dir, hidden, 'segments', route.replaceAll('/', '~'));
  return names(folder)
    .filter((name) => /^ledger-.*\.jsonl$/.test(name))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as Entry);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function segmentsOf(dir: string, route: string): SegmentEntry[] {
  return ledgerOf(dir, route)
    .filter((entry) => entry.type === 'segment')
    .sort((a, b) => a.from - b.from);
}

export function gapsOf(dir: string, route: string): GapEntry[] {
  return ledgerOf(dir, route).filter((entry) => entry.type === 'gap');
}

/** Pictures and sound of one file, to its end. Throws when it can't be read without a complaint. */
export async function decodeFile(
  s: Scope,
  file: string,
  tracks: 'video' | 'audio' | 'both' = 'both',
): Promise<{ pictures: Picture[]; sounds: Sound[] }> {
  const pictures: Picture[] = [];
  const sounds: Sound[] = [];
  const child = decode(s, {
    url: file,
    tracks,
    onPicture: (picture) => pictures.push(picture),
    onSound: (sound) => sounds.push(sound),
  });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`${file} can't be decoded: ${child.output().slice(-2000)}`);
  return { pictures, sounds };
}

/** What ffmpeg complains about while it decodes a file; empty: it is whole. */
export async function complaints(s: Scope, file: string): Promise<string> {
  const args = ['-nostdin', '-v', 'error', '-i', file, '-f', 'null', '-'];
  const { code, output } = await runOnce(s, ffmpegPath(), args);
  return `${output}${code === 0 ? '' : `ended with ${code}`}`.trim();
}

/** Every segment of the ledger, in the order of time, decoded. */
export async function decodeSegments(
  s: Scope,
  dir: string,
  route: string,
  tracks: 'video' | 'audio' | 'both' = 'both',
): Promise<RecordedSegment[]> {
  return inTurn(segmentsOf(dir, route), async (entry) => {
    const file = join(dir, entry.path);
    const { pictures, sounds } = await decodeFile(s, file, tracks);
    const first = pictures[0]?.pts ?? 0;
    const frames = pictures.map((picture) => ({ ...picture, file, wall: entry.from + picture.pts - first }));
    return { entry, file, frames, sounds };
  });
}

/** Two at a time: as many as the machine has cores at least. */
async function inTurn<In, Out>(items: In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!);
  };
  await Promise.all([worker(), worker()]);
  return results;
}

export interface Hole {
  /** Unix seconds: end of the last frame before it, first frame after it. */
  from: number;
  to: number;
}

/** Times without a frame, by the clock of the recording. */
export function holes(frames: { wall: number }[], fps: number): Hole[] {
  return frames.slice(1).flatMap(({ wall }, index) => {
    const end = frames[index]!.wall + 1 / fps;
    return wall - end > 0.5 / fps ? [{ from: end, to: wall }] : [];
  });
}

/** The gap of the ledger that tells of a hole, if there is one. */
export function gapOf(hole: Hole, gaps: GapEntry[], slack = 0.1): GapEntry | undefined {
  return gaps.find((gap) => Math.abs(gap.from - hole.from) <= slack && Math.abs(gap.to - hole.to) <= slack);
}
