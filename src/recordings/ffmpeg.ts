/** One run of ffmpeg over files of this machine, and nothing else. */
import { byLine } from '../children/lines.ts';
import type { Figures } from '../observe/state.ts';
import { AT_ONCE, Child, type Tether } from '../units/process.ts';
import { Progress } from '../units/progress.ts';

export interface FfmpegHost {
  ffmpeg: string;
  tether: Tether;
  signal: AbortSignal;
}

export interface Ran {
  ok: boolean;
  figures: Figures;
  /** What it said on stderr; of a failure at least one line. */
  words: string[];
}

const preface = [
  '-hide_banner',
  '-nostdin',
  '-y',
  '-v',
  'error',
  '-progress',
  'pipe:3',
  '-stats_period',
  '0.5',
];

/** Before an input: what a recording says of itself can't lead anywhere else. */
export const fileOnly = ['-protocol_whitelist', 'file'];

/** @throws the signal's reason */
export async function runFfmpeg(
  { ffmpeg, tether, signal }: FfmpegHost,
  args: string[],
  told: { onLine?: (line: string) => void; onProgress?: (figures: Figures) => void } = {},
): Promise<Ran> {
  signal.throwIfAborted();
  const progress = new Progress();
  const child = new Child(ffmpeg, [...preface, ...args], {
    tether,
    onProgress: (chunk) => {
      progress.push(chunk);
      told.onProgress?.(progress.figures);
    },
    ...(told.onLine && { onStdout: byLine(told.onLine) }),
  });
  const end = () => void child.end(AT_ONCE);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  const { code, signal: killed, error } = await child.exited;
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  const how = error?.message ?? (killed ? `it was killed by ${killed}` : `it ended with exit code ${code}`);
  const words = child.stderr();
  if (code !== 0 && words.length === 0) words.push(how);
  return { ok: code === 0, figures: progress.figures, words };
}
