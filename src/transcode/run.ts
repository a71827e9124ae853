/** One ffmpeg from input to a whole output, or to nothing: whatever ends it, no half file stays. */
import { rm, stat } from 'node:fs/promises';
import { childEnv } from '../children/env.ts';
import { RelayError } from '../errors.ts';
import type { Figures } from '../observe/state.ts';
import { type FfmpegHost, runFfmpeg } from '../units/run-ffmpeg.ts';
import { openPartial, type Place, publish } from './place.ts';
import type { TranscodePlan } from './plan.ts';

export interface TranscodeOptions extends FfmpegHost {
  place: Place;
  plan: TranscodePlan;
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
  const { place, plan } = options;
  options.signal.throwIfAborted();
  const began = performance.now();
  const partial = await openPartial(place.output);
  try {
    const args = [...plan.args, `file:${partial}`];
    // It prints its settings as if they were errors.
    const env = { ...childEnv(), SVT_LOG: '1' };
    const ran = await runFfmpeg(options, args, { onProgress: options.onProgress, env });
    const complaints = ran.words.slice(-LAST_LINES);
    const { frames = 0, outTime = 0 } = ran.figures;
    if (ran.failed !== undefined) throw failed(`ffmpeg: ${ran.failed}`, complaints);
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

function failed(message: string, lines: string[]): RelayError {
  const words = lines.map((line) => `\n       ${line}`).join('');
  return new RelayError('RELAY_UNIT_FAILED', `${message}; nothing was written${words}`, {
    hint: 'relay probe --count <file> shows whether the input is whole',
  });
}
