/** One run of ffmpeg from its start to its end, for commands: files of this machine, no stream. */
import { byLine } from '../children/lines.ts';
import type { Figures } from '../observe/state.ts';
import { AT_ONCE, Child, type Tether } from './process.ts';
import { Progress } from './progress.ts';

export interface FfmpegHost {
  ffmpeg: string;
  tether: Tether;
  signal: AbortSignal;
}

export interface Ran {
  /** How it failed, e.g. "it ended with exit code 1"; undefined: it did not. */
  failed: string | undefined;
  figures: Figures;
  /** What it said on stderr. */
  words: string[];
}

/** Of a failure at least one line. */
export function complaintsOf({ failed, words }: Ran): string[] {
  return words.length > 0 || failed === undefined ? words : [failed];
}

/** -y: where something is written to, the file is there already, and ours. */
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
  told: {
    onLine?: (line: string) => void;
    onProgress?: (figures: Figures) => void;
    env?: NodeJS.ProcessEnv;
  } = {},
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
    ...(told.env && { env: told.env }),
  });
  const end = () => void child.end(AT_ONCE);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  const { code, signal: killed, error } = await child.exited;
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  const how = error?.message ?? (killed ? `it was killed by ${killed}` : `it ended with exit code ${code}`);
  return { failed: code === 0 ? undefined : how, figures: progress.figures, words: child.stderr() };
}
