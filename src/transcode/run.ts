/** One ffmpeg from input to a whole output, or to nothing: whatever ends it, no half file stays. */
import { rm, stat } from 'node:fs/promises';
import { childEnv } from '../children/env.ts';
import { RelayError } from '../errors.ts';
import type { Figures } from '../observe/state.ts';
import { AT_ONCE, Child, type Tether } from '../units/process.ts';
import { Progress } from '../units/progress.ts';
import { openPartial, type Place, publish } from './place.ts';
import type { TranscodePlan } from './plan.ts';

export interface TranscodeOptions {
  ffmpeg: string;
  place: Place;
  plan: TranscodePlan;
  tether: Tether;
  signal: AbortSignal;
  onProgress(figures: Figures): void;
}

export interface Transcoded {
  /** Absolute. */
  file: string;
  frames: number;
  bytes: number;
  /** Of media. */
  seconds: number;
  /** Seconds that it took. */
  took: number;
  /** What ffmpeg complained of without giving up. */
  complaints: string[];
}

const LAST_LINES = 5;

/** @throws RelayError, or the signal's reason */
export async function transcode(options: TranscodeOptions): Promise<Transcoded> {
  const { place, plan, signal } = options;
  signal.throwIfAborted();
  const began = performance.now();
  const partial = await openPartial(place.output);
  try {
    const progress = new Progress();
    const child = new Child(options.ffmpeg, [...preface, ...plan.args, `file:${partial}`], {
      tether: options.tether,
      // It prints its settings as if they were errors.
      env: { ...childEnv(), SVT_LOG: '1' },
      onProgress: (chunk) => {
        progress.push(chunk);
        options.onProgress(progress.figures);
      },
    });
    const end = () => void child.end(AT_ONCE);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    const { code, signal: killed, error } = await child.exited;
    signal.removeEventListener('abort', end);
    signal.throwIfAborted();
    const complaints = child.stderr().slice(-LAST_LINES);
    const { frames = 0, outTime = 0 } = progress.figures;
    if (code !== 0) {
      const how =
        error?.message ?? (killed ? `it was killed by ${killed}` : `it ended with exit code ${code}`);
      throw failed(`ffmpeg: ${how}`, complaints);
    }
    if (plan.picture ? frames === 0 : outTime <= 0) throw failed('nothing came out of it', complaints);
    const { size } = await stat(partial);
    const file = await publish(partial, place);
    return {
      file,
      frames,
      bytes: size,
      seconds: outTime,
      took: (performance.now() - began) / 1000,
      complaints,
    };
  } finally {
    // Gone already where it got its name.
    await rm(partial, { force: true });
  }
}

/** -y: the partial file is there, and ours. */
const preface = [
  ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'],
  ...['-progress', 'pipe:3', '-stats_period', '0.5'],
];

function failed(message: string, lines: string[]): RelayError {
  const words = lines.map((line) => `\n       ${line}`).join('');
  return new RelayError('RELAY_UNIT_FAILED', `${message}; nothing was written${words}`, {
    hint: 'relay probe --count <file> shows whether the input is whole',
  });
}
