/** Short work for ffmpeg: packets into another container, one picture as JPEG. Nothing is decoded that need not be. */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { childEnv } from '../children/env.ts';
import { RingFile } from './mp4/reader.ts';

/** Milliseconds: whoever takes longer hangs. */
const PATIENCE = 60_000;
/** Bytes in a millisecond that a slow disk can still take. */
const SLOWEST = 5000;
/** Of the system's timers. */
const LONGEST = 2 ** 31 - 1;
const LAST_WORDS = 2000;

export interface FfmpegHost {
  ffmpeg: string;
  signal: AbortSignal;
}

const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error'];
/** Files only: what a recording says of itself can't lead anywhere else. */
const files = ['-protocol_whitelist', 'file'];

/** Milliseconds for a file of so many bytes. */
export function patienceFor(bytes: number): number {
  return Math.min(PATIENCE + Math.ceil(bytes / SLOWEST), LONGEST);
}

/** @param from, to absolute; `to` is there and is written anew */
export async function remux(
  host: FfmpegHost,
  from: string,
  to: string,
  format: 'mpegts' | 'matroska',
): Promise<void> {
  // The same bytes each time: after a crash the same segment is made once more.
  const copy = [
    '-map',
    '0',
    '-c',
    'copy',
    ...(format === 'mpegts' ? await encodedSound(from) : []),
    // Also what comes before the first key frame, if there is one at all.
    '-copyinkf',
    '-fflags',
    '+bitexact',
    '-copyts',
    '-avoid_negative_ts',
    'make_zero',
  ];
  const args = [...quiet, ...files, '-i', `file:${from}`, ...copy, '-f', format, '-y', `file:${to}`];
  await run(host, args, patienceFor((await stat(from)).size));
}

/** MPEG-TS has no place for PCM: ffmpeg writes it all the same, and nobody can play that. */
async function encodedSound(file: string): Promise<string[]> {
  const read = new RingFile(file);
  try {
    await read.begin();
    const sounds = read.init?.tracks.filter(({ kind }) => kind === 'audio') ?? [];
    return sounds.flatMap(({ codec }, index) => (codec === 'ipcm' ? [`-c:a:${index}`, 'aac'] : []));
  } finally {
    await read.close();
  }
}

/** The first picture at or after a second of a file. */
export function stillOf(host: FfmpegHost, from: string, at: number, to: string): Promise<void> {
  const seek = ['-ss', Math.max(0, at).toFixed(3)];
  const one = ['-map', '0:v:0', '-frames:v', '1', '-q:v', '3', '-f', 'mjpeg'];
  return run(host, [...quiet, ...files, ...seek, '-i', `file:${from}`, ...one, '-y', `file:${to}`], PATIENCE);
}

function run({ ffmpeg, signal }: FfmpegHost, args: string[], patience: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const child = spawn(ffmpeg, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: childEnv(),
      signal: limit,
      killSignal: 'SIGKILL',
    });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-LAST_WORDS);
    });
    child.once('error', (error) => {
      const late = `ffmpeg took longer than ${Math.round(patience / 1000)} s`;
      const why = signal.aborted ? 'ffmpeg was not waited for: the recorder ends' : late;
      reject(limit.aborted ? new Error(why) : error);
    });
    child.once('close', (code, killed) => {
      const end = killed === null ? `exit code ${code}` : `killed by ${killed}`;
      if (code === 0) resolve();
      else reject(diskError(words, `ffmpeg: ${words.trim().split('\n').at(-1) || end}`));
    });
  });
}

/** Its words for what a write of ours would fail with. */
const disks: [RegExp, string][] = [
  [/No space left|Disk quota/, 'ENOSPC'],
  [/Read-only file system/, 'EROFS'],
  [/Input\/output error/, 'EIO'],
];

function diskError(words: string, message: string): Error {
  const [, code] = disks.find(([known]) => known.test(words)) ?? [];
  return Object.assign(new Error(message), code && { code });
}
