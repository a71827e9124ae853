/** Clips on disk: the file, the JSON and the picture beside it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpegPath } from './binaries.ts';
import { readCounterRow } from './counter.ts';
import type { Picture, Sound } from './decode.ts';
import type { Scope } from './process.ts';
import { decodeFile, visible } from './recordings.ts';

/** What the JSON says. */
export interface ClipNotes {
  route: string;
  events: { name: string; at: number; data?: unknown }[];
  from: number;
  to: number;
}

export interface ClipFile {
  /** Below the folder. */
  path: string;
  notes: ClipNotes;
  /** Number of the frame in the JPEG. */
  pictured: number | null;
  pictures: Picture[];
  sounds: Sound[];
}

/** Names of the clips that are whole: their JSON is there. */
export function clipNames(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const all = visible(dir);
  return all.filter((path) => path.endsWith('.mp4') && all.includes(path.replace(/\.mp4$/, '.json')));
}

export async function readClip(s: Scope, dir: string, path: string): Promise<ClipFile> {
  const stem = join(dir, path.replace(/\.mp4$/, ''));
  const notes = JSON.parse(readFileSync(`${stem}.json`, 'utf8')) as ClipNotes;
  const { pictures, sounds } = await decodeFile(s, join(dir, path));
  return { path, notes, pictured: await numberIn(s, `${stem}.jpg`), pictures, sounds };
}

/** The number that is burnt into a still picture. */
export async function numberIn(s: Scope, file: string): Promise<number | null> {
  const row = 'format=gray,crop=iw:ih/9:0:ih*8/9,scale=16:1:flags=area';
  const output = ['-vf', row, '-frames:v', '1', '-f', 'rawvideo', 'pipe:1'];
  const child = s.spawn(ffmpegPath(), ['-nostdin', '-v', 'error', '-i', file, ...output], {
    name: `number in ${file}`,
    rawStdout: true,
  });
  const parts: Buffer[] = [];
  child.process.stdout!.on('data', (chunk: Buffer) => parts.push(chunk));
  await child.exited;
  const pixels = Buffer.concat(parts);
  if (pixels.length !== 16) throw new Error(`${file} is no picture: ${child.output()}`);
  return readCounterRow(pixels);
}
