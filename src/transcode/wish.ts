/** What a person may ask of a transcode, read from the words of a command line: only names, numbers and sizes are left. */
import type { z } from 'zod';
import { bitrate, duration, size } from '../config/values.ts';
import { RelayError } from '../errors.ts';

export const videoChoices = ['h264', 'hevc', 'mpeg4', 'vp9', 'av1', 'copy', 'none'] as const;
export const audioChoices = ['auto', 'copy', 'aac', 'opus', 'mp3', 'none'] as const;
export const presets = [
  'ultrafast',
  'superfast',
  'veryfast',
  'faster',
  'fast',
  'medium',
  'slow',
  'slower',
  'veryslow',
] as const;

export type VideoChoice = (typeof videoChoices)[number];
export type VideoCodec = Exclude<VideoChoice, 'copy' | 'none'>;
export type AudioChoice = (typeof audioChoices)[number];
export type Preset = (typeof presets)[number];

export interface Wish {
  video: VideoChoice;
  audio: AudioChoice;
  size?: { width: number; height: number };
  /** Frames a second as ffmpeg reads them: "25", "29.97", "30000/1001". */
  fps?: string;
  /** Bits a second of the picture. */
  bitrate?: number;
  /** On the encoder's own scale; less is better. */
  quality?: number;
  preset?: Preset;
  /** Seconds. */
  start?: number;
  duration?: number;
}

/** The same as it was typed. */
export interface Typed {
  video: VideoChoice;
  audio: AudioChoice;
  size?: string | undefined;
  fps?: string | undefined;
  bitrate?: string | undefined;
  quality?: number | undefined;
  preset?: Preset | undefined;
  start?: string | undefined;
  duration?: string | undefined;
}

export const qualities: Record<VideoCodec, [best: number, worst: number]> = {
  h264: [0, 51],
  hevc: [0, 51],
  mpeg4: [1, 31],
  vp9: [0, 63],
  av1: [1, 63],
};

/** @throws RelayError RELAY_USAGE */
export function readWish(typed: Typed): Wish {
  const { video, audio, quality, preset } = typed;
  const wish: Wish = { video, audio };
  if (video === 'none' && audio === 'none') throw usage('--video none and --audio none leave nothing');
  if (typed.size !== undefined) wish.size = read('size', size, typed.size);
  if (typed.fps !== undefined) wish.fps = readFps(typed.fps);
  if (typed.bitrate !== undefined) wish.bitrate = read('bitrate', bitrate, typed.bitrate);
  if (typed.start !== undefined) wish.start = read('start', duration('0s', '999h'), typed.start);
  if (typed.duration !== undefined) wish.duration = read('duration', duration('1ms', '999h'), typed.duration);
  if (quality !== undefined) wish.quality = quality;
  if (preset !== undefined) wish.preset = preset;

  if (video === 'copy' || video === 'none') {
    const idle = (['size', 'fps', 'bitrate', 'quality', 'preset'] as const).find(
      (name) => wish[name] !== undefined,
    );
    if (idle) throw usage(`--${idle} needs an encoder: --video ${video} has none`);
    return wish;
  }
  if (wish.bitrate !== undefined && quality !== undefined) {
    throw usage('--bitrate and --quality exclude each other');
  }
  const [best, worst] = qualities[video];
  if (quality !== undefined && !(Number.isInteger(quality) && quality >= best && quality <= worst)) {
    throw usage(`--quality of ${video} is a whole number from ${best} (best) to ${worst}`);
  }
  if (preset !== undefined && video !== 'h264' && video !== 'hevc') {
    throw usage(`--preset goes with h264 and hevc, not with ${video}`);
  }
  return wish;
}

function readFps(text: string): string {
  const [, whole, below = '1'] = /^(\d{1,6}(?:\.\d{1,3})?)(?:\/(\d{1,5}))?$/.exec(text) ?? [];
  const fps = Number(whole) / Number(below);
  if (!(fps >= 0.01 && fps <= 1000)) throw usage('--fps: expected a rate such as 25, 29.97 or 30000/1001');
  return text;
}

function read<T>(name: string, schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw usage(`--${name}: ${parsed.error.issues[0]?.message}`);
}

function usage(message: string): RelayError {
  return new RelayError('RELAY_USAGE', message, { hint: 'relay transcode --help' });
}
