/** What desktops and devices share: the sound beside the picture, on one clock with it. */
import { z } from 'zod';
import type { Media } from '../../media.ts';
import type { Tools } from '../tools.ts';
import type { Input } from './source.ts';

/** Keys of both kinds. The patterns leave no room for options and for the separators of the capture formats. */
export const size = z.string().regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/, 'expected a size such as 1280x720');
export const audio = z.union([
  z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9 _.,:()-]{0,255}$/, 'expected the name of a sound device'),
  z.literal(false),
]);

/** Raw pictures of a size that only the device knows, and raw sound. */
export function capturedMedia(fps: number, sound: string | undefined): Media {
  return {
    tracks: [
      {
        type: 'video',
        codec: 'rawvideo',
        width: 0,
        height: 0,
        frameRate: `${fps}/1`,
        bFrames: false,
        burst: true,
      },
      ...(sound ? [{ type: 'audio' as const, codec: 'pcm_s16le', sampleRate: 48000, channels: 2 }] : []),
    ],
  };
}

/** @param picture arguments of the picture's input by platform */
export function capture(
  picture: Record<Tools['platform'], string[]>,
  sound: string | undefined,
  tools: Tools,
): Input {
  return {
    args: [
      '-thread_queue_size',
      '64',
      ...picture[tools.platform],
      ...(sound ? soundInput(sound, tools) : []),
    ],
    video: '0:v:0',
    ...(sound && { audio: '1:a:0' }),
  };
}

/**
 * A second input for sound. Both inputs are stamped by the same system clock; `-isync 0` keeps the
 * difference of their first stamps, where ffmpeg would start each at zero.
 */
function soundInput(name: string, tools: Tools): string[] {
  const format = { linux: linuxSound(name, tools), darwin: 'avfoundation', win32: 'dshow' }[tools.platform];
  const operand = { linux: name, darwin: `:${name}`, win32: `audio=${name}` }[tools.platform];
  return ['-thread_queue_size', '1024', '-isync', '0', '-f', format, '-i', operand];
}

/** `hw:1` and its like are ALSA's names; `default` and names of sound servers are PulseAudio's where it is built in. */
function linuxSound(name: string, tools: Tools): string {
  return /^(plug)?hw:/.test(name) || !tools.ffmpeg.devices.includes('pulse') ? 'alsa' : 'pulse';
}
